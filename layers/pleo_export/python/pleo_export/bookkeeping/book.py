"""Turns an export item into the documents that the accounting system is asked to record. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from pleo_export.bookkeeping.documents import Document, JournalEntry
from pleo_export.bookkeeping.export_item import ExportItem
from pleo_export.bookkeeping.journal import journal_entry
from pleo_export.bookkeeping.parties import NotFound, PartyMatch, holder, party_query, resolve_party
from pleo_export.bookkeeping.payables import payable_documents
from pleo_export.bookkeeping.rules import HELD_BY_EMPLOYEE, journal_rule
from pleo_export.bookkeeping.settings import BookkeepingSettings
from pleo_export.bookkeeping.texts import TextLimits
from pleo_export.bookkeeping.voided import refuse_voided
from pleo_export.bookkeeping.warnings import item_warnings
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.failures.expense import REFERENCE_TOO_LONG

__all__ = ["Booking", "TextLimits", "book"]

NO_SUPPLIER = (  # R-5a.4
    "The accounting system does not know this supplier, so the item was booked as a journal entry."
)

NO_EMPLOYEE = (
    "The accounting system does not know this employee, so the item was booked on what is owed to employees "
    "(accounts.out_of_pocket in the settings)."
)


@dataclass(frozen=True, slots=True)
class Booking:
    """The documents of one item in the order in which they are recorded, and warnings: what the bookkeeper should know
    although they are booked."""

    documents: tuple[Document, ...]
    warnings: tuple[str, ...]

    @property
    def entries(self) -> tuple[JournalEntry, ...]:
        """Return the journal entries among the documents."""
        return tuple(each for each in self.documents if isinstance(each, JournalEntry))


def book(
    item: ExportItem, settings: BookkeepingSettings, reference: str, limits: TextLimits, party: PartyMatch | None = None
) -> Booking:
    """Return the balanced documents of one item (R-5a to R-5c); the first has the reference inside.

    `party` is the accounting system's answer to `party_query`.

    Raises ItemRejected with the type of R-6's item failure table and a sentence that says what to fix and where. The
    sentence holds names, codes and amounts of the expense, never people or notes: it stays with the item.
    """
    if len(reference) > limits.reference:
        raise ItemRejected(
            ItemFailure.UNEXPECTED_FAILURE,
            REFERENCE_TOO_LONG.told(reference=reference),
        )
    rule = journal_rule(item.type, item.sub_type)
    refuse_voided(item)
    query = party_query(item, settings)
    warnings = item_warnings(item, rule, settings)
    if item.type in HELD_BY_EMPLOYEE:
        entry = journal_entry(item, rule, settings, reference, limits, holder(query, party))
        unknown = query is not None and isinstance(party, NotFound)
        return Booking((entry,), (*warnings, NO_EMPLOYEE) if unknown else warnings)
    found = resolve_party(query, party) if query is not None else None
    if found is not None:
        return Booking(tuple(payable_documents(item, rule, found, settings, reference, limits)), warnings)
    entry = journal_entry(item, rule, settings, reference, limits)
    return Booking((entry,), warnings if query is None else (*warnings, NO_SUPPLIER))
