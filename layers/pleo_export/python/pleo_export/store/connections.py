"""The connected Pleo companies, each with its ledger and settings. The secrets are in Secrets Manager.

One Pleo company is connected to one company of an accounting system (R-10.9): beside the connection is a record of its
ledger, written and deleted in the same transaction, so that no crash leaves a ledger reserved for no company.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pleo_export.errors import InvalidSettings
from pleo_export.failures.entry import DEFAULT_SUPPORT
from pleo_export.pleo.webhook_authentication import WebhookAuthentication
from pleo_export.store.connected_companies import (
    AT_ONCE,
    CONNECTED,
    INDEX,
    SHORTEST,
    TIME,
    ConnectedCompanies,
    look_interval,
)
from pleo_export.store.grants import EndedGrant, GrantRecords, ended_grants
from pleo_export.store.table import company_key, iso, ledger_key, transact

if TYPE_CHECKING:
    from pleo_export.settings import Settings
    from pleo_export.store.secrets import GrantOwner
    from pleo_export.store.settings_history import SettingsVersion


@dataclass(frozen=True)
class Connection:
    """One Pleo company linked to one company of an accounting system (R-10.9).

    `raw_settings` are the settings as JSON, `ended` the grants that a person has to give again (R-10.6).
    `settings_version` is the version of the settings in `store.settings_history`; None before there was a history.
    `ledger_id` is the ledger's, as for `Connections.put`. `look_interval` is the time between two looks of the poll.
    """

    company_id: str
    raw_settings: Mapping[str, Any]
    secret_arn: str
    ended: Mapping[GrantOwner, EndedGrant] = field(default_factory=dict)
    settings_version: int | None = None
    ledger_id: str = ""
    look_interval: timedelta = SHORTEST

    @cached_property
    def settings(self) -> Settings:
        """Return the parsed settings. Raises InvalidSettings if they no longer fit this version; calls to Pleo are
        possible all the same."""
        from pleo_export.settings import parse_settings  # noqa: PLC0415 - webhook, poll and dispatch do without them

        return parse_settings(self.raw_settings)

    @property
    def support_contact(self) -> str:
        """Whom a failure names where only support can help, also where the other settings no longer fit."""
        return str(self.raw_settings.get("support_contact", DEFAULT_SUPPORT))


class LedgerAlreadyConnected(InvalidSettings):
    """The ledger is connected to another Pleo company already: `company_id`."""

    def __init__(self, company_id: str) -> None:
        super().__init__(
            f"accounting_system: these books are connected to Pleo company {company_id} already, and one Pleo company "
            f"has one accounting company. Name other books, or run `pleo-export disconnect {company_id}` first"
        )
        self.company_id = company_id


class Connections(ConnectedCompanies, GrantRecords):
    """The records of connections and their ledgers."""

    def get(self, company_id: str) -> Connection | None:
        """Return the connection; None if the company is not connected. Does not parse the settings."""
        record = self._record(company_id)
        if record is None:
            return None
        version = int(record["settings_version"]) if "settings_version" in record else None
        ended, ledger_id = ended_grants(record), str(record.get("books", ""))
        interval = look_interval(record)
        return Connection(
            company_id, record["settings"], str(record["secret_arn"]), ended, version, ledger_id, interval
        )

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

    def put(self, version: SettingsVersion, secret_arn: str, ledger_id: str) -> None:
        """Store the connection with that version of its settings, and reserve its ledger for the company; a ledger that
        it had before is free again. A new version is added to the history in the same transaction.

        Whether its webhooks arrive is to be proved again, so the poll looks at it at once and often.

        `ledger_id` names system and company: `tryton#books.example.com:443/books/1`. Raises LedgerAlreadyConnected, and
        InvalidSettings if another command changes the connection at the same time; then nothing is stored.
        """
        from pleo_export.store.settings_history import settings_record  # noqa: PLC0415 - no function stores settings

        company_id = version.company_id
        connection = Connection(company_id, version.raw_settings, secret_arn, settings_version=version.version)
        before = self._ledger_of(company_id)
        writes: list[dict[str, Any]] = [
            {"Put": {"Item": connection_record(connection, ledger_id), **_unchanged(before)}},
            {"Put": {"Item": {**ledger_key(ledger_id), "company_id": company_id}, **_free_for(company_id)}},
            {"Put": {"Item": settings_record(version), **_new_or(version)}},
        ]
        if before not in (None, ledger_id):
            writes.append({"Delete": {"Key": ledger_key(before), **_free_for(company_id)}})
        if not transact(self._table, writes):
            holder = self.company_using(ledger_id)
            raise LedgerAlreadyConnected(holder) if holder not in (None, company_id) else _changed(company_id)

    def delete(self, company_id: str) -> None:
        """Delete the connection and free its ledger; harmless if both are gone.

        Postings stay: they prevent duplicates if the company comes back (R-10.18). Raises InvalidSettings as `put`
        does.
        """
        before = self._ledger_of(company_id)
        writes: list[dict[str, Any]] = [
            {"Delete": {"Key": company_key(company_id, "CONNECTION"), **_unchanged(before)}}
        ]
        if before is not None:
            writes.append({"Delete": {"Key": ledger_key(before), **_free_for(company_id)}})
        if not transact(self._table, writes):
            raise _changed(company_id)

    def _record(self, company_id: str) -> Mapping[str, Any] | None:
        return self._table.get_item(Key=company_key(company_id, "CONNECTION")).get("Item")

    def _ledger_of(self, company_id: str) -> str | None:
        found = self._table.get_item(Key=company_key(company_id, "CONNECTION"), ConsistentRead=True).get("Item", {})
        return str(found["books"]) if "books" in found else None


def connection_record(connection: Connection, ledger_id: str) -> dict[str, Any]:
    """Return the connection's item in the table."""
    version = connection.settings_version
    return {
        **company_key(connection.company_id, "CONNECTION"),
        INDEX: CONNECTED,
        TIME: AT_ONCE,
        "company_id": connection.company_id,
        "settings": dict(connection.raw_settings),
        **({} if version is None else {"settings_version": version}),
        "secret_arn": connection.secret_arn,
        "books": ledger_id,
    }


def _changed(company_id: str) -> InvalidSettings:
    return InvalidSettings(f"somebody else is changing the connection of company {company_id}; run the command again")


def _unchanged(ledger_id: str | None) -> dict[str, Any]:
    """Return the condition that the company has the same ledger as a moment ago."""
    if ledger_id is None:
        return {"ConditionExpression": "attribute_not_exists(books)"}
    return {"ConditionExpression": "books = :books", "ExpressionAttributeValues": {":books": ledger_id}}


def _new_or(version: SettingsVersion) -> dict[str, Any]:
    """Return the condition that there is no version of that number, or that it is this one already."""
    return {
        "ConditionExpression": "attribute_not_exists(pk) OR (#sha256 = :sha256 AND stored_at = :stored_at)",
        "ExpressionAttributeNames": {"#sha256": "sha256"},
        "ExpressionAttributeValues": {":sha256": version.sha256, ":stored_at": iso(version.stored_at)},
    }


def _free_for(company_id: str) -> dict[str, Any]:
    return {
        "ConditionExpression": "attribute_not_exists(pk) OR company_id = :company",
        "ExpressionAttributeValues": {":company": company_id},
    }
