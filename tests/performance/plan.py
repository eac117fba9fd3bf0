"""Which runs there are: what fits into a quarter of an hour on two processors, and into three minutes for CI."""

from __future__ import annotations

from tests.performance.measurement import RunId

TRYTON, XERO, FAST = "tryton", "xero", "xero-fast"
"""Xero's simulator with latency and limits as they are (up to 100 items; above it without the limit of a minute, since
60 calls a minute would make all programs wait alike), and without any, for the counts of large jobs only."""

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
    RunId("floor", XERO, 100, receipts=True),
    RunId("product", XERO, 100, receipts=True),
    RunId("floor", TRYTON, 100),
    RunId("product", TRYTON, 100),
    RunId("floor", TRYTON, 1_000),
    RunId("product", TRYTON, 1_000),
    RunId("floor", TRYTON, 100, receipts=True),
    RunId("product", TRYTON, 100, receipts=True),
    RunId("floor", TRYTON, 1_000, receipts=True),
    RunId("product", TRYTON, 1_000, receipts=True),
    RunId("product", FAST, 100),
    RunId("product", FAST, 1_000),
    RunId("product", FAST, 10_000),
    RunId("naive", XERO, 100),
    RunId("naive", XERO, 100, receipts=True),
    RunId("naive", XERO, 1_000),
    RunId("naive", TRYTON, 100),
    RunId("naive", TRYTON, 1_000),
)
LIMIT_UP_TO = 100


def keeps_limit(run: RunId) -> bool:
    """Whether Xero's limit of 60 calls a minute holds in this run."""
    return run.ledger == XERO and run.items <= LIMIT_UP_TO and not run.receipts
