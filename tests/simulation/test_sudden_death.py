"""A function or an execution that ends suddenly, at any moment: the job still ends correctly (promises 1 to 3)."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import pytest

from pleo_simulator.sample import NORTHGATE
from tests.system.asl import StateFailed
from tests.system.effects import Killed, Stopped
from tests.system.expenses import purchases, references
from tests.system.in_process_system import InProcessSystem, in_process_system

ITEMS = purchases(2)
# Before and after each effect, from the poll that finds the job to the event that completes it.
MOMENTS = 140


def run(system: InProcessSystem) -> str:
    """Everything that follows from a click, faults and all, to the end that the schedule brings about."""
    system.connect(NORTHGATE, ITEMS)
    job = system.export(NORTHGATE)
    with suppress(StateFailed):  # of the poll itself: the next one comes
        system.poll()
    system.deliver()
    system.run_executions()
    system.heal()
    return job


def test_the_moments_cover_the_job(system: InProcessSystem) -> None:
    run(system)
    last = max(number for number, effect in enumerate(system.effects.log, start=1) if effect.startswith("pleo POST"))
    assert MOMENTS - 10 < 2 * last <= MOMENTS


@pytest.mark.parametrize("end", [Killed(), Stopped()], ids=["function", "execution"])
@pytest.mark.parametrize("tens", range(MOMENTS // 10))
def test_given_a_sudden_end_at_any_moment_then_everything_is_booked_and_reported_once(
    end: BaseException, tens: int
) -> None:
    for moment in range(10 * tens + 1, 10 * tens + 11):
        with in_process_system() as system:
            system.effects.on("", end, nth=moment)
            job = run(system)

            books = system.books[NORTHGATE]
            assert Counter(each.reference for each in books.live()) == Counter(references(ITEMS)), moment
            assert system.job(job)["status"] == "completed", moment
            told = {item["externalId"] for item in system.items(job).values()}
            assert told == {each.id for each in books.documents}, moment
            assert system.services.leases.get(NORTHGATE) is None, moment
