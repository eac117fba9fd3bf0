"""A second opinion on the state machine: moto's interpreter, in process, with the handlers as plain callables.

It enforces what the local AWS does not (payloads of at most 256 KiB, the machine's `TimeoutSeconds`) and keeps the
exact history of events. Nothing in moto is patched: in mock mode its Task states honour AWS_ENDPOINT_URL_LAMBDA, so the
calls of Lambda functions come to a small server here. Waits and retry intervals take their real time: shorten them in
the definition, which is a dictionary.

    with MotoStack() as stack:
        stack.client("dynamodb").create_table(TableName="records", ...)
        run = stack.run(
            load_definition(),
            {"jobId": "..."},
            functions={"StartJobFunctionArn": start_job, ...},
            values={"TableName": "records", ...},
        )
        assert run.status == "SUCCEEDED"
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
import traceback
import urllib.parse
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from unittest import mock

import boto3
from moto import mock_aws

REGION = "eu-west-1"
ACCOUNT = "123456789012"  # moto's
EXPORT_JOB = Path(__file__).resolve().parents[2] / "statemachine/export_job.asl.json"

Handler = Callable[[Any, Any], Any]
Definition = dict[str, Any]


def load_definition(path: Path = EXPORT_JOB) -> Definition:
    """Return the state machine as written, its substitutions still in place; a test may alter its own copy."""
    definition: Definition = json.loads(path.read_text())
    return definition


@dataclass(frozen=True)
class Run:
    """A finished execution. `output` is None, and `error` and `cause` say why, unless it SUCCEEDED."""

    status: str
    output: Any
    error: str | None
    cause: str | None
    events: list[dict[str, Any]]

    @property
    def states(self) -> list[str]:
        """Return the names of the states entered, in order: what Step Functions bills as transitions."""
        return [
            event["stateEnteredEventDetails"]["name"] for event in self.events if "stateEnteredEventDetails" in event
        ]


class MotoStack:
    """moto's AWS for the `with` block; while it lasts, every boto3 client in this process belongs to it."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}
        self._machines: dict[str, str] = {}  # their ARNs, by definition: to read one takes moto longer than to run it
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            server = opening.enter_context(_LambdaEndpoint(self._handlers))
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
            thread.start()
            opening.callback(server.shutdown)
            opening.enter_context(mock.patch.dict(os.environ))
            for name in [
                name for name in os.environ if name.startswith("AWS_")
            ]:  # another AWS, local or the user's own
                del os.environ[name]
            os.environ["AWS_ENDPOINT_URL_LAMBDA"] = f"http://127.0.0.1:{server.server_port}"
            os.environ["AWS_DEFAULT_REGION"] = REGION
            opening.enter_context(mock_aws(config={"stepfunctions": {"execute_state_machine": True}}))
            self._resources = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._resources.close()

    def client(self, service: str) -> Any:
        """Return a boto3 client of this AWS."""
        return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]

    def run(
        self,
        definition: Definition,
        event: Mapping[str, Any],
        *,
        functions: Mapping[str, Handler],
        values: Mapping[str, str] | None = None,
        within: float = 60,
    ) -> Run:
        """Run the definition on `event` to its end.

        Each `${Name}` in the definition becomes the ARN of the function of that name in `functions`, or its value in
        `values`. Raises KeyError for a name in neither, TimeoutError if the run takes longer than `within` seconds.
        """
        self._handlers.update(functions)
        arns = {name: f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}" for name in functions}
        known = {**arns, **(values or {})}
        machines = self.client("stepfunctions")
        machine = self._machine(re.sub(r"\$\{(\w+)\}", lambda found: known[found[1]], json.dumps(definition)))
        started = machines.start_execution(stateMachineArn=machine, name=str(uuid.uuid4()), input=json.dumps(event))
        deadline = time.monotonic() + within
        while (seen := machines.describe_execution(executionArn=started["executionArn"]))["status"] == "RUNNING":
            if time.monotonic() > deadline:
                raise TimeoutError(f"the execution still runs after {within:g} s")
            time.sleep(0.01)
        return Run(
            status=seen["status"],
            output=json.loads(seen["output"]) if "output" in seen else None,
            error=seen.get("error"),
            cause=seen.get("cause"),
            events=machines.get_execution_history(executionArn=started["executionArn"])["events"],
        )

    def _machine(self, definition: str) -> str:
        if definition not in self._machines:
            made = self.client("stepfunctions").create_state_machine(
                name=f"machine-{uuid.uuid4()}",
                definition=definition,
                roleArn=f"arn:aws:iam::{ACCOUNT}:role/machine",
            )
            self._machines[definition] = made["stateMachineArn"]
        return self._machines[definition]


class _LambdaEndpoint(ThreadingHTTPServer):
    """Lambda's Invoke: POST /2015-03-31/functions/{ARN}/invocations."""

    daemon_threads = True

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        super().__init__(("127.0.0.1", 0), _Invocation)
        self.handlers = handlers


class _Invocation(BaseHTTPRequestHandler):
    server: _LambdaEndpoint
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one segment

    def do_POST(self) -> None:
        name = urllib.parse.unquote(self.path).split("/")[3].rsplit(":", 1)[-1]
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"null")
        failed = False
        try:
            answer = self.server.handlers[name](event, None)
        except Exception as error:
            failed = True
            trace = traceback.format_tb(error.__traceback__)
            answer = {"errorType": type(error).__name__, "errorMessage": str(error), "stackTrace": trace}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        if failed:
            self.send_header("X-Amz-Function-Error", "Unhandled")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""
