"""The emulated stack itself, on a machine of three states: it must be as strict as AWS where the local AWS is not."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from tests.emulators.moto_stack import Definition, MotoStack

pytestmark = pytest.mark.enable_socket

RETRIES = {"ErrorEquals": ["TryAgain"], "IntervalSeconds": 1, "MaxAttempts": 1}
TOY: Definition = {
    "StartAt": "Fetch",
    "States": {
        "Fetch": {
            "Type": "Task",
            "Resource": "${FetchArn}",
            "ResultPath": "$.fetched",
            "Catch": [{"ErrorEquals": ["NotOurs"], "ResultPath": "$.error", "Next": "Note"}],
            "Next": "Chunks",
        },
        "Chunks": {
            "Type": "Map",
            "ItemsPath": "$.fetched.chunks",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "Record",
                "States": {"Record": {"Type": "Task", "Resource": "${RecordArn}", "Retry": [RETRIES], "End": True}},
            },
            "ResultPath": "$.recorded",
            "Next": "Note",
        },
        "Note": {
            "Type": "Task",
            "Resource": "arn:${Partition}:states:::dynamodb:putItem",
            "Parameters": {"TableName": "${TableName}", "Item": {"pk": {"S.$": "$.jobId"}}},
            "ResultPath": None,
            "End": True,
        },
    },
}
VALUES = {"Partition": "aws", "TableName": "records"}


class TryAgain(Exception):
    pass


class NotOurs(Exception):
    pass


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[MotoStack]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")  # whoever has another AWS in the environment
    monkeypatch.setenv("AWS_PROFILE", "the-developers-own")
    with MotoStack() as stack:
        stack.client("dynamodb").create_table(
            TableName="records",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        )
        yield stack


def fetch(_event: Any, _context: Any) -> Any:
    return {"chunks": [1, 2, 3]}


def record(chunk: Any, _context: Any) -> Any:
    return chunk * 10


def not_ours(_event: Any, _context: Any) -> Any:
    raise NotOurs("another execution holds the lease")


def test_the_machine_s_output_states_and_effects_are_those_of_its_handlers(
    stack: MotoStack,
) -> None:
    run = stack.run(TOY, {"jobId": "j1"}, functions={"FetchArn": fetch, "RecordArn": record}, values=VALUES)

    assert (run.status, run.output["recorded"]) == ("SUCCEEDED", [10, 20, 30])
    assert sorted(run.states) == ["Chunks", "Fetch", "Note", "Record", "Record", "Record"]
    assert "Item" in stack.client("dynamodb").get_item(TableName="records", Key={"pk": {"S": "j1"}})


def test_given_a_handler_that_raises_then_the_machine_catches_it_by_its_name(stack: MotoStack) -> None:
    run = stack.run(TOY, {"jobId": "j1"}, functions={"FetchArn": not_ours, "RecordArn": record}, values=VALUES)

    assert run.states == ["Fetch", "Note"]
    assert run.output["error"]["Error"] == "NotOurs"


def test_given_an_error_that_nobody_catches_then_the_run_fails_by_its_name(stack: MotoStack) -> None:
    run = stack.run(TOY, {"jobId": "j1"}, functions={"FetchArn": fetch, "RecordArn": not_ours}, values=VALUES)

    assert (run.status, run.output, run.error) == ("FAILED", None, "NotOurs")
    assert "another execution holds the lease" in str(run.cause)


def test_given_a_handler_that_fails_once_when_it_is_retried_then_the_history_shows_both_attempts(
    stack: MotoStack,
) -> None:
    seen: list[Any] = []

    def fails_first(chunk: Any, _context: Any) -> Any:
        seen.append(chunk)
        if seen == [1]:
            raise TryAgain("a moment")
        return chunk

    one_at_a_time = deepcopy(TOY)
    one_at_a_time["States"]["Chunks"]["MaxConcurrency"] = 1
    functions = {"FetchArn": fetch, "RecordArn": fails_first}
    run = stack.run(one_at_a_time, {"jobId": "j1"}, functions=functions, values=VALUES)

    assert (run.status, seen) == ("SUCCEEDED", [1, 1, 2, 3])
    assert sum(event["type"] == "LambdaFunctionFailed" for event in run.events) == 1


@pytest.mark.parametrize(("size", "status"), [(255 * 1024, "SUCCEEDED"), (257 * 1024, "FAILED")])
def test_given_a_payload_when_it_exceeds_256_kib_then_the_run_fails(stack: MotoStack, size: int, status: str) -> None:
    def big(_event: Any, _context: Any) -> Any:
        return {"chunks": [], "payload": "x" * size}

    run = stack.run(TOY, {"jobId": "j1"}, functions={"FetchArn": big, "RecordArn": record}, values=VALUES)

    assert run.status == status
    assert run.error == (None if status == "SUCCEEDED" else "States.DataLimitExceeded")


def test_given_a_machine_with_a_timeout_when_it_takes_longer_then_it_is_timed_out(stack: MotoStack) -> None:
    slow: Definition = {
        "TimeoutSeconds": 1,
        "StartAt": "Wait",
        "States": {"Wait": {"Type": "Wait", "Seconds": 5, "End": True}},
    }
    assert stack.run(slow, {}, functions={}).status == "TIMED_OUT"


def test_given_a_substitution_that_nobody_gave_then_it_is_named(stack: MotoStack) -> None:
    with pytest.raises(KeyError, match="RecordArn"):
        stack.run(TOY, {"jobId": "j1"}, functions={"FetchArn": fetch}, values=VALUES)
