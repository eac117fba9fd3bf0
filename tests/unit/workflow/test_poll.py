"""The poll looks at each company when it is due, however many there are, and whatever the queue does not take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from pleo_export.errors import TryAgain
from pleo_export.pleo.call_priority import CallPriority
from pleo_export.services.wake_ups import WakeUps
from pleo_export.store.connected_companies import SHORTEST
from pleo_export.store.looks import Look
from pleo_export.store.pleo_call_budget import PLEO
from pleo_export.workflow import missing_looks
from pleo_simulator.fault_queue import Fault
from pleo_simulator.sample import HAVN, NORTHGATE
from tests.system.aws import client
from tests.system.expenses import purchases
from tests.system.in_process_system import NOON, InProcessSystem
from tests.system.lambda_context import InvocationContext
from tests.system.use_of_pleo import use_of_pleo

COMPANIES = [f"{number:08d}-1111-4111-8111-111111111111" for number in range(25)]
MINUTE = 60


@pytest.fixture
def many(system: InProcessSystem) -> InProcessSystem:
    for company in COMPANIES:
        system.connect(company)
    return system


def with_time_for(batches: int) -> InvocationContext:
    """Lambda's context of a call whose time runs short after so many batches."""
    left = iter([60_000] * (batches - 1) + [9_000] * 100)
    return InvocationContext(lambda: next(left))


def woken(system: InProcessSystem) -> list[str]:
    return [company for company, _ in system.queued()]


def polls(system: InProcessSystem, number: int, every: int = MINUTE) -> Iterator[list[str]]:
    """Yield the companies that each poll of the schedule wakes."""
    for _ in range(number):
        system.scheduled_poll()
        yield woken(system)
        system.sleep(every)


def limit(system: InProcessSystem, looks_per_minute: int) -> None:
    system.services.looks_per_minute = looks_per_minute


# When a company is due


def test_a_company_is_looked_at_right_after_it_was_connected(many: InProcessSystem) -> None:
    assert many.scheduled_poll() == {"companies": 25, "left": 0}
    assert sorted(woken(many)) == COMPANIES


def test_given_a_poll_every_minute_then_each_company_is_woken_once_in_five_and_not_all_together(
    many: InProcessSystem,
) -> None:
    for _ in polls(many, 6):
        pass

    by_minute = list(polls(many, 10))

    assert Counter(company for each in by_minute[:5] for company in each) == dict.fromkeys(COMPANIES, 1)
    assert by_minute[5:] == by_minute[:5]
    assert max(map(len, by_minute)) < len(COMPANIES) / 2


def test_given_a_poll_every_five_minutes_then_each_wakes_all(many: InProcessSystem) -> None:
    assert [sorted(each) for each in polls(many, 4, every=5 * MINUTE)] == [COMPANIES] * 4


def test_a_poll_that_a_person_asks_for_wakes_companies_that_are_not_due_too(many: InProcessSystem) -> None:
    many.scheduled_poll()
    woken(many)
    many.sleep(MINUTE)

    assert many.handlers["poll"]({}, None) == {"companies": 25, "left": 0}
    assert sorted(woken(many)) == COMPANIES


# More companies than a poll can wake


def test_given_more_companies_than_the_limit_then_each_poll_goes_on_where_the_last_one_stopped(
    many: InProcessSystem,
) -> None:
    limit(many, 4)
    assert many.scheduled_poll() == {"companies": 4, "left": 21}
    turns = [woken(many)]
    many.sleep(MINUTE)

    turns += polls(many, 49)

    in_turn = [company for each in turns for company in each]
    assert sorted(in_turn[:25]) == COMPANIES
    assert [len(each) for each in turns] == [4] * 50
    looks = Counter(in_turn).values()
    assert max(looks) - min(looks) <= 2, "all are late by the same time"


def test_given_a_schedule_that_runs_more_rarely_then_a_poll_may_look_at_as_many_as_in_that_time(
    many: InProcessSystem,
) -> None:
    limit(many, 2)
    assert [len(each) for each in polls(many, 4, every=3 * MINUTE)] == [2, 6, 6, 6]


def test_given_an_hour_without_a_poll_then_the_next_one_wakes_no_more_than_in_five_minutes(
    many: InProcessSystem,
) -> None:
    limit(many, 2)
    many.scheduled_poll()
    woken(many)
    many.sleep(60 * MINUTE)

    assert many.scheduled_poll()["companies"] == 10


def test_given_polls_out_of_time_then_each_goes_on_where_the_last_one_stopped(many: InProcessSystem) -> None:
    seen = []
    for _ in range(3):
        many.scheduled_poll(with_time_for(1))
        seen += woken(many)
        many.sleep(MINUTE)

    assert sorted(seen[:25]) == COMPANIES


def test_given_a_company_is_gone_before_its_next_look_then_it_stays_gone_and_the_others_are_woken(
    many: InProcessSystem,
) -> None:
    (look,) = many.services.looks.first(1, None)
    many.services.connections.delete(look.company_id)
    many.services.looks.move(look, NOON)
    many.services.looks.add(look.company_id, NOON)

    many.poll()

    assert many.services.connections.get(look.company_id) is None
    assert sorted(woken(many)) == sorted(set(COMPANIES) - {look.company_id})


def test_given_somebody_else_has_stored_a_next_look_meanwhile_then_it_stays(system: InProcessSystem) -> None:
    system.connect(NORTHGATE)
    looks = system.services.looks
    (seen,) = looks.first(1, None)
    looks.note(NORTHGATE, soon := NOON + SHORTEST, timedelta(minutes=20))

    looks.move(seen, NOON + timedelta(minutes=40))

    assert looks.first(9, None) == [Look(NORTHGATE, soon, timedelta(minutes=20))]


def test_given_more_looks_than_a_page_of_the_index_holds_then_all_are_read_and_counted(
    many: InProcessSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = many.services.table
    query = table.query
    monkeypatch.setattr(table, "query", lambda **wanted: query(**{**wanted, "Limit": min(4, wanted.get("Limit", 4))}))

    assert [each.company_id for each in many.services.looks.first(99, None)] == COMPANIES
    assert len(many.services.looks.first(10, None)) == 10
    assert many.services.looks.count(None) == 25


# Pleo's requests, which exports need


@pytest.mark.parametrize(("used", "looks"), [(0, 25), (430, 20), (449, 3), (500, 3)])
def test_given_exports_that_use_pleo_s_requests_then_the_poll_takes_what_they_leave_and_a_tenth_in_any_case(
    many: InProcessSystem, used: int, looks: int
) -> None:
    use_of_pleo(many, used)

    assert many.scheduled_poll() == {"companies": looks, "left": 25 - looks}


def test_the_requests_of_looks_are_taken_at_once_and_given_back_before_the_next_poll(many: InProcessSystem) -> None:
    def free() -> int:
        usage, now = many.services.call_budgets.get(PLEO).usage, many.clock.now().timestamp()
        return usage.free(CallPriority.EXPORT.rate, now)

    many.scheduled_poll()
    assert free() == 475
    many.effects.log.clear()

    assert set(many.deliver()) == {"no_job"}
    assert (free(), any(each.startswith("dynamodb PutItem") for each in many.effects.log)) == (475, False)
    many.sleep(MINUTE - 4)
    assert free() == 500


def test_given_pleo_takes_no_more_requests_then_a_look_is_left_to_the_next_poll(system: InProcessSystem) -> None:
    system.connect(NORTHGATE)
    system.service.faults.order(Fault(effect="rate_limit", retry_after=600, count=20))
    system.poll()

    assert system.deliver() == ["later"]


def test_given_pleo_takes_no_request_when_a_job_is_announced_then_the_next_poll_starts_it(
    system: InProcessSystem,
) -> None:
    """In the queue the message would come back after minutes, five times, and then lie among the dead letters."""
    system.connect(NORTHGATE, purchases(1))
    system.connect(HAVN, purchases(1))
    for company in (NORTHGATE, HAVN):
        system.services.looks.note(company, NOON + 2 * SHORTEST, 2 * SHORTEST)
    jobs = [system.export(company) for company in (HAVN, NORTHGATE)]
    use_of_pleo(system, 500)
    for company in (HAVN, NORTHGATE, HAVN):
        assert system.wake(company) == "later"
        system.sleep(1)

    system.sleep(MINUTE)
    assert [each.company_id for each in system.services.looks.first(9, None)] == [HAVN, NORTHGATE]
    system.scheduled_poll()
    assert system.deliver() == ["started", "started"]
    system.run_executions()

    assert system.statuses(jobs[1]) == {"successful": 1}
    looks = system.services.looks.first(9, None)
    assert {each.interval for each in looks} == {2 * SHORTEST}, "a deferred look shows nothing about webhooks"


def test_given_many_deferred_companies_and_a_budget_that_is_used_up_then_a_poll_looks_at_fifty(
    system: InProcessSystem,
) -> None:
    assert [system.services.reserve_looks(300, deferred) for deferred in (0, 40)] == [300, 150]
    use_of_pleo(system, 500)

    assert [system.services.reserve_looks(300, deferred) for deferred in (0, 40, 300)] == [30, 40, 50]


# Connections that an older release has stored


def forget_looks(system: InProcessSystem, companies: list[str]) -> None:
    for company in companies:
        key = {"pk": f"COMPANY#{company}", "sk": "CONNECTION"}
        system.services.table.update_item(Key=key, UpdateExpression="REMOVE next_look")


def test_given_a_table_of_an_older_release_then_every_company_is_woken_within_five_minutes(
    many: InProcessSystem,
) -> None:
    forget_looks(many, COMPANIES)

    assert sorted(company for each in polls(many, 6) for company in each) == COMPANIES


def test_given_more_old_connections_than_a_poll_checks_then_the_next_ones_go_on(
    many: InProcessSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missing_looks, "PAGE", 4)
    monkeypatch.setattr(missing_looks, "PAGES", 2)
    forget_looks(many, COMPANIES)

    found = []
    for _ in range(5):
        many.scheduled_poll()
        found.append(many.services.looks.count(None))
        many.sleep(MINUTE)

    assert found == [8, 16, 24, 25, 25]


def test_given_a_command_of_an_older_release_stores_a_connection_then_it_is_polled_within_the_next_hour(
    many: InProcessSystem,
) -> None:
    many.scheduled_poll()
    forget_looks(many, COMPANIES[:1])
    many.sleep(MINUTE)
    many.scheduled_poll()
    assert many.services.looks.count(None) == 24

    many.sleep(60 * MINUTE)
    many.scheduled_poll()

    assert many.services.looks.count(None) == 25


def test_given_a_grant_that_has_ended_then_its_company_is_not_looked_at_until_it_is_given_again(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE)
    connections = system.services.connections
    connections.grant_ended(NORTHGATE, "pleo", "revoked", NOON)
    system.poll()
    assert woken(system) == []
    system.sleep(86_400)

    connections.grant_given(NORTHGATE, "pleo")

    assert system.services.looks.first(9, NOON) == [Look(NORTHGATE, None, SHORTEST)]


# What the queue does not take


class Refusing:
    """SQS, which takes none of some companies' messages for the first `times`."""

    def __init__(self, companies: list[str], times: int) -> None:
        self._companies, self._times = companies, times
        self._refused: Counter[str] = Counter()

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> Any:  # noqa: N803
        taken: list[Any] = []
        refused: list[Any] = []
        for entry in Entries:
            company = entry["MessageGroupId"]
            self._refused[company] += 1
            refuse = company in self._companies and self._refused[company] <= self._times
            (refused if refuse else taken).append(entry)
        if taken:
            client("sqs").send_message_batch(QueueUrl=QueueUrl, Entries=taken)
        return {"Failed": [{"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"} for entry in refused]}


def refusing(system: InProcessSystem, companies: list[str], times: int) -> None:
    system.services.wake_ups = WakeUps(Refusing(companies, times), system.queue_url, system.sleep)  # type: ignore[arg-type]


def test_given_the_queue_refuses_some_of_a_batch_when_they_are_sent_again_then_all_are_woken_once(
    many: InProcessSystem,
) -> None:
    refusing(many, COMPANIES[3:6], times=2)

    assert many.scheduled_poll() == {"companies": 25, "left": 0}

    assert sorted(woken(many)) == COMPANIES


def test_given_the_queue_goes_on_refusing_then_the_others_are_woken_and_the_function_fails(
    many: InProcessSystem,
) -> None:
    refusing(many, COMPANIES[3:6], times=100)

    with pytest.raises(TryAgain):
        many.scheduled_poll()

    assert sorted(woken(many)) == COMPANIES[:3] + COMPANIES[6:]


def test_given_wake_ups_that_the_queue_has_not_taken_then_the_next_poll_sends_them(many: InProcessSystem) -> None:
    refusing(many, COMPANIES[3:6], times=3)
    with suppress(TryAgain):
        many.scheduled_poll()
    woken(many)
    many.sleep(MINUTE)

    many.scheduled_poll()

    assert set(COMPANIES[3:6]) <= set(woken(many))
