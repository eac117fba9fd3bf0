"""However the calls of many functions interleave, and whichever of them are killed, a ledger company never gets more
calls than its rate in any window; and a killed function costs the others no more than its block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from threading import Semaphore, Thread
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pleo_export.call_budget import CallRate
from pleo_export.function_time import unlimited
from pleo_export.store.call_budgets import CallBudgets, LedgerCallBudget
from pleo_export.store.call_usage import DAY, block_size
from pleo_simulator.clock import Clock
from tests.simulation.fake_aws import Table
from tests.simulation.fault_injection import FaultInjector
from tests.system.effects import Killed

BEGIN = datetime(2026, 11, 20, 23, 59, 30, tzinfo=UTC)  # half a minute before another day
LONGEST_TURN = 20  # seconds of real time; a turn takes microseconds


@dataclass
class Taker:
    """A function that sends calls, in a thread that runs only while it is its turn. `awake_at`: it sleeps until then
    (Unix time). `killed`: at its next effect it ends."""

    work: Callable[[Taker], None]
    awake_at: float = 0.0
    killed: bool = False
    over: bool = False
    failed: BaseException | None = None
    _mine: Semaphore = field(default_factory=partial(Semaphore, 0))
    _theirs: Semaphore = field(default_factory=partial(Semaphore, 0))

    def __post_init__(self) -> None:
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def turn(self) -> None:
        """Let it run to its next effect."""
        self._mine.release()
        assert self._theirs.acquire(timeout=LONGEST_TURN)
        if self.over:
            self._thread.join(LONGEST_TURN)

    def end(self) -> None:
        """End it before its next effect, unless it is over."""
        self.killed = True
        while not self.over:
            self.turn()

    def effect(self) -> None:
        """Wait for the next turn. Called by the thread before each effect."""
        self._theirs.release()
        self._wait()

    def _wait(self) -> None:
        if not self._mine.acquire(timeout=LONGEST_TURN) or self.killed:
            raise Killed

    def _run(self) -> None:
        try:
            self._wait()
            self.work(self)
        except Killed:
            pass
        except BaseException as error:
            self.failed = error
        finally:
            self.over = True
            self._theirs.release()


class SharedTable(Table):
    """The table as one function sees it: each access is an effect of its own."""

    def __init__(self, shared: Table, taker: Taker) -> None:
        super().__init__(shared._fault_injector)
        self.records, self._taker = shared.records, taker

    def get_item(self, **given: Any) -> dict[str, Any]:
        self._taker.effect()
        return super().get_item(**given)

    def put_item(self, **given: Any) -> dict[str, Any]:
        self._taker.effect()
        answer = super().put_item(**given)
        self._taker.effect()  # it can be killed before it has sent one call of its block
        return answer


@dataclass
class Ledger:
    """A company's ledger, and the functions that call it."""

    rate: CallRate
    clock: Clock = field(default_factory=lambda: Clock(BEGIN))
    calls: list[float] = field(default_factory=list)
    writes: int = 0

    def __post_init__(self) -> None:
        self.table = Table(FaultInjector(Random(0), self.clock))

    def now(self) -> float:
        return self.clock.now().timestamp()

    def taker(self, number: int) -> Taker:
        """Start a function that sends that many calls."""
        return Taker(partial(self._send, number))

    def budget(self, table: Table, sleep: Callable[[float], None]) -> LedgerCallBudget:
        budgets = CallBudgets(table)  # type: ignore[arg-type]
        return LedgerCallBudget(budgets, "xero#1", "Xero", self.rate, self.clock.now, sleep, unlimited, lambda: 1.0)

    def _send(self, number: int, taker: Taker) -> None:
        def sleep(seconds: float) -> None:
            taker.awake_at = self.now() + seconds
            taker.effect()

        budget = self.budget(SharedTable(self.table, taker), sleep)
        for _ in range(number):
            budget.take()
            self.calls.append(self.now())
            taker.effect()

    def most_in_any(self, seconds: int) -> int:
        """The most calls in any time of that length."""
        return max((sum(end - seconds < each <= end for each in self.calls) for end in self.calls), default=0)


RATES = st.tuples(st.integers(2, 40), st.integers(5, 120)).map(lambda drawn: CallRate(*drawn))


@settings(max_examples=120, deadline=None)
@given(st.data(), RATES, st.lists(st.integers(1, 30), min_size=2, max_size=5))
def test_no_interleaving_of_takers_exceeds_the_rate(data: st.DataObject, rate: CallRate, wanted: list[int]) -> None:
    seed = Random(data.draw(st.integers(0, 2**32)))  # one draw for all turns: hypothesis shrinks what matters
    kills = data.draw(st.integers(0, len(wanted)))
    ledger = Ledger(rate)
    takers = [ledger.taker(number) for number in wanted]
    while running := [each for each in takers if not each.over]:
        awake = [each for each in running if each.awake_at <= ledger.now()]
        if not awake:
            ledger.clock.advance(timedelta(seconds=min(each.awake_at for each in running) - ledger.now()))
            continue
        taker = seed.choice(awake)
        if kills and seed.random() < 0.02:
            taker.killed, kills = True, kills - 1
        taker.turn()
        ledger.clock.advance(timedelta(seconds=seed.choice([0, 0, 0, 0.1, 0.5, 3])))

    assert [each.failed for each in takers if each.failed] == []
    assert ledger.most_in_any(rate.seconds) <= rate.calls


@settings(max_examples=60, deadline=None)
@given(RATES, st.integers(1, 3))
def test_a_killed_taker_costs_the_others_its_block_and_no_more(rate: CallRate, killed: int) -> None:
    assume(killed * block_size(rate) <= rate.calls)  # or the last of them would wait for its block
    ledger = Ledger(rate)
    for _ in range(killed):
        taker = ledger.taker(1)
        while len(ledger.calls) + taker.over == 0:
            taker.turn()
        taker.killed = True
        taker.turn()
        ledger.calls.clear()

    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        ledger.clock.advance(timedelta(seconds=seconds))

    budget = ledger.budget(ledger.table, sleep)
    for _ in range(max(0, rate.calls - killed * block_size(rate))):
        budget.take()

    assert pauses == []


@settings(max_examples=10, deadline=None)
@given(st.integers(20, 60), st.integers(1, 4), st.randoms(use_true_random=False))
def test_the_limit_of_a_day_holds_in_any_day(per_day: int, hours: int, random: Random) -> None:
    """Not only from midnight to midnight."""
    ledger = Ledger(CallRate(calls=10, seconds=60, per_day=per_day))
    budget = ledger.budget(ledger.table, lambda _: None)
    for _ in range(6 * per_day):
        ledger.clock.advance(timedelta(hours=hours * random.random()))
        usage = CallBudgets(ledger.table).get("xero#1").usage  # type: ignore[arg-type]
        if budget._left or usage.free(ledger.rate, ledger.now()):
            budget.take()
            ledger.calls.append(ledger.now())

    assert 0 < ledger.most_in_any(DAY) <= per_day
