"""How amounts, times and counts read on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from pleo_export.bookkeeping.money import format_amount

UNITS = ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min"))


def money(amount: int | None, currency: str | None) -> str:
    """Return minor units with sign and currency: -1845 GBP is "-18.45 GBP"."""
    if amount is None:
        return ""
    return f"{'-' if amount < 0 else ''}{format_amount(amount)} {currency or ''}".rstrip()


def minute(moment: datetime | None) -> str:
    """Return a time to the minute, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""


def age(length: timedelta) -> str:
    """Return a length of time in its largest unit."""
    for unit, name in UNITS:
        if length >= unit:
            return f"{length // unit} {name}"
    return f"{max(0, int(length.total_seconds()))} s"


def counted(counts: Mapping[str, int]) -> str:
    """Return counts as "3 successful, 1 failed"."""
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "no items"


def several(count: int, one: str, many: str) -> str:
    """Return a number with its noun."""
    return f"{count} {one if count == 1 else many}"
