"""Which companies are connected, read from a sparse index of the table: only connection records are in it; and the
attributes by which those records are in an index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import ConditionBase, Key

from pleo_export.store.table import company_key, get_many, query_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

INDEX = "connected"  # sparse: only connection records carry the attribute
CONNECTED = "yes"
RECONNECT = "reconnect"  # Pleo's grant has ended: the poll skips the company
TIME, INTERVAL = "next_look", "look_minutes"  # attributes of the connection; store.looks has the index of them
# In place of a time, before all of them: a company that was connected just now. With a time behind it: one that waits
# since then, because Pleo took no request when it was woken.
AT_ONCE = "0"
SHORTEST = timedelta(minutes=5)  # between two looks; of a company whose record has no interval


class ConnectedCompanies:
    """The ids of the connected companies, in the index's order."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def all_company_ids(self) -> list[str]:
        """Return all connected companies, including those whose grant has ended."""
        return [company_id for state in (CONNECTED, RECONNECT) for company_id in self.company_ids(state)]

    def company_ids(self, state: str = CONNECTED, *, after: str | None = None) -> Iterator[str]:
        """Yield every company in that state, from the sparse index, in its order; only those after the given one."""
        condition: ConditionBase = Key(INDEX).eq(state)
        if after is not None:
            condition &= Key("pk").gt(company_key(after, "CONNECTION")["pk"])
        for record in query_all(self._table, IndexName=INDEX, KeyConditionExpression=condition):
            yield str(record["pk"]).removeprefix("COMPANY#")

    def raw_settings_of(self, company_ids: Iterable[str]) -> Mapping[str, Mapping[str, Any]]:
        """Return the settings of those companies that are still connected, as stored, by company."""
        records = get_many(self._table, (company_key(each, "CONNECTION") for each in company_ids))
        return {str(each["company_id"]): each["settings"] for each in records}


def look_interval(record: Mapping[str, Any]) -> timedelta:
    """Return the interval between two looks, of a connection's item in the table."""
    return timedelta(minutes=int(record[INTERVAL])) if INTERVAL in record else SHORTEST
