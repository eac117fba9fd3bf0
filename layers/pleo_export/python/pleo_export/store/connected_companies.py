"""Which companies are connected, read from a sparse index of the table: only connection records are in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from boto3.dynamodb.conditions import Key

from pleo_export.store.table import query_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

INDEX = "connected"  # sparse: only connection records carry the attribute
CONNECTED = "yes"
RECONNECT = "reconnect"  # Pleo's grant has ended: the poll skips the company


class ConnectedCompanies:
    """The ids of the connected companies, in the index's order."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def all_company_ids(self) -> list[str]:
        """Return all connected companies, including those whose grant has ended."""
        return [company_id for state in (CONNECTED, RECONNECT) for company_id in self.company_ids(state)]

    def company_ids(self, state: str = CONNECTED) -> Iterator[str]:
        """Yield every company in that state, from the sparse index, in its order."""
        for record in query_all(self._table, IndexName=INDEX, KeyConditionExpression=Key(INDEX).eq(state)):
            yield str(record["pk"]).removeprefix("COMPANY#")
