"""Which Pleo companies are connected, to what, with which settings. The secrets are in Secrets Manager.

One Pleo company to one company of an accounting system (R-10.9): beside the connection stands a record of its books,
written and deleted with it in one transaction, so that no crash leaves books that nobody has and nobody can take.
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
RECONNECT = "reconnect"  # Pleo's grant has ended: the poll leaves the company alone


@dataclass(frozen=True)
class EndedGrant:
    """When a grant was found to have ended, and why."""

    reason: str
    at: datetime


@dataclass(frozen=True)
class Connection:
    """One Pleo company linked to one company of an accounting system (R-10.9).

    `entered` are the settings as JSON, `ended` the grants that a person has to give again (R-10.6).
    """

    company_id: str
    raw_settings: Mapping[str, Any]
    secret_arn: str
    ended: Mapping[GrantOwner, EndedGrant] = field(default_factory=dict)

    @cached_property
    def settings(self) -> Settings:
        """Raises InvalidSettings when they no longer fit this version. Pleo can be spoken to all the same."""
        return parse_settings(self.raw_settings)


class LedgerAlreadyConnected(InvalidSettings):
    """The books are connected to another Pleo company already: `company_id`."""

    def __init__(self, company_id: str) -> None:
        super().__init__(
            f"accounting_system: these books are connected to Pleo company {company_id} already, and one Pleo company "
            f"has one accounting company. Name other books, or run `pleo-export disconnect {company_id}` first"
        )
        self.company_id = company_id


class Connections:
    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, company_id: str) -> Connection | None:
        record = self._record(company_id)
        if record is None:
            return None
        return Connection(company_id, record["settings"], str(record["secret_arn"]), _ended(record))

    def ended(self, company_id: str) -> Mapping[GrantOwner, EndedGrant]:
        """The grants of the company that have ended, without parsing its settings."""
        return _ended(self._record(company_id) or {})

    def exists(self, company_id: str) -> bool:
        """Whether the company is connected, be it with settings that no longer fit."""
        return self._record(company_id) is not None

    def webhook_access(self, company_id: str) -> tuple[str, WebhookAuthentication] | None:
        """Where the company's secrets are, and which of them a webhook must prove to know. Without parsing the rest of
        the settings: one that no longer fits must not turn Pleo away."""
        record = self._record(company_id)
        if record is None:
            return None
        demanded = record["settings"].get("webhook_authentication", WebhookAuthentication.SIGNATURE)
        return str(record["secret_arn"]), WebhookAuthentication(demanded)

    def company_using(self, books: str) -> str | None:
        """The Pleo company that the books are connected to. `books` as for `put`."""
        record = self._table.get_item(Key=ledger_key(books), ConsistentRead=True).get("Item")
        return str(record["company_id"]) if record else None

    def put(self, connection: Connection, books: str) -> None:
        """Store the connection, and that its books are this company's; those that it had before are free again.

        `books` names system and company: `tryton#books.example.com:443/books/1`. Raises BooksTaken, and
        InvalidSettings when somebody else changes the connection at the same time; then nothing is stored.
        """
        company_id = connection.company_id
        before = self._ledger_of(company_id)
        writes = [
            {"Put": {"Item": connection_record(connection, books), **self._unchanged(before)}},
            {"Put": {"Item": {**ledger_key(books), "company_id": company_id}, **self._free_for(company_id)}},
        ]
        if before not in (None, books):
            writes.append({"Delete": {"Key": ledger_key(before), **self._free_for(company_id)}})
        if not transact(self._table, writes):
            holder = self.company_using(books)
            raise LedgerAlreadyConnected(holder) if holder not in (None, company_id) else _changed(company_id)

    def grant_ended(self, company_id: str, which: GrantOwner, reason: str, now: datetime) -> None:
        """A person has to connect again. A company that is not connected (any more) stays so."""
        poll = f", {INDEX} = :reconnect" if which == "pleo" else ""
        values = {":ended": {"reason": reason, "at": iso(now)}} | ({":reconnect": RECONNECT} if poll else {})
        self._change(company_id, f"SET ended_{which} = :ended{poll}", values)

    def grant_given(self, company_id: str, which: GrantOwner) -> None:
        """A person has connected again."""
        if which == "pleo":
            self._change(company_id, f"SET {INDEX} = :connected REMOVE ended_{which}", {":connected": CONNECTED})
        else:
            self._change(company_id, f"REMOVE ended_{which}", {})

    def delete(self, company_id: str) -> None:
        """The connection and its hold on the books, harmless where both are gone. Postings stay: they prevent
        duplicates if the company comes back (R-10.18). Raises InvalidSettings as `put` does."""
        before = self._ledger_of(company_id)
        writes: list[dict[str, Any]] = [
            {"Delete": {"Key": company_key(company_id, "CONNECTION"), **self._unchanged(before)}}
        ]
        if before is not None:
            writes.append({"Delete": {"Key": ledger_key(before), **self._free_for(company_id)}})
        if not transact(self._table, writes):
            raise _changed(company_id)

    def all_company_ids(self) -> list[str]:
        """Those too whose grant has ended."""
        return [company_id for state in (CONNECTED, RECONNECT) for company_id in self.company_ids(state)]

    def company_ids_after(self, company_id: str) -> Iterator[str]:
        """Every connected company, once around: first those behind the given one, in the index's order."""
        pk = company_key(company_id, "CONNECTION")["pk"]
        yield from self._in_index(Key(INDEX).eq(CONNECTED) & Key("pk").gt(pk))
        yield from self._in_index(Key(INDEX).eq(CONNECTED) & Key("pk").lte(pk))

    def company_ids(self, state: str = CONNECTED) -> Iterator[str]:
        """Every company in that state, from the sparse index, in its order."""
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

    def _unchanged(self, books: str | None) -> dict[str, Any]:
        """The condition that the company has the same books as a moment ago."""
        if books is None:
            return {"ConditionExpression": "attribute_not_exists(books)"}
        return {"ConditionExpression": "books = :books", "ExpressionAttributeValues": {":books": books}}

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


def connection_record(connection: Connection, books: str) -> dict[str, Any]:
    return {
        **company_key(connection.company_id, "CONNECTION"),
        INDEX: CONNECTED,
        "company_id": connection.company_id,
        "settings": dict(connection.raw_settings),
        "secret_arn": connection.secret_arn,
        "books": books,
    }


def _changed(company_id: str) -> InvalidSettings:
    return InvalidSettings(f"somebody else is changing the connection of company {company_id}; run the command again")


def _ended(record: Mapping[str, Any]) -> dict[GrantOwner, EndedGrant]:
    found: dict[GrantOwner, Any] = {which: record.get(f"ended_{which}") for which in get_args(GrantOwner)}
    return {which: EndedGrant(str(each["reason"]), moment(str(each["at"]))) for which, each in found.items() if each}
