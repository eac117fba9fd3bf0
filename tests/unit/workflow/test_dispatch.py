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
from tests.system.effects import Stopped
from tests.system.expenses import entry_id, purchase, purchases, references
from tests.system.in_process_system import InProcessSystem

UNKNOWN_COMPANY = "99999999-9999-4999-8999-999999999999"
THROTTLED = ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "StartExecution")


def dies(_event: Any, _context: Any) -> Any:
    raise RuntimeError("the function's code is broken")


def test_given_a_job_when_the_company_is_woken_five_times_and_polled_then_one_execution_runs(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, items := purchases(2))
    job = system.export(NORTHGATE)

    outcomes = [system.wake(NORTHGATE) for _ in range(5)]
    system.poll()
    outcomes += system.deliver()

    assert outcomes == ["started", "busy", "busy", "busy", "busy", "busy"]
    assert [run.job_id for run in system.executions.started] == [job]
    system.run_executions()
    assert [each.reference for each in books.live()] == references(items)


def test_given_two_jobs_then_the_younger_starts_only_after_the_older_has_ended(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, purchases(2))
    first, second = [entry_id(item) for item in purchases(2)]
    older = system.export(NORTHGATE, [first])
    system.clock.advance(timedelta(minutes=1))
    younger = system.export(NORTHGATE, [second])

    assert [system.wake(NORTHGATE), system.wake(NORTHGATE)] == ["started", "busy"]
    system.execute(system.executions.started[0])

    assert [run.job_id for run in system.executions.started] == [older]
    assert (system.job(older)["status"], system.job(younger)["status"]) == ("completed", "pending")
    assert system.deliver() == ["started"]
    system.run_executions()
    assert [run.job_id for run in system.executions.started] == [older, younger]
    assert system.job(younger)["status"] == "completed"


def test_given_a_company_whose_run_hangs_when_another_exports_then_it_does_not_wait(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, purchases(1))
    system.connect(HAVN, purchases(1, company=HAVN))
    hanging, other = system.export(NORTHGATE), system.export(HAVN)
    system.wake(NORTHGATE)

    system.wake(HAVN)
    system.execute(next(run for run in system.executions.started if run.company_id == HAVN))

    assert (system.job(hanging)["status"], system.job(other)["status"]) == ("pending", "completed")


def test_given_an_execution_that_broke_off_when_the_company_is_woken_then_its_lease_is_taken_over(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, purchases(1))
    job = system.export(NORTHGATE)
    system.wake(NORTHGATE)
    system.executions.over[system.executions.started[0].execution] = "TIMED_OUT"

    assert system.wake(NORTHGATE) == "started"

    assert [run.execution for run in system.executions.started] == [f"{job}-1", f"{job}-2"]
    system.run_executions()
    assert system.job(job)["status"] == "completed"


@pytest.mark.parametrize(("seconds", "outcome"), [(0, "busy"), (59, "busy"), (60, "started")])
def test_given_a_lease_of_an_unknown_execution_then_it_is_stale_after_a_minute(
    system: InProcessSystem, seconds: int, outcome: str
) -> None:
    system.connect(NORTHGATE, purchases(1))
    system.export(NORTHGATE)
    system.services.leases.take(NORTHGATE, "starting-1", system.clock.now(), replacing=None)
    system.clock.advance(timedelta(seconds=seconds))

    assert system.wake(NORTHGATE) == outcome


def test_given_step_functions_unavailable_then_the_lease_is_free_and_the_message_comes_back(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, purchases(1))
    job = system.export(NORTHGATE)
    system.executions.refusals = [THROTTLED]
    system.poll()

    assert system.deliver() == ["TryAgain", "started"]

    system.run_executions()
    assert system.job(job)["status"] == "completed"


def test_given_step_functions_is_away_when_the_company_is_woken_then_no_lease_is_left(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, purchases(1))
    system.export(NORTHGATE)
    system.executions.refusals = [THROTTLED]

    with pytest.raises(TryAgain):
        system.wake(NORTHGATE)

    assert system.services.leases.get(NORTHGATE) is None


def test_given_a_job_in_progress_elsewhere_then_neither_it_nor_a_waiting_one_starts(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, purchases(2))
    theirs = system.export(NORTHGATE, [entry_id(purchases(2)[0])])
    waiting = system.export(NORTHGATE)
    system.service.state.post_event(NORTHGATE, theirs, "started")

    assert system.wake(NORTHGATE) == "no_job"

    assert system.executions.started == []
    assert system.job(waiting)["status"] == "pending"


def test_given_our_job_in_progress_when_its_run_is_dead_then_it_is_resumed_without_a_second_start(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, items := purchases(2))
    job = system.export(NORTHGATE)
    healthy, system.handlers["fail_job"] = system.handlers["fail_job"], dies
    system.handlers["fetch_items"], fetch = dies, system.handlers["fetch_items"]
    system.run(NORTHGATE)
    assert (system.executions.over, system.job(job)["status"]) == ({f"{job}-1": "RuntimeError"}, "in_progress")
    system.handlers |= {"fetch_items": fetch, "fail_job": healthy}

    system.heal()

    assert system.job(job)["status"] == "completed"
    assert [each.reference for each in books.live()] == references(items)
    events = [each["status"] for each in system.service.requests if each["path"] == "/v3/export-job-events"]
    assert events == [202, 202]  # started, completed


def test_given_our_job_in_progress_after_its_run_ended_then_it_goes_before_an_older_pending_one(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, purchases(2))
    first, second = [entry_id(item) for item in purchases(2)]
    older = system.export(NORTHGATE, [first])
    system.clock.advance(timedelta(minutes=1))
    ours = system.export(NORTHGATE, [second])
    system.service.state.post_event(NORTHGATE, ours, "started")
    system.services.jobs.next_attempt(ours, NORTHGATE, system.clock.now())
    system.services.jobs.set_fields(ours, claimed=True)

    system.wake(NORTHGATE)
    system.run_executions()

    assert [run.job_id for run in system.executions.started] == [ours, older]


def test_given_a_company_that_is_not_connected_when_it_is_woken_then_the_message_is_dropped(
    system: InProcessSystem,
) -> None:
    assert system.wake(UNKNOWN_COMPANY) == "unknown_company"
    assert (system.executions.started, list(system.service.requests)) == ([], [])


def test_given_nothing_to_export_when_the_company_is_woken_then_nothing_starts_and_no_lease_stays(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, purchases(1))
    system.services.leases.take(NORTHGATE, "dead-1", system.clock.now() - timedelta(hours=1), replacing=None)

    assert system.wake(NORTHGATE) == "no_job"

    assert system.executions.started == []
    assert system.services.leases.get(NORTHGATE) is None


def test_given_a_click_during_a_run_then_the_end_of_the_run_wakes_the_company(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, purchases(1))
    first = system.export(NORTHGATE)
    system.wake(NORTHGATE)
    system.service.state.put_expenses(NORTHGATE, [purchase("late")])
    second = system.export(NORTHGATE)

    system.run_executions()

    assert [system.job(job)["status"] for job in (first, second)] == ["completed", "completed"]
    assert system.deliver() == []


@pytest.mark.parametrize("body", ["not json", "[]", "{}", '{"companyId": "northgate", "reason": "webhook"}'])
def test_given_a_malformed_message_then_it_becomes_a_dead_letter(system: InProcessSystem, body: str) -> None:
    client("sqs").send_message(
        QueueUrl=system.queue_url, MessageBody=body, MessageGroupId="x", MessageDeduplicationId="x"
    )

    outcomes = system.deliver()

    assert outcomes == ["InvalidEvent"] * 5
    assert system.dead_letters() == [body]


@pytest.mark.parametrize("body", ["not json", "{}", '{"companyId": "northgate", "reason": "webhook"}'])
def test_given_a_malformed_message_before_good_ones_then_it_stops_no_company(
    system: InProcessSystem, body: str
) -> None:
    for company in (NORTHGATE, HAVN):
        system.connect(company, purchases(1, company=company))
    jobs = [system.export(company) for company in (NORTHGATE, HAVN)]
    client("sqs").send_message(
        QueueUrl=system.queue_url, MessageBody=body, MessageGroupId=NORTHGATE, MessageDeduplicationId="x"
    )
    system.poll()

    outcomes = system.deliver()
    system.run_executions()

    assert Counter(outcomes) == {"InvalidEvent": 5, "started": 2}
    assert [system.job(job)["status"] for job in jobs] == ["completed", "completed"]
    assert system.dead_letters() == [body]


def test_given_three_companies_when_the_schedule_fires_then_each_is_woken_in_its_own_group(
    system: InProcessSystem,
) -> None:
    companies = [NORTHGATE, HAVN, "44444444-4444-4444-8444-444444444444"]
    for company in companies:
        system.connect(company)

    system.poll()

    assert sorted(system.queued()) == [(company, {"companyId": company, "reason": "poll"}) for company in companies]


def test_given_twenty_five_companies_when_the_schedule_fires_then_all_are_woken(system: InProcessSystem) -> None:
    for number in range(25):
        system.connect(f"{number:08d}-1111-4111-8111-111111111111")

    assert system.scheduled_poll() == {"companies": 25, "left": 0}
    assert len(system.queued()) == 25


def test_given_two_dispatches_of_one_company_when_they_race_then_one_starts(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, purchases(1))
    system.export(NORTHGATE)
    others: list[str] = []
    system.effects.on("before pleo GET /v3/export-jobs", lambda: others.append(system.wake(NORTHGATE)))

    assert [system.wake(NORTHGATE), *others] == ["busy", "started"]
    assert len(system.executions.started) == 1


def test_given_a_paused_company_then_its_job_waits_until_it_is_resumed_and_others_start(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, purchases(1))
    system.connect(HAVN, purchases(1, company=HAVN))
    job, others_job = system.export(NORTHGATE), system.export(HAVN)
    system.services.pauses.pause(NORTHGATE, "ada", system.clock.now())

    assert (system.wake(NORTHGATE), system.wake(HAVN)) == ("paused", "started")
    system.poll()
    assert "paused" in system.deliver()

    system.run_executions()
    assert (system.job(job)["status"], system.job(others_job)["status"]) == ("pending", "completed")
    assert books.live() == []
    assert system.services.leases.get(NORTHGATE) is None

    system.services.pauses.resume(NORTHGATE, "ada", system.clock.now())
    system.run(NORTHGATE)
    assert system.job(job)["status"] == "completed"


def test_given_a_company_that_is_paused_during_an_export_then_that_ends_also_after_a_crash(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, purchases(1))
    job = system.export(NORTHGATE)
    system.wake(NORTHGATE)
    system.effects.on("before books record", Stopped())
    system.execute(system.executions.started[0])
    assert system.job(job)["status"] == "in_progress"
    system.services.pauses.pause(NORTHGATE, "ada", system.clock.now())

    system.heal()

    assert system.job(job)["status"] == "completed"
    assert len(books.live()) == 1
