"""When each company is to be looked at next by the poll, noted at its connection and read from a sparse index.

The index holds the companies whose grant at Pleo has not ended, by the time of their next look. All are below one
partition key: a partition takes a thousand writes a second, and the poll's own limit leaves a hundredth of that.

Connections that an older release has stored have no time: they are found by `without_time`, in the index of all
connected companies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr, ConditionBase, Key

from pleo_export.store.connected_companies import AT_ONCE, CONNECTED, INTERVAL, TIME, look_interval
from pleo_export.store.connected_companies import INDEX as CONNECTED_INDEX
from pleo_export.store.table import company_key, conditional_write, get_many, iso, moment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

INDEX = "looks"
AFTER_THEM = "1"  # behind all that begin with AT_ONCE, before all times


@dataclass(frozen=True, slots=True)
class Look:
    """A company's next look. `at` is UTC, None for at once; `interval` is the time until the one after it.
    `deferred_at` (UTC): when a wake-up of the company was deferred to this look."""

    company_id: str
    at: datetime | None
    interval: timedelta
    deferred_at: datetime | None = None


class Looks:
    """The next looks of all companies."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def first(self, number: int, until: datetime | None) -> list[Look]:
        """Return at most so many of the next looks, those that are due the longest first; only those that are due by
        then, if a time is given."""
        looks: list[Look] = []
        start: dict[str, Any] = {}
        while len(looks) < number:
            page: Any = self._table.query(**_of_index(until), Limit=number - len(looks), **start)
            looks += map(_look, page["Items"])
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        return looks

    def count(self, until: datetime | None) -> int:
        """Return how many looks there are, or are due by then."""
        number = 0
        start: dict[str, Any] = {}
        while True:
            page: Any = self._table.query(**_of_index(until), Select="COUNT", **start)
            number += int(page["Count"])
            if "LastEvaluatedKey" not in page:
                return number
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def move(self, look: Look, at: datetime) -> None:
        """Store the time of the look after this one; unless somebody else has stored another meanwhile, or the company
        is no longer connected."""
        self._change(look.company_id, f"{TIME} = :at", {":at": iso(at)}, Attr(TIME).eq(_text(look)))

    def defer(self, company_id: str, now: datetime) -> None:
        """Let the next poll look at the company, before those that are due: first who was deferred first."""
        values = {":at": f"{AT_ONCE} {iso(now)}"}
        self._change(company_id, f"{TIME} = :at", values, Attr(TIME).gt(AFTER_THEM))

    def note(self, company_id: str, at: datetime, interval: timedelta) -> None:
        """Store the time of the next look and the interval from then on, if the company is connected."""
        values = {":at": iso(at), ":minutes": round(interval / timedelta(minutes=1))}
        self._change(company_id, f"{TIME} = :at, {INTERVAL} = :minutes", values, Attr("pk").exists())

    def add(self, company_id: str, at: datetime) -> None:
        """Store the time of a first look, if the company is connected and has none."""
        connected = Attr("pk").exists() & Attr(TIME).not_exists()
        self._change(company_id, f"{TIME} = :at", {":at": iso(at)}, connected)

    def without_time(self, company_ids: Sequence[str]) -> list[str]:
        """Return those of the connected companies that are in no index of looks."""
        records = get_many(self._table, (company_key(company_id, "CONNECTION") for company_id in company_ids))
        return [_company(each) for each in records if TIME not in each]

    def _change(self, company_id: str, assignments: str, values: dict[str, Any], condition: ConditionBase) -> None:
        conditional_write(
            self._table.update_item,
            Key=company_key(company_id, "CONNECTION"),
            UpdateExpression=f"SET {assignments}",
            ExpressionAttributeValues=values,
            ConditionExpression=condition,
        )


def _of_index(until: datetime | None) -> dict[str, Any]:
    condition: ConditionBase = Key(CONNECTED_INDEX).eq(CONNECTED)
    if until is not None:
        condition &= Key(TIME).lte(iso(until))
    return {"IndexName": INDEX, "KeyConditionExpression": condition}


def _look(record: Mapping[str, Any]) -> Look:
    time, company_id, interval = str(record[TIME]), _company(record), look_interval(record)
    if time > AFTER_THEM:
        return Look(company_id, moment(time), interval)
    since = time.removeprefix(AT_ONCE).strip()
    return Look(company_id, None, interval, moment(since) if since else None)


def _text(look: Look) -> str:
    if look.at is not None:
        return iso(look.at)
    return AT_ONCE if look.deferred_at is None else f"{AT_ONCE} {iso(look.deferred_at)}"


def _company(record: Mapping[str, Any]) -> str:
    return str(record["pk"]).removeprefix("COMPANY#")
