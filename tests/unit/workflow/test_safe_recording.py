"""Refusals that leave a draft, proofs, adoption, faults of one item, and writers that were superseded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pleo_export.accounting.errors import AuthenticationFailed, Rejected, Unavailable
from pleo_export.accounting.port import DocumentState
from pleo_simulator.sample import NORTHGATE
from tests.system.expenses import entry_id, purchase, purchases, reference, references
from tests.system.in_process_system import InProcessSystem

AWAY = Unavailable("The accounting system is being updated.")


REFUSED = Rejected("Its journal is locked.")


def export_again(system: InProcessSystem, *items: dict[str, Any]) -> str:
    system.service.state.put_expenses(NORTHGATE, items)
    job = system.export(NORTHGATE, [entry_id(item) for item in items])
    system.run(NORTHGATE)
    return job


def test_given_an_unpostable_draft_then_a_changed_expense_never_adopts_it(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, [item := purchase()])
    system.effects.on("before books post", REFUSED)
    first = system.export(NORTHGATE)
    system.run(NORTHGATE)
    assert system.failures(first)[entry_id(item)][1].startswith("Recorded as draft 1, but: Kept as a draft: ")

    second = export_again(system, changed := purchase(gross=5000))
    assert "delete that draft" in system.failures(second)[entry_id(item)][1]
    assert [each.state for each in books.documents] == [DocumentState.DRAFT]

    books.delete(reference(item))
    third = export_again(system, changed)
    assert [each.reference for each in books.live()] == [f"{reference(item)}:r2"]
    assert system.statuses(third) == {"successful": 1}


def test_given_a_draft_that_the_books_did_not_post_when_it_is_exported_again_then_it_is_posted(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, [item := purchase()])
    system.effects.on("before books post", REFUSED)
    system.export(NORTHGATE)
    system.run(NORTHGATE)

    again = export_again(system, item)

    assert [each.state for each in books.documents] == [DocumentState.POSTED]
    assert system.statuses(again) == {"successful": 1}


def test_given_books_that_hold_what_they_said_they_refused_when_the_job_goes_on_then_it_is_adopted(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, [item := purchase()])
    system.effects.on("after books record", Rejected("The account is blocked."))
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    assert [each.reference for each in books.live()] == [reference(item)]
    assert system.statuses(job) == {"successful": 1}


def test_given_an_entry_of_another_amount_when_our_records_are_lost_then_it_is_not_adopted(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, [item := purchase()])
    system.export(NORTHGATE)
    system.run(NORTHGATE)
    system.services.table.delete_item(Key={"pk": f"ENTRY#{NORTHGATE}#{entry_id(item)}", "sk": "REV#0001"})

    job = export_again(system, purchase(gross=9900))

    assert (system.statuses(job), len(books.documents)) == ({"failed": 1}, 1)
    assert system.failures(job)[entry_id(item)][1].startswith("Recorded as J1, but: ")


@pytest.mark.parametrize("when", ["before", "after"])
def test_given_an_unforeseen_exception_in_a_batch_then_all_are_booked_once(system: InProcessSystem, when: str) -> None:
    books = system.connect(NORTHGATE, items := purchases(4))
    system.effects.on(f"{when} books record", ValueError("nobody foresaw it"), nth=2)
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    assert sorted(each.reference for each in books.live()) == sorted(references(items))
    assert system.statuses(job) == {"successful": 4}


def test_given_an_item_that_always_raises_when_it_is_exported_then_and_again_it_alone_fails(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, items := purchases(3))
    poison = f"before books record {reference(items[1])}"
    system.effects.on(poison, ValueError("poison"), times=1000)
    first = system.export(NORTHGATE)
    system.run(NORTHGATE)
    second = export_again(system, *items)

    for job in first, second:
        assert system.statuses(job) == {"successful": 2, "failed": 1}
        kind, reason = system.failures(job)[entry_id(items[1])]
        assert (kind, "It is not known whether" in reason) == ("unexpected_failure", True)
    assert len(books.documents) == 2


@pytest.mark.parametrize("policy", ["required", "best_effort"])
def test_given_books_that_are_away_while_attaching_when_they_are_back_then_the_receipt_is_attached(
    system: InProcessSystem, policy: str
) -> None:
    books = system.connect(NORTHGATE, [purchase(receipts=("pret-18.45.pdf",))], receipts=policy)
    system.effects.on("before books attach", AWAY, times=2)
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    assert [len(each.files) for each in books.documents] == [1]
    assert system.statuses(job) == {"successful": 1}


def test_given_a_failed_event_on_its_way_when_the_next_run_takes_over_then_that_one_books_nothing(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, purchases(3))
    system.effects.on("before books check", AuthenticationFailed("The key is not accepted."))
    job = system.export(NORTHGATE)

    def next_run() -> None:
        system.executions.over[system.executions.started[0].execution] = "ABORTED"
        system.clock.advance(timedelta(seconds=90))
        system.poll()
        system.deliver()
        system.execute(system.executions.started[1])

    system.effects.on("before pleo POST /v3/export-job-events", next_run, nth=2)
    system.run(NORTHGATE)

    assert (system.job(job)["status"], books.documents) == ("failed", [])
