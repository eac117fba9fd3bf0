"""A function that another has superseded writes nothing more, to our records or to Pleo (promise 2)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pleo_export.accounting.errors import AuthenticationFailed
from pleo_export.workflow.recording.unrecorded import OUTCOME_UNKNOWN
from pleo_simulator.sample import NORTHGATE
from tests.system.effects import Stopped
from tests.system.expenses import entry_id, purchase, purchases, reference
from tests.system.in_process_system import Town


def next_run(world: Town) -> None:
    """The execution is stopped, its function lives on, and the company's next run begins and ends."""
    number = len(world.executions.started) - 1
    world.executions.over[world.executions.started[number].execution] = "ABORTED"
    world.clock.advance(timedelta(seconds=90))
    world.poll()
    world.deliver()
    world.execute(world.executions.started[number + 1])


def test_given_a_function_that_is_held_up_before_it_takes_the_job_when_the_next_run_has_it_then_it_stays_that_ones(
    world: Town,
) -> None:
    world.connect(NORTHGATE, purchases(2))
    world.effects.on("before pleo GET /v3/export-jobs/", lambda: next_run(world))
    job = world.export(NORTHGATE)

    world.wake(NORTHGATE)
    world.execute(world.executions.started[0])

    record = world.runtime.jobs.get(job)
    assert record
    assert record.run_by == world.executions.started[1].execution
    assert world.statuses(job) == {"successful": 2}


def test_given_a_function_that_is_held_up_after_recording_when_the_next_run_has_ended_then_its_notes_are_refused(
    world: Town,
) -> None:
    books = world.connect(NORTHGATE, [item := purchase()])

    def superseded() -> None:
        next_run(world)
        books.documents[-1].id = "renamed"

    world.effects.on("after books record", superseded)
    world.export(NORTHGATE)
    world.run(NORTHGATE)

    assert [each.reference for each in books.live()] == [reference(item)]
    posting = world.runtime.postings.latest(NORTHGATE, entry_id(item))
    assert posting
    assert posting.document_id == "1"


def test_given_a_lost_first_record_when_the_second_revision_is_in_doubt_then_it_is_not_told_as_not_booked(
    world: Town,
) -> None:
    books = world.connect(NORTHGATE, [item := purchase()])
    world.export(NORTHGATE)
    world.run(NORTHGATE)
    books.void(reference(item))
    world.service.world.put_expenses(NORTHGATE, [item])
    world.effects.on("after books record", Stopped())
    job = world.export(NORTHGATE, [entry_id(item)])
    world.run(NORTHGATE)
    world.runtime._table.delete_item(Key={"pk": f"ENTRY#{NORTHGATE}#{entry_id(item)}", "sk": "REV#0001"})
    world.effects.on("before books check", AuthenticationFailed("The key is not accepted."))

    world.heal()

    assert world.failures(job)[entry_id(item)][1] == OUTCOME_UNKNOWN


@pytest.mark.parametrize("when", ["before", "after"])
def test_given_an_execution_that_is_stopped_around_its_failed_event_when_the_company_is_woken_then_nothing_is_booked(
    world: Town, when: str
) -> None:
    """Whether Pleo knows of it or not: the next run only goes on failing the job."""
    books = world.connect(NORTHGATE, purchases(3))
    world.effects.on("before books check", AuthenticationFailed("The key is not accepted."))
    world.effects.on(f"{when} pleo POST /v3/export-job-events", Stopped(), nth=2)
    job = world.export(NORTHGATE)

    world.run(NORTHGATE)
    world.heal()

    assert (world.job(job)["status"], books.documents) == ("failed", [])
