"""Proof that the checker works: each safeguard is taken away in turn, and the simulation must notice (issue 4)."""

from __future__ import annotations

import pytest

from tests.simulation.checker import InvariantViolated
from tests.simulation.mutants import AIMS, MUTANTS
from tests.simulation.simulator import Simulation

SEEDS = 250


@pytest.mark.parametrize("name", MUTANTS)
def test_given_a_safeguard_is_gone_when_companies_export_under_faults_then_a_promise_is_seen_broken(name: str) -> None:
    with MUTANTS[name](), pytest.raises(InvariantViolated):
        for seed in range(SEEDS):
            Simulation(seed, aim=AIMS.get(name)).run()


@pytest.mark.parametrize("aim", sorted(set(AIMS.values())))
def test_given_every_safeguard_when_faults_strike_there_then_no_promise_is_broken(aim: tuple[str, ...]) -> None:
    for seed in range(15):
        Simulation(seed, aim=aim).run()
