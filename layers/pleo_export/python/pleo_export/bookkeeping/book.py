"""From an export item to the documents that the accounting system is asked to record. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from pleo_export.bookkeeping.documents import JournalEntry
from pleo_export.bookkeeping.export_item import ExportItem
from pleo_export.bookkeeping.journal import journal_entry, warnings
from pleo_export.bookkeeping.rules import Method, journal_rule, method_for
from pleo_export.bookkeeping.texts import TextLimits
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.settings import Settings

__all__ = ["Booking", "TextLimits", "book"]


@dataclass(frozen=True, slots=True)
class Booking:
    """The documents of one item, and what the bookkeeper should know about them though they are booked."""

    entries: tuple[JournalEntry, ...]
    warnings: tuple[str, ...]


def book(item: ExportItem, settings: Settings, reference: str, limits: TextLimits) -> Booking:
    """The balanced documents of one item (R-5a to R-5c), the reference inside.

    Raises ItemRejected with the type of R-6's item failure table and a sentence that says what to fix and where.
    Its sentences hold codes and names of settings, never amounts, people or notes.
    """
    if len(reference) > limits.reference:
        raise ItemRejected(
            ItemFailure.UNEXPECTED_FAILURE,
            f"The reference {reference} is longer than the accounting system's field. Tell the integration's support.",
        )
    rule = journal_rule(item.type, item.sub_type)
    if method_for(item.type, item.bookkeeping.method if item.bookkeeping else None) is Method.ACCOUNTS_PAYABLE:
        raise ItemRejected(
            ItemFailure.INVALID_CONFIGURATION,
            "Pleo asks to book this item under accounts payable, which this integration does not support yet. Set the "
            "bookkeeping method of its vendor to journal entry in Pleo, or turn Vendor Tagging off, and export it "
            "again.",
        )
    entry = journal_entry(item, rule, settings, reference, limits)
    return Booking(entries=(entry,), warnings=warnings(item, rule, settings))
