"""JSON with exact numbers: fractions are Decimal, and NaN and Infinity, which the standard does not know, are refused.

One bad value never makes the others unreadable: half an emoji is dropped from its text, and a number that is too long
or too large stays the text that was sent, for its reader to refuse.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from pleo_export.text import without_surrogates


def parse(content: bytes) -> Any:
    """Return one JSON value. Raises ValueError for anything else, for NaN and Infinity, and for absurd nesting."""
    try:
        # open question 12
        value = json.loads(content, parse_float=_decimal, parse_int=_integer, parse_constant=_refuse)
        return without_surrogates(value)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _decimal(digits: str) -> Decimal | str:
    try:
        return Decimal(digits)
    except InvalidOperation:  # an exponent beyond any amount
        return digits


def _integer(digits: str) -> int | str:
    try:
        return int(digits)
    except ValueError:  # more digits than Python converts
        return digits


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")
