"""JSON as money needs it: numbers with a fraction are Decimal, and only what the standard knows is a number."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn


def parse(content: bytes) -> Any:
    """Raises ValueError for anything that is not one JSON value, for NaN and Infinity, and for absurd
    nesting and exponents."""
    try:
        return json.loads(content, parse_float=Decimal, parse_constant=_refuse)  # open question 12 (pleo-api 11)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except InvalidOperation:
        raise ValueError("an exponent beyond any amount") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")
