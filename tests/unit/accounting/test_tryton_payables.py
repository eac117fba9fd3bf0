"""What the connector makes of answers about bills and payments that the real Tryton is hard to bring to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import responses
from responses import matchers

from pleo_export.accounting.errors import KeptAsDraft, OutcomeUnknown, PermissionDenied, Rejected
from pleo_export.accounting.port import DocumentRef, DocumentState
from pleo_export.accounting.registry import connect
from pleo_export.accounting.tryton import connector as tryton_connector
from pleo_export.accounting.tryton.bill import invoice
from pleo_export.accounting.tryton.move import LookupTables
from pleo_export.accounting.tryton.settings import TrytonSettings
from pleo_export.bookkeeping.documents import (
    Bill,
    DocumentKind,
    JournalLine,
    Party,
    Payment,
    PaymentPurpose,
    SettlementTarget,
)
from pleo_export.errors import ItemFailure

URL = "https://books.example.com"
REST = f"{URL}/books/rest/model"
SETTINGS = TrytonSettings.model_validate({"name": "tryton", "url": URL, "database": "books"})
DAY, PENS = date(2026, 2, 10), Party("17", "Paper & Pens")
LINES = (JournalLine("6100", 1000), JournalLine("2100", -1000))
HEAD = (DocumentKind.BILL, "pleo:1", PENS, "INV-7", "BK-1", DAY, DAY, None, "GBP")
BILL = Bill(*HEAD, lines=LINES, memo="Pens | BK-1")  # type: ignore[arg-type]
MONEY = JournalLine("2100", 1000), JournalLine("1900", -1000)
PAYMENT = Payment(
    PaymentPurpose.PAYMENT,
    "pleo:1:pay",
    PENS,
    SettlementTarget("pleo:1", "INV-7", ("BK-1",)),
    DAY,
    DAY,
    "GBP",
    MONEY,
    "Pens | BK-1",
)


def day(number: int) -> dict[str, Any]:
    return {"__class__": "date", "year": 2026, "month": 2, "day": number}


def money(amount: str) -> dict[str, str]:
    return {"__class__": "Decimal", "decimal": amount}


def an_account(id_: int, code: str, **kind: bool) -> dict[str, Any]:
    nothing = {"statement": "balance", "expense": False, "debt": False, "payable": False}
    return {"id": id_, "code": code, "party_required": False, "second_currency.": None, "type.": nothing | kind}


def reads(model: str, *rows: dict[str, Any]) -> None:
    responses.post(f"{REST}/{model}/search_read", json=list(rows))


@pytest.fixture(autouse=True)
def tryton() -> Iterator[None]:
    with responses.mock:
        reads(
            "account.period", {"id": 2, "name": "2026-02", "state": "open", "start_date": day(1), "end_date": day(28)}
        )
        reads("company.company", {"id": 1, "currency.": {"id": 8, "code": "GBP"}})
        reads("account.journal", {"id": 3, "code": "EXP"})
        chart = an_account(61, "6100", expense=True), an_account(21, "2100", payable=True), an_account(19, "1900")
        reads("account.account", *chart)
        reads("party.party", {"id": 17, "code": "V-17", "addresses": [71]})
        yield


def comes_to(total: str) -> None:
    reads(
        "account.invoice", {"id": 5, "total_amount": money(total), "currency.": {"id": 8, "code": "GBP"}, "taxes.": []}
    )


def record(*documents: Bill | Payment) -> dict[str, Any]:
    return dict(connect(SETTINGS, {"token": "k"}).record_many(documents, DocumentState.POSTED))


def test_given_a_bill_that_comes_to_something_else_in_tryton_when_recorded_then_it_is_taken_back() -> None:
    responses.post(f"{REST}/account.invoice/create", json=[5])
    comes_to("10.01")
    deleted = responses.delete(f"{REST}/account.invoice/5", status=204)

    outcome = record(BILL)["pleo:1"]

    assert type(outcome) is Rejected
    assert "another total" in outcome.message
    assert deleted.call_count == 1


def test_given_such_a_bill_that_cannot_be_deleted_when_recorded_then_its_draft_is_named() -> None:
    responses.post(f"{REST}/account.invoice/create", json=[5])
    comes_to("10.01")
    responses.delete(f"{REST}/account.invoice/5", status=403)

    outcome = record(BILL)["pleo:1"]

    assert type(outcome) is KeptAsDraft
    assert (outcome.document.id, outcome.document.state, outcome.document.date) == ("5", DocumentState.DRAFT, DAY)
    assert "draft 5" in outcome.message


def test_given_a_tryton_that_goes_away_after_the_create_when_recorded_then_nothing_is_known() -> None:
    responses.post(f"{REST}/account.invoice/create", json=[5])
    responses.post(f"{REST}/account.invoice/search_read", status=401)

    outcomes = record(BILL, PAYMENT)

    assert type(outcomes["pleo:1"]) is OutcomeUnknown
    assert not isinstance(outcomes["pleo:1:pay"], DocumentRef | OutcomeUnknown)


def test_given_a_reconciliation_that_fails_when_recorded_then_the_payment_is_booked_and_says_so() -> None:
    responses.post(f"{REST}/account.move/create", json=[9])
    row = {"id": 9, "description": "pleo:1:pay", "number": "2026/1", "state": "posted", "date": day(10), "origin": None}
    row["lines."] = [{"id": 1, "description": "Payment to V-17: pleo:1"}]
    responses.post(f"{REST}/account.move/9/post", json=row)
    responses.post(f"{REST}/account.move.line/search_read", status=403)

    outcome = record(PAYMENT)["pleo:1:pay"]

    assert isinstance(outcome, DocumentRef)
    assert (outcome.kind, outcome.state) == (DocumentKind.PAYMENT, DocumentState.POSTED)
    (warning,) = outcome.warnings
    assert "did not reconcile" in warning


def test_given_an_unforeseen_fault_while_reconciling_then_the_payment_is_booked() -> None:
    responses.post(f"{REST}/account.move/create", json=[9])
    row = {"id": 9, "description": "pleo:1:pay", "number": "2026/1", "state": "posted", "date": day(10), "origin": None}
    row["lines."] = [{"id": 1, "description": "Payment to V-17: pleo:1"}]
    responses.post(f"{REST}/account.move/9/post", json=row)
    responses.post(f"{REST}/account.move.line/search_read", json=[{"id": 1}])

    assert isinstance(record(PAYMENT)["pleo:1:pay"], DocumentRef)


def test_given_a_document_that_nobody_foresaw_when_recorded_then_the_others_are_booked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def values(bill: Bill, books: LookupTables, *, final: bool) -> dict[str, Any]:
        if bill.reference == "pleo:2":
            raise KeyError("secret")
        return invoice(bill, books, final=final)

    monkeypatch.setattr(tryton_connector, "invoice", values)
    responses.post(f"{REST}/account.invoice/create", json=[5])
    comes_to("10.00")

    outcomes = connect(SETTINGS, {"token": "k"}).record_many(
        [replace(BILL, reference="pleo:2"), BILL], DocumentState.DRAFT
    )

    assert isinstance(outcomes["pleo:1"], DocumentRef)
    culprit = outcomes["pleo:2"]
    assert isinstance(culprit, Rejected)
    assert culprit.failure is ItemFailure.UNEXPECTED_FAILURE
    assert "secret" not in culprit.message


def test_given_posted_documents_then_finalising_only_reports_a_failed_reconciliation() -> None:
    """A nightly run hands in what people have posted, and comes again for what was not settled."""
    posted = [
        DocumentRef("pleo:1", DocumentKind.BILL, "5", "B1", DocumentState.POSTED, DAY, None),
        DocumentRef("pleo:1:pay", DocumentKind.PAYMENT, "9", "M1", DocumentState.POSTED, DAY, None),
        DocumentRef("pleo:2", DocumentKind.JOURNAL_ENTRY, "10", "M2", DocumentState.POSTED, DAY, None),
    ]
    responses.post(f"{REST}/account.move.line/search_read", status=403)

    outcomes = connect(SETTINGS, {"token": "k"}).post_many(posted)

    assert [replace(each, warnings=()) for each in outcomes.values() if isinstance(each, DocumentRef)] == posted
    warned = {name for name, each in outcomes.items() if isinstance(each, DocumentRef) and each.warnings}
    assert warned == {"pleo:1", "pleo:1:pay"}
    assert {call.request.path_url.split("?")[0].rsplit("/", 1)[1] for call in responses.calls} == {"search_read"}


def test_given_a_returned_payment_and_no_right_to_reopen_bills_then_the_right_is_named() -> None:
    rights = {"read": True, "write": False, "create": True, "delete": False}
    responses.post(f"{REST}/ir.model.access/get_access", json={"account.move.reconciliation": rights})
    back = (JournalLine("2100", -1000), JournalLine("1900", 1000))
    returned = Payment(
        PaymentPurpose.RETURN, "pleo:2", PENS, SettlementTarget(None, "INV-7", ()), DAY, DAY, "GBP", back, "Pens"
    )

    outcome = record(returned)["pleo:2"]

    assert type(outcome) is PermissionDenied
    assert "Reconciliation" in outcome.message


def test_given_only_a_cancelled_bill_with_the_number_when_finalised_then_tryton_asks_nobody() -> None:
    """Else it would ask a person, who is not there."""
    alike = {"party": 17, "reference": "INV-7", "invoice_date": day(1), "total_amount": money("10")}
    mine = {**alike, "id": 5, "state": "draft", "number": None}
    other = {**alike, "id": 4, "state": "cancelled", "number": "B1"}
    domain = matchers.json_params_matcher(
        {"domain": [["id", "in", [5]], ["reference", "!=", None]]}, strict_match=False
    )
    responses.post(f"{REST}/account.invoice/search_read", json=[mine], match=[domain])
    reads("account.invoice", other, mine)
    reads("account.move.line")
    dates = {"accounting_date": day(10), "invoice_date": day(10), "total_amount": money("10"), "origin_invoices": []}
    posted = {"id": 5, "description": "pleo:1", "number": "B2", "state": "posted", **dates}
    pressed = responses.post(f"{REST}/account.invoice/5/post", json=posted)
    draft = DocumentRef("pleo:1", DocumentKind.BILL, "5", None, DocumentState.DRAFT, DAY, None)

    outcome = connect(SETTINGS, {"token": "k"}).post_many([draft])["pleo:1"]

    assert isinstance(outcome, DocumentRef)
    usual = responses.calls[0].request.headers["X-Tryton-Context"]
    assert pressed.calls[0].request.headers["X-Tryton-Context"] != usual
