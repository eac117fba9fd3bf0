"""What a first sync of a large list costs: requests, minutes on Pleo's clock, memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pleo_export.accounting.lists import DimensionValue, LedgerList
from pleo_export.pleo.call_priority import CallPriority
from pleo_export.pleo.list_models import PleoTag, TagGroup
from pleo_export.settings import SyncSettings
from pleo_export.store.call_usage import CallUsage
from pleo_export.store.pleo_call_budget import PLEO, PleoCallBudget
from pleo_export.sync.plan import SyncAction
from tests.system.effects import Effects
from tests.system.synced_company import SyncedCompany

TAGS = LedgerList.TAGS
ANSWER_SECONDS = 0.12  # that Pleo takes for a call
MINUTE = 60
MEGABYTE = 2**20


class TimedCalls(Effects):
    """Lets each call to Pleo take its time."""

    pass_time: Callable[[float], None]

    def before(self, effect: str) -> None:
        super().before(effect)
        if effect.startswith("pleo"):
            self.pass_time(ANSWER_SECONDS)


class UsageInMemory:
    """The table of the call budgets, for one process."""

    def __init__(self) -> None:
        self._stored = SimpleNamespace(usage=CallUsage(), version=0)

    def get(self, _budget: str) -> Any:
        return self._stored

    def put(self, _budget: str, usage: CallUsage, _replacing: Any, _now: float) -> bool:
        self._stored = SimpleNamespace(usage=usage, version=self._stored.version + 1)
        return True


def large_company(tags: int) -> SyncedCompany:
    """Return a company with so many values and nothing at Pleo, that shares Pleo's call budget with others."""
    effects = TimedCalls()
    company = SyncedCompany(SyncSettings(dimensions=("DEPT",)), effects)
    effects.pass_time = company.sleep
    rate = CallPriority.SYNC.rate
    company.budget = PleoCallBudget(
        cast(Any, UsageInMemory()), PLEO, "Pleo", rate, company.clock, company.sleep, company.time_left
    )
    company.pleo.tags.max_active = tags
    company.ledger.page = 1_000
    company.ledger.values["DEPT"] = [DimensionValue(f"C{n:05}", f"Centre {n}", True) for n in range(tags)]
    return company


def cost(tags: int) -> tuple[int, float, int]:
    """Return the requests, the minutes and the runs of a first sync."""
    company = large_company(tags)
    begun = company.clock()
    results = company.sync_until_finished(TAGS)
    minutes = (company.clock() - begun).total_seconds() / MINUTE

    assert sum(each.applied.get(SyncAction.CREATE, 0) for each in results) == tags
    assert all(not each.findings for each in results)
    assert company.sync(TAGS).applied == {}
    requests = sum(each.startswith("pleo") for each in company.effects.log)
    return requests, minutes, len(results)


def test_a_first_sync_takes_a_request_for_each_tag_and_keeps_to_its_share_of_the_rate() -> None:
    requests, minutes, runs = cost(600)

    assert requests <= 600 + 15
    assert 600 / 400 * 0.8 <= minutes <= 600 / 400 * 1.3
    assert runs == 1


@pytest.mark.exhaustive
def test_a_first_sync_of_ten_thousand_tags_takes_less_than_half_an_hour() -> None:
    requests, minutes, runs = cost(10_000)

    assert requests <= 10_000 + 500, f"{requests} requests, {minutes:.1f} minutes, {runs} runs"
    assert minutes < 30
    assert runs <= 4


class ManyTags:
    """A Pleo whose group has so many tags, made as they are read."""

    def __init__(self, tags: int) -> None:
        self._tags = tags
        self._now = datetime(2026, 11, 27, tzinfo=UTC)

    def tag_groups(self, company_id: str) -> list[TagGroup]:
        times = {"created_at": self._now, "updated_at": self._now}
        return [TagGroup(id="g", company_id=company_id, code="DEPT", name="D", archived=False, **times)]

    def tags(self, group_id: str) -> Iterator[list[PleoTag]]:
        for begin in range(0, self._tags, 100):
            yield [self._tag(group_id, number) for number in range(begin, begin + 100)]

    def _tag(self, group_id: str, number: int) -> PleoTag:
        times = {"created_at": self._now, "updated_at": self._now}
        name = f"Centre {number}"
        return PleoTag(id=f"{number:036}", group_id=group_id, code=f"C{number:05}", name=name, archived=False, **times)


@pytest.mark.parametrize(("at_pleo", "steps"), [(50_000, 0), (0, 50_000)], ids=["in step", "all new"])
def test_the_plan_of_fifty_thousand_tags_fits_into_a_small_function(at_pleo: int, steps: int) -> None:
    company = large_company(0)
    company.pleo_lists = lambda _: ManyTags(at_pleo)  # type: ignore[assignment, method-assign, return-value]
    values = lambda _: (DimensionValue(f"C{n:05}", f"Centre {n}", True) for n in range(50_000))  # noqa: E731
    company.ledger.dimension_values = values  # type: ignore[method-assign]
    tracemalloc.start()
    try:
        result = company.sync(TAGS, dry_run=True)
        peak = tracemalloc.get_traced_memory()[1] / MEGABYTE
    finally:
        tracemalloc.stop()

    assert len(result.plans[0].steps) == steps
    assert peak < 120
