"""Tells whether an expense that comes again is still booked the same (R-8.1, open question 9)."""

from __future__ import annotations

import hashlib
import json

from pleo_export.bookkeeping.book import Booking
from pleo_export.bookkeeping.documents import JournalEntry, JournalLine


def fingerprint(booking: Booking) -> str:
    """SHA-256 (hex) over what the booking means: kind, document date, currency, and per line account, amount, tax
    and dimensions. Neither texts nor the reference count, nor the order of lines, nor the posting date, which the
    closed-period strategy may move (R-5e.9)."""
    content = [_entry(each) for each in booking.entries]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


def _entry(entry: JournalEntry) -> list[object]:
    lines = sorted(json.dumps(_line(each), separators=(",", ":")) for each in entry.lines)
    return [entry.kind.value, entry.document_date.isoformat(), entry.currency, lines]


def _line(line: JournalLine) -> list[object]:
    tax = [line.tax.code, line.tax.role.value] if line.tax is not None else None
    return [line.account, line.amount, tax, sorted([each.category, each.value] for each in line.dimensions)]
