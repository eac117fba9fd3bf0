"""Syncs under faults drawn from a seed reach what they reach without."""

from __future__ import annotations

import pytest

from tests.simulation.sync.simulation import SyncBroken, SyncSimulation

BLOCK, SEEDS, SEEDS_OF_A_NIGHT = 10, 40, 1_000


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_given_faults_drawn_from_a_seed_then_a_sync_reaches_what_it_reaches_without(first: int) -> None:
    keep_promises(range(first, first + BLOCK))


@pytest.mark.exhaustive
@pytest.mark.parametrize("first", range(SEEDS, SEEDS_OF_A_NIGHT, BLOCK))
def test_given_a_thousand_seeds_then_a_sync_reaches_what_it_reaches_without(first: int) -> None:
    keep_promises(range(first, first + BLOCK))


def keep_promises(seeds: range) -> None:
    for seed in seeds:
        try:
            SyncSimulation(seed).run()
        except SyncBroken as broken:
            pytest.fail(f"SyncSimulation({seed}): {broken}")
