"""The expenses of a run: card purchases of one company, within the open fiscal year."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pleo_simulator.sample import NORTHGATE
from tests.system.expenses import FIRST_DAY, entry_id, purchase

DAYS = 90


def expenses(name: str, count: int, *, receipts: bool = False, company: str = NORTHGATE) -> list[dict[str, Any]]:
    """Return so many purchases, of a run of that name; each with a receipt where wanted."""
    return [
        purchase(
            f"{name}-{number}",
            gross=1_000 + number % 9_000,
            day=FIRST_DAY + timedelta(days=number % DAYS),
            company=company,
            receipts=(f"{name}-{number % 50}.pdf",) if receipts else (),
        )
        for number in range(count)
    ]


def ids(items: list[dict[str, Any]]) -> list[str]:
    """Return the ids of the expenses."""
    return [entry_id(each) for each in items]
