"""Small expenses for tests, each identified by its key."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from pleo_simulator.expenses import Expense, Line, export_item
from pleo_simulator.sample import NORTHGATE

FIRST_DAY = date(2026, 3, 2)
DAYS = 365


def purchase(
    key: str = "lunch",
    *,
    gross: int = 1845,
    account: str | None = "6300",
    day: date = FIRST_DAY,
    company: str = NORTHGATE,
    **more: Any,
) -> dict[str, Any]:
    """Return a card purchase that can be booked; `more` are fields of the simulator's Expense."""
    expense = Expense(key, "card_purchase", (Line(gross, account, "GB20"),), **{"supplier": "Pret A Manger"} | more)
    return export_item(company, expense, day)


def purchases(count: int, **more: Any) -> list[dict[str, Any]]:
    """Return card purchases, one a day; after DAYS the days begin again, since the ledger has no later periods."""
    return [purchase(f"lunch-{n}", day=FIRST_DAY + timedelta(days=n % DAYS), **more) for n in range(count)]


def entry_id(item: dict[str, Any]) -> str:
    return str(item["accountingEntryId"])


def reference(item: dict[str, Any]) -> str:
    """Return the reference that the item's document carries, in its first revision."""
    return f"pleo:{entry_id(item)}"


def references(items: Iterable[dict[str, Any]]) -> list[str]:
    return [reference(item) for item in items]
