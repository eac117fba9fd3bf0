"""What a person recognises an expense by: merchant, day and amount, read from Pleo's payload of it.

A payload that cannot be booked is read as well, as far as it goes: its expense is the one that somebody looks for.
"""

import datetime
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from pleo_export.bookkeeping.dates import booking_date
from pleo_export.bookkeeping.money import minor_units
from pleo_export.text import clean


class ExpenseFacts(BaseModel):
    """What is known of an expense; a fact that Pleo did not give, or not in a form that we read, is None."""

    model_config = ConfigDict(frozen=True)

    supplier: str | None = Field(None, description="The vendor or merchant, else the person and the type of expense.")
    date: datetime.date | None = Field(None, description="The day, in the company's time zone.")
    amount: int | None = Field(None, description="In hundredths of the currency of the wallet.")
    currency: str | None = Field(None, description="ISO 4217.")
    pleo_url: str | None = Field(None, description="The expense in Pleo's web app.")


def expense_facts(payload: Mapping[str, Any], time_zone: str) -> ExpenseFacts:
    """Return the facts of an export item as Pleo sends it, or as the bucket keeps it."""
    money = _at(payload, "amount", "inWalletCurrency")
    return ExpenseFacts(
        supplier=_supplier(payload),
        date=_day(payload.get("date"), time_zone),
        amount=_amount(_at(money, "value")),
        currency=_text(_at(money, "currency")),
        pleo_url=_text(_at(payload, "_links", "web", "exportItem")),
    )


def _at(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _text(value: Any) -> str | None:
    return clean(value) or None if isinstance(value, str) else None


def _supplier(payload: Mapping[str, Any]) -> str | None:
    if merchant := _text(_at(payload, "vendor", "name")) or _text(_at(payload, "supplier", "name")):
        return merchant
    kind, person = _text(payload.get("type")), _text(_at(payload, "user", "name"))
    return ", ".join(filter(None, (kind and kind.replace("_", " ").lower(), person))) or None


def _day(value: Any, time_zone: str) -> datetime.date | None:
    try:
        return booking_date(datetime.datetime.fromisoformat(value), time_zone)
    except (TypeError, ValueError):
        return None


def _amount(value: Any) -> int | None:
    try:
        return minor_units(value)
    except ValueError:
        return None
