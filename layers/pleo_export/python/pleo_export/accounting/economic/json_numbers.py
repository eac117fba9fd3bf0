"""JSON with exact decimals: none of them ever is a float."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any


def encode(value: Any) -> bytes:
    """Return a value as JSON; a Decimal as it is written."""
    return _text(value).encode()


def decode(content: bytes) -> Any:
    """Read JSON; numbers with a point become Decimal. Raises ValueError."""
    return json.loads(content, parse_float=Decimal, parse_constant=_no_number)


def amount(minor: int) -> Decimal:
    """Return minor units as e-conomic writes amounts."""
    return Decimal(minor).scaleb(-2)


def minor(value: Decimal | int | None) -> int:
    """Return an amount of e-conomic in minor units."""
    return int((Decimal(value or 0) * 100).to_integral_value())


def _text(value: Any) -> str:
    match value:
        case Decimal():
            return f"{value:f}"
        case Mapping():
            return "{" + ",".join(f"{json.dumps(name)}:{_text(each)}" for name, each in value.items()) + "}"
        case str() | bytes() | None:
            return json.dumps(value)
        case Sequence():
            return f"[{','.join(_text(each) for each in value)}]"
    return json.dumps(value)


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
