"""Reading and writing JSON with exact numbers."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from flask import request

from ledger_simulators.economic.problems import Problem


def sent_json() -> dict[str, Any]:
    """Return the body of the request. Raises Problem."""
    if request.mimetype != "application/json":
        raise Problem(415, "Only application/json is supported")
    try:
        sent = json.loads(request.get_data(), parse_float=Decimal)
    except ValueError:
        raise Problem(400, "The body is not valid JSON", "ValidationFailed") from None
    if not isinstance(sent, dict):
        raise Problem(400, "The body is not an object", "ValidationFailed")
    return sent


def number(amount: Decimal) -> float | int:
    """Return an amount as the services write it: `100`, `63.66`."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def without_empty(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row without what is None or False: e-conomic leaves both out."""
    return {name: value for name, value in row.items() if value is not None and value is not False}
