"""The texts of an entry, which a bookkeeper reads in the ledger (R-5c, R-5c.3, R-5c.11).

A text that is too long loses its note first, and never the reconciliation id. Lengths are Unicode characters.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from pleo_export.bookkeeping.dates import booking_date
from pleo_export.bookkeeping.export_item import ExportItem
from pleo_export.bookkeeping.money import NOT_IN_HUNDREDTHS, format_amount
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.failures.expense import ID_TOO_LONG
from pleo_export.text import clean

_SEPARATOR = " | "

# R-5c.11: what is cut first. Parts that are not listed here are never cut.
_CUT_ORDER = ("note", "user", "attendees", "service", "supplier", "settles", "invoice", "currency")


class TextLimits(NamedTuple):
    """The accounting system's limits in characters: of the reference, of a line's text, of the entry's memo."""

    reference: int
    text: int
    memo: int


def line_text(item: ExportItem, label: str, limit: int) -> str:
    """Return supplier (else the vendor, else the type's label), user and note, at most `limit` characters."""
    return _fit(_description(item, label), limit)


def memo(item: ExportItem, label: str, limit: int, time_zone: str) -> str:
    """Return the description with everything else that R-5c asks for, at most `limit` characters.

    Raises ItemRejected (`validation_failure`) if not even the reconciliation id fits.
    """
    parts = _description(item, label) | _details(item, time_zone)
    identity = item.additional_information.reconciliation_id
    if len(identity) > limit:
        raise ItemRejected(
            ItemFailure.VALIDATION_FAILURE,
            ID_TOO_LONG.told(limit=limit),
        )
    return _fit(parts | {"reconciliation id": identity}, limit)


def redated(memo: str, original: date, limit: int) -> str:
    """Return the memo of a document that is posted on another date, with its original date (R-5e.8) before the last
    part, which is the reconciliation id and stays."""
    description, _, identity = memo.rpartition(_SEPARATOR)
    return _fit({"note": description, "dated": f"dated {original}", "reconciliation id": identity}, limit)


def _description(item: ExportItem, label: str) -> dict[str, str]:
    supplier = item.supplier.name if item.supplier is not None else None
    vendor = item.vendor.name if item.vendor is not None else None
    return {
        "supplier": supplier or vendor or label,
        "user": item.user.name if item.user is not None else "",
        "note": item.note or "",
    }


def _details(item: ExportItem, time_zone: str) -> dict[str, str]:
    more = item.additional_information
    invoice, period = more.invoice_information, item.service_period

    def day(moment: datetime) -> str:
        return booking_date(moment, time_zone).isoformat()

    return {
        "currency": _paid_in(item),
        "invoice": clean(f"invoice {invoice.invoice_number} of {day(invoice.invoice_date)}") if invoice else "",
        "service": f"service {day(period.from_)} to {day(period.to)}" if period else "",
        "settles": _listed("settles", more.reconciled_entries),
        "attendees": _listed("attendees", more.attendees),
    }


def _listed(what: str, values: tuple[str, ...]) -> str:
    return f"{what} {', '.join(values)}" if values else ""


def _paid_in(item: ExportItem) -> str:
    """Return the amount in the supplier's currency and the implied rate, wallet per supplier unit (R-5c.3)."""
    paid, booked = item.amount.in_supplier_currency, item.amount.in_wallet_currency
    if paid.currency in (None, booked.currency) or paid.value == 0:
        return ""
    if paid.currency in NOT_IN_HUNDREDTHS or paid.value is None:
        return f"paid in {paid.currency}"  # open question 11: the amount is not known for certain
    rate = abs(Decimal(booked.value) / paid.value)
    places = max(4, 3 - rate.adjusted())
    return f"{paid.currency} {format_amount(paid.value)}, rate {rate:.{places}f}"


def _fit(parts: dict[str, str], limit: int) -> str:
    text = _joined(parts)
    for name in _CUT_ORDER:
        excess = len(text) - limit
        if excess <= 0:
            return text
        if part := parts.get(name):
            parts = parts | {name: _initials(part) if name == "user" else _cut(part, len(part) - excess)}
            text = _joined(parts)
    return text if len(text) <= limit else _last_resort(parts, limit)


def _last_resort(parts: dict[str, str], limit: int) -> str:
    """Return only what must stay: even the initials are too long."""
    return parts.get("reconciliation id") or _cut(_joined(parts), limit)


def _joined(parts: dict[str, str]) -> str:
    return _SEPARATOR.join(filter(None, parts.values()))


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split())


def _cut(text: str, length: int) -> str:
    if length < 2:
        return ""
    return text[: length - 1].rstrip("\u200c\u200d ") + "…"
