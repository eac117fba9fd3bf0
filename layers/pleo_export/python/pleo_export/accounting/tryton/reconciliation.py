"""Reconciling in Tryton: bills with the payments that settle them, whichever came first (R-5a.12, R-5a.13).

For any number of documents it takes two calls to read the open lines, up to two to read their bills, and one to
reconcile; more only where a payment came back, or where it and its bill differ in the company's currency.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from pleo_export.accounting.errors import AccountingError, PermissionDenied, Rejected
from pleo_export.accounting.matching import (
    OpenItem,
    Unsettled,
    bill_keys,
    left_open,
    returned,
    settled,
    settlement,
)
from pleo_export.accounting.port import DocumentRef
from pleo_export.accounting.tryton.derived import Difference, TrytonDifferences, derived_reference, is_derived
from pleo_export.accounting.tryton.documents import INVOICE, model_of
from pleo_export.accounting.tryton.periods import TrytonPeriods
from pleo_export.accounting.tryton.rest import Record, TrytonRest, literal
from pleo_export.bookkeeping.documents import DocumentKind, PaymentPurpose

LINE, RECONCILIATION = "account.move.line", "account.move.reconciliation"
_LINE_FIELDS = (
    *("account.code", "party", "description", "debit", "credit", "second_currency", "amount_second_currency"),
    *("date", "move.origin", "move.description", "reconciliation"),
)
_BILL_FIELDS = ("party.code", "description", "reference", "comment", "move")


class TrytonReconciliation:
    """Reconciles bills and payments. Every method raises AccountingError."""

    def __init__(self, rest: TrytonRest, periods: TrytonPeriods) -> None:
        self._tryton = rest
        self._differences = TrytonDifferences(rest, periods)
        self._payables = [
            ["move.company", "=", rest.company],
            ["move.state", "=", "posted"],
            ["account.type.payable", "=", True],
            ["account.reconcile", "=", True],
        ]

    @cached_property
    def may_open_again(self) -> bool:
        """Whether the user may undo a reconciliation, which a payment that came back needs."""
        return bool(self._tryton.access(RECONCILIATION)[RECONCILIATION]["delete"])

    def reconcile(self, documents: Collection[DocumentRef]) -> Mapping[str, str]:
        """Reconcile what is settled now that these documents are posted. Payments that came back go first: the bills
        that they open again may be paid by others of the documents. Returns the warnings about payments that stay
        open, by reference."""
        rows = self._lines([_lines_of(documents), ["reconciliation", "=", None]])
        self._differences.discard_late(_payments_without_lines(documents, rows))
        if not rows:
            return {}
        bills = self._bills([["id", "in", _invoices(rows)]])
        new = _items(rows, bills)
        known = {row["id"]: row for row in rows}
        stay_open: dict[int, Unsettled] = {}
        for back in (item for item in new if item.purpose is PaymentPurpose.RETURN):
            undone = self._open_again(back, known)
            if undone:
                self._reconcile([[*undone, back]], known)
            else:
                stay_open[back.line] = Unsettled.NO_PAYMENT
        rows = self._lines([["reconciliation", "=", None], *_of_parties(new)])
        bills |= self._bills([["id", "in", [each for each in _invoices(rows) if each not in bills]]])
        items = _items(rows, bills)
        self._reconcile(list(settled(items)), {row["id"]: row for row in rows})
        stay_open |= left_open(items)
        return _warnings(documents, {item.line: known[item.line] for item in new}, stay_open)

    def _open_again(self, back: OpenItem, known: dict[int, Record]) -> list[OpenItem]:
        """Return the payment that came back, with its exchange difference; nothing if it is not found. If it was
        reconciled with a bill, that bill is open again after this."""
        rows = self._lines([["reconciliation", "=", None], *_of_parties([back])])
        known |= {row["id"]: row for row in rows}
        waiting = [
            each for each in _items(rows, {}) if each.purpose is PaymentPurpose.PAYMENT and each.keys & back.keys
        ]
        payment = returned(back, waiting)
        if payment is None:
            payment = self._undo(back, known)
        return [] if payment is None else [payment, *self._difference_of(payment, known)]

    def _undo(self, back: OpenItem, known: dict[int, Record]) -> OpenItem | None:
        bills = self._bills([["party.code", "=", back.party], _with_key(back.keys)])
        moves = sorted(bill["move"] for bill in bills.values() if bill["move"])
        groups = {row["reconciliation"] for row in self._lines([["move", "in", moves]])} - {None}
        rows = self._lines([["reconciliation", "in", sorted(groups)], ["move", "not in", moves]])
        known |= {row["id"]: row for row in rows}
        payment = returned(back, [_paid(row, back.party) for row in rows if not is_derived(row["move"]["description"])])
        if payment is not None:
            # Tryton asks a person before it takes one apart that has an exchange difference in it; that is taken along.
            self._tryton.delete(RECONCILIATION, known[payment.line]["reconciliation"], skip_warnings=True)
        return payment

    def _difference_of(self, payment: OpenItem, known: dict[int, Record]) -> list[OpenItem]:
        reference = known[payment.line]["move"]["description"]
        pattern = f"{literal(derived_reference(reference, ()))}%"
        rows = self._lines([["reconciliation", "=", None], ["move.description", "like", pattern]])
        known |= {row["id"]: row for row in rows}
        return [_paid(row, payment.party) for row in rows]

    def _lines(self, domain: Sequence[Any]) -> list[Record]:
        return self._tryton.search_read(LINE, [*self._payables, *domain], _LINE_FIELDS)

    def _bills(self, domain: Sequence[Any]) -> dict[int, Record]:
        if domain == [["id", "in", []]]:
            return {}
        ours = [["company", "=", self._tryton.company], ["type", "=", "in"]]
        return {row["id"]: row for row in self._tryton.search_read(INVOICE, [*ours, *domain], _BILL_FIELDS)}

    def _reconcile(self, groups: Sequence[Sequence[OpenItem]], known: Mapping[int, Record]) -> None:
        """Reconcile each group. Exchange differences that Tryton holds already are used, not made again."""
        uneven = {
            number: Difference(
                reference=derived_reference(_reference(group, known), [item.line for item in group]),
                line=known[group[0].line],
                amount=difference,
                date=max(known[item.line]["date"] for item in group),
            )
            for number, group in enumerate(groups)
            if (difference := sum((item.amount for item in group), Decimal(0)))
        }
        evened = self._differences.lines(uneven)
        records = [
            {
                "company": self._tryton.company,
                "lines": [["add", [item.line for item in group] + evened.get(number, [])]],
                "date": max(known[item.line]["date"] for item in group),
            }
            for number, group in enumerate(groups)
            if number not in uneven or number in evened
        ]
        if records:
            self._create(records)

    def _create(self, records: Sequence[Record]) -> None:
        """Create the reconciliations: all in one call, and one by one after a refusal, so that one refused group does
        not leave others open. Raises the first refusal when all have been tried."""
        try:
            self._tryton.create_many(RECONCILIATION, records)
        except (Rejected, PermissionDenied) as error:
            if len(records) == 1:
                raise
            refusals = [refusal for record in records if (refusal := self._refusal(record))]
            if refusals:
                raise refusals[0] from error

    def _refusal(self, record: Record) -> AccountingError | None:
        try:
            self._tryton.create_many(RECONCILIATION, [record])
        except (Rejected, PermissionDenied) as error:
            return error
        return None


def _reference(group: Sequence[OpenItem], known: Mapping[int, Record]) -> str:
    """Return the reference of the group's first payment: the group of these lines has always the same one."""
    first = min((item for item in group if item.purpose is not None), key=lambda item: item.line)
    move = known[first.line]["move"]
    return move["description"] or f"move {move['id']}"  # a person may have cleared it


def _payments_without_lines(documents: Iterable[DocumentRef], rows: Sequence[Record]) -> list[str]:
    """Return the references of the payments that were reconciled before."""
    moves = {row["move"]["id"] for row in rows}
    return [each.reference for each in documents if each.kind is DocumentKind.PAYMENT and int(each.id) not in moves]


def _warnings(
    documents: Iterable[DocumentRef], rows: Mapping[int, Record], stay_open: Mapping[int, Unsettled]
) -> dict[str, str]:
    payments = {int(each.id): each.reference for each in documents if each.kind is DocumentKind.PAYMENT}
    return {
        payments[row["move"]["id"]]: stay_open[line].format(account=row["account"]["code"])
        for line, row in rows.items()
        if line in stay_open and row["move"]["id"] in payments
    }


def _lines_of(documents: Iterable[DocumentRef]) -> Sequence[Any]:
    """Return the domain of the documents' payables lines."""
    moves, invoices = [], []
    for document in documents:
        if model_of(document.kind) == INVOICE:
            invoices.append(f"{INVOICE},{document.id}")
        elif document.kind is DocumentKind.PAYMENT:
            moves.append(int(document.id))
    return ["OR", ["move", "in", moves], ["move.origin", "in", invoices]]


def _of_parties(items: Collection[OpenItem]) -> Sequence[Any]:
    """Return the domain of the lines of the same parties and accounts. On an account without parties a bill is found by
    its own party, a payment by its text."""
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
    """Return the lines that are of bills, or of our payments."""
    items = []
    for row in rows:
        bill = bills.get(_invoice(row) or 0)
        payment = settlement(row["description"])
        if bill is not None:
            keys = bill_keys(bill["description"], bill["reference"], bill["comment"])
            items.append(_item(row, bill["party"]["code"], keys, None))
        elif payment is not None:
            items.append(_item(row, payment.party, payment.keys, payment.purpose))
    return items


def _paid(row: Record, party: str) -> OpenItem:
    """Return the open item of a line that was reconciled with a bill of the party."""
    return _item(row, party, frozenset(), PaymentPurpose.PAYMENT)


def _item(row: Record, party: str, keys: frozenset[str], purpose: PaymentPurpose | None) -> OpenItem:
    return OpenItem(
        line=row["id"],
        account=row["account"]["id"],
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
