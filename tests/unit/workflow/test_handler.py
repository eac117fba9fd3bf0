"""What all functions have in common: checked events, named errors, logs that carry the ids."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pleo_export.errors import InvalidEvent
from pleo_export.services.events import ChunkInput, FailJobInput, JobInput, WakeUp
from pleo_export.services.handler import parse_event
from pleo_simulator.sample import NORTHGATE
from tests.system.aws import ROOT
from tests.system.in_process_system import STATES, InProcessSystem

JOB = "b1f0f1c4-6f5c-4d0e-9c57-0d6a6b3f7a10"
RUN = {"companyId": NORTHGATE, "jobId": JOB, "execution": f"{JOB}-1"}


def test_ids_are_taken_in_any_case_and_kept_in_lower() -> None:
    run = parse_event(JobInput, {**RUN, "companyId": "ABCDEFAB-1111-4111-8111-111111111111"})
    assert run.company_id == "abcdefab-1111-4111-8111-111111111111"


def test_the_machine_s_other_results_are_none_of_a_state_s_business() -> None:
    assert parse_event(JobInput, {**RUN, "outcome": "completed", "items": {"chunks": [0]}}).job_id == JOB


def test_a_caught_error_is_read_as_step_functions_writes_it() -> None:
    run = parse_event(FailJobInput, {**RUN, "error": {"Error": "JobRejected", "Cause": "{}"}})
    assert (run.error.error, run.error.cause) == ("JobRejected", "{}")


@pytest.mark.parametrize(
    ("model", "event", "named"),
    [
        (WakeUp, {"companyId": NORTHGATE}, "reason"),
        (WakeUp, {"companyId": "northgate", "reason": "poll"}, "companyId"),
        (JobInput, {"companyId": NORTHGATE, "execution": "x"}, "jobId"),
        (ChunkInput, {**RUN, "deadline": "soon", "chunk": 0}, "deadline"),
        (ChunkInput, {**RUN, "deadline": "2026-11-20T12:50:00Z", "chunk": -1}, "chunk"),
    ],
)
def test_an_event_that_does_not_fit_is_refused_by_its_field(model: Any, event: Any, named: str) -> None:
    with pytest.raises(InvalidEvent, match=rf"the function's event does not fit: {named}: "):
        parse_event(model, event)


@pytest.mark.parametrize("function", sorted(STATES.values()))
@pytest.mark.parametrize("event", [{}, None, {"companyId": NORTHGATE}])
def test_given_a_wrong_event_when_a_state_is_invoked_then_it_says_which_field(
    system: InProcessSystem, function: str, event: Any
) -> None:
    with pytest.raises(InvalidEvent, match="the function's event does not fit"):
        system.handlers[function](event, None)


@pytest.mark.parametrize("state", sorted(STATES.values()))
def test_the_sample_events_of_the_states_fit_them(state: str) -> None:
    path = ROOT / "events" / f"{state}.json"
    assert parse_event(JobInput, json.loads(path.read_text()))
