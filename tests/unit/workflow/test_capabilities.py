"""Exports to a ledger that can do less: what is beyond it fails its own item, with a sentence that says what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from pleo_export.accounting.limits import not_taken
from pleo_export.accounting.port import DocumentState, SettlementSupport
from pleo_export.bookkeeping.documents import (
    Dimension,
    DocumentKind,
    JournalEntry,
    JournalLine,
    Party,
    Payment,
    PaymentPurpose,
    SettlementTarget,
)
from pleo_simulator.expenses import Expense, Line, export_item
from pleo_simulator.sample import NORTHGATE
from tests.system.expenses import entry_id, purchase
from tests.system.fake_accounting import CAPABILITIES, FakeAccountingSystem
from tests.system.in_process_system import InProcessSystem

BILLS = frozenset({DocumentKind.BILL, DocumentKind.CREDIT_NOTE})
ENTRIES = frozenset({DocumentKind.JOURNAL_ENTRY})
ON = date(2026, 3, 2)


def card_invoice(currency: str = "GBP") -> dict[str, Any]:
    """Paid by card on a supplier's invoice: a bill and its payment."""
    lines = (Line(48_000, "6400", "GB20"),)
    expense = Expense("wework", "card_invoice", lines, supplier="WeWork", currency=currency)
    return export_item(NORTHGATE, expense, ON)


def connected(system: InProcessSystem, *items: dict[str, Any], settings: dict[str, Any], **takes: Any) -> Any:
    books = system.connect(NORTHGATE, items, **settings)
    books.ledger.suppliers["V-1008"] = Party("8", "WeWork", "2101")
    books.capabilities = replace(books.capabilities, **takes)
    return books


def exported(system: InProcessSystem) -> str:
    job = system.export(NORTHGATE, None, vendor_based_bookkeeping=True)
    system.run(NORTHGATE)
    return job


def held(books: FakeAccountingSystem) -> list[tuple[DocumentKind, DocumentState]]:
    return [(each.entry.kind, each.state) for each in books.documents]


def test_given_a_kind_that_is_not_taken_then_its_item_fails_whole_and_the_others_are_booked(
    system: InProcessSystem,
) -> None:
    kinds = frozenset(DocumentKind) - {DocumentKind.PAYMENT}
    books = connected(system, card_invoice(), purchase(), settings={}, kinds=kinds)

    job = exported(system)

    ((failed, (_, reason)),) = system.failures(job).items()
    assert failed == entry_id(card_invoice())
    assert "takes no payment" in reason
    assert "Choose another bookkeeping method" in reason
    assert held(books) == [(DocumentKind.JOURNAL_ENTRY, DocumentState.POSTED)]


def test_given_no_drafts_of_entries_when_drafts_are_wanted_then_they_are_posted_and_bills_wait(
    system: InProcessSystem,
) -> None:
    books = connected(system, card_invoice(), purchase(), settings={"posting": "draft"}, drafts=BILLS)

    job = exported(system)

    assert system.statuses(job) == {"successful": 2}
    assert sorted(held(books)) == [
        (DocumentKind.BILL, DocumentState.DRAFT),
        (DocumentKind.JOURNAL_ENTRY, DocumentState.POSTED),
        (DocumentKind.PAYMENT, DocumentState.POSTED),
    ]


def test_given_payments_for_posted_bills_only_when_drafts_are_wanted_then_a_paid_bill_is_posted_with_its_payment(
    system: InProcessSystem,
) -> None:
    takes = {"drafts": BILLS, "settlement": SettlementSupport.BILL_FIRST}
    books = connected(system, card_invoice(), settings={"posting": "draft"}, **takes)

    job = exported(system)

    assert system.statuses(job) == {"successful": 1}
    assert held(books) == [(DocumentKind.BILL, DocumentState.POSTED), (DocumentKind.PAYMENT, DocumentState.POSTED)]


def test_given_payments_for_posted_bills_only_when_the_payment_would_be_refused_then_its_bill_is_not_posted(
    system: InProcessSystem,
) -> None:
    """Else the expense is told as failed, and its bill is in the ledger."""
    abroad = card_invoice(currency="EUR")
    takes = {"settlement": SettlementSupport.BILL_FIRST, "foreign": BILLS}
    books = connected(system, abroad, purchase(), settings={}, **takes)

    job = exported(system)

    ((failed, (_, reason)),) = system.failures(job).items()
    assert failed == entry_id(abroad)
    assert "payment in GBP only" in reason
    assert held(books) == [(DocumentKind.JOURNAL_ENTRY, DocumentState.POSTED)]


@pytest.mark.parametrize(
    ("policy", "statuses"), [("required", {"failed": 1, "successful": 1}), ("best_effort", {"successful": 2})]
)
def test_given_no_files_when_an_item_has_a_receipt_then_the_policy_decides_before_booking(
    system: InProcessSystem, policy: str, statuses: dict[str, int]
) -> None:
    with_receipt = purchase("dinner", receipts=("pret-18.45.pdf",))
    books = connected(system, with_receipt, purchase(), settings={"receipts": policy}, files=frozenset())

    job = exported(system)

    assert system.statuses(job) == statuses
    assert len(books.documents) == statuses["successful"]
    assert all("receipts to best_effort" in reason for _, reason in system.failures(job).values())


def entry(**changes: Any) -> JournalEntry:
    lines = JournalLine("6100", 100, dimensions=(Dimension("cost_centre", "LON"),)), JournalLine("1900", -100)
    return replace(JournalEntry("pleo:1", ON, ON, "GBP", lines, "Paper"), **changes)


def payment(purpose: PaymentPurpose) -> Payment:
    lines = JournalLine("2100", 100), JournalLine("1900", -100)
    target = SettlementTarget(None, None, ("1",))
    return Payment(purpose, "pleo:2", Party("1", "Ryman"), target, ON, ON, "GBP", lines, "Paper")


@pytest.mark.parametrize(
    ("document", "takes", "said"),
    [
        (entry(), {"kinds": BILLS}, "takes no journal entry"),
        (entry(currency="EUR"), {"foreign": BILLS}, "takes a journal entry in GBP only, and this expense is in EUR"),
        (entry(), {"max_dimensions": 0}, "takes 0 tags on a line, and this expense has 1"),
        (payment(PaymentPurpose.RETURN), {"purposes": frozenset()}, "takes no payment that came back"),
    ],
)
def test_what_is_beyond_the_capabilities_is_refused_with_what_to_do(
    document: JournalEntry | Payment, takes: dict[str, Any], said: str
) -> None:
    refusal = not_taken(document, replace(CAPABILITIES, **takes), "GBP", "Toy Books")

    assert refusal is not None
    assert f"Toy Books {said}" in refusal.message
    assert refusal.message.count(". ") >= 1


@pytest.mark.parametrize("document", [entry(), entry(currency="EUR"), payment(PaymentPurpose.RETURN)])
def test_what_is_within_them_is_not(document: JournalEntry | Payment) -> None:
    assert not_taken(document, CAPABILITIES, "GBP") is None
    assert not_taken(entry(currency="EUR"), replace(CAPABILITIES, foreign=frozenset())) is None  # its own is not known
