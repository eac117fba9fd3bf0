"""The deployed stack that a command works on, found by its outputs: on AWS, or the local one (`AWS_ENDPOINT_URL`).

Everything that a command reaches outside itself it reaches through here.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any

import boto3
import requests
from botocore.exceptions import ClientError

from cli.deployed_stacks import MARK, others, outputs_of, stack_name
from cli.errors import CheckFailed, StackNotFound
from pleo_export import UNKNOWN_COMMIT
from pleo_export.accounting.lists import LedgerLists
from pleo_export.accounting.port import AccountingSetup, AccountingSystem
from pleo_export.accounting.registry import CONNECTORS, connect, set_up
from pleo_export.accounting.settings import AccountingSettings
from pleo_export.call_budget import UNLIMITED, CallBudget
from pleo_export.errors import InvalidSettings
from pleo_export.function_time import unlimited
from pleo_export.http.session import IsolatedSession
from pleo_export.number_sequence import NumberSequence
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.credentials import Credential, credential_from_secret
from pleo_export.pleo.lists_client import PleoLists
from pleo_export.pleo.transport import PleoTransport
from pleo_export.services.executions import Executions
from pleo_export.services.services import Services
from pleo_export.services.sync_queue import SyncQueue
from pleo_export.services.token_refresher import Refresher
from pleo_export.services.wake_ups import WakeUps
from pleo_export.store.call_budgets import LedgerCallBudget
from pleo_export.store.number_sequences import StoredSequence
from pleo_export.store.payloads import Payloads
from pleo_export.store.records import Records
from pleo_export.store.secrets import ConnectionSecrets, Secrets, connection_secret, oauth_client_secret
from pleo_export.store.sync_plans import SyncPlans
from pleo_export.workflow.dispatch import alive

RECOVERY_DAYS = 7  # of a deleted secret; the least that Secrets Manager takes
DELIVERY_SECONDS = 15  # what Pleo is thought to allow (open question 17)
OTHER_TABLE = "PLEO_EXPORT_TABLE"
LONGEST_IN_DOUBT = "900"  # seconds; for a stack that was deployed before it had this output


class CompanySecrets:
    """The secrets of a stack's companies, in Secrets Manager."""

    name: str

    def client(self, service: str) -> Any:
        """Return a client of that AWS service."""
        return boto3.client(service)  # type: ignore[call-overload]

    def secret_name(self, company_id: str) -> str:
        """Return the name of the company's secret."""
        return connection_secret(self.name, company_id)

    def secrets(self, company_id: str) -> ConnectionSecrets | None:
        """Return those of the company, connected or half connected; None when there are none, or they are deleted.

        Raises InvalidSettings when they are not complete.
        """
        client = self.client("secretsmanager")
        try:
            return Secrets(client).get(self.secret_name(company_id))
        except (client.exceptions.ResourceNotFoundException, client.exceptions.InvalidRequestException):
            return None

    def usable_secrets(self, company_id: str) -> ConnectionSecrets | None:
        """Return the same; None also when they are not complete, so that connecting replaces them."""
        try:
            return self.secrets(company_id)
        except InvalidSettings:
            return None

    def has_secret(self, company_id: str) -> bool:
        """Return whether the company has a secret, complete or not."""
        return self.holds(self.secret_name(company_id))

    def holds(self, name: str) -> bool:
        """Return whether there is such a secret; one that is deleted, but can still be restored, is none."""
        return self._described(name).get("DeletedDate", ...) is None

    def store_secret(self, name: str, value: str) -> str:
        """Create the secret, or replace its value, and return its ARN. A deleted one is restored for that."""
        client = self.client("secretsmanager")
        self.restore_secret(name)
        try:
            return str(client.create_secret(Name=name, SecretString=value)["ARN"])
        except client.exceptions.ResourceExistsException:
            return str(client.put_secret_value(SecretId=name, SecretString=value)["ARN"])

    def delete_secret(self, name: str) -> None:
        """Delete the secret. It can be restored for RECOVERY_DAYS."""
        self.client("secretsmanager").delete_secret(SecretId=name, RecoveryWindowInDays=RECOVERY_DAYS)

    def restore_secret(self, name: str) -> bool:
        """Return whether the secret was deleted, and has been restored."""
        if self._described(name).get("DeletedDate") is None:
            return False
        self.client("secretsmanager").restore_secret(SecretId=name)
        return True

    def _described(self, name: str) -> dict[str, Any]:
        """Return what is known of the secret: DeletedDate is None where it can be used, and missing where there is
        none."""
        client = self.client("secretsmanager")
        try:
            return {"DeletedDate": None, **client.describe_secret(SecretId=name)}
        except client.exceptions.ResourceNotFoundException:
            return {}

    def oauth_client_name(self, provider: str = "pleo") -> str:
        """Return the name of the secret that holds our OAuth client at the provider."""
        return oauth_client_secret(self.name, provider)


class PleoClients(CompanySecrets):
    """Pleo, as a company's credential reaches it."""

    @property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs by name."""
        raise NotImplementedError

    def pleo(self, secret: Mapping[str, str], company_id: str | None = None) -> PleoClient:
        """Return a client of Pleo with the `pleo` part of a company's secrets.

        With a `company_id` the secret is the stored one, whose tokens are refreshed when Pleo refuses them. Raises
        InvalidSettings.
        """
        return PleoClient(self.outputs["PleoApiUrl"], self._pleo_credential(secret, company_id))

    def pleo_lists(self, secret: Mapping[str, str], company_id: str | None = None) -> PleoLists:
        """Return a client of Pleo's lists; as `pleo` does."""
        credential = self._pleo_credential(secret, company_id)
        return PleoLists(PleoTransport(self.outputs["PleoApiUrl"], credential, IsolatedSession()))

    def _pleo_credential(self, secret: Mapping[str, str], company_id: str | None) -> Credential:
        renewed = partial(self._token_after_refusal, company_id) if company_id else None
        return credential_from_secret(secret, renewed)

    def _token_after_refusal(self, company_id: str, refused: str) -> str | None:
        refresher = Refresher(self.client("lambda"), self.outputs["RefreshTokensFunctionName"])
        refresher.refresh(company_id, "pleo", refused, refused=True)
        stored = self.secrets(company_id)
        token = stored.pleo.get("access_token") if stored else None
        return None if token == refused else token


@dataclass(frozen=True)
class Stack(Records, PleoClients):
    """One deployment, by its name, with the clients and records that commands use."""

    name: str

    @staticmethod
    def named(name: str) -> Stack:
        """Return the stack of that name, which is looked up when it is first used; without a name the one that
        `cli.deployed_stacks` finds. Raises StackNotFound, and botocore's errors."""
        return Stack(name or stack_name(boto3.client("cloudformation")))

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs by name. Raises StackNotFound, and botocore's errors where AWS cannot be asked."""
        cloudformation = self.client("cloudformation")
        try:
            (stack,) = cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        except ClientError as error:
            if error.response["Error"].get("Code") != "ValidationError":
                raise
            raise StackNotFound(f"there is no stack {self.name!r}{others(cloudformation)}") from None
        outputs = outputs_of(stack)
        if MARK not in outputs:
            raise StackNotFound(
                f"the stack {self.name!r} is {stack['StackStatus']} and has no output {MARK}: it is not a deployed "
                f"pleo-export{others(cloudformation)}"
            )
        return {**outputs, **_other_table()}

    def webhook_url(self, given: str = "") -> str:
        """Return the address of the webhook up to the company's id: the given one, else the stack's own. Raises as
        `outputs` does, also for a given one."""
        own = self.outputs["WebhookUrl"]
        return given or own

    @cached_property
    def caller(self) -> str:
        """The ARN of the AWS identity that runs the command, for the records of who did what."""
        return str(self.client("sts").get_caller_identity()["Arn"])

    def now(self) -> datetime:
        """Return the present time."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    # Our records

    @cached_property
    def table(self) -> Any:
        """The DynamoDB table of the stack."""
        return boto3.resource("dynamodb").Table(self.outputs["TableName"])

    @property
    def wake_ups(self) -> WakeUps:
        """The queue of wake-ups."""
        return WakeUps(self.client("sqs"), self.outputs["QueueUrl"])

    @property
    def sync_queue(self) -> SyncQueue:
        """The queue of syncs."""
        return SyncQueue(self.client("sqs"), self.outputs["SyncQueueUrl"])

    @property
    def sync_plans(self) -> SyncPlans:
        """The plans of the syncs of the last 90 days, in the bucket."""
        return SyncPlans(self.client("s3"), self.outputs["PayloadsBucket"])

    @property
    def executions(self) -> Executions:
        """The executions of the state machine."""
        return Executions(self.client("stepfunctions"), self.outputs["StateMachineArn"])

    @property
    def payloads(self) -> Payloads:
        """The items of jobs of the last week, in the bucket."""
        return Payloads(self.client("s3"), self.outputs["PayloadsBucket"])

    def busy(self, company_id: str) -> bool:
        """Return whether an export of the company is running, or about to."""
        lease = self.leases.get(company_id)
        return lease is not None and alive(lease, self.executions, self.now())

    @property
    def services(self) -> Services:
        """The services of the functions, as far as a command needs them."""
        return Services(
            {
                "TABLE_NAME": self.outputs["TableName"],
                "PLEO_API_URL": self.outputs["PleoApiUrl"],
                "REFRESH_TOKENS_FUNCTION": self.outputs["RefreshTokensFunctionName"],
                "GIT_COMMIT": UNKNOWN_COMMIT,
                "QUEUE_URL": self.outputs["QueueUrl"],
                "STATE_MACHINE_ARN": self.outputs["StateMachineArn"],
                "IN_DOUBT_SECONDS": self.outputs.get("InDoubtSeconds", LONGEST_IN_DOUBT),
            },
            self.now,
        )

    # The accounting system and our own address

    @property
    def http(self) -> requests.Session:
        """A session for the sign-in services of accounting systems."""
        return IsolatedSession()

    def accounting_system(self, settings: AccountingSettings, secret: Mapping[str, str]) -> AccountingSystem:
        """Return the accounting system, opened with that part of a company's secrets. Raises AccountingError."""
        budget, numbers = self._call_budget(settings, secret), self._numbers(settings, secret)
        return connect(settings, secret, budget=budget, numbers=numbers)

    def accounting_setup(self, settings: AccountingSettings, secret: Mapping[str, str]) -> AccountingSetup:
        """Return what the accounting system offers to choose from. Raises AccountingError."""
        return set_up(settings, secret, self._call_budget(settings, secret))

    def ledger_lists(self, settings: AccountingSettings, secret: Mapping[str, str]) -> LedgerLists:
        """Return what lists the accounts, tax codes, dimension values and suppliers. Raises AccountingError."""
        budget = self._call_budget(settings, secret)
        return CONNECTORS[settings.name].open_lists(settings, secret, budget=budget)

    def _call_budget(self, settings: AccountingSettings, secret: Mapping[str, str]) -> CallBudget:
        """Return what is left of the ledger's calls, which exports of it share."""
        connector = CONNECTORS[settings.name]
        if connector.rate is None:
            return UNLIMITED
        ledger_id = _ledger_id(settings, secret)
        return LedgerCallBudget(
            self.call_budgets, ledger_id, connector.title, connector.rate, self.now, self.sleep, unlimited
        )

    def _numbers(self, settings: AccountingSettings, secret: Mapping[str, str]) -> NumberSequence | None:
        """Return the numbers of the ledger's documents, which exports of it share; None where it numbers them."""
        if not CONNECTORS[settings.name].numbers_documents:
            return None
        return StoredSequence(self.table, _ledger_id(settings, secret), self.now, self.sleep)

    def deliver(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Send what Pleo would send and return the status of the answer. Raises CheckFailed when there is none."""
        try:
            answer = requests.post(
                url, data=body, headers=dict(headers), timeout=DELIVERY_SECONDS, allow_redirects=False
            )
        except requests.RequestException as error:
            raise CheckFailed(f"nothing answers at {url} ({type(error).__name__})") from None
        return answer.status_code


def _ledger_id(settings: AccountingSettings, secret: Mapping[str, str]) -> str:
    return f"{settings.name}#{set_up(settings, secret).ledger_id}"


def _other_table() -> dict[str, str]:
    """Return the table that commands work on instead of the stack's own, where the environment names one: after a
    restore, to look at the restored table before anything uses it."""
    name = os.environ.get(OTHER_TABLE)
    if not name:
        return {}
    sys.stderr.write(f"{OTHER_TABLE}: working on table {name}, not on the stack's own\n")
    return {"TableName": name}
