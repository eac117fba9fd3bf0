"""How many calls another system takes, and the budget that its client asks before each of them.

A ledger's rate is a constant of the connector's descriptor, and its budget is shared by all that call for one ledger
company, in whatever function or command (`store/call_budgets.py`); a system without a rate has none to keep. Pleo's
budget is one for all companies (`store/pleo_call_budget.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol


class CallRate(NamedTuple):
    """The calls that a ledger company, or Pleo, takes: at most `calls` in any `seconds`, `concurrent` at a time, and
    `per_day` in any 24 hours; None where there is no such limit. `concurrent` is kept by the connector, which knows its
    threads: a company has one writer at a time. `for_batch` is how many calls a batch of documents takes without files
    and lists, for a rate so low that this matters."""

    calls: int
    seconds: int
    concurrent: int | None = None
    per_day: int | None = None
    for_batch: int = 0


class CallBudget(Protocol):
    """What is left of the calls that a ledger company, or Pleo, takes. Threads may share it."""

    def take(self, calls: int = 1) -> None:
        """Take so many calls before they are sent. Waits for them if that ends within the time left. Raises RateLimited
        (of Pleo: PleoRateLimited) with the seconds otherwise: then nothing was taken, and nothing may be sent."""

    def observe(self, remaining: int | None, resets_in: int | None = None) -> None:
        """Note what an answer says: `remaining` calls are left of those that the next `resets_in` seconds take; None:
        the rate's own. `remaining` None, as a 429 says: no call is taken before they are over. A longer time than the
        rate's is that of a day's limit."""


class PlannedCallBudget(CallBudget, Protocol):
    """A budget whose caller knows what it is about to send, and where else it could wait."""

    def hold_for(self, batches: int) -> None:
        """Take what so many batches need at once, at most a window's calls, for the next ones of `take`. Raises as
        `take` does."""

    @contextmanager
    def waiting_at_most(self, seconds: float) -> Iterator[None]:
        """Raise meanwhile rather than wait for longer than that."""


class _Unlimited:
    """The budget of a system without limits."""

    def take(self, calls: int = 1) -> None:
        """Take any number of calls."""

    def observe(self, remaining: int | None, resets_in: int | None = None) -> None:
        """Note nothing."""

    def hold_for(self, batches: int) -> None:
        """Take any number of calls."""

    @contextmanager
    def waiting_at_most(self, seconds: float) -> Iterator[None]:
        """Wait for nothing."""
        yield


UNLIMITED: PlannedCallBudget = _Unlimited()
