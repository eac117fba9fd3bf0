"""Syncs under faults drawn from a seed reach what they reach without."""

from __future__ import annotations

import pytest

from tests.simulation.sync.simulation import SyncBroken, SyncSimulation

BLOCK, SEEDS, SEEDS_OF_PEOPLE, SEEDS_OF_A_NIGHT = 10, 30, 10, 1_000


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_given_faults_drawn_from_a_seed_then_a_sync_reaches_what_it_reaches_without(first: int) -> None:
    keep_promises(range(first, first + BLOCK))


@pytest.mark.parametrize("first", range(0, SEEDS_OF_PEOPLE, BLOCK))
def test_given_people_who_change_both_sides_meanwhile_then_pleo_has_what_the_ledger_offers_in_the_end(
    first: int,
) -> None:
    keep_promises(range(first, first + BLOCK), people=True)


@pytest.mark.exhaustive
@pytest.mark.parametrize("first", range(SEEDS_OF_PEOPLE, SEEDS_OF_A_NIGHT, BLOCK))
def test_given_a_thousand_seeds_then_a_sync_reaches_what_it_reaches_without(first: int) -> None:
    keep_promises(range(first, first + BLOCK))
    keep_promises(range(first, first + BLOCK), people=True)


def keep_promises(seeds: range, *, people: bool = False) -> None:
    for seed in seeds:
        try:
            SyncSimulation(seed, people=people).run()
        except SyncBroken as broken:
            pytest.fail(f"SyncSimulation({seed}, {people=}): {broken}")
