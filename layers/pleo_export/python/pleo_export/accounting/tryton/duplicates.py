"""Bills that Tryton holds already under another reference (R-8.5).

Tryton itself warns before it posts a bill with the number of another bill of the same party, within 60 days. But it
warns a person, and also of cancelled bills and of credit notes. So the connector searches itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from pleo_export.accounting.tryton.documents import INVOICE
from pleo_export.accounting.tryton.rest import Record, TrytonRest

DAYS = timedelta(days=60)  # as Tryton has it
_FIELDS = ("party", "reference", "invoice_date", "state", "number", "total_amount")


@dataclass(frozen=True, slots=True)
class Similar:
    """Whether a bill is probably there already: `other` is the name of that bill. None: Tryton's warning is a false
    alarm."""

    other: str | None


def similar_bills(tryton: TrytonRest, drafts: Collection[int]) -> Mapping[int, Similar]:
    """Return those of the drafts of which Tryton would warn, by id. Two calls. Raises AccountingError."""
    rows = tryton.search_read(INVOICE, [["id", "in", list(drafts)], ["reference", "!=", None]], _FIELDS)
    if not rows:
        return {}
    same = [[["party", "=", row["party"]], ["reference", "=", row["reference"]]] for row in rows]
    company = [["company", "=", tryton.company], ["type", "=", "in"]]
    others = tryton.search_read(INVOICE, [*company, ["OR", *same]], _FIELDS, [["id", "ASC"]])
    found: dict[int, Similar] = {}
    for row in rows:
        alike = [other for other in others if _same_number(row, other)]
        if alike:
            names = [_name(other) for other in alike if _is_the_same(row, other)]
            found[row["id"]] = Similar(names[0] if names else None)
    return found


def _same_number(row: Record, other: Record) -> bool:
    if other["id"] == row["id"] or (other["party"], other["reference"]) != (row["party"], row["reference"]):
        return False
    if row["invoice_date"] is None or other["invoice_date"] is None:  # a person cleared it
        return True
    return bool(abs(other["invoice_date"] - row["invoice_date"]) <= DAYS)


def _is_the_same(row: Record, other: Record) -> bool:
    """Return whether both are bills or both are credit notes, and the other is not void; of two drafts the first is the
    original."""
    live = other["state"] != "cancelled" and (other["state"] != "draft" or other["id"] < row["id"])
    return bool(live and (other["total_amount"] < 0) == (row["total_amount"] < 0))


def _name(row: Record) -> str:
    return row["number"] or f"draft {row['id']}"
