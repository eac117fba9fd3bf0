"""How amounts, times and counts read on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from pleo_export.bookkeeping.money import money_text

UNITS = ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min"))


def money(minor_units: int | None, currency: str | None) -> str:
    """Return minor units with sign and currency: -1845 GBP is "-18.45 GBP"."""
    return "" if minor_units is None else money_text(minor_units, currency or "").rstrip()


def amount(minor_units: int) -> str:
    """Return minor units with sign and thousands: -123450 is "-1,234.50"."""
    return f"{Decimal(minor_units).scaleb(-2):,}"


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
