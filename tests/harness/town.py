"""All of it in one process, without a socket or a pause: Pleo, our functions on moto, and the books.

Tests act on the outer worlds (a bookkeeper clicks Export, Pleo calls the webhook) and look only at them in the end
(what Pleo holds, what the books hold). Time is the Pleo simulator's clock, which everything shares.
"""

from __future__ import annotations

import importlib.util
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import boto3
import requests
from moto import mock_aws

from local.pleo.clock import Clock
from local.pleo.server import build_app
from local.pleo.service import PleoService, build_service
from local.pleo.world import Company
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.credentials import ApiKey
from pleo_export.settings import parse_settings
from pleo_export.state.connections import Connection
from pleo_export.workflow.events import JobRun
from pleo_export.workflow.runtime import Runtime
from tests.harness.asl import Machine, StateFailed
from tests.harness.aws import REGION, ROOT, create_bucket, create_queue, create_table
from tests.harness.books import Books
from tests.harness.pleo import URL, InProcess

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ACCOUNTS = {
    "wallets": {"GBP": "1900", "EUR": "1901"},
    "out_of_pocket": "2250",
    "clearing": "1950",
    "external_reimbursement": "2251",
    "payables": "2100",
    "input_tax": "2200",
}


def settings(company_id: str, **changes: Any) -> dict[str, Any]:
    """Settings as a person would write them."""
    return {
        "company_id": company_id,
        "accounting_system": {"name": "tryton", "url": "https://books.test", "database": "books"},
        "accounts": ACCOUNTS,
        "posting": "posted",
        "dimensions": {"cost_centre": "cost_centre", "project": "project"},
        **changes,
    }


STATES = {
    "StartJobFunctionArn": "start_job",
    "ValidateJobFunctionArn": "validate_job",
    "FetchItemsFunctionArn": "fetch_items",
    "RecordItemsFunctionArn": "record_items",
    "UpdateItemsFunctionArn": "update_items",
    "CompleteJobFunctionArn": "complete_job",
    "FailJobFunctionArn": "fail_job",
}
FUNCTIONS = ("webhook", "poll", "dispatch", *STATES.values())


class Executions:
    """The executions of the town: started ones wait until the test runs them."""

    def __init__(self) -> None:
        self.started: list[JobRun] = []
        self.over: dict[str, str] = {}

    def start(self, run: JobRun) -> None:
        if run not in self.started:
            self.started.append(run)

    def running(self, name: str) -> bool | None:
        if name not in (run.execution for run in self.started):
            return None
        return name not in self.over


class TownRuntime(Runtime):
    """The functions' runtime, with the outer worlds put in the place of the network's."""

    def __init__(self, town: Town, environment: dict[str, str]) -> None:
        super().__init__(environment, town.clock.now)
        self._town = town

    executions: Any = None

    def pleo(self, connection: Connection) -> PleoClient:
        session = requests.Session()
        session.mount(URL, self._town.wire)
        credential = ApiKey(f"plp_{connection.company_id}")
        return PleoClient(URL, credential, session=session, sleep=self._town.pause)

    def accounting_system(self, connection: Connection) -> Books:
        return self._town.books[connection.company_id]


@dataclass
class Town:
    clock: Clock
    service: PleoService
    wire: InProcess
    books: dict[str, Books] = field(default_factory=dict)
    pauses: list[float] = field(default_factory=list)
    transitions: int = 0

    def open(self) -> None:
        environment = {
            "TABLE_NAME": create_table(),
            "BUCKET_NAME": create_bucket(),
            "QUEUE_URL": create_queue(),
            "SETTLE_SECONDS": "180",
            "CHUNK_SIZE": "50",
        }
        self.queue_url = environment["QUEUE_URL"]
        self.runtime = TownRuntime(self, environment)
        self.runtime.executions = Executions()
        with (
            mock.patch("pleo_export.workflow.runtime.Runtime", lambda: self.runtime),
            mock.patch("pleo_export.workflow.entry.Runtime", lambda: self.runtime),
        ):
            self.handlers = {name: _load(name) for name in FUNCTIONS}

    def pause(self, seconds: float) -> None:
        """Whoever waits, waits on the town's clock."""
        self.pauses.append(seconds)
        self.clock.advance(timedelta(seconds=seconds))

    # What people do

    def connect(self, company_id: str, expenses: Sequence[dict[str, Any]] = (), **changes: Any) -> Books:
        """A company at Pleo, its books, and the connection between them."""
        self.service.world.put_company(Company(company_id, "Company"))
        self.service.world.put_expenses(company_id, list(expenses))
        self.service.credentials.add_key(f"plp_{company_id}", company_id)
        self.books[company_id] = Books()
        secret = boto3.client("secretsmanager").create_secret(
            Name=f"town/connections/{company_id}",
            SecretString=json.dumps(
                {"pleo": {"api_key": "k"}, "webhook_secrets": [WEBHOOK_SECRET], "accounting_system": {"token": "t"}}
            ),
        )
        self.runtime.connections.put(
            Connection(company_id, parse_settings(settings(company_id, **changes)), secret["ARN"])
        )
        return self.books[company_id]

    def export(self, company_id: str, entry_ids: Sequence[str] | None = None, **options: Any) -> str:
        """A bookkeeper clicks Export. Returns the job's id."""
        return str(self.service.world.click_export(company_id, entry_ids, **options)["id"])

    # What the cloud does

    def poll(self) -> None:
        self.handlers["poll"]({}, None)

    def wake(self, company_id: str) -> str:
        """A wake-up reaches dispatch; its outcome."""
        body = json.dumps({"companyId": company_id, "reason": "test"})
        return str(self.handlers["dispatch"]({"Records": [{"body": body}]}, None)["outcome"])

    def deliver(self) -> list[str]:
        """Hand every queued wake-up to dispatch, as the event source mapping does; the outcomes."""
        sqs, outcomes = boto3.client("sqs"), []
        while messages := sqs.receive_message(QueueUrl=self.queue_url).get("Messages", []):
            for message in messages:
                outcomes.append(self.handlers["dispatch"]({"Records": [{"body": message["Body"]}]}, None)["outcome"])
                sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        return outcomes

    def run_executions(self) -> None:
        """Run every started execution to its end, and what they start in turn."""
        executions = self.runtime.executions
        while waiting := [run for run in executions.started if run.execution not in executions.over]:
            self.execute(waiting[0])
            self.deliver()

    def execute(self, run: JobRun) -> None:
        machine = Machine(tasks=self._tasks(), wait=self.pause, substitutions={"Partition": "aws"})
        try:
            machine.run(run.model_dump(by_alias=True))
            self.runtime.executions.over[run.execution] = "SUCCEEDED"
        except StateFailed as error:
            self.runtime.executions.over[run.execution] = error.name
        finally:
            self.transitions = machine.transitions

    def run(self, company_id: str) -> None:
        """The usual course: a wake-up, and everything that follows."""
        self.wake(company_id)
        self.run_executions()

    # What people see in the end

    def job(self, job_id: str) -> dict[str, Any]:
        return next(job for job in self.service.world.all_jobs() if job["id"] == job_id)

    def statuses(self, job_id: str) -> Mapping[str, int]:
        return Counter(item["status"] for item in self.job(job_id)["items"])

    def failures(self, job_id: str) -> dict[str, tuple[str, str]]:
        """Type and reason by entry id."""
        return {
            item["accountingEntryId"]: (item["failureReasonType"], item["failureReason"])
            for item in self.job(job_id)["items"]
            if item["status"] == "failed"
        }

    def _tasks(self) -> dict[str, Any]:
        states = {arn: _task(self.handlers[name]) for arn, name in STATES.items()}
        return {
            **states,
            "arn:aws:states:::dynamodb:deleteItem": self._delete_item,
            "arn:aws:states:::sqs:sendMessage": self._send_message,
        }

    def _delete_item(self, parameters: dict[str, Any]) -> dict[str, Any]:
        client = boto3.client("dynamodb")
        try:
            client.delete_item(**{**parameters, "TableName": "table"})
        except client.exceptions.ConditionalCheckFailedException as error:
            raise StateFailed("DynamoDB.ConditionalCheckFailedException", str(error)) from None
        return {}

    def _send_message(self, parameters: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps(parameters["MessageBody"])
        boto3.client("sqs").send_message(**{**parameters, "QueueUrl": self.queue_url, "MessageBody": body})
        return {}


WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@contextmanager
def town() -> Iterator[Town]:
    """A fresh town at noon, on its own clock."""
    variables = {
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    }
    with mock.patch.dict(os.environ, variables), mock_aws():
        clock = Clock(NOON)
        service = build_service(clock)
        wire = InProcess(build_app(service))
        made = Town(clock, service, wire)
        made.open()
        yield made
        wire.close()


def _load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"functions_{name}", ROOT / "functions" / name / "app.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.handler


def _task(handler: Any) -> Any:
    return lambda event: handler(event, None)
