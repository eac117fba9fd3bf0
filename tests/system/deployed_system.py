"""The in-process system as the command line sees it: a deployed stack, with its Pleo and books behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import requests

from cli.stack import Stack
from pleo_export.accounting.errors import AuthenticationFailed
from pleo_export.accounting.lists import LedgerLists
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.credentials import credential_from_secret
from pleo_export.pleo.lists_client import PleoLists
from pleo_export.pleo.transport import PleoTransport
from pleo_export.services.services import Services
from pleo_simulator.pleo_state import Company
from tests.system.aws import STACK, client, resource
from tests.system.fake_accounting import FakeAccountingSystem
from tests.system.in_process_system import Functions, InProcessSystem
from tests.system.pleo import URL

HOOKS = "https://hooks.test/webhooks/pleo/"
SCHEDULE = f"{STACK}-poll"
LOG_GROUP = f"/pleo-export/{STACK}/functions"
TOKEN = "books-token"


def _has_the_token(secret: Mapping[str, str]) -> bool:
    return secret.get("token") == TOKEN


@dataclass(frozen=True)
class DeployedSystem(Stack):
    """`ledgers` are the accounting systems by the name of their database; all take what `accepts` does: TOKEN."""

    system: InProcessSystem
    ledgers: dict[str, FakeAccountingSystem] = field(default_factory=dict)
    accepts: Callable[[Mapping[str, str]], bool] = _has_the_token

    @cached_property
    def outputs(self) -> dict[str, str]:
        return {
            "WebhookUrl": HOOKS,
            "QueueUrl": self.system.queue_url,
            "FailedQueueUrl": self.system.dead_letters_url,
            "SyncQueueUrl": self.system.sync_queue_url,
            "StateMachineArn": f"arn:aws:states:eu-west-1:123456789012:stateMachine:{STACK}-export-job",
            "PollScheduleName": SCHEDULE,
            "FunctionLogGroup": LOG_GROUP,
            "PleoApiUrl": URL,
            "PayloadsBucket": self.system.environment["BUCKET_NAME"],
            "RefreshTokensFunctionName": self.system.environment["REFRESH_TOKENS_FUNCTION"],
            "TableName": self.system.environment["TABLE_NAME"],
        }

    def client(self, service: str) -> Any:
        return Functions(self.system) if service == "lambda" else client(service)

    @cached_property
    def table(self) -> Any:
        return resource("dynamodb").Table(self.outputs["TableName"])

    @property
    def executions(self) -> Any:
        return self.system.executions

    def now(self) -> Any:
        return self.system.clock.now()

    def sleep(self, seconds: float) -> None:
        self.system.sleep(seconds)

    def pleo(self, secret: Mapping[str, str], company_id: str | None = None) -> PleoClient:
        session = requests.Session()
        session.mount(URL, self.system.wire)
        renewed = partial(self._token_after_refusal, company_id) if company_id else None
        return PleoClient(URL, credential_from_secret(secret, renewed), session=session, sleep=self.system.sleep)

    def pleo_lists(self, secret: Mapping[str, str], company_id: str | None = None) -> PleoLists:
        session = requests.Session()
        session.mount(URL, self.system.wire)
        renewed = partial(self._token_after_refusal, company_id) if company_id else None
        credential = credential_from_secret(secret, renewed)
        return PleoLists(PleoTransport(URL, credential, session, self.system.sleep))

    @property
    def services(self) -> Services:
        """Those of the functions, for which the companies' ledgers are these."""
        for company_id in self.connections.all_company_ids():
            connection = self.connections.get(company_id)
            assert connection
            ledger = self.ledgers.get(connection.raw_settings["accounting_system"].get("database"))
            if ledger is not None:
                self.system.books.setdefault(company_id, ledger)
        return self.system.services

    def deliver_syncs(self) -> list[str]:
        """Hand the queued requests for syncs to their function, which works with these ledgers."""
        assert self.services
        return self.system.deliver_syncs()

    @property
    def http(self) -> requests.Session:
        return self.system.services.http

    def accounting_system(self, settings: Any, secret: Mapping[str, str]) -> FakeAccountingSystem:
        if not self.accepts(secret):
            raise AuthenticationFailed("the books do not accept the token")
        return self.ledgers.setdefault(
            settings.database,
            FakeAccountingSystem(self.system.effects, ledger_id=f"{settings.url.host}/{settings.database}"),
        )

    def accounting_setup(self, settings: Any, secret: Mapping[str, str]) -> FakeAccountingSystem:
        return self.accounting_system(settings, secret)

    def ledger_lists(self, settings: Any, secret: Mapping[str, str]) -> LedgerLists:
        return self.accounting_system(settings, secret).open_lists()

    def deliver(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        event = {
            "headers": dict(headers),
            "pathParameters": {"companyId": url.removeprefix(HOOKS)},
            "body": body.decode(),
            "isBase64Encoded": False,
        }
        return int(self.system.handlers["webhook"](event, None)["statusCode"])

    # What there is before anybody connects

    def open(self) -> None:
        """Create the log group and the schedule, as the template does."""
        client("logs").create_log_group(logGroupName=LOG_GROUP)
        target = {"Arn": "arn:aws:lambda:eu-west-1:1:function:poll", "RoleArn": "arn:aws:iam::1:role/poll"}
        window = {"Mode": "OFF"}
        client("scheduler").create_schedule(
            Name=SCHEDULE, ScheduleExpression="rate(5 minutes)", FlexibleTimeWindow=window, Target=target
        )

    def customer(self, company_id: str) -> str:
        """Add a company at Pleo, if it is not there, and give it an API key, which is returned."""
        if company_id not in (each.id for each in self.system.service.state.companies()):
            self.system.service.state.put_company(Company(company_id, "Company"))
        key = f"plp_{company_id}"
        self.system.service.credentials.add_key(key, company_id)
        return key
