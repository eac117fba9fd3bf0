"""The tax codes of Tryton: its taxes without a parent, by their names, for they have no code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from pleo_export.accounting.lists import LedgerTaxCode, TaxCodeType
from pleo_export.accounting.tryton.rest import Record

FIELDS = (
    *("name", "description", "active", "parent", "type", "rate", "group.kind", "start_date", "end_date"),
    *("invoice_account.code",),
)


def tax_codes(rows: Sequence[Record], today: date) -> Iterator[LedgerTaxCode]:
    """Yield those that purchases can have. A tax outside its own dates is not active."""
    for row in rows:
        group = row["group"]
        if row["parent"] is None and not (group and group["kind"] == "sale"):
            yield _tax_code(row, list(_booked(row, rows)), today)


def codes_by_id(rows: Iterable[Record]) -> Mapping[int, str]:
    """Return the tax code of each tax: those of a group have the group's."""
    taxes = {row["id"]: row for row in rows}

    def root(tax: Record) -> Record:
        return root(taxes[tax["parent"]]) if tax["parent"] in taxes else tax

    return {id_: root(tax)["name"] for id_, tax in taxes.items()}


def _tax_code(row: Record, booked: Sequence[Record], today: date) -> LedgerTaxCode:
    """With a tax that is deducted and one that is owed, it is a reverse charge."""
    owed = [tax for tax in booked if tax["rate"] is not None and tax["rate"] < 0]
    deducted = [tax for tax in booked if tax not in owed]
    reverse = bool(owed and deducted)
    return LedgerTaxCode(
        code=row["name"],
        name=row["description"] or row["name"],
        rate=_rate(deducted if reverse else booked),
        type=TaxCodeType.REVERSE if reverse else TaxCodeType.INCLUSIVE,
        active=bool(row["active"]) and _in_force(row, today),
        ingoing_account=_account(deducted),
        outgoing_account=_account(owed),
    )


def _booked(tax: Record, taxes: Sequence[Record]) -> Iterator[Record]:
    """Yield the tax itself, or the ones below it: of a group of taxes Tryton books its members."""
    below = [each for each in taxes if each["parent"] == tax["id"]]
    for each in below:
        yield from _booked(each, taxes)
    if not below:
        yield tax


def _rate(taxes: Sequence[Record]) -> Decimal | None:
    """Return the sum of the rates; None where an amount is fixed."""
    if any(tax["type"] != "percentage" for tax in taxes):
        return None
    return sum((tax["rate"] for tax in taxes), Decimal(0))


def _in_force(row: Record, today: date) -> bool:
    return (row["start_date"] or date.min) <= today <= (row["end_date"] or date.max)


def _account(taxes: Sequence[Record]) -> str | None:
    """Return the account that all of them are booked on; None for none or several."""
    codes = {tax["invoice_account"]["code"] if tax["invoice_account"] else None for tax in taxes}
    return codes.pop() if len(codes) == 1 else None
