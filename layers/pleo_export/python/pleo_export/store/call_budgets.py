"""Call budgets, shared by all functions, environments and commands: of each ledger company, and the one of Pleo
(`pleo_call_budget.py`). Each is one item of the table.

A function takes a block of calls with one conditional write (version by version, so that no two take the same), and
sends them without a further one. Per call that is 1/5 of a write for a rate of 60 a minute, 1/50 for 6,000 in five
minutes; a system without a rate has no budget, no item and no write. Who knows how many calls follow holds them all
with one write. What a function has not sent of a ledger's block it gives back with its next one; a function that is
killed loses its block, no more. Answers are believed at the next block; that nothing is left, at once, for the others'
sake.

The budget is a courtesy to the other system, which counts for itself: where our table does not answer, calls go
out uncounted rather than not at all.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import ceil, inf
from threading import Lock
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr
from botocore.exceptions import BotoCoreError, ClientError

from pleo_export.accounting.errors import RateLimited
from pleo_export.call_budget import CallRate
from pleo_export.failures.connection import LEDGER_CALLS_USED_UP, LEDGER_DAY_USED_UP
from pleo_export.function_time import TimeLeft, enough_time
from pleo_export.observability import logger
from pleo_export.store.call_usage import DAY, CallBlock, CallUsage, block_seconds, block_size
from pleo_export.store.table import budget_key, conditional_write

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

TRIES = 100  # to take a block: each failed one is another's success
RETRY_SECONDS = 0.05
CALL_SECONDS = 33  # that the call itself may take, as in accounting/http.py
ON_ITS_WAY = 1  # seconds that a call may take to be counted by the other system


@dataclass(frozen=True, slots=True)
class _Stored:
    usage: CallUsage
    version: int


class CallBudgets:
    """The items of all budgets, by their ids: a ledger's, or Pleo's."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, budget_id: str) -> _Stored:
        """Return what the budget's calls have used."""
        record: Mapping[str, Any] = self._table.get_item(Key=budget_key(budget_id), ConsistentRead=True).get("Item", {})
        usage = CallUsage(
            recent=_numbers(record.get("recent", {})),
            daily=_numbers(record.get("daily", {})),
            closed_until=int(record.get("closed_until", 0)),
        )
        return _Stored(usage, int(record.get("version", 0)))

    def put(self, budget_id: str, usage: CallUsage, replacing: _Stored, now: float) -> bool:
        """Store what the calls have used, and return whether nobody else has since `replacing` was read."""
        unchanged = Attr("version").eq(replacing.version) if replacing.version else Attr("pk").not_exists()
        return conditional_write(
            self._table.put_item,
            Item={
                **budget_key(budget_id),
                "recent": {str(until): calls for until, calls in usage.recent.items()},
                "daily": {str(until): calls for until, calls in usage.daily.items()},
                "closed_until": usage.closed_until,
                "version": replacing.version + 1,
                "expires_at": int(max(now, usage.closed_until)) + 2 * DAY,
            },
            ConditionExpression=unchanged,
        )


def _numbers(stored: Mapping[str, Any]) -> dict[int, int]:
    return {int(until): int(calls) for until, calls in stored.items()}


@dataclass
class StoredCallBudget:
    """A CallBudget that all share. `system` is its name in messages; `clock` gives UTC."""

    budgets: CallBudgets
    budget_id: str
    system: str
    rate: CallRate
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    time_left: TimeLeft
    jitter: Callable[[], float] = random.random
    _left: int = 0
    _until: float = 0.0
    # Of the day? Calls remaining (None: none, until then), until when, and when that was said.
    _answers: dict[bool, tuple[int | None, float, float]] = field(default_factory=dict)
    _longest_wait: float = inf
    _block_held: CallBlock | None = None
    _last_sent: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def take(self, calls: int = 1) -> None:
        """Take calls of the block that is held, or of a new one. Raises RateLimited, and ValueError for more than a
        window has."""
        if calls > self.rate.calls:
            raise ValueError(f"{self.system} never takes {calls} calls at once")
        with self._lock:
            self._hold(calls, block_seconds(self.rate))
            self._left -= calls
            self._last_sent = self._now()

    def hold_for(self, batches: int) -> None:
        """Take what so many batches need with one write, at most a window's calls. Raises RateLimited."""
        calls = min(batches * self.rate.for_batch, self.rate.calls)
        if calls:
            with self._lock:
                self._hold(calls, max(block_seconds(self.rate), ceil(self.rate.seconds * calls / self.rate.calls)))

    @contextmanager
    def waiting_at_most(self, seconds: float) -> Iterator[None]:
        """Refuse meanwhile what would have to be waited for longer than that."""
        before, self._longest_wait = self._longest_wait, seconds
        try:
            yield
        finally:
            self._longest_wait = before

    def observe(self, remaining: int | None, resets_in: int | None = None) -> None:
        """Believe the answer: at once if nothing is left, else with the next block."""
        if remaining is None and resets_in is None:
            return
        seconds = self.rate.seconds if resets_in is None else resets_in
        with self._lock:
            now = self._now()
            self._answers[seconds > self.rate.seconds] = remaining, now + seconds, now
            self._left = min(self._left, remaining or 0)
            if not remaining:
                self._close()

    def _hold(self, calls: int, seconds: float) -> None:
        """Make sure that so many calls are held; a new block may be sent for so many seconds."""
        if self._left >= calls and self._now() < self._until:
            return
        try:
            self._left = self._leased(calls, seconds)
        except (ClientError, BotoCoreError) as error:
            logger.warning("call budget not available", extra={"error": type(error).__name__})
            self._left, self._block_held = max(calls, self._block()), None
            self._until = self._now() + seconds

    def _leased(self, calls: int, seconds: float) -> int:
        """Return the size of a new block, once it is written."""
        wanted = max(calls, self._block())
        for _ in range(TRIES):
            stored = self.budgets.get(self.budget_id)
            now = self._now()
            usage = self._settled(told(stored.usage, self._answers.values(), self.rate, now), now)
            if usage.free(self.rate, now) < calls:
                self._wait(usage.free_at(calls, self.rate, now) - now)
                continue
            block = CallBlock(min(wanted, usage.free(self.rate, now)), now + seconds)
            if self.budgets.put(self.budget_id, usage.taken(block, self.rate, now), stored, now):
                self._answers.clear()
                self._until, self._block_held, self._left = block.last, block, block.calls
                if self._now() < self._until:  # else the write took longer than the block may be sent
                    return block.calls
            self.sleep(RETRY_SECONDS * self.jitter())
        raise self._refusal(1, of_day=False)

    def _settled(self, usage: CallUsage, now: float) -> CallUsage:
        """Give back what was not sent of the block that is held."""
        return usage

    def _block(self) -> int:
        """Return how many calls are to be taken with one write."""
        return block_size(self.rate)

    def _close(self) -> None:
        """Tell the others that nothing is left. Where that cannot be written, each learns it from its own answer."""
        try:
            for _ in range(TRIES):
                stored, now = self.budgets.get(self.budget_id), self._now()
                usage = told(stored.usage, self._answers.values(), self.rate, now)
                if usage == stored.usage or self.budgets.put(self.budget_id, usage, stored, now):
                    self._answers.clear()
                    return
        except (ClientError, BotoCoreError) as error:
            logger.warning("call budget not available", extra={"error": type(error).__name__})

    def _wait(self, seconds: float) -> None:
        """Wait for calls to come back. Raises the refusal for a day's limit, or without the time for it."""
        of_day = seconds > 2 * self.rate.seconds + 1
        if of_day or seconds > self._longest_wait or not enough_time(self.time_left, seconds + CALL_SECONDS):
            raise self._refusal(ceil(seconds), of_day=of_day)
        logger.info("waiting for the call budget", extra={"system": self.system, "seconds": round(seconds, 1)})
        self.sleep(seconds)

    def _refusal(self, seconds: int, *, of_day: bool) -> Exception:
        """Return the error for calls that would have to wait so long. `of_day`: for longer than a window."""
        raise NotImplementedError

    def _now(self) -> float:
        return self.clock().timestamp()


def told(usage: CallUsage, answers: Iterable[tuple[int | None, float, float]], rate: CallRate, now: float) -> CallUsage:
    """Believe the answers that still count."""
    for remaining, until, seen in answers:
        usage = usage.told(remaining, until, rate, now, seen) if until > now else usage
    return usage


class LedgerCallBudget(StoredCallBudget):
    """The port's CallBudget for one ledger company; `budget_id` is the ledger's id."""

    def _settled(self, usage: CallUsage, now: float) -> CallUsage:
        """A ledger takes few calls: what was not sent is given back. (Pleo's blocks are as small as what is sent.)"""
        if self._block_held is None:
            return usage
        sent = self._block_held.calls - self._left
        return usage.settled(self._block_held, sent, self._last_sent + ON_ITS_WAY, self.rate, now)

    def _refusal(self, seconds: int, *, of_day: bool) -> RateLimited:
        if of_day:
            end = datetime.fromtimestamp(self._now() + seconds, UTC)
            told = LEDGER_DAY_USED_UP.told(ledger=self.system, until=f"{end:%H:%M} UTC on {end:%Y-%m-%d}")
        else:
            told = LEDGER_CALLS_USED_UP.told(ledger=self.system)
        return RateLimited(told, retry_after=seconds)
