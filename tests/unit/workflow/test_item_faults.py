"""A fault of one item, of its receipts or of one batch is no other item's (promise 5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pleo_export.accounting.errors import OutcomeUnknown, RateLimited, Rejected, Unavailable
from pleo_export.accounting.port import DocumentState
from pleo_export.bookkeeping.documents import Party
from pleo_export.workflow.recording.receipts import ReceiptHandler
from pleo_simulator.expenses import Expense, Line, export_item
from pleo_simulator.sample import NORTHGATE
from tests.system.expenses import FIRST_DAY, entry_id, purchase, reference
from tests.system.fake_accounting import FakeAccountingSystem
from tests.system.in_process_system import InProcessSystem

FAULT = ValueError("nobody foresaw it")
RECEIPT = ("pret-18.45.pdf",)
AWAY = Unavailable("The accounting system is being updated.")
PASSING = [AWAY, RateLimited("Too many requests.", retry_after=30), OutcomeUnknown("No answer.")]


def two(system: InProcessSystem, **settings: Any) -> tuple[FakeAccountingSystem, dict[str, Any], dict[str, Any]]:
    """The books of a company with two items, each with a receipt."""
    items = [purchase("first", receipts=RECEIPT), purchase("second", receipts=RECEIPT)]
    return system.connect(NORTHGATE, items, **settings), items[0], items[1]


def files(books: FakeAccountingSystem) -> dict[str, int]:
    return {each.entry.reference: len(each.files) for each in books.documents}


def warnings(system: InProcessSystem, job: str, item: dict[str, Any]) -> tuple[str, ...]:
    return system.services.results.of_job(job)[entry_id(item)].warnings


@pytest.mark.parametrize("policy", ["required", "best_effort"])
def test_given_a_receipt_that_raises_while_prepared_then_the_other_item_has_its_own(
    system: InProcessSystem, monkeypatch: pytest.MonkeyPatch, policy: str
) -> None:
    books, poison, good = two(system, receipts=policy)
    prepare = ReceiptHandler._prepare

    def raising(self: ReceiptHandler, candidate: Any, folder: Any) -> Any:
        if candidate.entry_id == entry_id(poison):
            raise FAULT
        return prepare(self, candidate, folder)

    monkeypatch.setattr(ReceiptHandler, "_prepare", raising)
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    if policy == "required":
        assert files(books) == {reference(good): 1}
        assert system.failures(job)[entry_id(poison)][0] == "receipt_conversion_failure"
        assert system.statuses(job) == {"failed": 1, "successful": 1}
    else:
        assert files(books) == {reference(poison): 0, reference(good): 1}
        assert system.statuses(job) == {"successful": 2}
        assert warnings(system, job, poison)[0].startswith("Booked without its receipts.")


@pytest.mark.parametrize(
    ("policy", "statuses"), [("required", {"failed": 1, "successful": 1}), ("best_effort", {"successful": 2})]
)
def test_given_an_attachment_that_raises_when_a_job_runs_then_the_other_item_has_its_own(
    system: InProcessSystem, policy: str, statuses: dict[str, int]
) -> None:
    books, poison, good = two(system, receipts=policy)
    system.effects.on(f"before books attach {reference(poison)}", FAULT, times=1000)
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    assert files(books) == {reference(poison): 0, reference(good): 1}
    assert system.statuses(job) == statuses


def test_given_a_draft_that_raises_when_it_is_posted_then_the_others_are_posted(
    system: InProcessSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    books, poison, good = two(system)
    finalise = books.post_many

    def raising(documents: Any) -> Any:
        if any(each.reference == reference(poison) for each in documents):
            raise FAULT
        return finalise(documents)

    monkeypatch.setattr(books, "post_many", raising)
    books.capabilities = replace(books.capabilities, attach_to_posted=False)  # posted when their files are there
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    assert {each.entry.reference: each.state for each in books.documents} == {
        reference(poison): DocumentState.DRAFT,
        reference(good): DocumentState.POSTED,
    }
    assert system.statuses(job) == {"failed": 1, "successful": 1}
    assert system.failures(job)[entry_id(poison)][1].startswith("Recorded as draft ")


@pytest.mark.parametrize("policy", ["required", "best_effort"])
@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: type(fault).__name__)
def test_given_a_fault_that_passes_while_attaching_when_it_has_passed_then_the_receipt_is_attached(
    system: InProcessSystem, policy: str, fault: Exception
) -> None:
    books, first, second = two(system, receipts=policy)
    system.effects.on(f"before books attach {reference(first)}", fault, times=2)
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    assert files(books) == {reference(first): 1, reference(second): 1}
    assert system.statuses(job) == {"successful": 2}


@pytest.mark.parametrize(
    ("policy", "statuses"), [("required", {"failed": 1, "successful": 1}), ("best_effort", {"successful": 2})]
)
def test_given_an_attachment_that_the_books_refuse_when_a_job_runs_then_nothing_waits_for_it(
    system: InProcessSystem, policy: str, statuses: dict[str, int]
) -> None:
    books, refused, good = two(system, receipts=policy)
    system.effects.on(f"before books attach {reference(refused)}", Rejected("no such type"))
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    assert files(books) == {reference(refused): 0, reference(good): 1}
    assert (system.statuses(job), system.pauses) == (statuses, [])


@pytest.mark.parametrize(
    ("fault", "failure"),
    [(Rejected("The search is refused."), "accounting_system_validation_failure"), (FAULT, "unexpected_failure")],
)
def test_given_one_supplier_that_cannot_be_looked_up_then_the_other_items_are_booked(
    system: InProcessSystem, monkeypatch: pytest.MonkeyPatch, fault: Exception, failure: str
) -> None:
    line = (Line(48_000, "6400", "GB20"),)
    poison, good = (
        export_item(NORTHGATE, Expense(name, "card_invoice", line, supplier=name), FIRST_DAY)
        for name in ("WeWork", "Ryman")
    )
    books = system.connect(NORTHGATE, [poison, good, purchase()])
    books.ledger.suppliers["V-1001"] = Party("1", "Ryman", "2101")
    find = books.find_parties

    def raising(wanted: Any) -> Any:
        if any(key.value == "V-1008" for question in wanted for key in question.keys):
            raise fault
        return find(wanted)

    monkeypatch.setattr(books, "find_parties", raising)
    job = system.export(NORTHGATE, vendor_based_bookkeeping=True)

    system.run(NORTHGATE)

    assert system.statuses(job) == {"failed": 1, "successful": 2}
    assert system.failures(job)[entry_id(poison)][0] == failure
