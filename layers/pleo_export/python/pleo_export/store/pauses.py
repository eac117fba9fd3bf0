"""The companies whose exports do not start for the moment, and who has paused and resumed them.

The record stands beside the connection, so that connecting again leaves it. The history is never deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from boto3.dynamodb.conditions import Key

from pleo_export.store.table import company_key, iso, moment, query_all, transact

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

RECORD, HISTORY = "PAUSE", "PAUSED#"


@dataclass(frozen=True)
class Pause:
    """Who has paused or resumed the exports of a company, when (UTC) and why."""

    action: Literal["paused", "resumed"]
    by: str
    at: datetime
    reason: str | None = None


class Pauses:
    """The pauses of all companies."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, company_id: str) -> Pause | None:
        """Return the pause that lasts; None while exports start."""
        record = self._table.get_item(Key=company_key(company_id, RECORD), ConsistentRead=True).get("Item")
        return None if record is None else _pause(record)

    def pause(self, company_id: str, by: str, now: datetime, reason: str | None = None) -> bool:
        """Let no export of the company start any more. Returns False if they are paused already."""
        return self._note(company_id, Pause("paused", by, now, reason))

    def resume(self, company_id: str, by: str, now: datetime) -> bool:
        """Let exports of the company start again. Returns False if they are not paused."""
        return self._note(company_id, Pause("resumed", by, now))

    def history(self, company_id: str) -> list[Pause]:
        """Return all pauses of the company, and their ends, oldest first."""
        condition = Key("pk").eq(company_key(company_id, RECORD)["pk"]) & Key("sk").begins_with(HISTORY)
        return [_pause(record) for record in query_all(self._table, KeyConditionExpression=condition)]

    def _note(self, company_id: str, pause: Pause) -> bool:
        """Change the state and add to the history, both or neither."""
        key, record = company_key(company_id, RECORD), _record(pause)
        change: dict[str, Any]
        if pause.action == "paused":
            change = {"Put": {"Item": {**key, **record}, "ConditionExpression": "attribute_not_exists(pk)"}}
        else:
            change = {"Delete": {"Key": key, "ConditionExpression": "attribute_exists(pk)"}}
        history = {**company_key(company_id, f"{HISTORY}{iso(pause.at)}#{pause.action}"), **record}
        return transact(self._table, [change, {"Put": {"Item": history}}])


def _record(pause: Pause) -> dict[str, Any]:
    facts = {"action": pause.action, "by": pause.by, "at": iso(pause.at), "reason": pause.reason}
    return {name: value for name, value in facts.items() if value is not None}


def _pause(record: Mapping[str, Any]) -> Pause:
    return Pause(record["action"], str(record["by"]), moment(str(record["at"])), record.get("reason"))
