"""Pleo's request limit, shared by all companies and functions: exports may use all of it, others leave them a part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from unittest import mock

import pytest
from botocore.exceptions import ClientError

from pleo_export.pleo.call_priority import CallPriority
from pleo_export.pleo.errors import PleoRateLimited
from pleo_export.services.background_calls import CALLS_BESIDE_AN_EXPORT, BackgroundCalls
from pleo_export.store.call_budgets import CallBudgets
from pleo_export.store.call_usage import block_size
from pleo_export.store.pleo_call_budget import FIRST_BLOCK, PLEO, PleoCallBudget
from pleo_simulator.fault_queue import Fault
from pleo_simulator.sample import HAVN, NORTHGATE
from tests.system.effects import OF_BUDGET
from tests.system.expenses import purchases
from tests.system.in_process_system import InProcessSystem


@dataclass
class Caller:
    """A function that calls Pleo, with so many seconds left; its pauses are taken off."""

    system: InProcessSystem
    priority: CallPriority
    seconds: float = 900
    pauses: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        budgets = CallBudgets(self.system.services.table)
        clock = self.system.clock.now
        self.budget = PleoCallBudget(budgets, PLEO, "Pleo", self.priority.rate, clock, self._sleep, self._left)

    def send(self, calls: int, each: float = 0) -> None:
        """Send calls, of which each takes so many seconds."""
        for _ in range(calls):
            self.budget.take()
            self.system.clock.advance(timedelta(seconds=each))

    def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.system.clock.advance(timedelta(seconds=seconds))

    def _left(self) -> timedelta:
        return timedelta(seconds=self.seconds - sum(self.pauses))


@pytest.fixture
def caller(system: InProcessSystem) -> Callable[..., Caller]:
    return lambda priority, **more: Caller(system, priority, **more)


def counted(system: InProcessSystem) -> int:
    """The calls that count in the window now."""
    found = system.services.table.get_item(Key={"pk": "BUDGET#pleo", "sk": "CALLS"})["Item"]
    return int(sum(found["recent"].values()))


def test_given_syncs_that_have_used_all_they_may_when_others_call_then_these_wait_for_nothing(
    caller: Callable[..., Caller],
) -> None:
    sync, poll, export = (
        caller(each, seconds=60) for each in (CallPriority.SYNC, CallPriority.POLL, CallPriority.EXPORT)
    )
    with pytest.raises(PleoRateLimited):
        sync.send(401)

    poll.send(40)
    export.send(50)

    assert (poll.pauses, export.pauses) == ([], [])


@pytest.mark.parametrize("priority", CallPriority)
def test_no_minute_has_more_calls_than_the_priority_may_use_and_most_of_them_are_used(
    caller: Callable[..., Caller], priority: CallPriority
) -> None:
    one = caller(priority, seconds=10**6)
    sent = []
    for _ in range(2_000):
        one.send(1, each=0.02)
        sent.append(one.system.clock.now().timestamp())

    busiest = max(sum(start <= each < start + 60 for each in sent) for start in sent[::20])
    assert busiest <= priority
    assert len(sent) / (sent[-1] - sent[0]) * 60 > 0.8 * priority


def test_given_a_function_that_sends_one_call_then_little_of_the_budget_is_lost(
    caller: Callable[..., Caller], system: InProcessSystem
) -> None:
    for _ in range(20):
        caller(CallPriority.EXPORT).send(1)

    assert counted(system) == 20 * FIRST_BLOCK


def test_given_a_function_that_sends_many_then_its_blocks_grow_to_what_it_sends_in_their_time(
    caller: Callable[..., Caller], system: InProcessSystem
) -> None:
    one = caller(CallPriority.SYNC)

    with system.effects.of_function():
        one.send(300, each=0.2)

    writes = system.effects.log.count(f"dynamodb PutItem{OF_BUDGET}")
    assert 300 / block_size(CallPriority.SYNC.rate) <= writes <= 30
    assert counted(system) <= 1.3 * 300


def test_given_no_time_to_wait_then_pleo_s_own_refusal_is_raised_with_the_seconds(
    caller: Callable[..., Caller],
) -> None:
    one = caller(CallPriority.EXPORT, seconds=60)

    with pytest.raises(PleoRateLimited, match="not sent") as refused:
        one.send(501)

    assert 60 <= refused.value.retry_after <= 66
    assert one.pauses == []


# Answers of Pleo


def test_given_a_429_that_its_caller_has_waited_for_then_no_other_waits_again(system: InProcessSystem) -> None:
    system.connect(NORTHGATE)
    system.connect(HAVN)
    system.service.faults.order(Fault(effect="rate_limit", retry_after=7, path="/v3/export-jobs"))
    services = system.services

    services.pleo(services.connection(NORTHGATE)).unfinished_jobs(NORTHGATE)
    began = system.clock.now()
    services.__dict__.pop("_pleo_budgets")  # another function
    services.pleo(services.connection(HAVN)).unfinished_jobs(HAVN)

    assert (system.clock.now() - began).total_seconds() == 0  # the 7 seconds are over


@pytest.mark.parametrize("retry_after", [60, 86_400])
def test_given_a_429_for_a_longer_time_then_other_companies_are_kept_waiting_for_seconds_only(
    system: InProcessSystem, retry_after: int
) -> None:
    """It may be the limit of one company. Whoever calls then learns of it himself."""
    system.connect(NORTHGATE)
    system.connect(HAVN)
    services = system.services
    system.service.faults.order(Fault(effect="rate_limit", retry_after=retry_after))
    with pytest.raises(PleoRateLimited):
        services.pleo(services.connection(NORTHGATE)).unfinished_jobs(NORTHGATE)
    began = system.clock.now()

    services.pleo(services.connection(HAVN)).unfinished_jobs(HAVN)

    assert 9 <= (system.clock.now() - began).total_seconds() <= 12


def test_given_our_table_that_does_not_answer_then_calls_to_pleo_go_out_all_the_same(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, purchases(2))
    job = system.export(NORTHGATE)

    with mock.patch.object(CallBudgets, "get", side_effect=ClientError({"Error": {"Code": "Throttling"}}, "GetItem")):
        system.run(NORTHGATE)

    assert system.statuses(job) == {"successful": 2}


# Beside the company's own export


@pytest.mark.parametrize("exporting", [True, False])
def test_calls_beside_the_company_s_export_are_paced(system: InProcessSystem, exporting: bool) -> None:
    asked: list[bool] = []

    def runs() -> bool:
        asked.append(exporting)
        return exporting

    services = system.services
    calls = BackgroundCalls(services.pleo_budget(CallPriority.SYNC), runs, system.clock.now, services.sleep)
    began = system.clock.now()

    for _ in range(200):
        calls.take()

    seconds = (system.clock.now() - began).total_seconds()
    assert seconds == pytest.approx(199 * 60 / CALLS_BESIDE_AN_EXPORT if exporting else 0, abs=0.01)
    assert len(asked) <= seconds / 5 + 1


def test_given_an_export_that_begins_and_ends_then_the_pace_follows_within_seconds(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, purchases(1))
    budget = system.services.background_budget(NORTHGATE)
    budget.take()
    system.export(NORTHGATE)
    system.wake(NORTHGATE)
    system.sleep(5)
    system.pauses.clear()

    for _ in range(10):
        budget.take()
    paused = list(system.pauses)
    system.run_executions()
    system.sleep(5)
    system.pauses.clear()
    for _ in range(10):
        budget.take()

    assert len(paused) == 9
    assert system.pauses == []
