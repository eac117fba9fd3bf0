"""Which runs there are: what fits into a quarter of an hour on two processors, and into three minutes for CI."""

from __future__ import annotations

from collections.abc import Sequence

from tests.performance.measurement import Measurement, RunId

TRYTON, XERO = "tryton", "xero"
"""Tryton is the real server, and takes the large job: Xero would take 20 minutes for it, whoever sends the calls."""
LARGE = 10_000
MINUTES = 15

QUICK = (
    RunId("product", TRYTON, 50),
    RunId("floor", TRYTON, 150),
    RunId("product", TRYTON, 150),
    RunId("naive", TRYTON, 20),
)
FULL = (
    RunId("floor", XERO, 100),
    RunId("product", XERO, 100),
    RunId("floor", XERO, 1_000),
    RunId("product", XERO, 1_000),
    RunId("floor", TRYTON, 100),
    RunId("product", TRYTON, 100),
    RunId("floor", TRYTON, 1_000),
    RunId("product", TRYTON, 1_000),
    RunId("floor", TRYTON, 100, receipts=True),
    RunId("product", TRYTON, 100, receipts=True),
    RunId("product", TRYTON, 1_000, receipts=True),
    RunId("naive", XERO, 100),
    RunId("naive", XERO, 1_000),
    RunId("naive", TRYTON, 100),
    RunId("naive", TRYTON, 100, receipts=True),
    RunId("product", TRYTON, LARGE),
)


def fits(run: RunId, found: Sequence[Measurement], elapsed: float) -> bool:
    """Whether a large run is over in time, at the rate of the largest one before it. `elapsed` in seconds."""
    if run.items < LARGE:
        return True
    kind = run.program, run.ledger, run.receipts
    rates = [
        each.per_item
        for each in sorted(found, key=lambda each: each.run.items)
        if (each.run.program, each.run.ledger, each.run.receipts) == kind
    ]
    return not rates or elapsed + rates[-1] / 1000 * run.items < 60 * MINUTES
