"""A hash that shows whether an expense that comes again is still booked the same (R-8.1, open question 9)."""

from __future__ import annotations

import hashlib
import json

from pleo_export.bookkeeping.book import Booking
from pleo_export.bookkeeping.documents import Bill, Document, JournalEntry, JournalLine, Payment


def fingerprint(booking: Booking) -> str:
    """Return the SHA-256 (hex) of what the booking means: kind, document date, currency, per line account, amount, tax
    and dimensions; under accounts payable also the party, the invoice's number and due date, and what a payment is for.

    Texts, references, the order of lines and the posting date, which the closed-period strategy may move (R-5e.9), do
    not count.
    """
    content = [_document(each) for each in booking.documents]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


def _document(document: Document) -> list[object]:
    lines = sorted(json.dumps(_line(each), separators=(",", ":")) for each in document.lines)
    ledger = [document.kind.value, document.document_date.isoformat(), document.currency, lines]
    return ledger + _payable(document)


def _payable(document: Document) -> list[object]:
    match document:
        case JournalEntry():
            return []
        case Bill():
            due = document.due_date.isoformat() if document.due_date is not None else None
            return [document.party.id, document.invoice_number, due]
        case Payment():
            settles = document.settles
            numbers = [settles.invoice_number, sorted(settles.reconciliation_ids)]
            return [document.party.id, document.purpose.value, *numbers]


def _line(line: JournalLine) -> list[object]:
    tax = [line.tax.code, line.tax.role.value] if line.tax is not None else None
    return [line.account, line.amount, tax, sorted([each.category, each.value] for each in line.dimensions)]
