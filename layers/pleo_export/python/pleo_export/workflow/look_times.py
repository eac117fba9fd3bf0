"""When the poll looks at a company again: the more its webhooks have proved to arrive, the later.

| Evidence                                                   | Interval from then on        |
|------------------------------------------------------------|------------------------------|
| none yet: the company was connected, or connected again    | SHORTEST                     |
| a webhook led to a job that was waiting                    | twice as long, up to longest |
| the poll found a job that was waiting without any webhook  | SHORTEST                     |

Each company has a phase of its own, by its id: the looks of many are spread over the interval. Where anything is open
(a run, or a job that waits), the next look is within SHORTEST, however well webhooks arrive: the poll is also what
finds a run that broke off.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pleo_export.services.turns import BITS, number_of
from pleo_export.store.connected_companies import SHORTEST

# Pleo announces a job within seconds. A younger one that the poll finds may still be announced: no evidence.
ANNOUNCED_WITHIN = timedelta(minutes=2)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def next_look(company_id: str, interval: timedelta, now: datetime) -> datetime:
    """Return the company's first moment after `now`, of those that are an interval apart."""
    phase: timedelta = number_of(company_id) / 2**BITS * interval
    return now + interval - (now - _EPOCH - phase) % interval


def interval_after(reason: str, waited: timedelta, interval: timedelta, longest: timedelta) -> timedelta:
    """Return the interval that follows from how a job was found that was pending: the reason of the wake-up, and how
    long the job had waited by then."""
    if reason == "webhook":
        return max(SHORTEST, min(2 * interval, longest))
    if reason == "poll" and waited >= ANNOUNCED_WITHIN:
        return SHORTEST
    return interval
