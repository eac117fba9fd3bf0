"""The whole system in one process, without a socket or a pause: Pleo, our functions on moto, and the books.

Tests act from outside (a bookkeeper clicks Export, Pleo calls the webhook) and look only at what Pleo and the books
hold in the end. Time is the Pleo simulator's clock, which everything shares.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property, partial
from random import Random
from types import CodeType, ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

import requests

from pleo_export import code_version
from pleo_export.call_counter import CALLS
from pleo_export.errors import PleoExportError
from pleo_export.http.session import IsolatedSession
from pleo_export.oauth.grant import Grant
from pleo_export.pleo.webhook_event import SUBSCRIBED_EVENT
from pleo_export.receipts.fetch import Fetcher
from pleo_export.receipts.hosts import ReceiptHosts
from pleo_export.services.events import JobInput
from pleo_export.services.services import Services
from pleo_export.settings import parse_settings
from pleo_export.store.connections import Connection
from pleo_export.store.secrets import GrantOwner, Secrets
from pleo_simulator.clock import Clock
from pleo_simulator.oauth import Client, s256
from pleo_simulator.pleo_state import Company
from pleo_simulator.service import PleoService
from tests.system.asl import Machine, StateFailed
from tests.system.aws import (
    ROOT,
    STACK,
    client,
    create_bucket,
    create_queues,
    create_table,
    create_topic,
    default_of,
    poll_schedule,
    resource,
)
from tests.system.effects import Effects, Killed, Stopped
from tests.system.fake_accounting import FakeAccountingSystem
from tests.system.fake_network import Answer, Request
from tests.system.lambda_context import InvocationContext
from tests.system.ledger_in_process import LedgerInProcess
from tests.system.pleo import URL, InProcess, fresh_pleo
from tests.system.short_way import empty_moto

OPERATOR = "arn:aws:sts::123456789012:assumed-role/operator/ada"
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
FUNCTIONS = (
    *("webhook", "poll", "reconcile_drafts", "check_mapping", "dispatch", *STATES.values()),
    *("refresh_tokens", "oauth_connect", "oauth_callback"),
    *("sync", "schedule_syncs"),
)
CALLBACK = "https://hooks.test/oauth/pleo/callback"


class Executions:
    """The executions of the state machine: started ones wait until the test runs them. `refusals` are raised by the
    next starts, one each."""

    def __init__(self) -> None:
        self.started: list[JobInput] = []
        self.over: dict[str, str] = {}
        self.refusals: list[Exception] = []

    def start(self, run: JobInput) -> None:
        if self.refusals:
            raise self.refusals.pop()
        if run not in self.started:
            self.started.append(run)

    def running(self, name: str) -> bool | None:
        if name not in (run.execution for run in self.started):
            return None
        return name not in self.over


class Functions:
    """Lambda, as far as our functions use it: one invokes another, by its name."""

    def __init__(self, in_process_system: InProcessSystem) -> None:
        self._system = in_process_system

    def invoke(self, *, FunctionName: str, Payload: str) -> dict[str, Any]:  # noqa: N803 - AWS's names
        self._system.effects.before("lambda InvokeFunction")
        answer: dict[str, Any] = {}
        try:
            content = self._system.handlers[FunctionName](json.loads(Payload), None)
        except (StateFailed, PleoExportError) as error:
            content, answer = {"errorType": type(error).__name__}, {"FunctionError": "Unhandled"}
        self._system.effects.after("lambda InvokeFunction")
        return answer | {"Payload": io.BytesIO(json.dumps(content).encode())}


class InProcessServices(Services):
    """What the functions share, with Pleo and the books of this process instead of the network's."""

    executions: Any = None

    def __init__(self, in_process_system: InProcessSystem, environment: dict[str, str]) -> None:
        super().__init__(environment, in_process_system.clock.now)
        self._system = in_process_system

    @cached_property
    def secrets(self) -> Secrets:
        return Secrets(client("secretsmanager"), lambda: self._system.clock.now().timestamp())

    @cached_property
    def http(self) -> requests.Session:
        session = IsolatedSession()
        session.mount(URL, self._system.wire)
        return session

    def sleep(self, seconds: float) -> None:
        self._system.sleep(seconds)

    def accounting_system(self, connection: Connection) -> Any:
        if connection.company_id in self._system.ledgers:
            return super().accounting_system(connection)
        self.accounting_secret(connection)
        assert connection.settings.accounting_system  # read first, as for real
        books = self._system.books[connection.company_id]
        books.budget = self.call_budget(connection)
        return books

    def ledger_reader(self, connection: Connection) -> Any:
        if connection.company_id in self._system.ledgers:
            return super().ledger_reader(connection)
        return self.accounting_system(connection)

    def ledger_lists(self, connection: Connection) -> Any:
        if connection.company_id in self._system.ledgers:
            return super().ledger_lists(connection)
        return self.accounting_system(connection).open_lists()

    def ledger_setup(self, connection: Connection) -> Any:
        if connection.company_id in self._system.ledgers:
            return super().ledger_setup(connection)
        return self.accounting_system(connection)

    @cached_property
    def receipts(self) -> Fetcher:
        return Fetcher(ReceiptHosts.parse(self._variable("RECEIPT_HOSTS")), self.http, sleep=self._system.sleep)


@dataclass
class InProcessSystem:
    """`handlers` are the functions by name; a test may put another in the place of one. `random` draws the jitter of
    the state machine's retries, from 0 to 1. `ledgers` are those of companies with a real connector, `books` the
    others'.

    `payloads` is all that passed through the state machine, `transitions` counts those of the last execution.
    """

    clock: Clock
    service: PleoService
    wire: InProcess
    effects: Effects
    books: dict[str, FakeAccountingSystem] = field(default_factory=dict)
    ledgers: dict[str, LedgerInProcess] = field(default_factory=dict)
    handlers: dict[str, Any] = field(default_factory=dict)
    pauses: list[float] = field(default_factory=list)
    transitions: int = 0
    payloads: list[str] = field(default_factory=list)
    random: Callable[[], float] = field(default_factory=lambda: Random(0).random)

    def open(self) -> None:
        self.queue_url, self.dead_letters_url = create_queues()
        self.sync_queue_url, self.failed_syncs_url = create_queues("Syncs")
        self.environment = {
            "TABLE_NAME": create_table(),
            "BUCKET_NAME": create_bucket(),
            "QUEUE_URL": self.queue_url,
            "SYNC_QUEUE_URL": self.sync_queue_url,
            "PLEO_API_URL": URL,
            "PLEO_AUTH_URL": URL,
            "STACK_NAME": STACK,
            "REFRESH_TOKENS_FUNCTION": "refresh_tokens",
            "IN_DOUBT_SECONDS": "180",
            "HISTORY_DAYS": "400",
            "GIT_COMMIT": "unknown",
            "CHUNK_SIZE": "100",
            "LONGEST_LOOK_MINUTES": default_of("LongestLookMinutes"),
            "LOOKS_PER_MINUTE": default_of("LooksPerMinute"),
            "RECEIPT_HOSTS": "pleo.test",
            "NOTIFICATION_TOPIC": create_topic(),
        }
        self.services = InProcessServices(self, self.environment)
        self.executions = self.services.executions = Executions()
        for name in FUNCTIONS:
            self.install(name, self.services)

    def install(self, name: str, services: Services) -> None:
        """Load the function of that name, to work with `services`."""
        handler = load_handler(name)
        handler.services = services
        self.handlers[name] = self._function(name, handler)

    def sleep(self, seconds: float) -> None:
        """Advance the shared clock instead of waiting."""
        self.pauses.append(seconds)
        self.clock.advance(timedelta(seconds=seconds))

    # What people do

    def connect_ledger(self, name: str, company_id: str, expenses: Sequence[dict[str, Any]] = ()) -> LedgerInProcess:
        """Add a company whose ledger is the simulator of that name, behind its real connector. Each request is an
        effect: "books read GET /…" or "books write PUT /…". For `ledgers_in_process()` only."""
        ledger = LedgerInProcess(name, f"ledger-{company_id[:8]}", self.clock, sleep=self.sleep)

        def crossing(request: Request, forward: Callable[[], Answer]) -> Answer:
            effect = f"books {'read' if ledger.reading else 'write'} {request.method} {request.path}"
            self.effects.before(effect)
            answer = forward()
            self.effects.after(effect)
            return answer

        ledger.crossing = crossing
        self.connect(company_id, expenses, **ledger.connection)
        name = self.services.secret_name(company_id)
        with_its_own = self.services.secrets.get(name, 0).with_secret_of("accounting_system", ledger.secret)
        self.services.secrets.put(name, with_its_own)
        self.ledgers[company_id] = ledger
        return ledger

    def connect(self, company_id: str, expenses: Sequence[dict[str, Any]] = (), **changes: Any) -> FakeAccountingSystem:
        """Add a company at Pleo, its books, and the connection between them. `changes` are settings."""
        self.service.state.put_company(Company(company_id, "Company"))
        self.service.state.put_expenses(company_id, list(expenses))
        self.service.credentials.add_key(f"plp_{company_id}", company_id)
        self.books[company_id] = FakeAccountingSystem(self.effects)
        secret = client("secretsmanager").create_secret(
            Name=self.services.secret_name(company_id),
            SecretString=json.dumps(
                {
                    "pleo": {"api_key": f"plp_{company_id}"},
                    "webhook_secrets": [WEBHOOK_SECRET],
                    "webhook_tokens": [WEBHOOK_TOKEN],
                    "accounting_system": {"token": "t"},
                }
            ),
        )
        version = self.services.settings_history.next(
            company_id, _entered(company_id, **changes), OPERATOR, code_version(), self.clock.now()
        )
        self.services.connections.put(version, secret["ARN"], f"ledger of {company_id}")
        return self.books[company_id]

    def authorise(self, company_id: str, which: GrantOwner = "pleo", provider: str = "pleo") -> Grant:
        """Let our OAuth client act for the company at that provider (the simulator plays each): from now on
        the connection has a grant. For one company at a time."""
        ours = Client(oauth_client_id(provider), "never-to-be-seen", (CALLBACK,), company_id)
        self.service.oauth.register(ours)
        self.store_oauth_client(ours, provider)
        verifier = "v" * 43
        code = self.service.oauth.authorise(ours.id, CALLBACK, "", "code", "S256", s256(verifier))
        grant = self.services.token_endpoint(company_id, which).exchange(code, CALLBACK, verifier)
        name = self.services.secret_name(company_id)
        secrets = self.services.secrets.get(name, 0)
        others = {} if which == "pleo" else secrets.of(which)
        self.services.secrets.put(name, secrets.with_secret_of(which, {**others, **grant.as_secret()}))
        return grant

    def store_oauth_client(self, ours: Client, provider: str = "pleo") -> None:
        with suppress(client("secretsmanager").exceptions.ResourceExistsException):
            client("secretsmanager").create_secret(
                Name=f"{STACK}/oauth/{provider}",
                SecretString=json.dumps({"client_id": ours.id, "client_secret": ours.secret}),
            )

    def subscribe(self, company_id: str) -> None:
        """Let Pleo tell us of the company's exports, as `connect` does."""
        pleo = self.services.pleo(self.services.connection(company_id))
        pleo.create_subscription(f"https://hooks.test/webhooks/pleo/{company_id}", [SUBSCRIBED_EVENT])

    def export(self, company_id: str, entry_ids: Sequence[str] | None = None, **options: Any) -> str:
        """Click Export, as a bookkeeper does. Returns the job's id."""
        return str(self.service.state.click_export(company_id, entry_ids, **options)["id"])

    # What the cloud does

    def poll(self) -> None:
        """A poll that a person asks for: of all companies, whenever they are due."""
        self.handlers["poll"]({}, None)

    def scheduled_poll(self, context: Any = None) -> dict[str, int]:
        """A poll of the schedule: of the companies that are due. What it answers."""
        answer: dict[str, int] = self.handlers["poll"](json.loads(poll_schedule()["Input"]), context)
        return answer

    def schedule_syncs(self, context: Any = None) -> int:
        """A run of the schedule of syncs: for how many companies it asked."""
        return int(self.handlers["schedule_syncs"]({}, context)["companies"])

    def night(self, context: Any = None) -> dict[str, int]:
        """The schedule's first call of a night: the companies looked after, by what became of them."""
        self.sleep(timedelta(hours=13).total_seconds())
        return self.reconcile_drafts(context)

    def reconcile_drafts(self, context: Any = None) -> dict[str, int]:
        answer: dict[str, int] = self.handlers["reconcile_drafts"]({}, context)
        return answer

    def check_mapping(self, company_id: str | None = None) -> dict[str, int]:
        """A call of the schedule, or by hand for one company, whatever the hour."""
        answer: dict[str, int] = self.handlers["check_mapping"]({"companyId": company_id}, None)
        return answer

    def wake(self, company_id: str) -> str:
        """A wake-up reaches dispatch; its outcome."""
        body = json.dumps({"companyId": company_id, "reason": "test"})
        return str(self.handlers["dispatch"]({"Records": [{"body": body}]}, None)["outcome"])

    def deliver(self) -> list[str]:
        """Hand every queued wake-up to dispatch, as the event source mapping does; the outcomes, or errors' names.

        One that fails comes back, until the queue moves it to the dead letters.
        """
        return self._deliver("dispatch", self.queue_url)

    def deliver_syncs(self) -> list[str]:
        """Hand every queued request for a sync to its function, in the same way."""
        return self._deliver("sync", self.sync_queue_url)

    def _deliver(self, function: str, queue_url: str) -> list[str]:
        sqs, outcomes = client("sqs"), []
        while messages := sqs.receive_message(QueueUrl=queue_url).get("Messages", []):
            (message,) = messages
            handle = {"QueueUrl": queue_url, "ReceiptHandle": message["ReceiptHandle"]}
            try:
                outcomes.append(self.handlers[function]({"Records": [{"body": message["Body"]}]}, None)["outcome"])
            except Exception as error:
                outcomes.append(type(error).__name__)
                sqs.change_message_visibility(**handle, VisibilityTimeout=0)
            else:
                sqs.delete_message(**handle)
        return outcomes

    def queued(self) -> list[tuple[str, dict[str, Any]]]:
        """Take the queued wake-ups: the message group and the body of each."""
        return [(group, json.loads(body)) for group, body in _taken(self.queue_url)]

    def dead_letters(self) -> list[str]:
        return [body for _, body in _taken(self.dead_letters_url)]

    def queued_syncs(self) -> list[tuple[str, dict[str, Any]]]:
        """Take the queued requests for syncs: the message group and the body of each."""
        return [(group, json.loads(body)) for group, body in _taken(self.sync_queue_url)]

    def failed_syncs(self) -> list[str]:
        return [body for _, body in _taken(self.failed_syncs_url)]

    def run_executions(self) -> None:
        """Run every started execution to its end, and what they start in turn."""
        while waiting := [run for run in self.executions.started if run.execution not in self.executions.over]:
            self.execute(waiting[0])
            self.deliver()

    def execute(self, run: JobInput) -> str:
        """Run one execution to its end; how it ended."""
        machine = Machine(tasks=self._tasks(), wait=self.sleep, substitutions={"Partition": "aws"}, random=self.random)
        try:
            machine.run(run.model_dump(by_alias=True))
            self.executions.over[run.execution] = "SUCCEEDED"
        except StateFailed as error:
            self.executions.over[run.execution] = error.name
        finally:
            self.transitions = machine.transitions
            self.payloads += machine.payloads
        return self.executions.over[run.execution]

    def run(self, company_id: str) -> None:
        """Do the usual: a wake-up, and everything that follows."""
        self.wake(company_id)
        self.run_executions()

    def heal(self) -> None:
        """Do what the schedule does in the end: a poll, late enough to give up an execution that never started."""
        self.sleep(90)
        self.poll()
        self.deliver()
        self.run_executions()

    # What people see in the end

    def job(self, job_id: str) -> dict[str, Any]:
        return next(job for job in self.service.state.all_jobs() if job["id"] == job_id)

    def items(self, job_id: str) -> dict[str, dict[str, Any]]:
        """What Pleo holds of each item, by entry id."""
        return {item["accountingEntryId"]: item for item in self.job(job_id)["items"]}

    def statuses(self, job_id: str) -> Mapping[str, int]:
        return Counter(item["status"] for item in self.job(job_id)["items"])

    def failures(self, job_id: str) -> dict[str, tuple[str, str]]:
        """Type and reason by entry id."""
        return {
            entry_id: (item["failureReasonType"], item["failureReason"])
            for entry_id, item in self.items(job_id).items()
            if item["status"] == "failed"
        }

    def _tasks(self) -> dict[str, Any]:
        return {
            **{arn: partial(self._state, name) for arn, name in STATES.items()},
            "arn:aws:states:::dynamodb:deleteItem": self._delete_item,
            "arn:aws:states:::sqs:sendMessage": self._send_message,
        }

    def _state(self, name: str, event: Any) -> Any:
        return self.handlers[name](event, None)

    def _function(self, name: str, handler: Any) -> Any:
        def invoked(event: Any, context: Any) -> Any:
            context = context or InvocationContext(function_name=name)
            self.services.__dict__.pop("_pleo_budgets", None)  # each function takes blocks of its own
            with self.effects.of_function():
                try:
                    return handler(event, context)
                except Stopped:
                    raise StateFailed("Stopped", "the execution was stopped") from None
                except Killed:
                    cause = {"errorType": "Sandbox.Timedout", "errorMessage": "RequestId: 1 Error: Task timed out"}
                    raise StateFailed("Sandbox.Timedout", json.dumps(cause)) from None

        return invoked

    def _delete_item(self, parameters: dict[str, Any]) -> dict[str, Any]:
        dynamodb = client("dynamodb")
        try:
            dynamodb.delete_item(**{**parameters, "TableName": self.environment["TABLE_NAME"]})
        except dynamodb.exceptions.ConditionalCheckFailedException as error:
            raise StateFailed("DynamoDB.ConditionalCheckFailedException", str(error)) from None
        return {}

    def _send_message(self, parameters: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps(parameters["MessageBody"])
        client("sqs").send_message(**{**parameters, "QueueUrl": self.queue_url, "MessageBody": body})
        return {}


WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WEBHOOK_TOKEN = "a-token-that-connect-made"


@contextmanager
def in_process_system(effects: Effects | None = None) -> Iterator[InProcessSystem]:
    """A fresh system at noon, on its own clock."""
    effects = effects or Effects()
    CALLS.take()  # what another test has counted outside of functions
    cloud = SimpleNamespace(resource=resource)
    with empty_moto(), mock.patch("pleo_export.services.services.boto3", cloud), effects.of_aws():
        clock = Clock(NOON)
        service, app = fresh_pleo(clock)
        wire = InProcess(app, effects)
        made = InProcessSystem(clock, service, wire, effects)
        cloud.client = lambda name, **_: Functions(made) if name == "lambda" else client(name)
        made.open()
        yield made


def oauth_client_id(provider: str = "pleo") -> str:
    """The id of this installation's OAuth client at that provider."""
    return f"our-client-at-{provider}"


def _entered(company_id: str, **changes: Any) -> dict[str, Any]:
    """The settings as `connect` stores them."""
    return parse_settings(settings(company_id, **changes)).model_dump(mode="json")


def load_handler(function: str) -> Any:
    """The handler of functions/<function>/app.py, loaded afresh."""
    module = ModuleType(f"functions_{function}")
    exec(_code(function), module.__dict__)  # noqa: S102 - our own
    return module.handler


@cache
def _code(function: str) -> CodeType:
    path = ROOT / "functions" / function / "app.py"
    return compile(path.read_text(), path, "exec")


def _taken(queue_url: str) -> list[tuple[str, str]]:
    """Empty the queue: the message group and the body of each message."""
    sqs, taken = client("sqs"), []
    wanted = {"QueueUrl": queue_url, "MessageSystemAttributeNames": ["MessageGroupId"], "MaxNumberOfMessages": 10}
    while messages := sqs.receive_message(**wanted).get("Messages", []):
        for message in messages:
            taken.append((message["Attributes"]["MessageGroupId"], message["Body"]))
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    return taken
