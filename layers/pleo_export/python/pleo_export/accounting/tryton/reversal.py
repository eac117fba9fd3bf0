"""Undoing documents in Tryton: a draft is deleted, a move gets a counter-move, a bill is cancelled.

The counter-move is what Tryton's own "Cancel" makes: the sides exchanged, and the move that it cancels as its origin.
Beyond that it has a reference, derived from the document's, and is looked for by origin and reference before it is
made. It is made as a draft first: of two that were made at the same time the older one is posted, and the other is
deleted.

    counter-moves of the exchange differences -> open what is reconciled -> counter-move -> reconcile the two

A bill is cancelled by Tryton in one transaction, which dates its counter-move itself: on the bill's own day or, where
that period is closed, today. What is left after a crash is found by reading the document again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pleo_export.accounting.errors import AccountingError, PermissionDenied, Rejected
from pleo_export.accounting.port import DocumentRef, DocumentState, PeriodState
from pleo_export.accounting.tryton.derived import derived_reference, is_derived
from pleo_export.accounting.tryton.documents import INVOICE, MOVE, TrytonDocuments, model_of
from pleo_export.accounting.tryton.periods import TrytonPeriods
from pleo_export.accounting.tryton.reconciliation import LINE, RECONCILIATION
from pleo_export.accounting.tryton.rest import Record, TrytonRest, literal
from pleo_export.bookkeeping.documents import DocumentKind
from pleo_export.bookkeeping.reference import reversal_reference

REFERENCE_LENGTH = 100
_MOVE_FIELDS = ("description", "number", "state", "date", "origin", "journal")
_LINE_FIELDS = (
    *("move", "account.reconcile", "party", "debit", "credit", "reconciliation"),
    *("second_currency", "amount_second_currency", "tax_lines.tax", "tax_lines.type", "tax_lines.amount"),
    *("analytic_lines.account", "analytic_lines.debit", "analytic_lines.credit"),
)
_BILL_FIELDS = ("state", "number", "move", "cancel_move.number", "cancel_move.date", "accounting_date", "invoice_date")


class CounterMoves:
    """Finds, makes, posts and reconciles counter-moves. Every method raises AccountingError."""

    def __init__(self, rest: TrytonRest, documents: TrytonDocuments, periods: TrytonPeriods) -> None:
        self._tryton = rest
        self._documents = documents
        self._periods = periods

    def _counter(self, move: Record, reference: str, on: date) -> Record:
        """Return the posted counter-move of the move; make and post it where there is none."""
        ours = self._counters(move["id"], reference)
        if not ours:
            self._tryton.create_many(MOVE, [self._counter_move(move, reference, on)])
            ours = self._counters(move["id"], reference)
        posted = [each for each in ours if each["state"] == "posted"]
        first = (posted or ours)[0]
        if not posted:
            self._tryton.press_button(MOVE, first["id"], "post", ["number"])
            (first,) = self._tryton.search_read(MOVE, [["id", "=", first["id"]]], _MOVE_FIELDS)
        for spare in [each for each in ours if each["id"] != first["id"] and each["state"] == "draft"]:
            with suppress(AccountingError):  # a draft counts for nothing
                self._tryton.delete(MOVE, spare["id"])
        return first

    def _counters(self, move: int, reference: str | None = None) -> list[Record]:
        domain: list[Any] = [["origin", "=", f"{MOVE},{move}"]]
        if reference is not None:
            domain.append(["description", "=", reference])
        return self._tryton.search_read(MOVE, domain, _MOVE_FIELDS, [["id", "ASC"]])

    def _counter_move(self, move: Record, reference: str, on: date) -> Record:
        text = f"Reversal of {move['number'] or move['id']}"
        return {
            "company": self._tryton.company,
            "journal": move["journal"],
            "period": self._periods.open_period(on),
            "date": on,
            "description": reference,
            "origin": f"{MOVE},{move['id']}",
            "lines": [["create", [_counter_line(line, text, on) for line in self._lines([["move", "=", move["id"]]])]]],
        }

    def _reconcile_with(self, moves: Sequence[int]) -> None:
        """Reconcile what is open on the same accounts of a move and its counter-move."""
        lines: dict[tuple[int, int | None], list[Record]] = defaultdict(list)
        for line in self._reconcilable(moves):
            if line["reconciliation"] is None:
                lines[line["account"]["id"], line["party"]].append(line)
        on = max((row["date"] for row in self._dates(moves)), default=None)
        records = [
            {"company": self._tryton.company, "lines": [["add", [each["id"] for each in group]]], "date": on}
            for group in lines.values()
            if len(group) > 1 and sum(each["debit"] - each["credit"] for each in group) == 0
        ]
        if records:
            self._tryton.create_many(RECONCILIATION, records)

    def _dates(self, moves: Sequence[int]) -> list[Record]:
        return self._tryton.search_read(MOVE, [["id", "in", list(moves)]], ["date"])

    def _reconcilable(self, moves: Sequence[int]) -> list[Record]:
        return self._lines([["move", "in", list(moves)], ["account.reconcile", "=", True]])

    def _lines(self, domain: Sequence[Any]) -> list[Record]:
        return self._tryton.search_read(LINE, domain, _LINE_FIELDS, [["id", "ASC"]])

    def _ref(self, reference: str, counter: Record) -> DocumentRef:
        return self._documents.ref(
            reference,
            DocumentKind.JOURNAL_ENTRY,
            counter["id"],
            counter["number"],
            DocumentState.POSTED,
            counter["date"],
        )


class TrytonReversal(CounterMoves):
    """Undoes documents. Every method raises AccountingError."""

    def reverse(self, document: DocumentRef, on: date) -> DocumentRef | None:
        """Undo the document, and return its counter-move; see the port."""
        if model_of(document.kind) == INVOICE:
            return self._reverse_bill(document, on)
        rows = self._tryton.search_read(MOVE, [["id", "=", int(document.id)]], _MOVE_FIELDS)
        if not rows:
            return None
        if rows[0]["state"] == "draft":
            self._tryton.delete(MOVE, rows[0]["id"])
            return None
        return self._reverse_move(document, rows[0], on)

    def _reverse_move(self, document: DocumentRef, move: Record, on: date) -> DocumentRef | None:
        reference = reversal_reference(document.reference, REFERENCE_LENGTH)
        counters = self._counters(move["id"])
        if not any(each["description"] == reference for each in counters):
            if any(each["state"] == "posted" for each in counters):
                return None  # a person has cancelled it
            self._open(document, [move["id"]], on)
        counter = self._counter(move, reference, on)
        self._reconcile_with([move["id"], counter["id"]])
        return self._ref(reference, counter)

    def _open(self, document: DocumentRef, moves: Sequence[int], on: date) -> None:
        """Take the moves out of their reconciliations, and undo the exchange differences that those had made."""
        groups = sorted({each["reconciliation"] for each in self._reconcilable(moves)} - {None})
        if groups and document.kind is DocumentKind.JOURNAL_ENTRY:
            raise Rejected(
                f"{document.number or document.id} is reconciled with another entry in Tryton, so it was not reversed. "
                "Undo that reconciliation there, then reverse it again."
            )
        differences = self._differences(document, groups)
        counters = [self._counter(each, _reversal_of(each["description"]), on) for each in differences]
        for group in groups:
            self._delete(group)
        for difference, counter in zip(differences, counters, strict=True):
            self._reconcile_with([difference["id"], counter["id"]])

    def _delete(self, group: int) -> None:
        try:
            # Tryton asks a person before it takes one apart that has an exchange difference in it; that is undone too.
            self._tryton.delete(RECONCILIATION, group, skip_warnings=True)
        except PermissionDenied:
            raise PermissionDenied(
                "The user of the API key may not undo a reconciliation, as reversing a paid bill asks for. Give its "
                "group the right to delete the model Account Move Reconciliation in Tryton, then reverse it again."
            ) from None

    def _differences(self, document: DocumentRef, groups: Sequence[int]) -> list[Record]:
        """Return the posted exchange differences of the payment, or those in the groups."""
        pattern = f"{literal(derived_reference(document.reference, ()))}%"
        clauses: list[Any] = ["OR", ["description", "like", pattern]]
        if groups:
            clauses.append(["lines.reconciliation", "in", list(groups)])
        domain = [["company", "=", self._tryton.company], ["state", "=", "posted"], ["origin", "=", None], clauses]
        rows = self._tryton.search_read(MOVE, domain, _MOVE_FIELDS, [["id", "ASC"]])
        return [row for row in rows if is_derived(row["description"])]

    def _reverse_bill(self, document: DocumentRef, on: date) -> DocumentRef | None:
        bill = self._bill(document)
        if bill is None:
            return None
        if bill["state"] in ("draft", "validated"):
            self._tryton.delete(INVOICE, bill["id"])
            return None
        if bill["state"] != "cancelled":
            self._require_cancellation_date(document, bill, on)
            self._open(document, [bill["move"]], on)
            self._tryton.press_button(INVOICE, bill["id"], "cancel", ["state"], skip_warnings=True)
            bill = self._bill(document) or bill
        counter = bill["cancel_move"]
        return self._ref(reversal_reference(document.reference, REFERENCE_LENGTH), counter) if counter else None

    def _bill(self, document: DocumentRef) -> Record | None:
        rows = self._tryton.search_read(INVOICE, [["id", "=", int(document.id)]], _BILL_FIELDS)
        return rows[0] if rows else None

    def _require_cancellation_date(self, document: DocumentRef, bill: Record, on: date) -> None:
        own = bill["accounting_date"] or bill["invoice_date"]
        is_open = self._periods.period_state(own) is PeriodState.OPEN
        then = own if is_open else datetime.now(UTC).date()
        if not is_open:
            self._periods.open_period(then)
        if on != then:
            raise Rejected(
                f"Tryton dates the cancellation of bill {document.number or document.id} on {then}, and takes no other "
                f"date for it. Reverse it with --on {then}, or by hand in Tryton."
            )


def _reversal_of(reference: str) -> str:
    return reversal_reference(reference, REFERENCE_LENGTH)


def _counter_line(line: Record, text: str, on: date) -> Record:
    values: Record = {
        "account": line["account"]["id"],
        "party": line["party"],
        "debit": line["credit"],
        "credit": line["debit"],
        "description": text,
    }
    if line["second_currency"] is not None:
        values |= {
            "second_currency": line["second_currency"],
            "amount_second_currency": -(line["amount_second_currency"] or Decimal(0)),
        }
    if line["tax_lines"]:
        taxes = [{"tax": each["tax"], "type": each["type"], "amount": -each["amount"]} for each in line["tax_lines"]]
        values["tax_lines"] = [["create", taxes]]
    if line["analytic_lines"]:
        values["analytic_lines"] = [["create", list(_counter_shares(line["analytic_lines"], on))]]
    return values


def _counter_shares(shares: Iterable[Record], on: date) -> Iterable[Record]:
    return (
        {"account": each["account"], "date": on, "debit": each["credit"], "credit": each["debit"]} for each in shares
    )
