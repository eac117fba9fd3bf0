"""StartJob: `started` is said once, by the one run that holds the company's lease (R-1)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from pleo_export.errors import NotOurs, TryAgain
from pleo_export.services.events import JobInput
from pleo_simulator.fault_queue import Fault
from pleo_simulator.sample import NORTHGATE
from tests.system.expenses import entry_id, purchase, purchases
from tests.system.in_process_system import NOON, InProcessSystem

EVENTS = "/v3/export-job-events"


def begun(system: InProcessSystem, count: int = 1) -> JobInput:
    """An execution that is about to enter its first state."""
    system.connect(NORTHGATE, purchases(count))
    system.export(NORTHGATE)
    system.wake(NORTHGATE)
    return system.executions.started[0]


def start(system: InProcessSystem, run: JobInput) -> dict[str, Any]:
    answer: dict[str, Any] = system.handlers["start_job"](run.model_dump(by_alias=True), None)
    return answer


def accepted_events(system: InProcessSystem) -> int:
    return sum(each["path"] == EVENTS and each["status"] == 202 for each in system.service.requests)


def claimed(system: InProcessSystem, run: JobInput) -> bool:
    record = system.services.jobs.get(run.job_id)
    assert record
    return record.claimed


def test_given_a_pending_job_then_its_start_tells_pleo_and_the_later_states(
    system: InProcessSystem,
) -> None:
    run = begun(system, 3)

    answer = start(system, run)

    assert system.job(run.job_id)["status"] == "in_progress"
    assert (answer["numberOfItems"], answer["vendorBasedBookkeeping"]) == (3, False)


@pytest.mark.parametrize("waited", [0, 40, 59])
def test_given_a_job_that_waited_in_the_queue_then_its_deadline_is_fifty_minutes_after_its_start(
    system: InProcessSystem, waited: int
) -> None:
    run = begun(system)
    system.clock.advance(timedelta(minutes=waited))

    deadline = datetime.fromisoformat(start(system, run)["deadline"])

    assert deadline == NOON + timedelta(minutes=waited + 50)


def test_given_a_job_that_is_resumed_when_it_starts_again_then_its_deadline_stays(system: InProcessSystem) -> None:
    run = begun(system)
    first = start(system, run)["deadline"]
    system.clock.advance(timedelta(minutes=30))

    assert start(system, run)["deadline"] == first


def test_given_the_answer_to_started_is_lost_when_the_state_is_retried_then_the_job_is_resumed(
    system: InProcessSystem,
) -> None:
    run = begun(system)
    system.effects.on(f"after pleo POST {EVENTS}", requests.ReadTimeout())

    system.run_executions()

    assert system.job(run.job_id)["status"] == "completed"
    assert system.statuses(run.job_id) == {"successful": 1}
    assert accepted_events(system) == 2  # started, completed


def test_given_pleo_is_away_before_started_arrives_when_the_state_is_retried_then_the_job_starts(
    system: InProcessSystem,
) -> None:
    run = begun(system)
    system.effects.on(f"before pleo POST {EVENTS}", requests.ReadTimeout())

    system.run_executions()

    assert system.job(run.job_id)["status"] == "completed"
    assert accepted_events(system) == 2


def test_given_pleo_stays_unavailable_then_the_job_is_untouched_and_a_later_poll_runs_it(
    system: InProcessSystem,
) -> None:
    run = begun(system)
    system.service.faults.order(Fault(effect="status", status=503, method="POST", path=EVENTS, count=7))

    assert system.execute(run) == "TryAgain"
    assert system.job(run.job_id)["status"] == "pending"

    system.heal()
    assert system.job(run.job_id)["status"] == "completed"


# The table of 422 (workflow/start_job.py)


def test_given_a_refusal_of_our_own_repeated_start_when_the_job_is_in_progress_then_it_is_resumed(
    system: InProcessSystem,
) -> None:
    run = begun(system)
    start(system, run)

    assert start(system, run)["numberOfItems"] == 1
    assert accepted_events(system) == 1


def test_given_a_job_started_elsewhere_right_before_our_start_then_it_is_theirs(
    system: InProcessSystem,
) -> None:
    run = begun(system)
    pleo = system.service.state
    system.effects.on(f"before pleo POST {EVENTS}", lambda: pleo.post_event(NORTHGATE, run.job_id, "started"))

    with pytest.raises(NotOurs):
        start(system, run)

    assert not claimed(system, run)
    with pytest.raises(NotOurs):
        start(system, run)


def test_given_a_job_in_progress_that_we_never_claimed_when_it_would_start_then_it_is_not_ours(
    system: InProcessSystem,
) -> None:
    run = begun(system)
    system.service.state.post_event(NORTHGATE, run.job_id, "started")

    with pytest.raises(NotOurs):
        start(system, run)

    assert accepted_events(system) == 0


@pytest.mark.parametrize("ours", [True, False])
def test_given_a_job_that_is_over_when_it_would_start_then_nothing_is_left_to_do(
    system: InProcessSystem, ours: bool
) -> None:
    run = begun(system)
    if ours:
        start(system, run)
    system.service.state.cancel(run.job_id)

    with pytest.raises(NotOurs):
        start(system, run)


def test_given_a_job_cancelled_right_before_our_start_then_nothing_is_left_to_do(
    system: InProcessSystem,
) -> None:
    run = begun(system)
    system.effects.on(f"before pleo POST {EVENTS}", lambda: system.service.state.cancel(run.job_id))

    with pytest.raises(NotOurs):
        start(system, run)


def test_given_a_refused_start_of_a_pending_job_then_it_starts_later(
    system: InProcessSystem,
) -> None:
    """Another job of the company is in progress at Pleo, until it ends."""
    run = begun(system)
    system.service.state.put_expenses(NORTHGATE, [purchase("other")])
    other = system.export(NORTHGATE, [entry_id(purchase("other"))])
    system.service.state.post_event(NORTHGATE, other, "started")

    with pytest.raises(TryAgain):
        start(system, run)
    assert not claimed(system, run)

    system.service.state.cancel(other)
    assert start(system, run)["numberOfItems"] == 1


def test_given_a_job_that_pleo_no_longer_knows_when_it_would_start_then_it_is_dropped(system: InProcessSystem) -> None:
    run = begun(system)
    gone = run.model_copy(update={"job_id": "b1f0f1c4-6f5c-4d0e-9c57-0d6a6b3f7a10"})

    with pytest.raises(NotOurs):
        start(system, gone)


# The lease


def test_given_another_run_s_lease_then_the_execution_touches_nothing(
    system: InProcessSystem,
) -> None:
    run = begun(system)
    system.service.requests.clear()
    system.services.leases.release(NORTHGATE, run.execution)
    system.services.leases.take(NORTHGATE, "another-run", system.clock.now(), replacing=None)

    assert system.execute(run) == "SUCCEEDED"

    assert list(system.service.requests) == []
    assert system.job(run.job_id)["status"] == "pending"
    assert not claimed(system, run)
    lease = system.services.leases.get(NORTHGATE)
    assert lease and lease.owner == "another-run"


def test_given_no_lease_at_all_when_the_execution_starts_then_it_touches_nothing(system: InProcessSystem) -> None:
    run = begun(system)
    system.service.requests.clear()
    system.services.leases.release(NORTHGATE, run.execution)

    assert system.execute(run) == "SUCCEEDED"

    assert list(system.service.requests) == []


def test_given_a_company_disconnected_before_its_job_starts_then_it_ends_quietly(
    system: InProcessSystem,
) -> None:
    run = begun(system)
    system.services.connections.delete(NORTHGATE)

    assert system.execute(run) == "SUCCEEDED"

    assert system.job(run.job_id)["status"] == "pending"
    assert system.services.leases.get(NORTHGATE) is None
