"""Which Pleo companies are connected, to what, with which settings. The secrets are in Secrets Manager."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Key

from pleo_export.settings import Settings, WebhookAuthentication, parse_settings
from pleo_export.state.table import company_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

INDEX = "connected"  # sparse: only connection records carry the attribute
CONNECTED = "yes"


@dataclass(frozen=True)
class Connection:
    """One Pleo company linked to one company of an accounting system (R-10.9)."""

    company_id: str
    settings: Settings
    secret_arn: str


class Connections:
    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, company_id: str) -> Connection | None:
        """Raises InvalidSettings when the stored settings no longer fit this version."""
        record = self._record(company_id)
        if record is None:
            return None
        return Connection(company_id, parse_settings(record["settings"]), str(record["secret_arn"]))

    def webhook_access(self, company_id: str) -> tuple[str, WebhookAuthentication] | None:
        """Where the company's secrets are, and which of them a webhook must prove to know. Without parsing the rest of
        the settings: one that no longer fits must not turn Pleo away."""
        record = self._record(company_id)
        if record is None:
            return None
        demanded = record["settings"].get("webhook_authentication", WebhookAuthentication.SIGNATURE)
        return str(record["secret_arn"]), WebhookAuthentication(demanded)

    def put(self, connection: Connection) -> None:
        self._table.put_item(
            Item={
                **company_key(connection.company_id, "CONNECTION"),
                INDEX: CONNECTED,
                "company_id": connection.company_id,
                "settings": connection.settings.model_dump(mode="json"),
                "secret_arn": connection.secret_arn,
            }
        )

    def delete(self, company_id: str) -> None:
        """Postings stay: they prevent duplicates if the company comes back (R-10.18)."""
        self._table.delete_item(Key=company_key(company_id, "CONNECTION"))

    def company_ids(self) -> Iterator[str]:
        """Every connected company, from the sparse index."""
        start: dict[str, object] = {}
        while True:
            page = self._table.query(
                IndexName=INDEX,
                KeyConditionExpression=Key(INDEX).eq(CONNECTED),
                **start,  # type: ignore[arg-type]
            )
            for record in page["Items"]:
                yield str(record["pk"]).removeprefix("COMPANY#")
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _record(self, company_id: str) -> Mapping[str, Any] | None:
        return self._table.get_item(Key=company_key(company_id, "CONNECTION")).get("Item")
