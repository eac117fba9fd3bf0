"""A month with every type and subtype in real books, under both methods: the reconciliation invariant (R-5b)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cli.commands.entry import Agreement, examine
from local.demo.checks import left_over
from local.stack import LocalStack
from local.tryton.ledger import Ledger
from pleo_simulator.every_type import LEFT_OVER, every_type
from pleo_simulator.sample import HAVN, LUMBRE
from tests.integration.bookkeeper import finished

pytestmark = pytest.mark.enable_socket


@pytest.mark.parametrize(("company_id", "method"), [(HAVN, "journal"), (LUMBRE, "accounts_payable")])
def test_given_a_month_of_every_type_then_the_accounts_of_tryton_are_right(
    stack: LocalStack, books: Ledger, company_id: str, method: str
) -> None:
    stack.connect(company_id, books)
    items = every_type(company_id, method)
    stack.pleo.state.put_expenses(company_id, items)
    ids = [item["accountingEntryId"] for item in items]

    job = finished(stack, stack.pleo.state.click_export(company_id, ids, vendor_based_bookkeeping=True)["id"])

    refused = [item["failureReason"] for item in job["items"] if item["status"] != "successful"]
    assert refused == []
    assert {examine(company_id, each, stack.deployed.services).verdict for each in ids} == {Agreement.AGREE}
    entries = books.entries()
    assert {account: left_over(entries, account) for account in LEFT_OVER} == {
        account: Decimal(cents) / 100 for account, cents in LEFT_OVER.items()
    }
    assert sum(each.debit - each.credit for each in books.trial_balance()) == Decimal(0)
