"""The poll: wake the connected companies that are due for a look, as a webhook wakes one (R-1.1).

Those that are due the longest come first, so many a minute, in the order of an index; what is left is the next poll's.
So a poll goes on where the one before stopped, all are late by the same time when there are too many, and exports keep
their part of Pleo's requests, since each wake-up costs one. One that is paused is woken too: dispatch starts nothing
for it, but keeps its grants alive.

A poll that a person asks for takes companies that are not due yet as well, up to what BURST minutes allow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil
from typing import NamedTuple

from pleo_export.batches import in_batches
from pleo_export.errors import JobFailure, TryAgain
from pleo_export.failures.job import OVERLOADED
from pleo_export.observability import logger, measure, measure_seconds
from pleo_export.services.company_queue import BATCH
from pleo_export.services.services import Services
from pleo_export.services.wake_up import WakeUp
from pleo_export.store.looks import Look
from pleo_export.store.polls import LastPoll
from pleo_export.workflow.look_times import next_look
from pleo_export.workflow.missing_looks import add_missing_looks

RESERVE = timedelta(seconds=10)  # of the function's time: for one more batch, and for what is measured
# At most so many minutes' looks at once, however long there was no poll: more would keep webhooks waiting in the queue.
BURST = timedelta(minutes=5)


class Polled(NamedTuple):
    """How many companies were woken, and how many are left to the next polls."""

    woken: int
    left: int


def poll(services: Services, *, due_only: bool = False) -> Polled:
    """Wake companies: only those that are due, as the schedule wants, or others too. Raises TryAgain when the queue has
    not taken all wake-ups; the others are sent all the same, and those that it has not taken stay due."""
    now, last = services.clock(), services.polls.last()
    until = now if due_only else None
    checked = add_missing_looks(last, services)
    allowed = ceil(services.looks_per_minute * _time_allowed(last, now, due_only=due_only) / timedelta(minutes=1))
    looks = services.looks.first(allowed, until)
    wanted = len(looks) if len(looks) < allowed else services.looks.count(until)
    services.polls.put(replace(checked, at=now))
    if looks:
        looks = looks[: services.reserve_looks(len(looks), sum(each.deferred_at is not None for each in looks))]
    woken = refused = 0
    for batch in in_batches(looks, BATCH):
        not_taken = _wake(batch, services)
        woken, refused = woken + len(batch) - not_taken, refused + not_taken
        if services.time_left() < RESERVE:
            break
    left = max(0, wanted - woken)
    logger.info("poll", extra={"companies": woken, "left": left})
    measure("CompaniesWoken", woken)
    if due_only:
        _measure_due(looks, wanted, left, now)
    _write_zeros()
    if refused:
        logger.warning("wake-ups not taken by the queue", extra={"companies": refused})
        raise TryAgain(JobFailure.SERVICE_TIMEOUT, OVERLOADED.told())
    return Polled(woken, left)


def _time_allowed(last: LastPoll, now: datetime, *, due_only: bool) -> timedelta:
    """Return the time whose looks may be made now: since the last poll, or a minute if there was none."""
    if not due_only:
        return BURST
    if last.at is None:
        return timedelta(minutes=1)
    return min(max(now - last.at, timedelta()), BURST)


def _wake(batch: Sequence[Look], services: Services) -> int:
    """Wake the companies of a batch, then store their next looks. Returns how many wake-ups the queue has not taken: if
    any, the whole batch stays due, since a company that is woken twice does no harm and one that is not woken does."""
    now = services.clock()
    wake_ups = {
        f"poll-{now:%Y%m%dT%H%M}-{each.company_id}": WakeUp(company_id=each.company_id, reason=_reason(each))
        for each in batch
    }
    refused = services.wake_ups.send_batch(wake_ups)
    for look in [] if refused else batch:
        interval = min(look.interval, services.longest_look_interval)
        services.looks.move(look, next_look(look.company_id, interval, now))
    return refused


def _reason(look: Look) -> str:
    """Return why a company is woken. Of one that was woken before, a job that is found does not show that its webhooks
    are lost."""
    return "poll" if look.deferred_at is None else "deferred"


def _measure_due(looks: Sequence[Look], due: int, left: int, now: datetime) -> None:
    """Measure how far the poll is behind."""
    late = max((now - each.at for each in looks if each.at is not None), default=timedelta())
    measure("CompaniesDue", due)
    measure("CompaniesLeft", left)
    measure_seconds("OldestOverdueSeconds", late.total_seconds())


def _write_zeros() -> None:
    """Let the metrics of Dispatch have a value while it does not run: an alarm on silence needs one to compare."""
    measure("WakeUpsHandled", 0)
    for trigger in ("poll", "webhook"):
        measure("JobsStarted", 0, trigger=trigger)
