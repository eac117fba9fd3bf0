"""The record of the poll: when it last ran, and how far it has come with looking for connections without a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pleo_export.store.table import iso, moment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

KEY = {"pk": "POLL", "sk": "POLL"}


@dataclass(frozen=True)
class LastPoll:
    """What is known of the polls so far. Times are UTC.

    `at`: when the last one began. `checked_at`: when all connections had been checked for their next look, the last
    time; `checked_to`: the company that the check under way has come to.
    """

    at: datetime | None = None
    checked_at: datetime | None = None
    checked_to: str | None = None


class Polls:
    """The record of the last poll."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def last(self) -> LastPoll:
        """Return what is known of the polls so far."""
        record: Any = self._table.get_item(Key=KEY, ConsistentRead=True).get("Item", {})
        at, checked_at = (moment(str(record[name])) if name in record else None for name in ("at", "checked_at"))
        return LastPoll(at, checked_at, str(record["checked_to"]) if "checked_to" in record else None)

    def put(self, poll: LastPoll) -> None:
        """Store what is known from now on."""
        known = {
            "at": poll.at and iso(poll.at),
            "checked_at": poll.checked_at and iso(poll.checked_at),
            "checked_to": poll.checked_to,
        }
        self._table.put_item(Item={**KEY, **{name: value for name, value in known.items() if value}})
