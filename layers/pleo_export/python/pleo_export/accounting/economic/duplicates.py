"""Bills that e-conomic holds already under another reference (R-8.5): the same number from the same supplier."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta

from pleo_export.accounting.economic.documents import BOOKED_ENTRIES, DRAFTS, REFERENCE_LENGTH, HeldVoucher
from pleo_export.accounting.economic.filters import MOST_VALUES, among, between, both, equals
from pleo_export.accounting.economic.periods import day_of
from pleo_export.accounting.economic.rest import EconomicRest, Row
from pleo_export.accounting.economic.vouchers import SUPPLIER_INVOICE, reference_in
from pleo_export.bookkeeping.reference import reversal_reference

DAYS = timedelta(days=60)


def similar_bills(rest: EconomicRest, drafts: Sequence[HeldVoucher], invoiced: Mapping[str, date]) -> Mapping[str, str]:
    """Return those of the drafts whose bill is probably there already, by reference, with the name of the other one.
    `invoiced` are the dates of the suppliers' invoices, where they are known: e-conomic has one date for a bill. Two
    calls, none where there are no bills. Raises AccountingError."""
    bills = {
        each.reference: {**row, "day": invoiced.get(each.reference) or each.date}
        for each in drafts
        for row in each.rows
        if _is_bill(row)
    }
    if not bills:
        return {}
    suppliers = sorted({row["supplierNumber"] for row in bills.values()})
    others: list[tuple[str, Row]] = []
    for begin in range(0, len(suppliers), MOST_VALUES):
        chosen = among("supplierNumber", suppliers[begin : begin + MOST_VALUES])
        booked = rest.items(BOOKED_ENTRIES, both(chosen, equals("type", SUPPLIER_INVOICE), _around(bills.values())))
        others += [(str(row.get("voucherNumber")), row) for row in booked if row.get("supplierInvoiceNumber")]
        waiting = rest.items(DRAFTS, both(chosen, equals("entryTypeNumber", SUPPLIER_INVOICE)))
        others += [(f"draft {row.get('voucherNumber')}", row) for row in waiting]
    gone = _undoing([row for _, row in others])
    return {
        reference: names[0]
        for reference, row in bills.items()
        if (names := [name for name, each in others if each["entryNumber"] not in gone and _is_the_same(row, each)])
    }


def _around(rows: Collection[Row]) -> str:
    days = [row["day"] for row in rows]
    return between("date", min(days) - DAYS, max(days) + DAYS)


def _is_bill(row: Row) -> bool:
    return row.get("entryTypeNumber") == SUPPLIER_INVOICE and bool(row.get("supplierInvoiceNumber"))


def _undoing(rows: Sequence[Row]) -> set[int]:
    """Return the booked entries of ours that were undone, and those that undo them: by us or by a person, as their
    texts say."""
    gone: set[int] = set()
    booked = [row for row in rows if "type" in row and reference_in(row.get("text"))]
    for row in booked:
        reference = reference_in(row.get("text"))
        undone = {reference, reversal_reference(reference, REFERENCE_LENGTH)}
        for other in booked:
            if row["amount"] == -other["amount"] and reference_in(other.get("text")) in undone:
                gone |= {row["entryNumber"], other["entryNumber"]}
    return gone


def _is_the_same(row: Row, other: Row) -> bool:
    """Return whether both are bills or both are credit notes, of one number and supplier, and the other was there
    before: of two drafts the first is the original."""
    before = "type" in other or other["entryNumber"] < row["entryNumber"]
    near = abs(day_of(other["date"]) - row["day"]) <= DAYS
    alike = [(each["supplierNumber"], each.get("supplierInvoiceNumber")) for each in (row, other)]
    return before and near and alike[0] == alike[1] and (other["amount"] < 0) == (row["amount"] < 0)
