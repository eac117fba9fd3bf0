"""Refusals that leave a draft, proofs, adoption, faults of one item, and writers that were superseded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pleo_export.accounting.errors import AuthenticationFailed, Rejected, Unavailable
from pleo_export.accounting.port import State
from pleo_simulator.sample import NORTHGATE
from tests.system.expenses import entry_id, purchase, purchases, reference, references
from tests.system.in_process_system import Town

AWAY = Unavailable("The accounting system is being updated.")


REFUSED = Rejected("Its journal is locked.")


def export_again(world: Town, *items: dict[str, Any]) -> str:
    world.service.world.put_expenses(NORTHGATE, items)
    job = world.export(NORTHGATE, [entry_id(item) for item in items])
    world.run(NORTHGATE)
    return job


def test_given_a_draft_that_the_books_do_not_post_when_the_expense_has_changed_then_the_draft_is_never_taken_for_it(
    world: Town,
) -> None:
    books = world.connect(NORTHGATE, [item := purchase()])
    world.effects.on("before books post", REFUSED)
    first = world.export(NORTHGATE)
    world.run(NORTHGATE)
    assert world.failures(first)[entry_id(item)][1].startswith("Recorded as draft 1, but: Kept as a draft: ")

    second = export_again(world, changed := purchase(gross=5000))
    assert "Delete that draft" in world.failures(second)[entry_id(item)][1]
    assert [each.state for each in books.documents] == [State.DRAFT]

    books.delete(reference(item))
    third = export_again(world, changed)
    assert [each.reference for each in books.live()] == [f"{reference(item)}:r2"]
    assert world.statuses(third) == {"successful": 1}


def test_given_a_draft_that_the_books_did_not_post_when_it_is_exported_again_then_it_is_posted(world: Town) -> None:
    books = world.connect(NORTHGATE, [item := purchase()])
    world.effects.on("before books post", REFUSED)
    world.export(NORTHGATE)
    world.run(NORTHGATE)

    again = export_again(world, item)

    assert [each.state for each in books.documents] == [State.POSTED]
    assert world.statuses(again) == {"successful": 1}


def test_given_books_that_hold_what_they_said_they_refused_when_the_job_goes_on_then_it_is_adopted(world: Town) -> None:
    books = world.connect(NORTHGATE, [item := purchase()])
    world.effects.on("after books record", Rejected("The account is blocked."))
    job = world.export(NORTHGATE)

    world.run(NORTHGATE)

    assert [each.reference for each in books.live()] == [reference(item)]
    assert world.statuses(job) == {"successful": 1}


def test_given_an_entry_of_another_amount_when_our_records_are_lost_then_it_is_not_adopted(world: Town) -> None:
    books = world.connect(NORTHGATE, [item := purchase()])
    world.export(NORTHGATE)
    world.run(NORTHGATE)
    world.runtime._table.delete_item(Key={"pk": f"ENTRY#{NORTHGATE}#{entry_id(item)}", "sk": "REV#0001"})

    job = export_again(world, purchase(gross=9900))

    assert (world.statuses(job), len(books.documents)) == ({"failed": 1}, 1)
    assert world.failures(job)[entry_id(item)][1].startswith("Recorded as J1, but: ")


@pytest.mark.parametrize("when", ["before", "after"])
def test_given_an_exception_that_nobody_foresaw_in_a_batch_when_it_has_passed_then_all_are_booked_once(
    world: Town, when: str
) -> None:
    books = world.connect(NORTHGATE, items := purchases(4))
    world.effects.on(f"{when} books record", ValueError("nobody foresaw it"), nth=2)
    job = world.export(NORTHGATE)

    world.run(NORTHGATE)

    assert sorted(each.reference for each in books.live()) == sorted(references(items))
    assert world.statuses(job) == {"successful": 4}


def test_given_an_item_that_always_raises_when_it_is_exported_then_and_again_it_alone_fails(world: Town) -> None:
    books = world.connect(NORTHGATE, items := purchases(3))
    poison = f"before books record {reference(items[1])}"
    world.effects.on(poison, ValueError("poison"), times=1000)
    first = world.export(NORTHGATE)
    world.run(NORTHGATE)
    second = export_again(world, *items)

    for job in first, second:
        assert world.statuses(job) == {"successful": 2, "failed": 1}
        kind, reason = world.failures(job)[entry_id(items[1])]
        assert (kind, "did not say in time" in reason) == ("unexpected_failure", True)
    assert len(books.documents) == 2


@pytest.mark.parametrize("policy", ["required", "best_effort"])
def test_given_books_that_are_away_while_attaching_when_they_are_back_then_the_receipt_is_attached(
    world: Town, policy: str
) -> None:
    books = world.connect(NORTHGATE, [purchase(receipts=("pret-18.45.pdf",))], receipts=policy)
    world.effects.on("before books attach", AWAY, times=2)
    job = world.export(NORTHGATE)

    world.run(NORTHGATE)

    assert [len(each.files) for each in books.documents] == [1]
    assert world.statuses(job) == {"successful": 1}


def test_given_a_failed_event_on_its_way_when_the_next_run_takes_over_then_that_one_books_nothing(world: Town) -> None:
    books = world.connect(NORTHGATE, purchases(3))
    world.effects.on("before books check", AuthenticationFailed("The key is not accepted."))
    job = world.export(NORTHGATE)

    def next_run() -> None:
        world.executions.over[world.executions.started[0].execution] = "ABORTED"
        world.clock.advance(timedelta(seconds=90))
        world.poll()
        world.deliver()
        world.execute(world.executions.started[1])

    world.effects.on("before pleo POST /v3/export-job-events", next_run, nth=2)
    world.run(NORTHGATE)

    assert (world.job(job)["status"], books.documents) == ("failed", [])
