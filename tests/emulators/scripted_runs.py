"""The same scripted run of the export job on our own interpreter and on moto's, and what each of them did.

A script says what a state's task answers at each of its calls: a value, or an error by its name. When it is used up,
the task gives its usual answer. Nobody waits: moto's two ways to wait note their seconds instead. Both draw the jitter
of their retries from the same seed.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest import mock

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.common.retry import jitter_strategy_decl, retrier_decl
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.utils import boto_client

from tests.emulators.moto_stack import ACCOUNT, REGION, MotoStack, load_definition
from tests.system.asl import Machine, StateFailed

RUN = {"companyId": "company-1", "jobId": "job-1", "execution": "job-1-1"}
FUNCTIONS = ("StartJob", "ValidateJob", "FetchItems", "RecordItems", "UpdateItems", "CompleteJob", "FailJob")
SERVICES = {
    "ReleaseLease": "arn:aws:states:::dynamodb:deleteItem",
    "WakeCompany": "arn:aws:states:::sqs:sendMessage",
}
USUAL: dict[str, Any] = {
    "StartJob": {"numberOfItems": 100, "vendorBasedBookkeeping": False, "deadline": "2026-11-20T12:50:00Z"},
    "FetchItems": {"chunks": [1, 2], "count": 100},
    "RecordItems": {"waitSeconds": 0},
    "CompleteJob": {"outcome": "completed"},
    "FailJob": {"outcome": "failed"},
}
PARTITION = {"Partition": "aws"}
JITTER = 7  # the seed
UNTOUCHED = {name: f"${{{name}}}" for name in ("TableName", "QueueUrl")}  # as our interpreter leaves them


@dataclass(frozen=True)
class ScriptedFault:
    """An error, by the name that Step Functions gives it, and the message of who raised it."""

    name: str
    message: str = "said by the script"


Script = Mapping[str, Sequence[Any]]  # answers and Faults, by state


@dataclass(frozen=True)
class Trace:
    """What an interpreter did. `entered` are the states with their inputs; `done` are the calls of tasks with their
    payloads and, in between, the pauses in seconds."""

    entered: list[tuple[str, Any]]
    done: list[tuple[str, Any]]
    status: str
    error: str | None
    output: Any


def on_our_own(script: Script) -> Trace:
    tasks = _Tasks(script)
    machine = Machine(
        tasks={
            **{f"{state}FunctionArn": tasks.function(state) for state in FUNCTIONS},
            **{resource: tasks.service(state) for state, resource in SERVICES.items()},
        },
        wait=tasks.wait,
        substitutions=PARTITION,
        random=Random(JITTER).random,
    )
    try:
        status, error, output = "SUCCEEDED", None, machine.run(RUN)
    except StateFailed as failure:
        status, error, output = "FAILED", failure.name, None
    return _trace(machine.entered, tasks.done, status, error, output)


def on_moto(script: Script, stack: MotoStack) -> Trace:
    tasks = _Tasks(script)
    arns = {f"{state}FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{state}" for state in FUNCTIONS}
    with _told_to(tasks):
        run = stack.run(load_definition(), RUN, functions={}, values={**PARTITION, **UNTOUCHED, **arns})
    entered = [
        (event["stateEnteredEventDetails"]["name"], json.loads(event["stateEnteredEventDetails"]["input"]))
        for event in run.events
        if "stateEnteredEventDetails" in event
    ]
    return _trace(entered, tasks.done, run.status, run.error, run.output)


class _Tasks:
    """The tasks as the script wants them, and what was done in their order."""

    def __init__(self, script: Script) -> None:
        self._left = {state: list(answers) for state, answers in script.items()}
        self.done: list[tuple[str, Any]] = []

    def wait(self, seconds: float) -> None:
        self.done.append(("pause", seconds))

    def function(self, state: str) -> Callable[[Any], Any]:
        """Script a handler: it fails with an exception, whose class is the error's name."""

        def handler(payload: Any) -> Any:
            try:
                return self._call(state, payload)
            except StateFailed as error:
                raise type(error.name, (Exception,), {})(error.cause) from None

        return handler

    def service(self, state: str) -> Callable[[Any], Any]:
        """Script another service of AWS, which names its errors itself."""
        return lambda parameters: self._call(state, parameters)

    # The same for moto: the boto3 client by which its Task states call out. A client's names are AWS's.

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        try:
            answer, error = self._call(FunctionName.rsplit(":", 1)[1], json.loads(Payload)), {}
        except StateFailed as failure:
            answer, error = {"errorType": failure.name, "errorMessage": failure.cause}, {"FunctionError": "Unhandled"}
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(answer).encode()), **error}

    def delete_item(self, **parameters: Any) -> dict[str, Any]:
        return self._of_aws("ReleaseLease", parameters)

    def send_message(self, *, MessageBody: str, **parameters: Any) -> dict[str, Any]:  # noqa: N803
        return self._of_aws("WakeCompany", {**parameters, "MessageBody": json.loads(MessageBody)})

    def _of_aws(self, state: str, parameters: Any) -> dict[str, Any]:
        try:
            self._call(state, parameters)
        except StateFailed as error:
            said: Any = {"Code": error.name.partition(".")[2], "Message": error.cause}
            raise ClientError({"Error": said, "ResponseMetadata": _METADATA}, state) from None
        return {"ResponseMetadata": _METADATA}

    def _call(self, state: str, payload: Any) -> Any:
        self.done.append((state, payload))
        left = self._left.get(state)
        answer = left.pop(0) if left else USUAL.get(state)
        if isinstance(answer, ScriptedFault):
            raise StateFailed(answer.name, answer.message)
        return answer


_METADATA: Any = {"HTTPStatusCode": 400, "RequestId": "1"}


@contextmanager
def _told_to(tasks: _Tasks) -> Iterator[None]:
    def wait(_function: WaitFunction, env: Any, wait_seconds: float) -> None:
        tasks.wait(wait_seconds)

    random = Random(JITTER).random
    jitter = SimpleNamespace(uniform=lambda _, longest: longest * random())
    with (
        mock.patch.object(boto_client, "boto3", SimpleNamespace(client=lambda **_: tasks)),
        mock.patch.object(retrier_decl, "time", SimpleNamespace(sleep=tasks.wait)),
        mock.patch.object(jitter_strategy_decl, "random", jitter),
        mock.patch.object(WaitFunction, "_wait_interval", wait),
    ):
        yield


def _trace(
    entered: list[tuple[str, Any]], done: list[tuple[str, Any]], status: str, error: str | None, output: Any
) -> Trace:
    return Trace(
        [(state, _readable(data)) for state, data in entered],
        [(what, _readable(data)) for what, data in done],
        status,
        error,
        _readable(output),
    )


def _readable(data: Any) -> Any:
    """Return the data with the causes of its errors as values: a function's is JSON, DynamoDB's ends with the
    request's id."""
    if not isinstance(data, dict):
        return data
    causes = {
        name: each["Cause"].partition(" (Service: ")[0]
        for name, each in data.items()
        if isinstance(each, dict) and "Cause" in each
    }
    return data | {
        name: {**data[name], "Cause": json.loads(cause) if cause.startswith("{") else cause}
        for name, cause in causes.items()
    }
