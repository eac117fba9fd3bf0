"""A ledger company's calls: waited for within a minute, refused for the rest of a day, and shared by all that call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from pleo_export.accounting.errors import RateLimited
from pleo_export.call_budget import UNLIMITED, CallRate
from pleo_export.store.call_budgets import CallBudgets, LedgerCallBudget
from pleo_export.store.call_usage import block_seconds, block_size
from tests.system.effects import OF_BUDGET
from tests.system.in_process_system import InProcessSystem

MINUTE = CallRate(calls=60, seconds=60, concurrent=5, per_day=5_000, for_batch=6)
BLOCK = 5
TAKEN = f"dynamodb PutItem{OF_BUDGET}"


@dataclass
class Function:
    """One function that calls the ledger. `seconds` it has left at first; its pauses are taken off."""

    system: InProcessSystem
    rate: CallRate = MINUTE
    ledger_id: str = "xero#1"
    seconds: float = 900
    pauses: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        budgets = CallBudgets(self.system.services.table)
        self.budget = LedgerCallBudget(
            budgets, self.ledger_id, "Xero", self.rate, self.system.clock.now, self._sleep, self._left
        )

    def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.system.clock.advance(timedelta(seconds=seconds))

    def _left(self) -> timedelta:
        return timedelta(seconds=self.seconds - sum(self.pauses))

    def send(self, calls: int) -> None:
        for _ in range(calls):
            self.budget.take()


@pytest.fixture
def function(system: InProcessSystem) -> Callable[..., Function]:
    def made(**given: Any) -> Function:
        return Function(system, **given)

    return made


def record(system: InProcessSystem) -> dict[str, Any]:
    found: dict[str, Any] = system.services.table.get_item(Key={"pk": "BUDGET#xero#1", "sk": "CALLS"})["Item"]
    return found


def test_given_calls_within_the_rate_when_taken_then_nobody_waits_and_a_block_is_one_write(
    function: Callable[..., Function], system: InProcessSystem
) -> None:
    one = function()

    with system.effects.of_function():
        one.send(3 * BLOCK)

    assert one.pauses == []
    assert system.effects.log == ["dynamodb GetItem", TAKEN] * 3
    assert block_size(MINUTE) == BLOCK


def test_given_a_minute_that_is_used_up_by_two_functions_when_one_takes_more_then_it_waits_for_the_minute_to_pass(
    function: Callable[..., Function],
) -> None:
    one, other = function(), function()
    one.send(30)
    other.send(30)

    one.send(1)

    assert other.pauses == []
    assert 60 <= sum(one.pauses) <= 60 + block_seconds(MINUTE) + 1


def test_given_another_ledger_then_it_has_calls_of_its_own(function: Callable[..., Function]) -> None:
    function().send(60)
    other = function(ledger_id="xero#2")

    other.send(60)

    assert other.pauses == []


def test_given_no_time_to_wait_for_the_minute_when_taken_then_it_is_refused_with_the_seconds(
    function: Callable[..., Function],
) -> None:
    function().send(60)
    hurried = function(seconds=90)

    with pytest.raises(RateLimited, match="Xero takes no more requests at the moment") as refused:
        hurried.send(1)

    assert 60 <= refused.value.retry_after <= 66
    assert hurried.pauses == []


def test_given_a_day_that_is_used_up_when_taken_then_it_is_refused_with_the_hour_and_not_waited_for(
    function: Callable[..., Function],
) -> None:
    rate = CallRate(calls=60, seconds=60, per_day=50)
    function(rate=rate).send(50)
    late = function(rate=rate, seconds=10**6)

    with pytest.raises(RateLimited, match=r"before 13:00 UTC on 2026-11-21\.") as refused:
        late.send(1)

    assert late.pauses == []
    assert refused.value.retry_after == 25 * 3600
    late.system.clock.advance(timedelta(seconds=refused.value.retry_after))
    late.send(1)


def test_given_a_block_that_was_not_sent_in_time_then_it_is_not_sent_later(
    function: Callable[..., Function], system: InProcessSystem
) -> None:
    """What was not sent of it is given back with the next block."""
    slow = function()
    slow.send(2)
    system.clock.advance(timedelta(seconds=block_seconds(MINUTE)))

    slow.send(1)

    assert sum(record(system)["recent"].values()) == 2 + BLOCK
    assert sum(record(system)["daily"].values()) == 2 + BLOCK


def test_given_calls_sent_with_pauses_between_them_then_none_of_the_minute_is_lost(
    function: Callable[..., Function], system: InProcessSystem
) -> None:
    one = function()

    for _ in range(60):
        one.send(1)
        system.clock.advance(timedelta(seconds=0.9))

    assert one.pauses == []


def test_given_a_minute_sent_at_once_when_more_are_sent_then_they_go_a_minute_after_those(
    function: Callable[..., Function],
) -> None:
    one = function()
    one.send(60)

    one.send(60)

    assert 60 <= sum(one.pauses) <= 60 + block_seconds(MINUTE) + 1


def test_given_an_answer_that_says_the_minute_is_used_up_by_us_then_its_calls_come_back_one_by_one(
    function: Callable[..., Function], system: InProcessSystem
) -> None:
    """The answer to the last call that is taken says so. It does not close the budget for another minute."""
    one = function()
    for sent in range(1, 61):
        one.send(1)
        one.budget.observe(60 - sent)
        system.clock.advance(timedelta(seconds=0.5))

    one.send(1)

    assert sum(one.pauses) <= 60 - 30 + block_seconds(MINUTE) + 1


def test_given_calls_that_are_held_when_sent_then_all_took_one_write(
    function: Callable[..., Function], system: InProcessSystem
) -> None:
    one = function()

    with system.effects.of_function():
        one.budget.hold_for(2)
        one.send(12)

    assert system.effects.log == ["dynamodb GetItem", TAKEN]


def test_given_calls_that_are_held_already_when_held_then_nothing_is_written(
    function: Callable[..., Function], system: InProcessSystem
) -> None:
    one = function()
    one.budget.hold_for(2)
    one.send(6)

    with system.effects.of_function():
        one.budget.hold_for(1)

    assert system.effects.log == []


def test_more_than_a_window_has_is_never_held(function: Callable[..., Function]) -> None:
    one = function()

    one.budget.hold_for(100)
    one.send(60)

    assert one.pauses == []


def test_given_a_caller_that_can_wait_elsewhere_when_the_minute_is_used_up_then_it_is_told_the_seconds(
    function: Callable[..., Function],
) -> None:
    one = function()
    one.send(60)

    with one.budget.waiting_at_most(5), pytest.raises(RateLimited) as refused:
        one.budget.hold_for(1)

    assert 60 <= refused.value.retry_after <= 66
    assert one.pauses == []
    one.send(1)
    assert sum(one.pauses) >= 60


def test_given_an_answer_that_leaves_nothing_when_others_take_then_they_wait_at_once(
    function: Callable[..., Function],
) -> None:
    one, other = function(), function()
    one.send(1)

    one.budget.observe(0, 37)
    other.send(1)
    one.send(1)

    assert other.pauses == [37]
    assert one.pauses == []


def test_given_a_429_of_the_day_when_anybody_takes_then_it_is_refused_with_the_hour_it_ends(
    function: Callable[..., Function],
) -> None:
    function().budget.observe(None, 7 * 3600)

    with pytest.raises(RateLimited, match=r"before 19:00 UTC on 2026-11-20\.") as refused:
        function().send(1)
    assert refused.value.retry_after == 7 * 3600


@pytest.mark.parametrize(("resets_in", "windows"), [(None, "recent"), (86_400, "daily")])
def test_given_an_answer_that_leaves_fewer_than_we_count_when_taken_then_it_is_believed(
    function: Callable[..., Function], system: InProcessSystem, resets_in: int | None, windows: str
) -> None:
    one = function(rate=CallRate(calls=60, seconds=60, per_day=60))
    one.send(1)

    one.budget.observe(12, resets_in)
    one.send(BLOCK)

    assert sum(record(system)[windows].values()) == 60 - 12 + BLOCK


def test_given_answers_that_agree_with_our_count_then_they_take_no_write(
    function: Callable[..., Function], system: InProcessSystem
) -> None:
    one = function()

    with system.effects.of_function():
        for sent in range(1, 2 * BLOCK + 1):
            one.send(1)
            one.budget.observe(60 - sent)
            one.budget.observe(5_000 - sent, 86_400)

    assert system.effects.log.count(TAKEN) == 2


@pytest.mark.parametrize(
    "failure",
    [
        ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "GetItem"),
        ReadTimeoutError(endpoint_url="dynamodb"),
    ],
)
def test_given_our_table_that_does_not_answer_when_taken_then_the_call_goes_out_all_the_same(
    function: Callable[..., Function], system: InProcessSystem, failure: Exception
) -> None:
    """The accounting system counts for itself; an export must not fail for our own count."""
    one = function()
    system.effects.on("before dynamodb GetItem", failure)

    with system.effects.of_function():
        one.send(BLOCK)
        one.send(BLOCK)

    assert sum(record(system)["recent"].values()) == BLOCK


def test_a_budget_that_nobody_uses_disappears(function: Callable[..., Function], system: InProcessSystem) -> None:
    function().send(1)

    kept = int(record(system)["expires_at"]) - system.clock.now().timestamp()
    assert 25 * 3600 < kept <= 48 * 3600  # longer than anything in it counts


def test_more_than_a_window_has_is_never_taken(function: Callable[..., Function]) -> None:
    with pytest.raises(ValueError, match="never takes 61 calls at once"):
        function().budget.take(61)


def test_a_system_without_a_rate_has_no_budget(system: InProcessSystem) -> None:
    system.connect("11111111-1111-4111-8111-111111111111")
    connection = system.services.connection("11111111-1111-4111-8111-111111111111")

    with system.effects.of_function():
        system.services.call_budget(connection).take(10**6)

    assert system.services.call_budget(connection) is UNLIMITED
    assert system.effects.log == []
