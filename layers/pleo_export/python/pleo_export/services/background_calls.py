"""Calls to Pleo that give way to the company's export: while one runs they are few, so that it is not slowed.

Exports of other companies are given way to by the priority in the shared budget (`store/pleo_call_budget.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from pleo_export.call_budget import CallBudget

CALLS_BESIDE_AN_EXPORT = 100  # a minute, of the company whose export runs
LOOK_AGAIN = timedelta(seconds=5)  # whether one runs
PAUSE = timedelta(minutes=1) / CALLS_BESIDE_AN_EXPORT


@dataclass
class BackgroundCalls:
    """A CallBudget that leaves a pause between two calls while `exporting()`, which is asked now and then. `clock`
    gives UTC."""

    budget: CallBudget
    exporting: Callable[[], bool]
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    _is_exporting: bool = False
    _looked_at: datetime | None = None
    _next_call: datetime | None = None
    _lock: Lock = field(default_factory=Lock)

    def take(self, calls: int = 1) -> None:
        """Take calls of the budget, after the pause. Raises as the budget does."""
        with self._lock:
            if self._beside_an_export():
                self._pause(calls)
        self.budget.take(calls)

    def observe(self, remaining: int | None, resets_in: int | None = None) -> None:
        """Tell the budget what an answer says."""
        self.budget.observe(remaining, resets_in)

    def _beside_an_export(self) -> bool:
        now = self.clock()
        if self._looked_at is None or now - self._looked_at >= LOOK_AGAIN:
            self._is_exporting, self._looked_at = self.exporting(), now
        return self._is_exporting

    def _pause(self, calls: int) -> None:
        now = self.clock()
        begin = now if self._next_call is None else max(now, self._next_call)
        if begin > now:
            self.sleep((begin - now).total_seconds())
        self._next_call = begin + PAUSE * calls
