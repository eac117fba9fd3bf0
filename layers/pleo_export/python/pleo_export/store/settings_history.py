"""Every version of a company's settings, never changed and never deleted: by which rules an entry was booked.

One record per version, `COMPANY#<id>` / `SETTINGS#<n>`, written in the same transaction as the connection, on
condition that there is none of that number yet. They survive `disconnect`, as the posting records do that name them.
Settings hold no secrets.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Key

from pleo_export.store.table import company_key, iso, moment, query_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

PREFIX = "SETTINGS#"


@dataclass(frozen=True)
class SettingsVersion:
    """One version of a company's settings, from 1: who stored it (an AWS identity's ARN), with which release, and when
    (UTC). `sha256` is that of the settings in `canonical` form."""

    company_id: str
    version: int
    raw_settings: Mapping[str, Any]
    sha256: str
    stored_at: datetime
    stored_by: str
    code_version: str


class SettingsHistory:
    """The versions of all companies' settings."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def versions(self, company_id: str) -> list[SettingsVersion]:
        """Return the company's versions, oldest first."""
        return [_version(record) for record in query_all(self._table, KeyConditionExpression=_of(company_id))]

    def latest(self, company_id: str) -> SettingsVersion | None:
        """Return the newest version; None where none was kept."""
        page: Any = self._table.query(
            KeyConditionExpression=_of(company_id), ScanIndexForward=False, Limit=1, ConsistentRead=True
        )
        return _version(page["Items"][0]) if page["Items"] else None

    def next(
        self, company_id: str, raw_settings: Mapping[str, Any], stored_by: str, code_version: str, now: datetime
    ) -> SettingsVersion:
        """Return the version of these settings: the newest one where nothing has changed, else the one after it, which
        `Connections.put` stores."""
        latest = self.latest(company_id)
        digest = sha256(canonical(raw_settings)).hexdigest()
        if latest and latest.sha256 == digest:
            return latest
        number = latest.version + 1 if latest else 1
        return SettingsVersion(company_id, number, raw_settings, digest, now, stored_by, code_version)


def canonical(raw_settings: Mapping[str, Any]) -> bytes:
    """Return the settings as JSON with sorted keys and no spaces: equal settings are equal bytes."""
    return json.dumps(raw_settings, sort_keys=True, separators=(",", ":"), default=_number).encode()


def _number(value: object) -> object:
    """Return a number as the table gives it (a Decimal) as JSON does."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    raise TypeError(f"settings hold no {type(value).__name__}")


def settings_record(version: SettingsVersion) -> dict[str, Any]:
    """Return the version's item in the table."""
    return {
        **company_key(version.company_id, f"{PREFIX}{version.version:06d}"),
        "company_id": version.company_id,
        "version": version.version,
        "settings": dict(version.raw_settings),
        "sha256": version.sha256,
        "stored_at": iso(version.stored_at),
        "stored_by": version.stored_by,
        "code_version": version.code_version,
    }


def _of(company_id: str) -> Any:
    return Key("pk").eq(company_key(company_id, "")["pk"]) & Key("sk").begins_with(PREFIX)


def _version(record: Mapping[str, Any]) -> SettingsVersion:
    return SettingsVersion(
        company_id=str(record["company_id"]),
        version=int(record["version"]),
        raw_settings=record["settings"],
        sha256=str(record["sha256"]),
        stored_at=moment(record["stored_at"]),
        stored_by=str(record["stored_by"]),
        code_version=str(record["code_version"]),
    )
