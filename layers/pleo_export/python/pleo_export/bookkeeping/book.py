"""From an export item to the documents that the accounting system is asked to record. Pure."""

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
from pleo_export.bookkeeping.warnings import warnings
from pleo_export.errors import ItemFailure, ItemRejected

__all__ = ["Booking", "TextLimits", "book"]

NO_SUPPLIER = "The accounting system knows no such supplier: it was booked as a journal entry."  # R-5a.4

NO_EMPLOYEE = (
    "The accounting system knows no such employee: it was booked on what is owed to employees (accounts.out_of_pocket "
    "in the settings)."
)


@dataclass(frozen=True, slots=True)
class Booking:
    """The documents of one item in the order in which they are recorded, and what the bookkeeper should know about
    them though they are booked."""

    documents: tuple[Document, ...]
    warnings: tuple[str, ...]

    @property
    def entries(self) -> tuple[JournalEntry, ...]:
        """The journal entries among the documents."""
        return tuple(each for each in self.documents if isinstance(each, JournalEntry))


def book(
    item: ExportItem, settings: BookkeepingSettings, reference: str, limits: TextLimits, party: PartyMatch | None = None
) -> Booking:
    """The balanced documents of one item (R-5a to R-5c), the first with the reference inside. `party` is the
    accounting system's answer to `wanted_party`.

    Raises ItemRejected with the type of R-6's item failure table and a sentence that says what to fix and where.
    Its sentences hold codes, names of settings and, for `vendor_unknown`, of suppliers; never amounts, people or notes.
    """
    if len(reference) > limits.reference:
        raise ItemRejected(
            ItemFailure.UNEXPECTED_FAILURE,
            f"The reference {reference} is longer than the accounting system's field. Tell the integration's support.",
        )
    rule = journal_rule(item.type, item.sub_type)
    refuse_voided(item)
    wanted = party_query(item, settings)
    said = warnings(item, rule, settings)
    if item.type in HELD_BY_EMPLOYEE:
        entry = journal_entry(item, rule, settings, reference, limits, holder(wanted, party))
        unknown = wanted is not None and isinstance(party, NotFound)
        return Booking((entry,), (*said, NO_EMPLOYEE) if unknown else said)
    found = resolve_party(wanted, party) if wanted is not None else None
    if found is not None:
        return Booking(tuple(payable_documents(item, rule, found, settings, reference, limits)), said)
    entry = journal_entry(item, rule, settings, reference, limits)
    return Booking((entry,), said if wanted is None else (*said, NO_SUPPLIER))
