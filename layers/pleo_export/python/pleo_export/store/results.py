"""The final results of items: what Pleo is told of each, kept by job.

A failure, or a success with warnings, has a record of its own, since its texts are what people search for and may have
erased. What succeeded without warnings is ids and times only, and is nearly every item of nearly every job: of these,
one record holds what one call recorded, as compressed JSON. A record for each would be a third of the writes.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from boto3.dynamodb.conditions import Key

from pleo_export.errors import ItemFailure
from pleo_export.failures.entry import FailureText
from pleo_export.store.fencing import FencingToken, write
from pleo_export.store.record_texts import LONGEST_REASON, few, storable
from pleo_export.store.table import (
    HISTORY,
    booked_key,
    expiry,
    get_many,
    iso,
    item_key,
    job_key,
    moment,
    query_all,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


@dataclass(frozen=True)
class ItemResult:
    """The final result of one item: successful with a document, or failed with Pleo's type and a reason.

    `code` is that of the failure catalogue; None where it succeeded, and in a record of an earlier release.
    `warnings` are what the bookkeeper should know all the same; Pleo cannot show them, `pleo-export job` does.
    """

    entry_id: str
    external_id: str | None = None
    external_url: str | None = None
    exported_at: datetime | None = None
    failure: ItemFailure | None = None
    reason: str | None = None
    warnings: tuple[str, ...] = ()
    code: str | None = None

    @classmethod
    def failed(cls, entry_id: str, failure: ItemFailure, told: FailureText, support: str) -> ItemResult:
        """Return a failure; `support` is whom its text names where only support can help."""
        return cls(entry_id, failure=failure, reason=told.text(support), code=told.code)

    @property
    def status(self) -> Literal["successful", "failed"]:
        """Return the status that Pleo is sent."""
        return "failed" if self.failure else "successful"

    @property
    def has_texts(self) -> bool:
        """Whether there is anything for people to read."""
        return bool(self.failure or self.reason or self.warnings)


class Results:
    """The final results of items, by job."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put_many(
        self,
        fencing_token: FencingToken,
        chunk: int,
        results: Sequence[ItemResult],
        now: datetime,
        kept: timedelta = HISTORY,
    ) -> bool:
        """Write final results of a chunk, which are `kept` from now on. Returns False if the fencing token is another
        call's by now: then that call's results count, and not all of these are written."""
        job_id, times = fencing_token.job_id, {"recorded_at": iso(now), "expires_at": expiry(now, kept)}
        records = [
            {**item_key(job_id, each.entry_id), "status": each.status, **_facts(each), **times}
            for each in results
            if each.has_texts
        ]
        if booked := [each for each in results if not each.has_texts]:
            key = booked_key(job_id, fencing_token.execution, chunk, booked[0].entry_id)
            records.append({**key, "results": _packed(booked), **times})
        return write(self._table, fencing_token, ({"Item": record} for record in records))

    def of_chunk(self, job_id: str, execution: str, chunk: int, entry_ids: Iterable[str]) -> Mapping[str, ItemResult]:
        """Return the results that exist of a chunk's items, by entry id: those of this execution, and what an earlier
        one refused. What an earlier one booked is not among them: its posting says so, and is looked up again."""
        condition = _begins_with(booked_key(job_id, execution, chunk, ""))
        booked = query_all(self._table, KeyConditionExpression=condition)
        found = {each.entry_id: each for record in booked for each in _results(record)}
        keys = (item_key(job_id, entry_id) for entry_id in entry_ids if entry_id not in found)
        return found | {record["entry_id"]: _result(record) for record in get_many(self._table, keys)}

    def of_job(self, job_id: str) -> Mapping[str, ItemResult]:
        """Return all results of the job, by entry id: of an item that a later execution looked up again, the later."""
        job = job_key(job_id)
        records = query_all(self._table, KeyConditionExpression=Key("pk").eq(job["pk"]))
        by_time = sorted((each for each in records if each["sk"] != job["sk"]), key=lambda each: each["recorded_at"])
        return {each.entry_id: each for record in by_time for each in _results(record)}


def unpacked(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the result of each item that a record holds, all as a record of one item has it."""
    if "results" not in record:
        yield dict(record)
        return
    shared = {name: record[name] for name in ("pk", "recorded_at", "expires_at")}
    for item in json.loads(zlib.decompress(bytes(record["results"]))):
        yield {"sk": item_key("", item["entry_id"])["sk"], **item, "status": "successful", **shared}


def _begins_with(key: Mapping[str, str]) -> Any:
    return Key("pk").eq(key["pk"]) & Key("sk").begins_with(key["sk"])


def _facts(result: ItemResult) -> dict[str, Any]:
    facts = {
        "entry_id": result.entry_id,
        "external_id": result.external_id,
        "external_url": result.external_url,
        "exported_at": iso(result.exported_at) if result.exported_at else None,
        "failure": result.failure,
        "code": result.code,
        "reason": result.reason and storable(result.reason, LONGEST_REASON),
        "warnings": few(result.warnings) or None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _packed(results: Iterable[ItemResult]) -> bytes:
    return zlib.compress(json.dumps([_facts(each) for each in results]).encode())


def _results(record: Mapping[str, Any]) -> list[ItemResult]:
    return [_result(each) for each in unpacked(record)]


def _result(record: Mapping[str, Any]) -> ItemResult:
    return ItemResult(
        entry_id=record["entry_id"],
        external_id=record.get("external_id"),
        external_url=record.get("external_url"),
        exported_at=moment(record["exported_at"]) if "exported_at" in record else None,
        failure=ItemFailure(record["failure"]) if "failure" in record else None,
        reason=record.get("reason"),
        warnings=tuple(record.get("warnings", ())),
        code=record.get("code"),
    )
