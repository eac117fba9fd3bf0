"""The deployed stack that a command works on, found by its outputs; on AWS or the local one (`AWS_ENDPOINT_URL`).

Everything that a command reaches outside itself it reaches through here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any

import boto3
import requests
from botocore.exceptions import BotoCoreError, ClientError

from pleo_export.accounting.descriptor import AccountingSettings
from pleo_export.accounting.port import AccountingSetup, AccountingSystem
from pleo_export.accounting.registry import connect, set_up
from pleo_export.errors import InvalidSettings
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.credentials import credential_from_secret
from pleo_export.services.executions import Executions
from pleo_export.services.services import Services
from pleo_export.services.token_refresher import Refresher
from pleo_export.services.wake_ups import WakeUps
from pleo_export.store.authorisations import Authorisations
from pleo_export.store.connections import Connections
from pleo_export.store.jobs import Jobs, Results
from pleo_export.store.leases import Leases
from pleo_export.store.postings import Postings
from pleo_export.store.secret_locks import SecretLocks
from pleo_export.store.secrets import ConnectionSecrets, Secrets, connection_secret, oauth_client_secret
from pleo_export.workflow.dispatch import alive

DELIVERY_SECONDS = 15  # what Pleo is thought to allow (open question 17)


@dataclass(frozen=True)
class Stack:
    name: str

    @cached_property
    def outputs(self) -> dict[str, str]:
        """Raises InvalidSettings when there is no such stack, or AWS cannot be asked."""
        try:
            (stack,) = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        except (BotoCoreError, ClientError) as error:
            raise InvalidSettings(
                f"stack {self.name!r} cannot be read ({error}); "
                "deploy it with `sam deploy`, or name another with --stack"
            ) from None
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def client(self, service: str) -> Any:
        return boto3.client(service)  # type: ignore[call-overload]

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    # Our records

    @cached_property
    def table(self) -> Any:
        return boto3.resource("dynamodb").Table(self.outputs["TableName"])

    @property
    def connections(self) -> Connections:
        return Connections(self.table)

    @property
    def leases(self) -> Leases:
        return Leases(self.table)

    @property
    def jobs(self) -> Jobs:
        return Jobs(self.table)

    @property
    def results(self) -> Results:
        return Results(self.table)

    @property
    def postings(self) -> Postings:
        return Postings(self.table)

    @property
    def authorisations(self) -> Authorisations:
        return Authorisations(self.table)

    @property
    def wake_ups(self) -> WakeUps:
        return WakeUps(self.client("sqs"), self.outputs["QueueUrl"])

    @property
    def executions(self) -> Executions:
        return Executions(self.client("stepfunctions"), self.outputs["StateMachineArn"])

    def busy(self, company_id: str) -> bool:
        """Whether an export of the company is running, or about to."""
        lease = self.leases.get(company_id)
        return lease is not None and alive(lease, self.executions, self.now())

    @property
    def services(self) -> Services:
        """What the functions work with, as far as a command needs it."""
        return Services(
            {
                "TABLE_NAME": self.outputs["TableName"],
                "PLEO_API_URL": self.outputs["PleoApiUrl"],
                "REFRESH_TOKENS_FUNCTION": self.outputs["RefreshTokensFunctionName"],
            }
        )

    # A company's secrets

    def secret_name(self, company_id: str) -> str:
        return connection_secret(self.name, company_id)

    def secrets(self, company_id: str) -> ConnectionSecrets | None:
        """Those of the company, connected or half connected. Raises InvalidSettings when they are not complete."""
        client = self.client("secretsmanager")
        try:
            return Secrets(client).get(self.secret_name(company_id))
        except client.exceptions.ResourceNotFoundException:
            return None

    def usable_secrets(self, company_id: str) -> ConnectionSecrets | None:
        """The same; None also when they are not complete, so that whoever connects replaces them."""
        try:
            return self.secrets(company_id)
        except InvalidSettings:
            return None

    @property
    def secret_locks(self) -> SecretLocks:
        return SecretLocks(self.table)

    def has_secret(self, company_id: str) -> bool:
        """Also when it is not complete."""
        client = self.client("secretsmanager")
        try:
            client.describe_secret(SecretId=self.secret_name(company_id))
        except client.exceptions.ResourceNotFoundException:
            return False
        return True

    def oauth_client_name(self, provider: str = "pleo") -> str:
        return oauth_client_secret(self.name, provider)

    # The outer worlds

    def pleo(self, secret: Mapping[str, str], company_id: str | None = None) -> PleoClient:
        """`secret` is the `pleo` part of a company's secrets; with the `company_id` where it is the stored one, whose
        tokens are refreshed when Pleo refuses them. Raises InvalidSettings."""
        successor = partial(self._successor, company_id) if company_id else None
        return PleoClient(self.outputs["PleoApiUrl"], credential_from_secret(secret, successor))

    def _successor(self, company_id: str, refused: str) -> str | None:
        refresher = Refresher(self.client("lambda"), self.outputs["RefreshTokensFunctionName"])
        refresher.refresh(company_id, "pleo", refused, refused=True)
        stored = self.secrets(company_id)
        token = stored.pleo.get("access_token") if stored else None
        return None if token == refused else token

    def accounting_system(self, settings: AccountingSettings, secret: Mapping[str, str]) -> AccountingSystem:
        """`secret` is the `accounting_system` part of a company's secrets. Raises AccountingError."""
        return connect(settings, secret)

    def accounting_setup(self, settings: AccountingSettings, secret: Mapping[str, str]) -> AccountingSetup:
        """Return what to choose from there. Raises AccountingError."""
        return set_up(settings, secret)

    def deliver(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Send what Pleo would send; the status that comes back. Raises InvalidSettings when nobody answers."""
        try:
            answer = requests.post(
                url, data=body, headers=dict(headers), timeout=DELIVERY_SECONDS, allow_redirects=False
            )
        except requests.RequestException as error:
            raise InvalidSettings(f"nobody answers at {url} ({type(error).__name__})") from None
        return answer.status_code
