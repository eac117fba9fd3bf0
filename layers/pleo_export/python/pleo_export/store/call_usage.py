"""What a ledger company's calls have used of its rate: pure, so that any order of events can be tried.

A bucket of tokens. A block of calls that was taken is counted until one window after the last moment at which it may be
sent; then its tokens come back. So in no window more calls are sent than the rate allows, whoever sends them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import ceil

from pleo_export.call_budget import CallRate

HOUR, DAY = 3_600, 86_400  # seconds
BLOCKS = 12  # of a window: its share of the calls, and of the time in which they may be sent
LARGEST_BLOCK = 50  # calls: a function that needs few must not take many from the others


def block_size(rate: CallRate) -> int:
    """Return how many calls are taken with one write."""
    return max(1, min(rate.calls // BLOCKS, LARGEST_BLOCK))


def block_seconds(rate: CallRate) -> float:
    """Return how long a block may be sent; what is left of it then is lost."""
    return max(1.0, rate.seconds / BLOCKS)


@dataclass(frozen=True, slots=True)
class CallBlock:
    """Calls that were taken with one write; `last` is the moment until which they may be sent."""

    calls: int
    last: float


@dataclass(frozen=True, slots=True)
class CallUsage:
    """The calls that count now: by the Unix second until which they do, in the rate's own window and in the day's.
    `closed_until`: before that second the system takes none, as it said itself."""

    recent: Mapping[int, int] = field(default_factory=dict)
    daily: Mapping[int, int] = field(default_factory=dict)
    closed_until: int = 0

    def free(self, rate: CallRate, now: float) -> int:
        """Return how many calls can be taken now."""
        if now < self.closed_until:
            return 0
        return max(0, min(limit - _counted(used, now) for used, limit in self._windows(rate)))

    def free_at(self, calls: int, rate: CallRate, now: float) -> float:
        """Return when so many calls can be taken: `now`, or a later Unix second."""
        return max(now, self.closed_until, *(_free_at(calls, *each, now) for each in self._windows(rate)))

    def taken(self, block: CallBlock, rate: CallRate, now: float) -> CallUsage:
        """Count a block that may be sent from now on."""
        return self._counted_until(ceil(block.last) + rate.seconds, block.last, block.calls, rate, now)

    def settled(self, block: CallBlock, sent: int, last_sent: float, rate: CallRate, now: float) -> CallUsage:
        """Count of a block only the calls that were `sent`, from the moment when the last of them was. The caller sends
        no more of it."""
        until = ceil(block.last) + rate.seconds
        if self.recent.get(until, 0) < block.calls or until <= now:
            return self
        daily, day_end = self.daily, _day_end(block.last)
        if daily.get(day_end, 0) >= block.calls:
            daily = {**daily, day_end: daily[day_end] - block.calls}
        without = replace(self, recent={**self.recent, until: self.recent[until] - block.calls}, daily=daily)
        last = min(last_sent, block.last)
        return without._counted_until(ceil(last) + rate.seconds, last, sent, rate, now) if sent else without

    def reserved(self, calls: int, rate: CallRate, now: float) -> CallUsage:
        """Count calls that are sent over the time of a window, and reserved again in each: they count until shortly
        before the next ones."""
        last = now + rate.seconds - block_seconds(rate)
        return self._counted_until(ceil(last), last, calls, rate, now)

    def _counted_until(self, until: int, last: float, calls: int, rate: CallRate, now: float) -> CallUsage:
        recent = _counting(self.recent, until, calls, now)
        daily = _counting(self.daily, _day_end(last), calls, now)
        return replace(self, recent=recent, daily=daily if rate.per_day else {})

    def told(self, remaining: int | None, until: float, rate: CallRate, now: float, seen: float) -> CallUsage:
        """Believe an answer, `seen` at that moment, that leaves fewer calls than we counted then: others have sent
        some. The limit that it tells of ends at `until`; with None, no call is taken before."""
        if remaining is None:
            return replace(self, closed_until=max(self.closed_until, ceil(until)))
        of_day = until - now > rate.seconds
        limit = rate.per_day if of_day else rate.calls
        used = self.daily if of_day else self.recent
        unseen = 0 if limit is None else limit - _counted(used, seen) - remaining
        if unseen <= 0:
            return self
        changed = _counting(used, ceil(until), unseen, now)
        return replace(self, daily=changed) if of_day else replace(self, recent=changed)

    def _windows(self, rate: CallRate) -> Iterator[tuple[Mapping[int, int], int]]:
        yield self.recent, rate.calls
        if rate.per_day is not None:
            yield self.daily, rate.per_day


def _day_end(last: float) -> int:
    """Return until when a call of that moment counts in the day's window. In whole hours: 25 numbers, however many
    calls."""
    return (int(last) // HOUR + 1) * HOUR + DAY


def _counted(used: Mapping[int, int], now: float) -> int:
    return sum(calls for until, calls in used.items() if until > now)


def _counting(used: Mapping[int, int], until: int, calls: int, now: float) -> dict[int, int]:
    live = {end: number for end, number in used.items() if end > now and number}
    return {**live, until: live.get(until, 0) + calls}


def _free_at(calls: int, used: Mapping[int, int], limit: int, now: float) -> float:
    missing = _counted(used, now) + calls - limit
    for until, number in sorted(used.items()):
        if missing <= 0:
            break
        if until > now:
            missing, now = missing - number, float(until)
    return now
