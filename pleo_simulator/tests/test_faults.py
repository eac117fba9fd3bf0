"""Faults to order: on which requests they fire, and when they are used up. And the request limit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pleo_simulator.clock import Clock
from pleo_simulator.errors import Refused
from pleo_simulator.fault_queue import Fault, FaultQueue
from pleo_simulator.limits import RequestLimit


def fired(queue: FaultQueue, *requests: tuple[str, str]) -> list[str | None]:
    faults = [queue.take(method, path) for method, path in requests]
    return [fault.effect if fault else None for fault in faults]


def test_given_a_fault_then_it_fires_once_on_its_method_and_path_prefix() -> None:
    queue = FaultQueue()
    queue.order(Fault(effect="status", method="PUT", path="/v3/export-jobs"))

    assert fired(
        queue,
        ("GET", "/v3/export-jobs"),
        ("PUT", "/v3/export-items"),
        ("PUT", "/v3/export-jobs/1/items"),
        ("PUT", "/v3/export-jobs/1/items"),
    ) == [None, None, "status", None]


def test_given_an_anchored_path_then_longer_paths_are_spared() -> None:
    queue = FaultQueue()
    queue.order(Fault(effect="status", path="/v3/export-jobs$"))

    assert fired(queue, ("GET", "/v3/export-jobs/1"), ("GET", "/v3/export-jobs")) == [None, "status"]


def test_given_nth_and_count_then_it_waits_and_then_fires_that_often() -> None:
    queue = FaultQueue()
    queue.order(Fault(effect="drop_after", nth=3, count=2))

    assert fired(queue, *[("GET", "/")] * 6) == [None, None, "drop_after", "drop_after", None, None]


def test_given_a_probability_then_the_seed_decides_and_misses_do_not_use_it_up() -> None:
    def run(seed: int) -> list[str | None]:
        queue = FaultQueue()
        queue.order(Fault(effect="status", probability=0.3, count=100, seed=seed))
        return fired(queue, *[("GET", "/")] * 50)

    assert run(1) == run(1) != run(2)
    assert 5 < sum(each is not None for each in run(1)) < 25


def test_given_two_faults_for_a_request_then_the_one_ordered_first_fires_first() -> None:
    queue = FaultQueue()
    queue.order(Fault(effect="bad_json"))
    queue.order(Fault(effect="status"))

    assert [fault.effect for fault in queue.waiting()] == ["bad_json", "status"]
    assert fired(queue, *[("GET", "/")] * 3) == ["bad_json", "status", None]


def test_given_a_limit_when_the_minute_is_full_then_429_says_when_to_come_back() -> None:
    clock = Clock(datetime(2026, 3, 2, 9, tzinfo=UTC))
    limit = RequestLimit(clock, per_minute=2)
    limit.spend("key-1")
    clock.advance(timedelta(seconds=20))
    limit.spend("key-1")

    with pytest.raises(Refused) as error:
        limit.spend("key-1")

    assert (error.value.status, error.value.headers) == (429, {"Retry-After": "40"})
    limit.spend("key-2")
    clock.advance(timedelta(seconds=40))
    limit.spend("key-1")
