"""Whatever wakes a company, at most one execution runs for it, and its jobs run oldest first (promise 4, R-1)."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pleo_export.errors import TryAgain
from pleo_simulator.sample import HAVN, NORTHGATE
from tests.system.aws import client
from tests.system.expenses import entry_id, purchase, purchases, references
from tests.system.in_process_system import Town

UNKNOWN_COMPANY = "99999999-9999-4999-8999-999999999999"
THROTTLED = ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "StartExecution")


def dies(_event: Any, _context: Any) -> Any:
    raise RuntimeError("the function's code is broken")


def test_given_a_job_when_the_company_is_woken_five_times_and_polled_then_one_execution_runs(world: Town) -> None:
    books = world.connect(NORTHGATE, items := purchases(2))
    job = world.export(NORTHGATE)

    outcomes = [world.wake(NORTHGATE) for _ in range(5)]
    world.poll()
    outcomes += world.deliver()

    assert outcomes == ["started", "busy", "busy", "busy", "busy", "busy"]
    assert [run.job_id for run in world.executions.started] == [job]
    world.run_executions()
    assert [each.reference for each in books.live()] == references(items)


def test_given_two_jobs_when_the_company_is_woken_then_the_younger_starts_only_after_the_older_has_ended(
    world: Town,
) -> None:
    world.connect(NORTHGATE, purchases(2))
    first, second = [entry_id(item) for item in purchases(2)]
    older = world.export(NORTHGATE, [first])
    world.clock.advance(timedelta(minutes=1))
    younger = world.export(NORTHGATE, [second])

    assert [world.wake(NORTHGATE), world.wake(NORTHGATE)] == ["started", "busy"]
    world.execute(world.executions.started[0])

    assert [run.job_id for run in world.executions.started] == [older]
    assert (world.job(older)["status"], world.job(younger)["status"]) == ("completed", "pending")
    assert world.deliver() == ["started"]
    world.run_executions()
    assert [run.job_id for run in world.executions.started] == [older, younger]
    assert world.job(younger)["status"] == "completed"


def test_given_a_company_whose_run_hangs_when_another_exports_then_it_does_not_wait(world: Town) -> None:
    world.connect(NORTHGATE, purchases(1))
    world.connect(HAVN, purchases(1, company=HAVN))
    hanging, other = world.export(NORTHGATE), world.export(HAVN)
    world.wake(NORTHGATE)

    world.wake(HAVN)
    world.execute(next(run for run in world.executions.started if run.company_id == HAVN))

    assert (world.job(hanging)["status"], world.job(other)["status"]) == ("pending", "completed")


def test_given_an_execution_that_broke_off_when_the_company_is_woken_then_its_lease_is_taken_over(world: Town) -> None:
    world.connect(NORTHGATE, purchases(1))
    job = world.export(NORTHGATE)
    world.wake(NORTHGATE)
    world.executions.over[world.executions.started[0].execution] = "TIMED_OUT"

    assert world.wake(NORTHGATE) == "started"

    assert [run.execution for run in world.executions.started] == [f"{job}-1", f"{job}-2"]
    world.run_executions()
    assert world.job(job)["status"] == "completed"


@pytest.mark.parametrize(("seconds", "outcome"), [(0, "busy"), (59, "busy"), (60, "started")])
def test_given_a_lease_whose_execution_nobody_knows_when_the_company_is_woken_then_it_is_dead_after_a_minute(
    world: Town, seconds: int, outcome: str
) -> None:
    world.connect(NORTHGATE, purchases(1))
    world.export(NORTHGATE)
    world.runtime.leases.take(NORTHGATE, "starting-1", world.clock.now(), replacing=None)
    world.clock.advance(timedelta(seconds=seconds))

    assert world.wake(NORTHGATE) == outcome


def test_given_step_functions_is_away_when_the_company_is_woken_then_the_lease_is_free_and_the_message_comes_back(
    world: Town,
) -> None:
    world.connect(NORTHGATE, purchases(1))
    job = world.export(NORTHGATE)
    world.executions.refusals = [THROTTLED]
    world.poll()

    assert world.deliver() == ["TryAgain", "started"]

    world.run_executions()
    assert world.job(job)["status"] == "completed"


def test_given_step_functions_is_away_when_the_company_is_woken_then_no_lease_is_left(world: Town) -> None:
    world.connect(NORTHGATE, purchases(1))
    world.export(NORTHGATE)
    world.executions.refusals = [THROTTLED]

    with pytest.raises(TryAgain):
        world.wake(NORTHGATE)

    assert world.runtime.leases.get(NORTHGATE) is None


def test_given_a_job_in_progress_elsewhere_when_the_company_is_woken_then_neither_it_nor_a_waiting_one_starts(
    world: Town,
) -> None:
    world.connect(NORTHGATE, purchases(2))
    theirs = world.export(NORTHGATE, [entry_id(purchases(2)[0])])
    waiting = world.export(NORTHGATE)
    world.service.world.post_event(NORTHGATE, theirs, "started")

    assert world.wake(NORTHGATE) == "no_job"

    assert world.executions.started == []
    assert world.job(waiting)["status"] == "pending"


def test_given_our_job_in_progress_when_its_run_is_dead_then_it_is_resumed_without_a_second_start(world: Town) -> None:
    books = world.connect(NORTHGATE, items := purchases(2))
    job = world.export(NORTHGATE)
    healthy, world.handlers["fail_job"] = world.handlers["fail_job"], dies
    world.handlers["fetch_items"], fetch = dies, world.handlers["fetch_items"]
    world.run(NORTHGATE)
    assert (world.executions.over, world.job(job)["status"]) == ({f"{job}-1": "RuntimeError"}, "in_progress")
    world.handlers |= {"fetch_items": fetch, "fail_job": healthy}

    world.heal()

    assert world.job(job)["status"] == "completed"
    assert [each.reference for each in books.live()] == references(items)
    events = [each["status"] for each in world.service.requests if each["path"] == "/v3/export-job-events"]
    assert events == [202, 202]  # started, completed


def test_given_our_job_in_progress_and_an_older_pending_one_when_the_run_is_dead_then_ours_goes_first(
    world: Town,
) -> None:
    world.connect(NORTHGATE, purchases(2))
    first, second = [entry_id(item) for item in purchases(2)]
    older = world.export(NORTHGATE, [first])
    world.clock.advance(timedelta(minutes=1))
    ours = world.export(NORTHGATE, [second])
    world.service.world.post_event(NORTHGATE, ours, "started")
    world.runtime.jobs.next_attempt(ours, NORTHGATE, world.clock.now())
    world.runtime.jobs.note(ours, claimed=True)

    world.wake(NORTHGATE)
    world.run_executions()

    assert [run.job_id for run in world.executions.started] == [ours, older]


def test_given_a_company_that_is_not_connected_when_it_is_woken_then_the_message_is_dropped(world: Town) -> None:
    assert world.wake(UNKNOWN_COMPANY) == "unknown_company"
    assert (world.executions.started, list(world.service.requests)) == ([], [])


def test_given_nothing_to_export_when_the_company_is_woken_then_nothing_starts_and_no_lease_stays(world: Town) -> None:
    world.connect(NORTHGATE, purchases(1))
    world.runtime.leases.take(NORTHGATE, "dead-1", world.clock.now() - timedelta(hours=1), replacing=None)

    assert world.wake(NORTHGATE) == "no_job"

    assert world.executions.started == []
    assert world.runtime.leases.get(NORTHGATE) is None


def test_given_a_click_during_a_run_when_nothing_else_wakes_the_company_then_the_end_of_the_run_does(
    world: Town,
) -> None:
    world.connect(NORTHGATE, purchases(1))
    first = world.export(NORTHGATE)
    world.wake(NORTHGATE)
    world.service.world.put_expenses(NORTHGATE, [purchase("late")])
    second = world.export(NORTHGATE)

    world.run_executions()

    assert [world.job(job)["status"] for job in (first, second)] == ["completed", "completed"]
    assert world.deliver() == []


@pytest.mark.parametrize("body", ["not json", "[]", "{}", '{"companyId": "northgate", "reason": "webhook"}'])
def test_given_a_message_that_is_no_wake_up_when_it_is_delivered_then_it_ends_among_the_dead_letters(
    world: Town, body: str
) -> None:
    client("sqs").send_message(
        QueueUrl=world.queue_url, MessageBody=body, MessageGroupId="x", MessageDeduplicationId="x"
    )

    outcomes = world.deliver()

    assert outcomes == ["InvalidSettings"] * 5
    assert world.dead_letters() == [body]


@pytest.mark.parametrize("body", ["not json", "{}", '{"companyId": "northgate", "reason": "webhook"}'])
def test_given_a_message_that_is_no_wake_up_before_good_ones_when_delivered_then_it_stops_no_company(
    world: Town, body: str
) -> None:
    for company in (NORTHGATE, HAVN):
        world.connect(company, purchases(1, company=company))
    jobs = [world.export(company) for company in (NORTHGATE, HAVN)]
    client("sqs").send_message(
        QueueUrl=world.queue_url, MessageBody=body, MessageGroupId=NORTHGATE, MessageDeduplicationId="x"
    )
    world.poll()

    outcomes = world.deliver()
    world.run_executions()

    assert Counter(outcomes) == {"InvalidSettings": 5, "started": 2}
    assert [world.job(job)["status"] for job in jobs] == ["completed", "completed"]
    assert world.dead_letters() == [body]


def test_given_three_companies_when_the_schedule_fires_then_each_is_woken_in_its_own_group(world: Town) -> None:
    companies = [NORTHGATE, HAVN, "44444444-4444-4444-8444-444444444444"]
    for company in companies:
        world.connect(company)

    world.poll()

    assert sorted(world.queued()) == [(company, {"companyId": company, "reason": "poll"}) for company in companies]


def test_given_twenty_five_companies_when_the_schedule_fires_then_all_are_woken(world: Town) -> None:
    for number in range(25):
        world.connect(f"{number:08d}-1111-4111-8111-111111111111")

    assert world.handlers["poll"]({}, None) == {"companies": 25}
    assert len(world.queued()) == 25


def test_given_two_dispatches_of_one_company_when_they_race_then_one_starts(world: Town) -> None:
    world.connect(NORTHGATE, purchases(1))
    world.export(NORTHGATE)
    others: list[str] = []
    world.effects.on("before pleo GET /v3/export-jobs", lambda: others.append(world.wake(NORTHGATE)))

    assert [world.wake(NORTHGATE), *others] == ["busy", "started"]
    assert len(world.executions.started) == 1
