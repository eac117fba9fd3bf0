"""Wherever a function's process or the whole execution ends, once, the job ends right (promises 1 to 3)."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import pytest

from pleo_simulator.sample import NORTHGATE
from tests.system.asl import StateFailed
from tests.system.effects import Killed, Stopped
from tests.system.expenses import purchases, references
from tests.system.in_process_system import Town, town

ITEMS = purchases(2)
# Before and after each effect, from the poll that finds the job to the event that completes it.
MOMENTS = 100


def run(world: Town) -> str:
    """Everything that follows from a click, faults and all, to the end that the schedule brings about."""
    world.connect(NORTHGATE, ITEMS)
    job = world.export(NORTHGATE)
    with suppress(StateFailed):  # of the poll itself: the next one comes
        world.poll()
    world.deliver()
    world.run_executions()
    world.heal()
    return job


def test_the_moments_cover_the_job(world: Town) -> None:
    run(world)
    last = max(number for number, effect in enumerate(world.effects.log, start=1) if effect.startswith("pleo POST"))
    assert MOMENTS - 10 < 2 * last <= MOMENTS


@pytest.mark.parametrize("end", [Killed(), Stopped()], ids=["function", "execution"])
@pytest.mark.parametrize("tens", range(MOMENTS // 10))
def test_given_a_sudden_end_at_any_moment_when_all_is_over_then_everything_is_booked_and_told_once(
    end: BaseException, tens: int
) -> None:
    for moment in range(10 * tens + 1, 10 * tens + 11):
        with town() as world:
            world.effects.on("", end, nth=moment)
            job = run(world)

            books = world.books[NORTHGATE]
            assert Counter(each.reference for each in books.live()) == Counter(references(ITEMS)), moment
            assert world.job(job)["status"] == "completed", moment
            told = {item["externalId"] for item in world.items(job).values()}
            assert told == {each.id for each in books.documents}, moment
            assert world.runtime.leases.get(NORTHGATE) is None, moment
