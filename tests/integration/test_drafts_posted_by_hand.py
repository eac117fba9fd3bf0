"""Under `posting: draft` a person posts in Tryton; the nightly run makes paid bills look paid (R-5a.13, R-5f.7)."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from local.stack import LocalStack
from local.tryton.ledger import Ledger
from pleo_simulator.expenses import Expense, Line, export_item
from pleo_simulator.sample import LUMBRE
from tests.integration.bookkeeper import export, finished

pytestmark = pytest.mark.enable_socket
LINES = (Line(6_366, "6100", "GB20"),)
PURCHASES = [
    export_item(LUMBRE, Expense(key, "card_purchase", LINES, supplier="Ryman", method="accounts_payable"), day)
    for key, day in (("drafted paper", date(2026, 3, 2)), ("drafted pens", date(2026, 3, 3)))
]
IDS = [str(each["accountingEntryId"]) for each in PURCHASES]


def bill(entry_id: str) -> str:
    return f"pleo:{entry_id}"


def payment(entry_id: str) -> str:
    return f"pleo:{entry_id}:pay"


def still_open(books: Ledger) -> list[tuple[str, str]]:
    """The posted entries with a line on a payables account that nothing settles, and that line's side."""
    return [
        (move.reference, "debit" if line.debit else "credit")
        for move in books.moves()
        for line in move.lines
        if move.state == "posted" and line.account in ("2100", "2101", "2102", "2250") and not line.reconciled
    ]


def night(stack: LocalStack) -> dict[str, Any]:
    name = stack.outputs["ReconcileDraftsFunctionName"]
    answer = stack.aws.client("lambda").invoke(FunctionName=name)
    content: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, content
    return content


def test_given_some_drafts_posted_by_a_person_then_the_night_reconciles_only_those(
    stack: LocalStack, books: Ledger
) -> None:
    stack.connect(LUMBRE, books, posting="draft")
    stack.pleo.state.put_expenses(LUMBRE, PURCHASES)
    job = finished(stack, export(stack, LUMBRE, IDS, vendor_based_bookkeeping=True))
    assert {item["status"] for item in job["items"]} == {"successful"}
    posted, left = IDS
    books.post(bill(posted))
    books.post(payment(posted))
    assert len(still_open(books)) == 2

    assert night(stack)["done"] == 1

    assert still_open(books) == []
    (paid,), (draft,) = books.bills(bill(posted)), books.bills(bill(left))
    assert (paid.state, draft.state) == ("paid", "draft")
    assert [move.state for move in books.moves(payment(left))] == ["draft"]
    assert [each.reference for each in stack.deployed.postings.with_open_references(LUMBRE)] == [bill(left)]
    assert stack.deployed.leases.get(LUMBRE) is None
