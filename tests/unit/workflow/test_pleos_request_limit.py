"""Pleo's request limit: a 429 names the seconds, and the state machine waits for so long, whatever state met it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from pleo_export.accounting.errors import AuthenticationFailed
from pleo_simulator.fault_queue import Fault
from pleo_simulator.sample import NORTHGATE
from tests.system.asl import DEFINITION
from tests.system.expenses import purchase, purchases
from tests.system.in_process_system import STATES, InProcessSystem
from tests.unit.test_template import variables

USED_UP = timedelta(seconds=60)  # the limit counts a minute
CALLS_PLEO = sorted(name for name in STATES.values() if "PLEO_API_URL" in variables(name))


def uses_up_the_limit_at(state: str, system: InProcessSystem) -> None:
    """Somebody else with the company's key uses up the minute's requests right before that state runs first."""
    credential = system.service.credentials._keys[f"plp_{NORTHGATE}"].id
    handler = system.handlers[state]
    calls: list[Any] = []

    def limited(event: Any, context: Any) -> Any:
        if not calls:
            for _ in range(system.service.limit.per_minute - len(system.service.limit._recent[credential])):
                system.service.limit.spend(credential)
        calls.append(system.clock.now())
        return handler(event, context)

    system.handlers[state] = limited


def comes_to(state: str, system: InProcessSystem) -> None:
    """Let the job reach that state, and need Pleo there."""
    if state == "record_items":
        system.service.faults.order(Fault(effect="status", status=403, path="/files/"))  # the link has expired
    if state == "fail_job":
        system.effects.on("before books check", AuthenticationFailed("The key was revoked."))


@pytest.mark.parametrize("state", CALLS_PLEO)
def test_given_pleo_refuses_for_a_minute_then_the_job_ends_as_usual(system: InProcessSystem, state: str) -> None:
    system.random = lambda: 0.0  # jitter may leave nothing of a pause
    system.connect(NORTHGATE, [purchase("receipt", receipts=("pret-18.45.pdf",)), *purchases(3)])
    job = system.export(NORTHGATE)
    comes_to(state, system)
    system.wake(NORTHGATE)
    uses_up_the_limit_at(state, system)
    begun = system.clock.now()

    ended = system.execute(system.executions.started[0])

    assert ended == "SUCCEEDED"
    assert system.job(job)["status"] == ("failed" if state == "fail_job" else "completed")
    assert system.job(job).get("failureReasonType") == (
        "accounting_system_authentication_failure" if state == "fail_job" else None
    )
    assert system.clock.now() - begun < 2 * USED_UP


def test_given_pleo_asks_for_a_quarter_of_an_hour_when_it_has_passed_then_no_request_came_before(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, purchases(3))
    job = system.export(NORTHGATE)
    system.wake(NORTHGATE)
    system.service.faults.order(Fault(effect="rate_limit", retry_after=900, path="/v3/export-items"))
    begun = system.clock.now()

    system.run_executions()

    assert system.job(job)["status"] == "completed"
    assert system.clock.now() - begun >= timedelta(minutes=15)
    refused = [each["status"] for each in system.service.requests].count(429)
    assert refused == 1


def test_given_pleo_asks_for_longer_than_a_job_lasts_then_the_job_is_failed_with_what_to_do(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, purchases(3))
    job = system.export(NORTHGATE)
    system.wake(NORTHGATE)
    system.service.faults.order(Fault(effect="rate_limit", retry_after=4000, path="/v3/export-items", count=100))

    system.run_executions()

    assert system.job(job)["status"] == "failed"
    assert system.job(job)["failureReasonType"] == "pleo_rate_limit"


def test_exactly_the_states_that_may_call_pleo_wait_for_it() -> None:
    definition = json.loads(DEFINITION.read_text())
    states = definition["States"] | definition["States"]["RecordChunks"]["ItemProcessor"]["States"]
    waiting = {
        STATES[state["Resource"].strip("${}")]
        for state in states.values()
        if any("RetryAfter" in catcher["ErrorEquals"] for catcher in state.get("Catch", []))
    }
    assert sorted(waiting) == CALLS_PLEO
