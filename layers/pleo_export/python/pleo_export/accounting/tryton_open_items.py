"""Reconciling in Tryton: bills with what paid them, whichever came first (R-5a.12, R-5a.13).

For any number of documents it takes two calls to see what is open, up to two to see whose it is, and one to reconcile;
more only where a payment came back, or was worth something else than its bill in the company's currency.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from pleo_export.accounting.errors import InvalidConfiguration
from pleo_export.accounting.port import DocumentRef
from pleo_export.accounting.tryton_documents import INVOICE, MOVE, model_of
from pleo_export.accounting.tryton_rest import Record, TrytonRest, literal
from pleo_export.accounting.tryton_settlement import OpenItem, bill_keys, returned, settled, settlement
from pleo_export.accounting.tryton_setup import TrytonSetup
from pleo_export.bookkeeping.documents import Kind, Purpose

LINE, RECONCILIATION, CONFIGURATION = "account.move.line", "account.move.reconciliation", "account.configuration"
_LINE_FIELDS = (
    *("account", "party", "description", "debit", "credit", "second_currency", "amount_second_currency"),
    *("date", "move.origin", "reconciliation"),
)
_BILL_FIELDS = ("party.code", "description", "reference", "comment", "move")


class TrytonOpenItems:
    """Every method raises AccountingError."""

    def __init__(self, rest: TrytonRest, setup: TrytonSetup) -> None:
        self._tryton = rest
        self._setup = setup
        self._payables = [
            ["move.company", "=", rest.company],
            ["move.state", "=", "posted"],
            ["account.type.payable", "=", True],
            ["account.reconcile", "=", True],
        ]

    @cached_property
    def may_open_again(self) -> bool:
        """Whether the user may undo a reconciliation, as a payment that came back asks for."""
        return bool(self._tryton.access(RECONCILIATION)[RECONCILIATION]["delete"])

    def settle(self, documents: Iterable[DocumentRef]) -> None:
        """Reconcile what is settled now that these documents are posted. Payments that came back go first: what they
        open again may be paid by another one among the documents."""
        rows = self._lines([_lines_of(documents), ["reconciliation", "=", None]])
        if not rows:
            return
        bills = self._bills([["id", "in", _invoices(rows)]])
        new = _items(rows, bills)
        known = {row["id"]: row for row in rows}
        for back in (item for item in new if item.purpose is Purpose.RETURN):
            payment = self._open_again(back, known)
            if payment is not None:
                self._reconcile([[payment, back]], known)
        rows = self._lines([["reconciliation", "=", None], *_of_parties(new)])
        bills |= self._bills([["id", "in", [each for each in _invoices(rows) if each not in bills]]])
        self._reconcile(list(settled(_items(rows, bills))), {row["id"]: row for row in rows})

    def _open_again(self, back: OpenItem, known: dict[int, Record]) -> OpenItem | None:
        """The payment that came back. If it was reconciled with a bill, that is open again after this."""
        rows = self._lines([["reconciliation", "=", None], *_of_parties([back])])
        known |= {row["id"]: row for row in rows}
        waiting = [each for each in _items(rows, {}) if each.purpose is Purpose.PAYMENT and each.keys & back.keys]
        payment = returned(back, waiting)
        if payment is not None:
            return payment
        bills = self._bills([["party.code", "=", back.party], _with_key(back.keys)])
        moves = sorted(bill["move"] for bill in bills.values() if bill["move"])
        groups = {row["reconciliation"] for row in self._lines([["move", "in", moves]])} - {None}
        rows = self._lines([["reconciliation", "in", sorted(groups)], ["move", "not in", moves]])
        known |= {row["id"]: row for row in rows}
        payment = returned(back, [_paid(row, back.party) for row in rows])
        if payment is not None:
            self._tryton.delete(RECONCILIATION, known[payment.line]["reconciliation"])
        return payment

    def _lines(self, domain: Sequence[Any]) -> list[Record]:
        return self._tryton.search_read(LINE, [*self._payables, *domain], _LINE_FIELDS)

    def _bills(self, domain: Sequence[Any]) -> dict[int, Record]:
        if domain == [["id", "in", []]]:
            return {}
        ours = [["company", "=", self._tryton.company], ["type", "=", "in"]]
        return {row["id"]: row for row in self._tryton.search_read(INVOICE, [*ours, *domain], _BILL_FIELDS)}

    def _reconcile(self, groups: Sequence[Sequence[OpenItem]], known: Mapping[int, Record]) -> None:
        differences = self._book_differences(groups, known)
        records = [
            {
                "company": self._tryton.company,
                "lines": [["add", [item.line for item in group] + differences.get(number, [])]],
                "date": max(known[item.line]["date"] for item in group),
            }
            for number, group in enumerate(groups)
        ]
        if records:
            self._tryton.create_many(RECONCILIATION, records)

    def _book_differences(
        self, groups: Sequence[Sequence[OpenItem]], known: Mapping[int, Record]
    ) -> Mapping[int, list[int]]:
        """What a payment was worth more or less than its bill in the company's currency, booked as by Tryton's client.
        For each group of which that is not nothing, the line that evens it out."""
        moves = {
            number: self._difference(known[group[0].line], difference, [known[item.line] for item in group])
            for number, group in enumerate(groups)
            if (difference := sum((item.amount for item in group), Decimal(0)))
        }
        if not moves:
            return {}
        ids = self._tryton.create_many(MOVE, list(moves.values()))
        for id_ in ids:
            self._tryton.press(MOVE, id_, "post", ["number"])
        lines = {row["move"]["id"]: row["id"] for row in self._lines([["move", "in", ids]])}
        return {number: [lines[id_]] for number, id_ in zip(moves, ids, strict=True)}

    def _difference(self, line: Record, difference: Decimal, group: Sequence[Record]) -> Record:
        on = max(row["date"] for row in group)
        credit, debit = max(difference, Decimal(0)), max(-difference, Decimal(0))
        even = {"account": line["account"], "party": line["party"], "debit": debit, "credit": credit}
        account = self._exchange["currency_exchange_credit_account" if debit else "currency_exchange_debit_account"]
        other = {"account": account, "debit": credit, "credit": debit}
        return {
            "company": self._tryton.company,
            "journal": self._exchange["currency_exchange_journal"],
            "period": self._setup.open_period(on),
            "date": on,
            "lines": [["create", [even, other]]],
        }

    @cached_property
    def _exchange(self) -> Record:
        fields = [f"currency_exchange_{name}" for name in ("journal", "credit_account", "debit_account")]
        (row,) = self._tryton.search_read(CONFIGURATION, [], fields)
        if not all(row[field] for field in fields):
            raise InvalidConfiguration("Tryton has no journal or accounts for exchange differences.")
        return row


def _lines_of(documents: Iterable[DocumentRef]) -> Sequence[Any]:
    """Where the payables lines of the documents are."""
    moves, invoices = [], []
    for document in documents:
        if model_of(document.kind) == INVOICE:
            invoices.append(f"{INVOICE},{document.id}")
        elif document.kind is Kind.PAYMENT:
            moves.append(int(document.id))
    return ["OR", ["move", "in", moves], ["move.origin", "in", invoices]]


def _of_parties(items: Collection[OpenItem]) -> Sequence[Any]:
    """On an account without parties a bill is known by its own party, a payment by its text."""
    codes = sorted({item.party for item in items})
    texts = [["description", "like", f"% {literal(code)}: %"] for code in codes]
    return [
        ["account", "in", sorted({item.account for item in items})],
        ["OR", ["move.origin.party.code", "in", codes, INVOICE], *texts],
    ]


def _with_key(keys: Collection[str]) -> Sequence[Any]:
    known = [["description", "in", sorted(keys)], ["reference", "in", sorted(keys)]]
    return ["OR", *known, *(["comment", "like", f"%{literal(key)}"] for key in sorted(keys))]


def _items(rows: Sequence[Record], bills: Mapping[int, Record]) -> list[OpenItem]:
    """The lines of bills, and of our payments."""
    items = []
    for row in rows:
        bill = bills.get(_invoice(row) or 0)
        said = settlement(row["description"])
        if bill is not None:
            keys = bill_keys(bill["description"], bill["reference"], bill["comment"])
            items.append(_item(row, bill["party"]["code"], keys, None))
        elif said is not None:
            items.append(_item(row, said.party, said.keys, said.purpose))
    return items


def _paid(row: Record, party: str) -> OpenItem:
    """A line that was reconciled with a bill of the party."""
    return _item(row, party, frozenset(), Purpose.PAYMENT)


def _item(row: Record, party: str, keys: frozenset[str], purpose: Purpose | None) -> OpenItem:
    return OpenItem(
        line=row["id"],
        account=row["account"],
        party=party,
        keys=keys,
        purpose=purpose,
        amount=row["debit"] - row["credit"],
        currency=row["second_currency"],
        foreign=row["amount_second_currency"] or Decimal(0),
    )


def _invoices(rows: Iterable[Record]) -> list[int]:
    return sorted({id_ for row in rows if (id_ := _invoice(row)) is not None})


def _invoice(row: Record) -> int | None:
    model, _, id_ = (row["move"]["origin"] or "").partition(",")
    return int(id_) if model == INVOICE else None
