"""A function that another has superseded writes nothing more, to our records or to Pleo (promise 2)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pleo_export.accounting.errors import AuthenticationFailed
from pleo_export.workflow.recording.unrecorded import OUTCOME_UNKNOWN
from pleo_simulator.sample import NORTHGATE
from tests.system.effects import Stopped
from tests.system.expenses import entry_id, purchase, purchases, reference
from tests.system.in_process_system import InProcessSystem


def next_run(system: InProcessSystem) -> None:
    """The execution is stopped, its function lives on, and the company's next run begins and ends."""
    number = len(system.executions.started) - 1
    system.executions.over[system.executions.started[number].execution] = "ABORTED"
    system.clock.advance(timedelta(seconds=90))
    system.poll()
    system.deliver()
    system.execute(system.executions.started[number + 1])


def test_given_a_function_delayed_before_it_takes_the_job_then_the_next_run_keeps_it(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, purchases(2))
    system.effects.on("before pleo GET /v3/export-jobs/", lambda: next_run(system))
    job = system.export(NORTHGATE)

    system.wake(NORTHGATE)
    system.execute(system.executions.started[0])

    record = system.services.jobs.get(job)
    assert record
    assert record.run_by == system.executions.started[1].execution
    assert system.statuses(job) == {"successful": 2}


def test_given_a_function_delayed_after_recording_then_its_writes_after_the_next_run_are_refused(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, [item := purchase()])

    def superseded() -> None:
        next_run(system)
        books.documents[-1].id = "renamed"

    system.effects.on("after books record", superseded)
    system.export(NORTHGATE)
    system.run(NORTHGATE)

    assert [each.reference for each in books.live()] == [reference(item)]
    posting = system.services.postings.latest(NORTHGATE, entry_id(item))
    assert posting
    assert posting.document_id == "1"


def test_given_a_lost_first_record_and_a_second_revision_in_doubt_then_it_is_not_called_unbooked(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, [item := purchase()])
    system.export(NORTHGATE)
    system.run(NORTHGATE)
    books.void(reference(item))
    system.service.state.put_expenses(NORTHGATE, [item])
    system.effects.on("after books record", Stopped())
    job = system.export(NORTHGATE, [entry_id(item)])
    system.run(NORTHGATE)
    system.services.table.delete_item(Key={"pk": f"ENTRY#{NORTHGATE}#{entry_id(item)}", "sk": "REV#0001"})
    system.effects.on("before books check", AuthenticationFailed("The key is not accepted."))

    system.heal()

    assert system.failures(job)[entry_id(item)][1] == OUTCOME_UNKNOWN.text()


@pytest.mark.parametrize("when", ["before", "after"])
def test_given_an_execution_stopped_around_its_failed_event_then_nothing_is_booked(
    system: InProcessSystem, when: str
) -> None:
    """Whether Pleo knows of it or not: the next run only goes on failing the job."""
    books = system.connect(NORTHGATE, purchases(3))
    system.effects.on("before books check", AuthenticationFailed("The key is not accepted."))
    system.effects.on(f"{when} pleo POST /v3/export-job-events", Stopped(), nth=2)
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)
    system.heal()

    assert (system.job(job)["status"], books.documents) == ("failed", [])
