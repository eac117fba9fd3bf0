"""How many calls another system takes, and the budget that its client asks before each of them.

A ledger's rate is a constant of the connector's descriptor, and its budget is shared by all that call for one ledger
company, in whatever function or command (`store/call_budgets.py`); a system without a rate has none to keep. Pleo's
budget is one for all companies (`store/pleo_call_budget.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class CallRate:
    """The calls that a ledger company, or Pleo, takes: at most `calls` in any `seconds`, `concurrent` at a time, and
    `per_day` in any 24 hours; None where there is no such limit. `concurrent` is kept by the connector, which knows its
    threads: a company has one writer at a time."""

    calls: int
    seconds: int
    concurrent: int | None = None
    per_day: int | None = None


class CallBudget(Protocol):
    """What is left of the calls that a ledger company, or Pleo, takes. Threads may share it."""

    def take(self, calls: int = 1) -> None:
        """Take so many calls before they are sent. Waits for them if that ends within the time left. Raises RateLimited
        (of Pleo: PleoRateLimited) with the seconds otherwise: then nothing was taken, and nothing may be sent."""

    def observe(self, remaining: int | None, resets_in: int | None = None) -> None:
        """Note what an answer says: `remaining` calls are left (None: none, as a 429 means without a number) for the
        next `resets_in` seconds; None: for the rate's own. A longer time than the rate's is that of a day's limit."""


class _Unlimited:
    """The budget of a system without limits."""

    def take(self, calls: int = 1) -> None:
        """Take any number of calls."""

    def observe(self, remaining: int | None, resets_in: int | None = None) -> None:
        """Note nothing."""


UNLIMITED: CallBudget = _Unlimited()
