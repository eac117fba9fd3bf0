"""What the use cases work with, built from the function's environment; tests build it from fakes.

Everything is made on first use, and imported by the property that makes it: a function's cold start pays only for what
it needs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3

from pleo_export import code_version
from pleo_export.errors import Disconnected, Misconfigured, NotOurs
from pleo_export.services.ledger_readers import LedgerReaders
from pleo_export.services.pleo_access import PleoAccess

if TYPE_CHECKING:
    import requests
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from pleo_export.accounting.port import AccountingSystem
    from pleo_export.accounting.settings import AccountingSettings
    from pleo_export.oauth.token_endpoint import TokenEndpoint
    from pleo_export.receipts.fetch import Fetcher
    from pleo_export.services.executions import Executions
    from pleo_export.services.notifications import Notifier
    from pleo_export.services.sync_queue import SyncQueue
    from pleo_export.services.tokens import Tokens
    from pleo_export.services.wake_ups import WakeUps
    from pleo_export.store.connections import Connection
    from pleo_export.store.payloads import Payloads
    from pleo_export.store.secrets import GrantOwner, Secrets
    from pleo_export.store.sync_plans import SyncPlans


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Services(PleoAccess, LedgerReaders):
    """What the functions of one environment share. `environment` holds the template's variables; `clock` gives UTC."""

    def __init__(self, environment: dict[str, str] | None = None, clock: Callable[[], datetime] = _utc_now) -> None:
        self._environment = dict(os.environ) if environment is None else environment
        self.clock = clock
        self.invocation: LambdaContext | None = None  # Lambda's context of the current call

    def _variable(self, name: str, default: str | None = None) -> str:
        value = self._environment.get(name) or default
        if value is None:
            raise Misconfigured(f"environment variable {name} is not set on this function; see template.yaml")
        return value

    @cached_property
    def in_doubt_time(self) -> timedelta:
        """How long a document may still appear after the run that meant to record it has ended."""
        return timedelta(seconds=int(self._variable("IN_DOUBT_SECONDS")))

    def time_left(self) -> timedelta:
        """Return the time until Lambda ends this invocation; unlimited outside Lambda."""
        if self.invocation is None:
            return timedelta.max
        return timedelta(milliseconds=self.invocation.get_remaining_time_in_millis())

    @property
    def request_id(self) -> str:
        """The id of this invocation, which no other has."""
        return uuid4().hex if self.invocation is None else str(self.invocation.aws_request_id)

    @cached_property
    def code_version(self) -> str:
        """The version of the code that runs, for the records that it makes."""
        return code_version(self._variable("GIT_COMMIT"))

    @cached_property
    def history(self) -> timedelta:
        """How long the records of jobs and the results of items are kept."""
        return timedelta(days=int(self._variable("HISTORY_DAYS")))

    @cached_property
    def chunk_size(self) -> int:
        """Items per iteration of the Map."""
        return int(self._variable("CHUNK_SIZE"))

    @cached_property
    def longest_look_interval(self) -> timedelta:
        """The longest time between two looks of the poll at a company whose webhooks arrive."""
        return timedelta(minutes=int(self._variable("LONGEST_LOOK_MINUTES")))

    @cached_property
    def looks_per_minute(self) -> int:
        """How many companies the poll looks at in a minute."""
        return int(self._variable("LOOKS_PER_MINUTE"))

    @cached_property
    def table(self) -> Any:
        """The installation's DynamoDB table."""
        return boto3.resource("dynamodb").Table(self._variable("TABLE_NAME"))

    @cached_property
    def payloads(self) -> Payloads:
        """The items of running jobs, in the bucket."""
        from pleo_export.store.payloads import Payloads

        return Payloads(boto3.client("s3"), self._variable("BUCKET_NAME"))

    @cached_property
    def secrets(self) -> Secrets:
        """The companies' secrets, and those of the OAuth clients."""
        from pleo_export.store.secrets import Secrets

        return Secrets(boto3.client("secretsmanager"))

    @property
    def pleo_api_url(self) -> str:
        """Pleo's API, without a slash at the end."""
        return self._variable("PLEO_API_URL")

    @property
    def pleo_auth_url(self) -> str:
        """Where people authorise at Pleo, without a slash at the end."""
        return self._variable("PLEO_AUTH_URL")

    @cached_property
    def tokens(self) -> Tokens:
        """The credentials of companies, valid for the next minutes."""
        from pleo_export.services.token_refresher import Refresher
        from pleo_export.services.tokens import Tokens

        refresher = Refresher(boto3.client("lambda"), self._variable("REFRESH_TOKENS_FUNCTION"))
        return Tokens(self.secrets, refresher, self.clock)

    @cached_property
    def wake_ups(self) -> WakeUps:
        """The queue of wake-ups."""
        from pleo_export.services.wake_ups import WakeUps

        return WakeUps(boto3.client("sqs"), self._variable("QUEUE_URL"), self.sleep)

    @cached_property
    def sync_queue(self) -> SyncQueue:
        """The queue of syncs."""
        from pleo_export.services.sync_queue import SyncQueue

        return SyncQueue(boto3.client("sqs"), self._variable("SYNC_QUEUE_URL"), self.sleep)

    @cached_property
    def sync_plans(self) -> SyncPlans:
        """The plans of syncs, in the bucket."""
        from pleo_export.store.sync_plans import SyncPlans

        return SyncPlans(boto3.client("s3"), self._variable("BUCKET_NAME"))

    @cached_property
    def executions(self) -> Executions:
        """The executions of the state machine."""
        from pleo_export.services.executions import Executions

        return Executions(boto3.client("stepfunctions"), self._variable("STATE_MACHINE_ARN"))

    @cached_property
    def notifiers(self) -> Sequence[Notifier]:
        """The ways in which people are told of a job with failures."""
        from pleo_export.services.notifications import notifiers

        names = ("NOTIFICATION_TOPIC", "NOTIFICATION_WEBHOOK_URL", "NOTIFICATION_SECRET")
        topic, url, secret = (self._variable(name, "") for name in names)
        return notifiers(topic, url, secret, boto3.client, self.http)

    def connection(self, company_id: str) -> Connection:
        """Return the company's connection. Raises NotOurs when it was disconnected while its job was running."""
        connection = self.connections.get(company_id)
        if connection is None:
            raise NotOurs(f"company {company_id} is not connected")
        return connection

    @cached_property
    def http(self) -> requests.Session:
        """The session for Pleo, kept for the life of the environment."""
        from pleo_export.http.session import IsolatedSession

        return IsolatedSession()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def secret_name(self, company_id: str) -> str:
        """Return the name of the company's secret."""
        from pleo_export.store.secrets import connection_secret

        return connection_secret(self._variable("STACK_NAME"), company_id)

    def token_endpoint(
        self, company_id: str, grant_owner: GrantOwner, settings: AccountingSettings | None = None
    ) -> TokenEndpoint:
        """Return where the grant's tokens are got. `settings` are those of the accounting system, where the company is
        not connected yet. Raises Misconfigured (our OAuth client is not stored), InvalidSettings (the accounting system
        takes no OAuth tokens)."""
        from pleo_export.services import token_endpoints
        from pleo_export.store.secrets import oauth_client_secret

        def client_at(provider: str) -> tuple[str, str]:
            return self.secrets.oauth_client(oauth_client_secret(self._variable("STACK_NAME"), provider))

        if grant_owner == "pleo":
            return token_endpoints.of_pleo(self.pleo_auth_url, client_at("pleo"), self.http, self.clock)
        settings = settings or self.connection(company_id).settings.accounting_system
        if token_endpoints.has_own_client(settings):
            section = self.secrets.get(self.secret_name(company_id), 0).of(grant_owner)
            return token_endpoints.of_own_client(settings, section, self.http, self.clock)
        return token_endpoints.of_ledger(settings, client_at(settings.name), self.http, self.clock)

    @cached_property
    def receipts(self) -> Fetcher:
        """The download of receipts."""
        from pleo_export.receipts.fetch import Fetcher
        from pleo_export.receipts.hosts import ReceiptHosts

        return Fetcher(ReceiptHosts.parse(self._variable("RECEIPT_HOSTS")))

    def accounting_system(self, connection: Connection) -> AccountingSystem:
        """Return the company's accounting system. Raises AuthenticationFailed, TryAgain (its tokens cannot be refreshed
        now)."""
        from pleo_export.accounting.registry import connect

        settings, secret = connection.settings.accounting_system, self.accounting_secret(connection)
        return connect(settings, secret, self.time_left, self.call_budget(connection), self.numbers(connection))

    def accounting_secret(self, connection: Connection) -> Mapping[str, str]:
        """Return the secret for the accounting system. Raises as `accounting_system` does."""
        from pleo_export.accounting.errors import AuthenticationFailed
        from pleo_export.accounting.registry import CONNECTORS
        from pleo_export.failures.connection import GRANT_ENDED

        try:
            return self.tokens.secret_of(connection, "accounting_system")
        except Disconnected:
            title = CONNECTORS[connection.settings.accounting_system.name].title
            raise AuthenticationFailed(GRANT_ENDED.told(ledger=title)) from None

    def keep_grant_alive(self, connection: Connection) -> None:
        """Refresh an accounting system's grant that nobody uses, once a week. Raises as `Tokens.keep_alive` does."""
        from pleo_export.accounting.registry import CONNECTORS

        if CONNECTORS[connection.settings.accounting_system.name].oauth:
            self.tokens.keep_alive(connection, "accounting_system")
