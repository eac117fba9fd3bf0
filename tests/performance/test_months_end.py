"""Month's end in the simulation: what a hundred companies wait for, and that a storm at one company delays no other.

All seconds are those of the simulated clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from random import Random
from uuid import UUID

import pytest

from pleo_export.observability import logger
from tests.performance.months_end import work
from tests.performance.months_end.day import Day
from tests.performance.months_end.demand import Click, clicks, company
from tests.performance.months_end.figures import Scenario, simulate
from tests.system.expenses import purchases
from tests.system.in_process_system import in_process_system

SMALL_JOBS, LARGE, BEGIN = 200, 28_000, 3_600.0
MINUTE = 60.0
LARGE_COMPANY, STORMED = 0, SMALL_JOBS + 1
DELIVERIES, PER_SECOND = 3_000, 10.0


@pytest.fixture(autouse=True)
def log_level() -> Iterator[None]:
    """A simulated day logs nothing; what comes after it does."""
    before = logger.log_level
    yield
    logger.setLevel(before)


def test_given_a_hundred_companies_then_all_exports_end_and_the_day_is_the_same_again() -> None:
    first = simulate(Scenario(100, 1_000))

    assert (first.expired, first.cut_short, first.dead_letters, first.throttled) == (0, 0, 0, 0)
    assert first.first[2] < MINUTE
    assert first.pleo[1] <= 500
    assert simulate(Scenario(100, 1_000)) == first


def small_jobs(within: float) -> list[Click]:
    random = Random(3)
    return [
        Click(BEGIN + random.random() * within, company(each), str(UUID(int=each + 1_000)), 20, "e-conomic")
        for each in range(1, SMALL_JOBS + 1)
    ]


def first_entries(within: float, *, storm: bool) -> dict[str, float]:
    """Seconds from the click to the first entry of each small job."""
    small = small_jobs(within)
    large = [Click(BEGIN - 10, company(LARGE_COMPANY), str(UUID(int=5)), LARGE, "e-conomic")] if storm else []
    day = Day(SMALL_JOBS + 2, sorted([*large, *small], key=lambda each: each.at), seed=1)
    for number in range(DELIVERIES if storm else 0):
        for stormed in (LARGE_COMPANY, STORMED):  # one whose export runs, and one without any
            delivery = partial(day.announce, company(stormed), f"{stormed}-{number}")
            day.timeline.at(BEGIN - 5 + number / PER_SECOND, delivery)
    day.run()
    assert {job.status for job in day.jobs.values()} == {"completed"}
    assert day.queue.dead_letters == 0
    return {
        job.click.company_id: job.first_entry - job.click.at
        for job in day.jobs.values()
        if job.click.items != LARGE and job.first_entry is not None
    }


def test_given_a_large_job_and_a_storm_of_webhooks_then_no_other_company_waits_a_minute_longer() -> None:
    calm, stormy = (first_entries(600, storm=storm) for storm in (False, True))

    assert len(calm) == len(stormy) == SMALL_JOBS
    assert max(stormy[each] - calm[each] for each in calm) < MINUTE


def test_the_model_sends_pleo_what_the_real_functions_send_in_as_many_states() -> None:
    """The same job in the whole system in one process, counted at Pleo's door. One request may differ."""
    for items in (1, 60, 120):
        with in_process_system() as system:
            id_ = company(1)
            system.connect(id_, purchases(items))
            system.export(id_)
            system.run(id_)
            real = Counter(each.split()[0] for each in system.effects.log)["pleo"]
            transitions = system.transitions
        day = Day(1, [])
        day.timeline.run(30)
        day.pleo_calls.clear()
        day._click(Click(30.0, company(0), str(UUID(int=9)), items, "e-conomic"))
        day.timeline.run(250)

        looks = day.outcomes["no_job"] + day.outcomes["started"]
        assert sum(day.pleo_calls.values()) == pytest.approx(real, abs=1), (items, looks)
        assert day.transitions == transitions
        assert work.pages(items) == 2 * -(-items // 100)


def test_the_clicks_of_a_day_are_drawn_from_the_stated_distribution() -> None:
    drawn = sorted(each.items for each in clicks(50_000, 1))

    assert drawn[len(drawn) // 2] == pytest.approx(40, rel=0.05)
    assert drawn[len(drawn) * 99 // 100] == pytest.approx(1_500, rel=0.15)
    assert drawn[-1] == LARGE
