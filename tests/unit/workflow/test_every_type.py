"""A month with all 17 types and 6 subtypes, under both methods: the reconciliation invariant of R-5b."""

from __future__ import annotations

import pytest

from pleo_export.bookkeeping.documents import DocumentKind, Party
from pleo_export.bookkeeping.rules import JOURNAL_RULES
from pleo_simulator.every_type import EVERY_TYPE, LEFT_OVER, every_type
from pleo_simulator.sample import NORTHGATE
from pleo_simulator.sample_catalogue import PEOPLE, SUPPLIERS
from tests.system.in_process_system import InProcessSystem

KINDS = {
    "journal": {DocumentKind.JOURNAL_ENTRY},
    "accounts_payable": {DocumentKind.JOURNAL_ENTRY, DocumentKind.BILL, DocumentKind.CREDIT_NOTE, DocumentKind.PAYMENT},
}


def test_the_month_has_every_type_and_subtype() -> None:
    told = {(expense.type, expense.sub_type) for expense in EVERY_TYPE}
    assert {each for each, _ in told} == {rule.type for rule in JOURNAL_RULES}
    assert {sub_type for _, sub_type in told} >= {rule.sub_type for rule in JOURNAL_RULES}


@pytest.mark.parametrize("method", KINDS)
def test_given_a_month_of_every_type_then_wallets_tie_out_and_debts_are_settled(
    system: InProcessSystem, method: str
) -> None:
    books = system.connect(NORTHGATE, every_type(NORTHGATE, method))
    books.ledger.suppliers = {
        supplier.vendor: Party(supplier.vendor, name) for name, supplier in SUPPLIERS.items() if supplier.vendor
    }
    books.ledger.employees = {person.code: Party(person.code, name) for name, person in PEOPLE.items()}
    job = system.export(NORTHGATE, vendor_based_bookkeeping=True)

    system.run(NORTHGATE)

    assert system.failures(job) == {}
    assert system.job(job)["status"] == "completed"
    assert {account: books.balance(account) for account in LEFT_OVER} == LEFT_OVER
    assert {entry.kind for entry in books.live()} == KINDS[method]
    assert sum(len(document.files) for document in books.documents) == 3, "each receipt once, on the main document"
