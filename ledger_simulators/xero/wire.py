"""How Xero writes values: dates as `/Date(1546214400000+0000)/` beside a readable one, amounts with two decimals."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

Json = dict[str, Any]
_EPOCH = date(1970, 1, 1)
_MICROSOFT = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")


def xero_day(day: date) -> str:
    """Return the day as Xero answers it."""
    return f"/Date({(day - _EPOCH) // timedelta(milliseconds=1)}+0000)/"


def xero_moment(moment: datetime) -> str:
    """Return the moment as Xero answers it."""
    return f"/Date({int(moment.astimezone(UTC).timestamp() * 1000)}+0000)/"


def read_day(value: Any) -> date | None:
    """Read a day that a client wrote: `2026-02-10`, with or without a time, or in Microsoft's form. Raises
    ValueError."""
    if value in (None, ""):
        return None
    if found := _MICROSOFT.fullmatch(str(value)):
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(found[1]))).date()
    return date.fromisoformat(str(value)[:10])


def money(value: Any) -> Decimal:
    """Read an amount and round it to two decimals, as Xero does. Raises ArithmeticError or ValueError."""
    return Decimal(str(value)).quantize(Decimal("0.01"))


def encode(value: Any) -> str:
    """Return JSON in which each Decimal is a number with its own digits."""
    match value:
        case dict():
            return "{" + ",".join(f"{json.dumps(name)}:{encode(inner)}" for name, inner in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(map(encode, value)) + "]"
        case Decimal():
            return format(value, "f")
        case _:
            return json.dumps(value)
