"""StartJob: `started` is said once, by the one run that holds the company's lease (R-1)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from pleo_export.errors import NotOurs, TryAgain
from pleo_export.services.events import JobRun
from pleo_simulator.fault_queue import Fault
from pleo_simulator.sample import NORTHGATE
from tests.system.expenses import entry_id, purchase, purchases
from tests.system.in_process_system import NOON, Town

EVENTS = "/v3/export-job-events"


def begun(world: Town, count: int = 1) -> JobRun:
    """An execution that is about to enter its first state."""
    world.connect(NORTHGATE, purchases(count))
    world.export(NORTHGATE)
    world.wake(NORTHGATE)
    return world.executions.started[0]


def start(world: Town, run: JobRun) -> dict[str, Any]:
    answer: dict[str, Any] = world.handlers["start_job"](run.model_dump(by_alias=True), None)
    return answer


def accepted_events(world: Town) -> int:
    return sum(each["path"] == EVENTS and each["status"] == 202 for each in world.service.requests)


def claimed(world: Town, run: JobRun) -> bool:
    record = world.runtime.jobs.get(run.job_id)
    assert record
    return record.claimed


def test_given_a_pending_job_when_it_starts_then_pleo_knows_and_the_later_states_learn_what_they_need(
    world: Town,
) -> None:
    run = begun(world, 3)

    answer = start(world, run)

    assert world.job(run.job_id)["status"] == "in_progress"
    assert (answer["numberOfItems"], answer["vendorBasedBookkeeping"]) == (3, False)


@pytest.mark.parametrize("waited", [0, 40, 59])
def test_given_a_job_that_waited_in_the_queue_when_it_starts_then_its_deadline_is_fifty_minutes_later(
    world: Town, waited: int
) -> None:
    run = begun(world)
    world.clock.advance(timedelta(minutes=waited))

    deadline = datetime.fromisoformat(start(world, run)["deadline"])

    assert deadline == NOON + timedelta(minutes=waited + 50)


def test_given_a_job_that_is_resumed_when_it_starts_again_then_its_deadline_stays(world: Town) -> None:
    run = begun(world)
    first = start(world, run)["deadline"]
    world.clock.advance(timedelta(minutes=30))

    assert start(world, run)["deadline"] == first


def test_given_the_answer_to_started_is_lost_when_the_state_is_retried_then_the_job_is_resumed(world: Town) -> None:
    run = begun(world)
    world.effects.on(f"after pleo POST {EVENTS}", requests.ReadTimeout())

    world.run_executions()

    assert world.job(run.job_id)["status"] == "completed"
    assert world.statuses(run.job_id) == {"successful": 1}
    assert accepted_events(world) == 2  # started, completed


def test_given_pleo_is_away_before_started_arrives_when_the_state_is_retried_then_the_job_starts(world: Town) -> None:
    run = begun(world)
    world.effects.on(f"before pleo POST {EVENTS}", requests.ReadTimeout())

    world.run_executions()

    assert world.job(run.job_id)["status"] == "completed"
    assert accepted_events(world) == 2


def test_given_pleo_stays_away_when_the_retries_end_then_the_job_is_untouched_and_a_later_poll_runs_it(
    world: Town,
) -> None:
    run = begun(world)
    world.service.faults.order(Fault(effect="status", status=503, method="POST", path=EVENTS, count=7))

    assert world.execute(run) == "TryAgain"
    assert world.job(run.job_id)["status"] == "pending"

    world.heal()
    assert world.job(run.job_id)["status"] == "completed"


# The table of 422 (workflow/start_job.py)


def test_given_a_refusal_of_our_own_repeated_start_when_the_job_is_in_progress_then_it_is_resumed(world: Town) -> None:
    run = begun(world)
    start(world, run)

    assert start(world, run)["numberOfItems"] == 1
    assert accepted_events(world) == 1


def test_given_somebody_else_starts_the_job_between_our_look_and_our_start_when_pleo_refuses_then_it_is_theirs(
    world: Town,
) -> None:
    run = begun(world)
    pleo = world.service.world
    world.effects.on(f"before pleo POST {EVENTS}", lambda: pleo.post_event(NORTHGATE, run.job_id, "started"))

    with pytest.raises(NotOurs):
        start(world, run)

    assert not claimed(world, run)
    with pytest.raises(NotOurs):
        start(world, run)


def test_given_a_job_in_progress_that_we_never_claimed_when_it_would_start_then_it_is_not_ours(world: Town) -> None:
    run = begun(world)
    world.service.world.post_event(NORTHGATE, run.job_id, "started")

    with pytest.raises(NotOurs):
        start(world, run)

    assert accepted_events(world) == 0


@pytest.mark.parametrize("ours", [True, False])
def test_given_a_job_that_is_over_when_it_would_start_then_nothing_is_left_to_do(world: Town, ours: bool) -> None:
    run = begun(world)
    if ours:
        start(world, run)
    world.service.world.cancel(run.job_id)

    with pytest.raises(NotOurs):
        start(world, run)


def test_given_a_job_that_is_cancelled_between_our_look_and_our_start_when_pleo_refuses_then_nothing_is_left_to_do(
    world: Town,
) -> None:
    run = begun(world)
    world.effects.on(f"before pleo POST {EVENTS}", lambda: world.service.world.cancel(run.job_id))

    with pytest.raises(NotOurs):
        start(world, run)


def test_given_pleo_refuses_the_start_of_a_job_that_stays_pending_when_asked_again_later_then_it_starts(
    world: Town,
) -> None:
    """Another job of the company is in progress at Pleo, until it ends."""
    run = begun(world)
    world.service.world.put_expenses(NORTHGATE, [purchase("other")])
    other = world.export(NORTHGATE, [entry_id(purchase("other"))])
    world.service.world.post_event(NORTHGATE, other, "started")

    with pytest.raises(TryAgain):
        start(world, run)
    assert not claimed(world, run)

    world.service.world.cancel(other)
    assert start(world, run)["numberOfItems"] == 1


def test_given_a_job_that_pleo_no_longer_knows_when_it_would_start_then_it_is_dropped(world: Town) -> None:
    run = begun(world)
    gone = run.model_copy(update={"job_id": "b1f0f1c4-6f5c-4d0e-9c57-0d6a6b3f7a10"})

    with pytest.raises(NotOurs):
        start(world, gone)


# The lease


def test_given_the_lease_is_another_run_s_when_the_execution_starts_then_it_touches_nothing_and_leaves_the_lease(
    world: Town,
) -> None:
    run = begun(world)
    world.service.requests.clear()
    world.runtime.leases.release(NORTHGATE, run.execution)
    world.runtime.leases.take(NORTHGATE, "another-run", world.clock.now(), replacing=None)

    assert world.execute(run) == "SUCCEEDED"

    assert list(world.service.requests) == []
    assert world.job(run.job_id)["status"] == "pending"
    assert not claimed(world, run)
    lease = world.runtime.leases.get(NORTHGATE)
    assert lease and lease.owner == "another-run"


def test_given_no_lease_at_all_when_the_execution_starts_then_it_touches_nothing(world: Town) -> None:
    run = begun(world)
    world.service.requests.clear()
    world.runtime.leases.release(NORTHGATE, run.execution)

    assert world.execute(run) == "SUCCEEDED"

    assert list(world.service.requests) == []


def test_given_the_company_is_disconnected_while_its_job_waits_when_the_execution_starts_then_it_ends_quietly(
    world: Town,
) -> None:
    run = begun(world)
    world.runtime.connections.delete(NORTHGATE)

    assert world.execute(run) == "SUCCEEDED"

    assert world.job(run.job_id)["status"] == "pending"
    assert world.runtime.leases.get(NORTHGATE) is None
