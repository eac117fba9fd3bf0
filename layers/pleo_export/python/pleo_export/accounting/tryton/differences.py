"""Whether a document that Tryton holds is the one that would be recorded now.

Compared is what an expense comes to: currency, total and, for bills, what is booked on each tax account. Accounts and
texts of lines are left to the people who keep the books.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from pleo_export.accounting.errors import Rejected
from pleo_export.accounting.port import DocumentRef
from pleo_export.accounting.tryton.bill import Totals, expected_totals, totals
from pleo_export.accounting.tryton.documents import INVOICE, MOVE
from pleo_export.accounting.tryton.move import LookupTables, units
from pleo_export.accounting.tryton.rest import Record, TrytonRest
from pleo_export.accounting.tryton.title import TITLE
from pleo_export.bookkeeping.documents import Bill, Document
from pleo_export.failures.ledger import ENTRY_DIFFERS

_BILL_FIELDS = ("total_amount", "currency.code", "taxes.account", "taxes.amount")
_MOVE_FIELDS = (
    *("lines.debit", "lines.credit", "lines.amount_second_currency"),
    "lines.second_currency.code",
)


def bill_totals(tryton: TrytonRest, bills: Collection[int]) -> Mapping[int, tuple[str, Totals]]:
    """Read the currency and the totals of each bill, by id. Raises AccountingError."""
    rows = tryton.search_read(INVOICE, [["id", "in", list(bills)]], _BILL_FIELDS)
    return {row["id"]: (row["currency"]["code"], _totals(row)) for row in rows}


def differences(
    tryton: TrytonRest, found: Sequence[tuple[DocumentRef, Document]], tables: LookupTables
) -> Mapping[str, Rejected]:
    """Return the found documents that differ from what would be recorded now, by reference. At most one call for bills
    and one for moves. Raises AccountingError."""
    bills = {int(ref.id): (ref, each) for ref, each in found if isinstance(each, Bill)}
    others = {int(ref.id): (ref, each) for ref, each in found if not isinstance(each, Bill)}
    different: list[DocumentRef] = []
    if bills:
        held = bill_totals(tryton, bills)
        different += [
            ref for id_, (ref, bill) in bills.items() if id_ in held and not same_bill(held[id_], bill, tables)
        ]
    if others:
        gross = _gross_amounts(tryton, others, tables.currency)
        different += [ref for id_, (ref, each) in others.items() if id_ in gross and gross[id_] != _gross(each)]
    return {ref.reference: _differs(ref) for ref in different}


def same_bill(held: tuple[str, Totals], bill: Bill, tables: LookupTables) -> bool:
    """Return whether Tryton's currency and totals of a bill are those of Pleo's."""
    currency, comes_to = held
    if currency != bill.currency:
        return False
    try:
        return comes_to == expected_totals(bill, tables.codes)
    except Rejected:  # one of its taxes or accounts was closed after it was recorded
        return comes_to.total == units(-bill.payable.amount)


def _totals(row: Record) -> Totals:
    return totals(row["total_amount"], [(tax["account"], tax["amount"]) for tax in row["taxes"]])


def _gross_amounts(tryton: TrytonRest, moves: Collection[int], own: str) -> Mapping[int, tuple[str, Decimal]]:
    """Read the currency of each move, and the sum of its debits in it, by id."""
    rows = tryton.search_read(MOVE, [["id", "in", list(moves)]], _MOVE_FIELDS)
    return {row["id"]: _debits(row["lines"], own) for row in rows}


def _debits(lines: Sequence[Record], own: str) -> tuple[str, Decimal]:
    foreign = [line for line in lines if line["second_currency"]]
    if not foreign:
        return own, sum((line["debit"] for line in lines), Decimal(0))
    amounts = [line["amount_second_currency"] or Decimal(0) for line in foreign]
    return foreign[0]["second_currency"]["code"], sum((each for each in amounts if each > 0), Decimal(0))


def _gross(document: Document) -> tuple[str, Decimal]:
    return document.currency, units(sum(line.amount for line in document.lines if line.amount > 0))


def _differs(ref: DocumentRef) -> Rejected:
    name = ref.number or f"draft {ref.id}"
    return Rejected(ENTRY_DIFFERS.told(ledger=TITLE, name=name))
