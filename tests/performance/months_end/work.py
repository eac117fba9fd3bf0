"""What the functions send and how long it takes: the model's assumptions, in one place.

Counts are those of the code, held by `test_months_end.py` against the real functions. Times are assumptions: nobody has
measured Pleo or a ledger under this load; `docs/scale.md` names them, and what changes with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from pleo_export.accounting.registry import CONNECTORS
from pleo_export.call_budget import CallRate

CHUNK = 100  # ChunkSize of the template
PAGE = 100  # items of a page of Pleo's
PLEO_SECONDS = 0.25  # a request to Pleo
AWS_SECONDS = 0.06  # what a function does at AWS in one call
COLD_SECONDS = 1.2  # a start of an environment
KEPT_SECONDS = 600  # an environment that nobody uses
TRANSITION_SECONDS = 0.03  # from one state to the next
ITEM_SECONDS = 0.004  # to book an item, and to write what was booked
WEBHOOK_SECONDS = 2.0  # from the click to Pleo's first delivery
REDELIVERIES = (5, 300, 1_800)  # seconds; of a webhook that was refused (as `pleo_simulator.deliveries`)
JOB_LIFETIME = timedelta(hours=1).total_seconds()  # Pleo lets a job expire so long after the click, or after `started`

# Calls to Pleo, by state. FetchItems reads two lists, UpdateItems sends one update.
START_CALLS, COMPLETE_CALLS, UPDATE_CALLS = 2, 3, 1


@dataclass(frozen=True, slots=True)
class LedgerWork:
    """Calls to a ledger: of the check before a job, of each chunk, once a job for lists; and the seconds of each."""

    check: int
    chunk: int
    lists: int
    seconds: float

    def of_chunk(self, number: int) -> int:
        """Return the calls that a chunk takes."""
        return self.chunk + (self.lists if number == 0 else 0)


# docs/performance.md, "Calls to a ledger": 123, 79 and 120 calls for 1,000 items in chunks, those of Xero and
# Business Central in two batches of fifty.
LEDGERS = {
    "xero": LedgerWork(check=1, chunk=12, lists=3, seconds=0.6),
    "e-conomic": LedgerWork(check=1, chunk=7, lists=9, seconds=0.4),
    "business-central": LedgerWork(check=1, chunk=12, lists=0, seconds=0.5),
}


def rate(ledger: str) -> CallRate | None:
    """Return the rate that the connector has declared."""
    return CONNECTORS[ledger].rate


def pages(items: int) -> int:
    """Return the calls to Pleo that FetchItems takes."""
    return 2 * max(1, -(-items // PAGE))


def chunks(items: int) -> int:
    """Return the chunks of a job."""
    return -(-items // CHUNK)
