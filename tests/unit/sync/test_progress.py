"""How long a run goes on: by the clock, by the function's time, by the number of writes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pleo_export.pleo.errors import PleoRateLimited
from pleo_export.sync.progress import LONGEST_PLEO_WAIT, LONGEST_RUN, OutOfTime, SyncClock
from pleo_simulator.clock import Clock
from tests.system.synced_company import BEGUN


class Timed:
    """A clock that moves by what is slept, and how long the function has."""

    def __init__(self) -> None:
        self.clock = Clock(BEGUN)
        self.left = timedelta(minutes=15)
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(timedelta(seconds=seconds))

    def run(self, writes: int = 10) -> SyncClock:
        return SyncClock(self.clock.now, self.sleep, lambda: self.left, writes)


def test_a_run_has_a_number_of_writes() -> None:
    run = Timed().run(writes=2)
    run.begin_write()
    run.begin_write()

    with pytest.raises(OutOfTime):
        run.begin_write()


def test_a_run_ends_before_its_time_is_over() -> None:
    timed = Timed()
    run = timed.run()
    timed.clock.advance(LONGEST_RUN - timedelta(seconds=1))
    run.begin_write()
    timed.clock.advance(timedelta(seconds=1))

    with pytest.raises(OutOfTime):
        run.check()


def test_a_run_ends_before_its_function_does() -> None:
    timed = Timed()
    run = timed.run()
    timed.left = timedelta(seconds=59)

    with pytest.raises(OutOfTime):
        run.check()


def test_a_wait_that_pleo_asks_for_is_kept_if_there_is_time_for_it() -> None:
    timed = Timed()
    run = timed.run()
    run.wait(PleoRateLimited(retry_after=30))
    assert timed.slept == [30]

    timed.left = timedelta(seconds=80)
    with pytest.raises(OutOfTime):
        run.wait(PleoRateLimited(retry_after=30))
    assert timed.slept == [30]


def test_a_long_wait_is_left_to_a_later_run() -> None:
    run = Timed().run()

    with pytest.raises(PleoRateLimited):
        run.wait(PleoRateLimited(retry_after=LONGEST_PLEO_WAIT + 1))
