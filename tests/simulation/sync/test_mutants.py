"""Proof that the simulation of syncs works: each safeguard is taken away in turn, and it must notice."""

from __future__ import annotations

import pytest

from tests.simulation.sync.mutants import MUTANTS
from tests.simulation.sync.simulation import SyncBroken, SyncSimulation

SEEDS = 60
# Of the mutants that show late: the seed that shows them. The search begins there, and goes on where it no longer does.
FIRST = {"archive_first": 16, "archive_whatever_is_unknown": 23, "creates_are_sent_twice": 45}


@pytest.mark.parametrize("name", MUTANTS)
def test_given_a_safeguard_is_removed_then_the_simulation_notices(name: str) -> None:
    with MUTANTS[name](), pytest.raises(SyncBroken):
        for seed in range(first := FIRST.get(name, 0), first + SEEDS):
            SyncSimulation(seed).run()
