"""`pleo-export preview` with real books: what it shows is what is booked afterwards, line for line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from local.stack import LocalStack
from local.tryton.ledger import Ledger, Move, MoveLine
from pleo_simulator.every_type import every_type
from pleo_simulator.sample import HAVN, LUMBRE
from tests.integration.bookkeeper import executions, export, finished, job

pytestmark = pytest.mark.enable_socket

ShownLine = tuple[str, int, str | None, frozenset[str]]


def pleo_export(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def shown_lines(document: dict[str, Any]) -> list[ShownLine]:
    """Account, amount in minor units of the document's currency, tax code and dimensions of each line."""
    return sorted(
        (line["account"], line["amount"], line["tax_code"], frozenset(line["dimensions"].values()))
        for line in document["lines"]
    )


def booked_lines(move: Move, currency: str) -> list[ShownLine]:
    """The same of an entry in Tryton."""
    return sorted((line.account, _minor(line, currency), _tax(line), frozenset(line.dimensions)) for line in move.lines)


def _minor(line: MoveLine, currency: str) -> int:
    foreign = line.second_amount if line.second_currency == currency else None
    return int((line.debit - line.credit if foreign is None else foreign) * 100)


def _tax(line: MoveLine) -> str | None:
    """The code that a person chooses, with which the names of a group's parts begin."""
    codes = {name.split()[0] for name, _, _ in line.taxes}
    assert len(codes) <= 1
    return next(iter(codes), None)


def entry_of(books: Ledger, reference: str) -> Move:
    """The one entry that a document is, or that a bill has made."""
    made = [bill.move for bill in books.bills(reference) if bill.move]
    (move,) = made or books.moves(reference)
    return move


@pytest.mark.parametrize(("company_id", "method"), [(HAVN, "journal"), (LUMBRE, "accounts_payable")])
def test_given_every_type_of_expense_then_the_preview_shows_the_lines_that_tryton_holds_afterwards(
    stack: LocalStack, books: Ledger, company_id: str, method: str, subtests: pytest.Subtests
) -> None:
    stack.connect(company_id, books)
    items = every_type(company_id, method)
    stack.pleo.state.put_expenses(company_id, items)
    ids = [str(item["accountingEntryId"]) for item in items]
    at = ("--stack", stack.name)
    assert pleo_export("pause", company_id, "--yes", *at).exit_code == 0
    job_id = export(stack, company_id, ids, vendor_based_bookkeeping=True)

    shown = pleo_export("preview", job_id, "--json", *at)

    assert shown.exit_code == 0, shown.output
    preview = json.loads(shown.stdout)
    assert [{each["entry_id"] for each in preview["items"]}, {each["state"] for each in preview["items"]}] == [
        set(ids),
        {"new"},
    ]
    assert (books.moves(), books.bills(), executions(stack, job_id)) == ([], [], [])
    assert {item["status"] for item in job(stack, job_id)["items"]} == {"pending"}

    assert pleo_export("resume", company_id, "--yes", *at).exit_code == 0
    done = finished(stack, job_id)

    assert {item["status"] for item in done["items"]} == {"successful"}
    documents = [each for item in preview["items"] for each in item["documents"]]
    for document in documents:
        with subtests.test(f"{document['kind']} {document['reference']}"):
            move = entry_of(books, document["reference"])
            assert f"{move.date}" == document["posting_date"]
            assert booked_lines(move, document["currency"]) == shown_lines(document)
    # Nothing else is booked, but the differences of exchange rates, which Tryton alone knows
    bills = [each.reference for each in books.bills()]
    booked = [*bills, *(each.reference for each in books.moves() if each.reference and ":fx" not in each.reference)]
    assert sorted(booked) == sorted(each["reference"] for each in documents)
    assert totals(preview) == ledger_totals(books, documents)


def totals(preview: dict[str, Any]) -> dict[tuple[str, str], tuple[int, int]]:
    return {(each["currency"], each["code"]): (each["first"], each["second"]) for each in preview["accounts"]}


def ledger_totals(books: Ledger, documents: Sequence[dict[str, Any]]) -> dict[tuple[str, str], tuple[int, int]]:
    """Debits and credits on each account, by currency of the documents."""
    sums: dict[tuple[str, str], list[int]] = {}
    for document in documents:
        for account, amount, _, _ in booked_lines(entry_of(books, document["reference"]), document["currency"]):
            sums.setdefault((document["currency"], account), [0, 0])[0 if amount > 0 else 1] += abs(amount)
    assert sum(each.debit - each.credit for each in books.trial_balance()) == Decimal(0)
    return {key: (debit, credit) for key, (debit, credit) in sums.items()}
