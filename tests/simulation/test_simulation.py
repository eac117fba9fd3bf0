"""A few hundred seeds; `make simulate` runs as many as one likes."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.simulation.checker import InvariantViolated
from tests.simulation.simulator import Simulation
from tests.system.ledger_in_process import ready

BLOCK = 25
SEEDS_OF_A_LEDGER, SEEDS_OF_A_NIGHT = 15, 2000


@pytest.mark.parametrize("first", range(0, 200, BLOCK))
def test_given_faults_drawn_from_a_seed_then_every_promise_is_kept(first: int) -> None:
    for seed in range(first, first + BLOCK):
        try:
            Simulation(seed).run()
        except InvariantViolated as broken:
            pytest.fail(f"make simulate SEED={seed}: {broken}")


@pytest.mark.parametrize("seed", [3009, 3890, 4007])
def test_given_a_token_is_refreshed_between_look_and_start_then_the_checker_takes_the_time_of_the_look(
    seed: int,
) -> None:
    """A job that Dispatch saw within two minutes of its click may still be announced, however late it starts."""
    Simulation(seed).run()


@pytest.mark.parametrize("seed", [957, 1274])
def test_given_an_upload_without_an_answer_and_a_call_that_ends_before_its_results_then_the_file_is_there_once(
    seed: int,
) -> None:
    """The next call finds the posting record saved, and must not attach what may still arrive."""
    Simulation(seed).run()


def test_given_a_call_that_was_given_up_and_writes_late_then_its_voucher_number_is_nobody_else_s() -> None:
    Simulation(20376, ledger="e-conomic").run()


def test_given_other_companies_work_after_a_job_then_the_next_one_of_this_company_may_start_later() -> None:
    """Of the functions that run one after the other here, those of others take three minutes."""
    Simulation(37, ledger="e-conomic").run()


@pytest.mark.parametrize("seed", range(10))
def test_given_no_faults_then_every_job_completes_unless_none_of_its_items_can_be_booked(
    seed: int,
) -> None:
    simulation = Simulation(seed, faults=False).run()

    for job in simulation.pleo.all_jobs():
        failed = [item["status"] == "failed" for item in job["items"]]
        assert job["status"] == (
            "failed" if failed and all(failed) else "completed_with_errors" if any(failed) else "completed"
        )
    assert simulation.injected() == {}


def test_given_one_seed_when_it_runs_twice_then_the_same_happens() -> None:
    first: list[str] = []
    second: list[str] = []
    Simulation(5, trace=first.append).run()
    Simulation(5, trace=second.append).run()

    assert first == second
    assert len(first) > 100


def test_given_sixty_seeds_then_no_kind_of_fault_is_missing() -> None:
    missing = {
        "killed", "stopped", "slow", "reply lost", "throttled", "unconnected", "sent twice", "under way", "429", "5xx",
        "unsent", "request lost", "hung up", "502 after", "away", "items refused", "late", "delivered twice",
        "refused", "gateway", "foreign", "Lambda throttled",
        "stale index", "aborted", "stalled", "cancelled", "started elsewhere",
    }  # fmt: skip
    for seed in range(50):
        missing -= set(_injected(seed))
    for seed in range(10):  # an absent ledger is rare where it is not the target
        missing -= set(Simulation(seed, target=("books", "away")).run().injected())

    assert not missing


def test_given_companies_connected_by_oauth_then_tokens_are_replaced_and_what_ends_is_connected_again() -> None:
    replaced, ended = 0, 0
    for seed in range(40):
        simulation = Simulation(seed, target=("after pleo POST /oauth", "reply lost, hung up", "oauth")).run()
        replaced += simulation.sign_in.replaced
        ended += simulation.injected()["grant ended"]

    assert replaced > 100
    assert ended > 2


def _injected(seed: int) -> Counter[str]:
    return Simulation(seed).run().injected()


@pytest.mark.parametrize("ledger", ready())
@pytest.mark.parametrize("first", range(0, SEEDS_OF_A_LEDGER, 5))
def test_given_a_real_connector_and_its_simulator_then_every_promise_is_kept(ledger: str, first: int) -> None:
    keep_promises(ledger, range(first, first + 5))


@pytest.mark.exhaustive
@pytest.mark.parametrize("ledger", ready())
@pytest.mark.parametrize("first", range(SEEDS_OF_A_LEDGER, SEEDS_OF_A_NIGHT, BLOCK))
def test_given_two_thousand_seeds_for_each_connector_then_every_promise_is_kept(ledger: str, first: int) -> None:
    keep_promises(ledger, range(first, min(first + BLOCK, SEEDS_OF_A_NIGHT)))


def keep_promises(ledger: str, seeds: range) -> None:
    for seed in seeds:
        try:
            Simulation(seed, ledger=ledger).run()
        except InvariantViolated as broken:
            pytest.fail(f"make simulate LEDGER={ledger} SEED={seed}: {broken}")


@pytest.mark.parametrize("ledger", ready())
def test_given_a_real_connector_and_no_faults_then_what_can_be_booked_is(ledger: str) -> None:
    runs = [Simulation(seed, faults=False, ledger=ledger).run() for seed in range(6)]

    statuses = [item["status"] for run in runs for job in run.pleo.all_jobs() for item in job["items"]]
    assert [run.injected() for run in runs] == [{}] * len(runs)
    assert statuses.count("successful") > len(statuses) / 3
