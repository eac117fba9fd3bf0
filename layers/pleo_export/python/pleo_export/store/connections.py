"""The connected Pleo companies, each with its ledger and settings. The secrets are in Secrets Manager.

One Pleo company is connected to one company of an accounting system (R-10.9): beside the connection is a record of its
ledger, written and deleted in the same transaction, so that no crash leaves a ledger reserved for no company.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_args

from boto3.dynamodb.conditions import Attr, ConditionBase, Key

from pleo_export.errors import InvalidSettings
from pleo_export.pleo.webhook_authentication import WebhookAuthentication
from pleo_export.settings import Settings, parse_settings
from pleo_export.store.secrets import GrantOwner
from pleo_export.store.table import company_key, conditional_write, iso, ledger_key, moment, transact

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

INDEX = "connected"  # sparse: only connection records carry the attribute
CONNECTED = "yes"
RECONNECT = "reconnect"  # Pleo's grant has ended: the poll skips the company


@dataclass(frozen=True)
class EndedGrant:
    """When a grant was found to have ended, and why."""

    reason: str
    at: datetime


@dataclass(frozen=True)
class Connection:
    """One Pleo company linked to one company of an accounting system (R-10.9).

    `raw_settings` are the settings as JSON, `ended` the grants that a person has to give again (R-10.6).
    """

    company_id: str
    raw_settings: Mapping[str, Any]
    secret_arn: str
    ended: Mapping[GrantOwner, EndedGrant] = field(default_factory=dict)

    @cached_property
    def settings(self) -> Settings:
        """Return the parsed settings. Raises InvalidSettings if they no longer fit this version; calls to Pleo are
        possible all the same."""
        return parse_settings(self.raw_settings)


class LedgerAlreadyConnected(InvalidSettings):
    """The ledger is connected to another Pleo company already: `company_id`."""

    def __init__(self, company_id: str) -> None:
        super().__init__(
            f"accounting_system: these books are connected to Pleo company {company_id} already, and one Pleo company "
            f"has one accounting company. Name other books, or run `pleo-export disconnect {company_id}` first"
        )
        self.company_id = company_id


class Connections:
    """The records of connections and their ledgers."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, company_id: str) -> Connection | None:
        """Return the connection; None if the company is not connected. Does not parse the settings."""
        record = self._record(company_id)
        if record is None:
            return None
        return Connection(company_id, record["settings"], str(record["secret_arn"]), _ended(record))

    def ended(self, company_id: str) -> Mapping[GrantOwner, EndedGrant]:
        """Return the grants of the company that have ended, without parsing its settings."""
        return _ended(self._record(company_id) or {})

    def exists(self, company_id: str) -> bool:
        """Whether the company is connected, even with settings that no longer fit."""
        return self._record(company_id) is not None

    def webhook_access(self, company_id: str) -> tuple[str, WebhookAuthentication] | None:
        """Return the ARN of the company's secret and how its webhooks are authenticated; None if it is not connected.

        The other settings are not parsed: one that no longer fits must not refuse Pleo's webhooks.
        """
        record = self._record(company_id)
        if record is None:
            return None
        method = record["settings"].get("webhook_authentication", WebhookAuthentication.SIGNATURE)
        return str(record["secret_arn"]), WebhookAuthentication(method)

    def company_using(self, ledger_id: str) -> str | None:
        """Return the Pleo company that the ledger is connected to, or None. `ledger_id` as for `put`."""
        record = self._table.get_item(Key=ledger_key(ledger_id), ConsistentRead=True).get("Item")
        return str(record["company_id"]) if record else None

    def put(self, connection: Connection, ledger_id: str) -> None:
        """Store the connection and reserve its ledger for the company; a ledger that it had before is free again.

        `ledger_id` names system and company: `tryton#books.example.com:443/books/1`. Raises LedgerAlreadyConnected, and
        InvalidSettings if another command changes the connection at the same time; then nothing is stored.
        """
        company_id = connection.company_id
        before = self._ledger_of(company_id)
        writes = [
            {"Put": {"Item": connection_record(connection, ledger_id), **self._unchanged(before)}},
            {"Put": {"Item": {**ledger_key(ledger_id), "company_id": company_id}, **self._free_for(company_id)}},
        ]
        if before not in (None, ledger_id):
            writes.append({"Delete": {"Key": ledger_key(before), **self._free_for(company_id)}})
        if not transact(self._table, writes):
            holder = self.company_using(ledger_id)
            raise LedgerAlreadyConnected(holder) if holder not in (None, company_id) else _changed(company_id)

    def grant_ended(self, company_id: str, grant_owner: GrantOwner, reason: str, now: datetime) -> None:
        """Note that a person has to connect again. A company that is not connected (any more) stays so."""
        poll = f", {INDEX} = :reconnect" if grant_owner == "pleo" else ""
        values = {":ended": {"reason": reason, "at": iso(now)}} | ({":reconnect": RECONNECT} if poll else {})
        self._change(company_id, f"SET ended_{grant_owner} = :ended{poll}", values)

    def grant_given(self, company_id: str, grant_owner: GrantOwner) -> None:
        """Note that a person has connected again."""
        if grant_owner == "pleo":
            self._change(company_id, f"SET {INDEX} = :connected REMOVE ended_{grant_owner}", {":connected": CONNECTED})
        else:
            self._change(company_id, f"REMOVE ended_{grant_owner}", {})

    def delete(self, company_id: str) -> None:
        """Delete the connection and free its ledger; harmless if both are gone.

        Postings stay: they prevent duplicates if the company comes back (R-10.18). Raises InvalidSettings as `put`
        does.
        """
        before = self._ledger_of(company_id)
        writes: list[dict[str, Any]] = [
            {"Delete": {"Key": company_key(company_id, "CONNECTION"), **self._unchanged(before)}}
        ]
        if before is not None:
            writes.append({"Delete": {"Key": ledger_key(before), **self._free_for(company_id)}})
        if not transact(self._table, writes):
            raise _changed(company_id)

    def all_company_ids(self) -> list[str]:
        """Return all connected companies, including those whose grant has ended."""
        return [company_id for state in (CONNECTED, RECONNECT) for company_id in self.company_ids(state)]

    def company_ids_after(self, company_id: str) -> Iterator[str]:
        """Yield every connected company, once around: first those after the given one, in the index's order."""
        pk = company_key(company_id, "CONNECTION")["pk"]
        yield from self._in_index(Key(INDEX).eq(CONNECTED) & Key("pk").gt(pk))
        yield from self._in_index(Key(INDEX).eq(CONNECTED) & Key("pk").lte(pk))

    def company_ids(self, state: str = CONNECTED) -> Iterator[str]:
        """Yield every company in that state, from the sparse index, in its order."""
        yield from self._in_index(Key(INDEX).eq(state))

    def _in_index(self, condition: ConditionBase) -> Iterator[str]:
        start: dict[str, object] = {}
        while True:
            page = self._table.query(
                IndexName=INDEX,
                KeyConditionExpression=condition,
                **start,  # type: ignore[arg-type]
            )
            for record in page["Items"]:
                yield str(record["pk"]).removeprefix("COMPANY#")
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _record(self, company_id: str) -> Mapping[str, Any] | None:
        return self._table.get_item(Key=company_key(company_id, "CONNECTION")).get("Item")

    def _ledger_of(self, company_id: str) -> str | None:
        found = self._table.get_item(Key=company_key(company_id, "CONNECTION"), ConsistentRead=True).get("Item", {})
        return str(found["books"]) if "books" in found else None

    def _unchanged(self, ledger_id: str | None) -> dict[str, Any]:
        """Return the condition that the company has the same ledger as a moment ago."""
        if ledger_id is None:
            return {"ConditionExpression": "attribute_not_exists(books)"}
        return {"ConditionExpression": "books = :books", "ExpressionAttributeValues": {":books": ledger_id}}

    def _free_for(self, company_id: str) -> dict[str, Any]:
        return {
            "ConditionExpression": "attribute_not_exists(pk) OR company_id = :company",
            "ExpressionAttributeValues": {":company": company_id},
        }

    def _change(self, company_id: str, expression: str, values: dict[str, Any]) -> None:
        conditional_write(
            self._table.update_item,
            Key=company_key(company_id, "CONNECTION"),
            UpdateExpression=expression,
            ConditionExpression=Attr("pk").exists(),
            **({"ExpressionAttributeValues": values} if values else {}),
        )


def connection_record(connection: Connection, ledger_id: str) -> dict[str, Any]:
    """Return the connection's item in the table."""
    return {
        **company_key(connection.company_id, "CONNECTION"),
        INDEX: CONNECTED,
        "company_id": connection.company_id,
        "settings": dict(connection.raw_settings),
        "secret_arn": connection.secret_arn,
        "books": ledger_id,
    }


def _changed(company_id: str) -> InvalidSettings:
    return InvalidSettings(f"somebody else is changing the connection of company {company_id}; run the command again")


def _ended(record: Mapping[str, Any]) -> dict[GrantOwner, EndedGrant]:
    found: dict[GrantOwner, Any] = {owner: record.get(f"ended_{owner}") for owner in get_args(GrantOwner)}
    return {owner: EndedGrant(str(each["reason"]), moment(str(each["at"]))) for owner, each in found.items() if each}
