"""Several things at once on one simulated clock: functions that run beside each other, whose calls take their time.

Each is a thread, of which one runs at a time: the one whose turn comes first by the clock. A thread that sleeps lets
the next one run, and the clock moves on to that one's turn. A run is the same every time, and never waits in real time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from heapq import heappop, heappush
from threading import Semaphore, Thread, local

from pleo_simulator.clock import Clock
from tests.system.effects import Effects, Killed

LIMIT = 120  # seconds of real time: then a test has hung


class Timelines:
    """`clock` stands still, but for what is slept here."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turns: list[tuple[float, int, Semaphore]] = []
        self._over = Semaphore(0)
        self._number = 0
        self._stopped = False
        self._errors: list[BaseException] = []

    def start(self, work: Callable[[], object], after: float = 0) -> None:
        """Let work begin after so many seconds of the clock. What it raises, `run` raises."""
        begin = self._turn_in(after)
        Thread(target=self._work, args=(work, begin), daemon=True).start()

    def run(self) -> None:
        """Run until all work is done, or was stopped."""
        self._give_turn()
        assert self._over.acquire(timeout=LIMIT), "the timelines have hung"
        if self._errors:
            raise self._errors[0]

    def stop(self) -> None:
        """End all work that still sleeps or goes to sleep."""
        self._stopped = True

    def sleep(self, seconds: float) -> None:
        """Let others have their turns until so many seconds have passed."""
        turn = self._turn_in(seconds)
        self._give_turn()
        turn.acquire()
        if self._stopped:
            raise Killed

    def _work(self, work: Callable[[], object], begin: Semaphore) -> None:
        begin.acquire()
        try:
            if not self._stopped:
                work()
        except Killed:
            pass
        except BaseException as error:
            self._errors.append(error)
            self._stopped = True
        self._give_turn()

    def _turn_in(self, seconds: float) -> Semaphore:
        turn = Semaphore(0)
        self._number += 1
        heappush(self._turns, (self._clock.now().timestamp() + max(0.0, seconds), self._number, turn))
        return turn

    def _give_turn(self) -> None:
        if not self._turns:
            self._over.release()
            return
        at, _, turn = heappop(self._turns)
        left = at - self._clock.now().timestamp()
        if left > 0 and not self._stopped:
            self._clock.advance(timedelta(seconds=left))
        turn.release()


class TimedEffects(Effects):
    """Effects of several functions at once, each of which takes `seconds` by the first word of its name."""

    def __init__(self, seconds: Mapping[str, float]) -> None:
        self._of_thread = local()
        super().__init__()
        self._seconds = seconds
        self.sleep: Callable[[float], None] = lambda seconds: None

    @property
    def _inside(self) -> bool:
        return getattr(self._of_thread, "inside", False)

    @_inside.setter
    def _inside(self, inside: bool) -> None:
        self._of_thread.inside = inside

    @property
    def _ended(self) -> type[Killed] | None:
        return getattr(self._of_thread, "ended", None)

    @_ended.setter
    def _ended(self, ended: type[Killed] | None) -> None:
        self._of_thread.ended = ended

    def before(self, effect: str) -> None:
        super().before(effect)
        if self._inside:
            self.sleep(self._seconds.get(effect.partition(" ")[0], 0))

    def _pass(self, moment: str) -> None:
        assert not self._orders, f"{moment}: orders count the moments of one function"
