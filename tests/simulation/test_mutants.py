"""Proof that the checker works: each safeguard is taken away in turn, and the simulation must notice (issue 4)."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import MUTANTS, TARGETS
from tests.simulation.noticing import noticed_by
from tests.simulation.simulator import Simulation


@pytest.mark.parametrize("name", MUTANTS)
def test_given_a_safeguard_is_removed_then_the_checker_finds_a_violation(name: str) -> None:
    assert noticed_by(name) is not None


@pytest.mark.parametrize("target", sorted(set(TARGETS.values())))
def test_given_every_safeguard_when_its_target_is_faulted_then_no_promise_is_broken(target: tuple[str, ...]) -> None:
    for seed in range(15):
        Simulation(seed, target=target).run()
