"""How often the poll looks at a company follows the health of its webhooks, and never lets a broken run wait."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pleo_export.store.connected_companies import SHORTEST
from pleo_export.workflow.look_times import ANNOUNCED_WITHIN, interval_after, next_look
from pleo_simulator.sample import NORTHGATE
from tests.system.aws import default_of
from tests.system.expenses import purchases
from tests.system.in_process_system import NOON, InProcessSystem
from tests.unit.workflow.test_webhook import created, deliver, headers

LONGEST = timedelta(minutes=int(default_of("LongestLookMinutes")))
MINUTES = st.integers(1, 60).map(lambda number: timedelta(minutes=number))
MINUTE = 60


# Pure


@given(st.uuids().map(str), MINUTES, st.integers(0, 10_000_000))
def test_the_next_look_is_within_the_interval_and_the_one_after_it_an_interval_later(
    company: str, interval: timedelta, seconds: int
) -> None:
    now = NOON + timedelta(seconds=seconds)
    following = next_look(company, interval, now)

    assert now < following <= now + interval
    assert next_look(company, interval, following) == following + interval
    assert next_look(company, interval, now + (following - now) / 2) == following


def test_the_looks_at_many_companies_are_spread_over_the_interval() -> None:
    companies = [f"{number:08x}-1111-4111-8111-111111111111" for number in range(6_000)]

    minutes = Counter((next_look(each, timedelta(hours=1), NOON) - NOON) // timedelta(minutes=1) for each in companies)

    assert len(minutes) == 60
    assert max(minutes.values()) < 2 * min(minutes.values())


@pytest.mark.parametrize(
    ("reason", "waited", "known", "expected"),
    [
        ("webhook", 0, 5, 10),
        ("webhook", 0, 20, 40),
        ("webhook", 0, 40, 40),
        ("webhook", 0, 60, 40),  # a longest interval that was made shorter
        ("poll", 120, 40, 5),
        ("poll", 119, 40, 40),  # its webhook may still come
        ("finished", 500, 20, 20),
        ("operator", 500, 20, 20),
    ],
)
def test_the_interval_follows_from_how_a_job_was_found(reason: str, waited: int, known: int, expected: int) -> None:
    after = interval_after(reason, timedelta(seconds=waited), timedelta(minutes=known), timedelta(minutes=40))
    assert after == timedelta(minutes=expected)


# In the system


def interval(system: InProcessSystem) -> timedelta:
    return system.services.connection(NORTHGATE).look_interval


def announced_export(system: InProcessSystem) -> str:
    """A job whose webhook arrives, carried to its end."""
    job = system.export(NORTHGATE)
    body = created()
    deliver(system, body, headers(system, body, message_id=f"msg_{job}"))
    system.deliver()
    system.run_executions()
    assert system.job(job)["status"] == "completed"
    system.sleep(MINUTE)
    return job


def minutes_until_found(system: InProcessSystem, job: str, most: int = 90) -> int:
    for minute in range(most):
        system.scheduled_poll()
        system.deliver()
        if any(run.job_id == job for run in system.executions.started):
            return minute
        system.sleep(MINUTE)
    raise AssertionError(f"not found within {most} minutes")


@pytest.fixture
def healthy(system: InProcessSystem) -> InProcessSystem:
    """A company whose last three jobs were announced by webhooks; no more is to be done."""
    system.connect(NORTHGATE, purchases(1))
    for _ in range(3):
        announced_export(system)
    for _ in range(45):  # the polls that follow a run
        system.scheduled_poll()
        system.deliver()
        system.sleep(MINUTE)
    return system


def test_given_jobs_that_webhooks_announce_then_the_interval_grows_to_the_longest(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, purchases(1))
    seen = [interval(system)]
    for _ in range(4):
        announced_export(system)
        seen.append(interval(system))

    assert [each / timedelta(minutes=1) for each in seen] == [5, 10, 20, 40, 40]
    assert seen[-1] == LONGEST


def test_given_healthy_webhooks_then_the_poll_looks_once_in_the_longest_interval(healthy: InProcessSystem) -> None:
    looks = []
    for minute in range(120):
        if healthy.scheduled_poll()["companies"]:
            looks.append(minute)
        healthy.deliver()
        healthy.sleep(MINUTE)

    assert [later - earlier for earlier, later in pairwise(looks)] == [40, 40]


def test_given_healthy_webhooks_when_one_is_lost_then_its_job_is_found_within_the_interval_and_the_next_in_five_minutes(
    healthy: InProcessSystem,
) -> None:
    for _ in range(3):
        healthy.sleep(MINUTE)
        if not healthy.scheduled_poll()["companies"]:
            healthy.deliver()
    lost = healthy.export(NORTHGATE)

    assert 5 < minutes_until_found(healthy, lost) <= LONGEST / timedelta(minutes=1) + 1
    assert interval(healthy) == SHORTEST
    healthy.run_executions()
    assert healthy.job(lost)["status"] == "completed"

    healthy.sleep(MINUTE)
    assert minutes_until_found(healthy, healthy.export(NORTHGATE)) <= 6


def test_given_a_job_younger_than_its_webhook_may_be_when_the_poll_finds_it_then_nothing_is_learned(
    healthy: InProcessSystem,
) -> None:
    healthy.export(NORTHGATE)
    healthy.sleep(ANNOUNCED_WITHIN.total_seconds() - 1)
    healthy.poll()

    assert healthy.deliver() == ["started"]
    assert interval(healthy) == LONGEST


def test_given_a_company_is_connected_again_then_its_webhooks_have_to_prove_themselves_again(
    healthy: InProcessSystem,
) -> None:
    version = healthy.services.settings_history.latest(NORTHGATE)
    known = healthy.services.connection(NORTHGATE)
    assert version
    healthy.services.connections.put(version, known.secret_arn, known.ledger_id)

    assert interval(healthy) == SHORTEST
    assert healthy.scheduled_poll()["companies"] == 1


def test_given_a_run_that_breaks_off_then_it_is_resumed_within_five_minutes_however_healthy_the_webhooks_are(
    healthy: InProcessSystem,
) -> None:
    job = healthy.export(NORTHGATE)
    body = created()
    deliver(healthy, body, headers(healthy, body, message_id="msg_broken"))
    assert healthy.deliver() == ["started"]
    for _ in range(7):  # it runs for a while
        healthy.sleep(MINUTE)
        healthy.scheduled_poll()
        assert set(healthy.deliver()) <= {"busy"}
    healthy.executions.over[healthy.executions.started[-1].execution] = "ABORTED"

    outcomes = []
    for _ in range(6):
        healthy.sleep(MINUTE)
        healthy.scheduled_poll()
        outcomes += healthy.deliver()

    assert "started" in outcomes
    healthy.run_executions()
    assert healthy.job(job)["status"] == "completed"


def test_given_a_job_that_waits_for_another_installation_then_the_poll_looks_every_five_minutes(
    healthy: InProcessSystem,
) -> None:
    theirs = healthy.export(NORTHGATE)
    healthy.service.state.post_event(NORTHGATE, theirs, "started")
    healthy.wake(NORTHGATE)

    looks = 0
    for _ in range(20):
        healthy.sleep(MINUTE)
        looks += healthy.scheduled_poll()["companies"]
        healthy.deliver()

    assert looks >= 3


def test_given_webhooks_that_have_not_proved_themselves_then_dispatch_writes_nothing_for_the_poll(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, purchases(1))
    system.export(NORTHGATE)
    system.sleep(600)
    system.poll()
    system.effects.log.clear()

    assert system.deliver() == ["started"]

    record = {"pk": f"COMPANY#{NORTHGATE}", "sk": "CONNECTION"}
    assert "look_minutes" not in system.services.table.get_item(Key=record)["Item"]
