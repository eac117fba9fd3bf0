"""The last check before an entry leaves the core."""

from __future__ import annotations

from pleo_export.bookkeeping.documents import JournalEntry
from pleo_export.errors import ItemFailure, ItemRejected


def balanced(entry: JournalEntry) -> JournalEntry:
    """The entry, if its debits equal its credits in whole minor units (R-5b.5). Raises ItemRejected
    (`unexpected_failure`): an entry that does not balance is our fault and is never posted."""
    whole = all(type(line.amount) is int and line.amount != 0 for line in entry.lines)
    if not entry.lines or not whole or sum(line.amount for line in entry.lines) != 0:
        raise ItemRejected(
            ItemFailure.UNEXPECTED_FAILURE,
            f"The entry {entry.reference} does not balance and was not booked. This is a fault of the integration: "
            "tell its support.",
        )
    return entry
