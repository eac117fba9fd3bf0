"""Who exports on the last day of the month, when, and how much: drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import exp, log
from random import Random
from uuid import UUID

BEGIN = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
FIRST_CLICK = timedelta(hours=1)  # after BEGIN: the poll has settled by then
EXPORTING = 0.4  # of the companies: those that export on this day
HOURS = (8, 22, 14, 8, 6, 10, 12, 12, 8)  # per cent of the clicks, by hour of the working day
MEDIAN, P99 = 40, 1_500  # items of a job, lognormal
LARGEST = 28_000
LARGE_ONES = 20_000  # one job in so many has LARGEST items
LOST = 0.001  # of the webhooks: never delivered
_Z99 = 2.326
_SIGMA = log(P99 / MEDIAN) / _Z99
LEDGERS = {"xero": 0.4, "e-conomic": 0.3, "business-central": 0.3}


@dataclass(frozen=True, slots=True)
class Click:
    """A person clicks Export. `at` is in seconds from BEGIN."""

    at: float
    company_id: str
    job_id: str
    items: int
    ledger: str
    announced: bool = True


def company(number: int) -> str:
    """Return the id of a company; they are spread as hashes are."""
    return str(UUID(int=(number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC834 % 2**128))


def size(random: Random) -> int:
    """Draw the items of a job."""
    return max(1, min(LARGEST, round(exp(log(MEDIAN) + _SIGMA * random.gauss(0, 1)))))


def clicks(companies: int, seed: int) -> list[Click]:
    """Draw the day's exports, in the order of their clicks."""
    random = Random(seed)
    exporting = random.sample(range(companies), round(EXPORTING * companies))
    drawn = []
    for place, number in enumerate(exporting):
        hour = random.choices(range(len(HOURS)), HOURS)[0]
        at = (FIRST_CLICK + timedelta(hours=hour + random.random())).total_seconds()
        items = LARGEST if place % LARGE_ONES == LARGE_ONES // 2 else size(random)
        ledger = random.choices(list(LEDGERS), list(LEDGERS.values()))[0]
        job_id = str(UUID(int=random.getrandbits(128)))
        drawn.append(Click(at, company(number), job_id, items, ledger, random.random() >= LOST))
    return sorted(drawn, key=lambda each: each.at)
