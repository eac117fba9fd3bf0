"""What all functions have in common: checked events, named errors, logs that carry the ids."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest

from pleo_export.errors import InvalidEvent, Misconfigured, PleoExportError
from pleo_export.services.events import ChunkInput, FailJobInput, JobInput, parse_event
from pleo_export.services.messages import WakeUpEvent
from pleo_export.services.services import Services
from pleo_simulator.sample import NORTHGATE
from tests.system.aws import ROOT
from tests.system.in_process_system import STATES, InProcessSystem
from tests.system.lambda_context import InvocationContext
from tests.system.log import logged

JOB = "b1f0f1c4-6f5c-4d0e-9c57-0d6a6b3f7a10"
RUN = {"companyId": NORTHGATE, "jobId": JOB, "execution": f"{JOB}-1"}


def test_ids_are_taken_in_any_case_and_kept_in_lower() -> None:
    run = parse_event(JobInput, {**RUN, "companyId": "ABCDEFAB-1111-4111-8111-111111111111"})
    assert run.company_id == "abcdefab-1111-4111-8111-111111111111"


def test_a_state_ignores_the_other_results_in_its_event() -> None:
    assert parse_event(JobInput, {**RUN, "outcome": "completed", "items": {"chunks": [0]}}).job_id == JOB


def test_a_caught_error_is_read_as_step_functions_writes_it() -> None:
    run = parse_event(FailJobInput, {**RUN, "error": {"Error": "JobRejected", "Cause": "{}"}})
    assert (run.error.error, run.error.cause) == ("JobRejected", "{}")


@pytest.mark.parametrize(
    ("model", "event", "named"),
    [
        (WakeUpEvent, {"companyId": NORTHGATE}, "reason"),
        (WakeUpEvent, {"companyId": "northgate", "reason": "poll"}, "companyId"),
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


def test_given_a_variable_that_the_function_does_not_have_then_the_operator_is_told_which(
    system: InProcessSystem,
) -> None:
    system.install("dispatch", Services({}))
    message = {"Records": [{"body": json.dumps({"companyId": NORTHGATE, "reason": "poll"})}]}
    with pytest.raises(Misconfigured, match="TABLE_NAME is not set"):
        system.handlers["dispatch"](message, None)


def test_given_two_messages_at_once_then_none_is_worked_on(system: InProcessSystem) -> None:
    message = {"body": json.dumps({"companyId": NORTHGATE, "reason": "poll"})}
    with pytest.raises(InvalidEvent, match="Records"):
        system.handlers["dispatch"]({"Records": [message, message]}, None)


@pytest.mark.parametrize(
    ("function", "event", "correlation_id"),
    [
        ("webhook", {"requestContext": {"requestId": "JKJaXmPLvHcESHA="}}, "JKJaXmPLvHcESHA="),
        ("webhook", {}, "the-call"),
        ("poll", {}, "the-call"),
        ("dispatch", {"Records": [{"body": json.dumps({"companyId": NORTHGATE, "reason": "x"})}]}, NORTHGATE),
        ("start_job", RUN, JOB),
        ("start_job", {}, "the-call"),
        ("refresh_tokens", {"companyId": NORTHGATE, "which": "pleo", "seen": "x"}, NORTHGATE),
    ],
)
def test_each_line_says_which_call_of_which_function_wrote_it_and_what_it_belongs_to(
    system: InProcessSystem, function: str, event: Any, correlation_id: str
) -> None:
    context = InvocationContext(function_name=function, aws_request_id="the-call")
    with logged() as lines, suppress(PleoExportError):
        system.handlers[function](event, context)
    said = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert said
    assert {line["correlation_id"] for line in said} == {correlation_id}
    assert {(line["function_name"], line["function_request_id"]) for line in said} == {(function, "the-call")}


def test_given_one_call_after_another_then_its_lines_carry_nothing_of_the_first(system: InProcessSystem) -> None:
    system.wake(NORTHGATE)
    with logged() as lines:
        system.poll()
    assert [line for line in map(json.loads, lines.getvalue().splitlines()) if "company_id" in line] == []


def test_given_that_events_are_to_be_logged_when_a_function_is_called_then_they_are_not(
    system: InProcessSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_LOGGER_LOG_EVENT", "true")
    system.install("webhook", system.services)
    with logged() as lines:
        system.handlers["webhook"]({"headers": {"authorization": "Bearer secret-of-a-subscription"}}, None)
    assert "secret-of-a-subscription" not in lines.getvalue()


@pytest.mark.parametrize("error", [InvalidEvent, Misconfigured])
def test_what_only_a_person_can_correct_is_not_retried(error: type[Exception]) -> None:
    definition = (ROOT / "statemachine" / "export_job.asl.json").read_text()
    assert error.__name__ not in definition  # so that States.ALL catches it, and FailJob is next
