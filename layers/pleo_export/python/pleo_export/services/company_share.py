"""A company's share of the calls that Pleo takes: beyond it, an export of many items gives way to the others."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from threading import Lock

from pleo_export.call_budget import CallBudget
from pleo_export.function_time import TimeLeft, enough_time
from pleo_export.pleo.call_priority import WINDOW
from pleo_export.pleo.errors import PleoRateLimited
from pleo_export.store.call_budgets import CALL_SECONDS

SHARE = 50  # calls in a WINDOW, a tenth of the limit: a job of 28,000 items is read with them in eleven minutes
SHARE_OF_LOOKS = 5  # the same for looks; in each environment of dispatch, of which there are ten at most
MOST_KEPT = 1_000  # companies whose looks an environment counts
_WINDOW = timedelta(seconds=WINDOW)


@dataclass
class CompanyShare:
    """A CallBudget of one company. `share` of its calls in any WINDOW are taken of `budget`, those beyond of `spare`,
    which waits for none; where that has none, the company waits until it is within its share again. `clock` gives
    UTC."""

    budget: CallBudget
    spare: CallBudget
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    time_left: TimeLeft
    share: int = SHARE
    _taken: deque[tuple[datetime, int]] = field(default_factory=deque)
    _lock: Lock = field(default_factory=Lock)

    def take(self, calls: int = 1) -> None:
        """Take calls. Raises as the budget does."""
        with self._lock:
            if self._fits(calls) or not self._taken_of_spare(calls):
                self._wait_for_share(calls)
                self.budget.take(calls)
            self._taken.append((self.clock(), calls))

    def observe(self, remaining: int | None, resets_in: int | None = None) -> None:
        """Tell the budget what an answer says."""
        self.budget.observe(remaining, resets_in)

    def _fits(self, calls: int) -> bool:
        """Return whether the calls are within the share now."""
        now = self.clock()
        while self._taken and now - self._taken[0][0] >= _WINDOW:
            self._taken.popleft()
        return sum(number for _, number in self._taken) + calls <= self.share

    def _taken_of_spare(self, calls: int) -> bool:
        try:
            self.spare.take(calls)
        except PleoRateLimited:
            return False
        return True

    def _wait_for_share(self, calls: int) -> None:
        while self._taken and not self._fits(calls):
            seconds = (self._taken[0][0] + _WINDOW - self.clock()).total_seconds()
            if not enough_time(self.time_left, seconds + CALL_SECONDS):
                raise PleoRateLimited("not sent: beyond the company's share of requests", retry_after=ceil(seconds))
            self.sleep(seconds)
