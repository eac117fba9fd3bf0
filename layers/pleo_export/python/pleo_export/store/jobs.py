"""Our records of export jobs: which are ours, how often we ran them, how they ended, and each item's result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

from pleo_export.errors import ItemFailure, JobFailure
from pleo_export.failures.entry import FailureText
from pleo_export.store.fencing import FencingToken, write
from pleo_export.store.record_texts import LONGEST_REASON, few, storable
from pleo_export.store.table import (
    HISTORY,
    condition_failed,
    conditional_write,
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
class JobRecord:
    """Our record of one export job.

    `claimed`: we sent `started`, or may have; nothing else tells our run from another installation's (R-1.12).
    `run_by`: the execution that the job belongs to.
    `fetched`: items may be booked, so that each of them needs a final result if the job fails.
    `closed`: a run has begun to give the open items their final results, for this reason; nothing new is booked.
    `closed_code`: the code of that reason in the failure catalogue; None in a record of an earlier release.
    `clicked_at`: when the job was created at Pleo. `first_entry_at`: when its first item was recorded.
    """

    job_id: str
    company_id: str
    attempts: int
    claimed: bool
    fetched: bool
    outcome: str | None
    run_by: str | None
    closed: tuple[JobFailure, str] | None
    closed_code: str | None = None
    clicked_at: datetime | None = None
    first_entry_at: datetime | None = None


class Jobs:
    """The records of export jobs."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, job_id: str) -> JobRecord | None:
        """Return the record; None if we have never seen the job."""
        record: Any = self._table.get_item(Key=job_key(job_id), ConsistentRead=True).get("Item")
        return None if record is None else _job(job_id, record)

    def next_attempt(self, job_id: str, company_id: str, now: datetime, kept: timedelta = HISTORY) -> int:
        """Return the number of the next run, from 1. Numbers may be skipped, never reused: execution names stay
        unique. The record is `kept` from now on."""
        answer: Any = self._table.update_item(
            Key=job_key(job_id),
            UpdateExpression="ADD attempts :one SET company_id = :company, expires_at = :expiry",
            ExpressionAttributeValues={":one": 1, ":company": company_id, ":expiry": expiry(now, kept)},
            ReturnValues="UPDATED_NEW",
        )
        return int(answer["Attributes"]["attempts"])

    def begin(
        self, job_id: str, company_id: str, execution: str, *, seen: str | None, clicked_at: datetime | None = None
    ) -> bool:
        """Assign the job to this execution: functions of an earlier one that still run can write nothing more.

        `seen` is `run_by` as read before the lease was confirmed. Returns False if that has changed since: a call that
        was delayed between the two takes nothing from the execution that replaced its own.
        """
        facts = {":company": company_id, ":execution": execution}
        clicked = ""
        if clicked_at:
            facts[":clicked"], clicked = iso(clicked_at), ", clicked_at = :clicked"
        expression = f"SET company_id = :company, run_by = :execution{clicked} REMOVE pen"
        unchanged = Attr("run_by").not_exists() if seen is None else Attr("run_by").eq(seen)
        return self._update_if(unchanged, job_id, expression, facts)

    def claim(self, job_id: str, request_id: str) -> bool:
        """Mark the job as claimed by this call, before `started` is sent, and return whether it had been claimed
        before."""
        answer: Any = self._table.update_item(
            Key=job_key(job_id),
            UpdateExpression="SET claimed = :yes, claimed_by = :call",
            ExpressionAttributeValues={":yes": True, ":call": request_id},
            ReturnValues="ALL_OLD",
        )
        return bool(answer.get("Attributes", {}).get("claimed", False))

    def disclaim(self, job_id: str, request_id: str) -> None:
        """Remove the claim: another installation has started the job. A claim that another call of ours has made
        meanwhile stays."""
        self._update_if(Attr("claimed_by").eq(request_id), job_id, "SET claimed = :no", {":no": False})

    def close(self, job_id: str, execution: str, failure: JobFailure, reason: str, code: str | None = None) -> bool:
        """Close the job, before open items get their final results or the job its `failed`.

        What has no intent by then is never booked by this job, in any run. Returns False if the job belongs to another
        execution by now.
        """
        facts = {":failure": failure.value, ":reason": storable(reason, LONGEST_REASON)}
        expression = "SET closed_as = :failure, closed_because = :reason"
        if code:
            facts[":code"], expression = code, f"{expression}, closed_code = :code"
        expression += " REMOVE pen"
        return self._update_if(Attr("run_by").eq(execution), job_id, expression, facts)

    def note_first_entry(self, job_id: str, now: datetime) -> datetime | None:
        """Note that an item of the job was recorded. Returns when the job was created at Pleo, if this is the first one
        and that is known; else None."""
        try:
            answer: Any = self._table.update_item(
                Key=job_key(job_id),
                UpdateExpression="SET first_entry_at = :now",
                ExpressionAttributeValues={":now": iso(now)},
                ConditionExpression=Attr("first_entry_at").not_exists(),
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if condition_failed(error):
                return None
            raise
        return _moment(answer["Attributes"], "clicked_at")

    def finish(self, job_id: str, outcome: str, now: datetime) -> JobRecord:
        """Save how the job ended, and return its record."""
        answer: Any = self._table.update_item(
            Key=job_key(job_id),
            UpdateExpression="SET outcome = :outcome, finished_at = :now",
            ExpressionAttributeValues={":outcome": outcome, ":now": iso(now)},
            ReturnValues="ALL_NEW",
        )
        return _job(job_id, answer["Attributes"])

    def mark_notified(self, job_id: str, now: datetime) -> bool:
        """Mark that people are told of the job's failures. Returns False if it was marked before."""
        return self._update_if(Attr("notified_at").not_exists(), job_id, "SET notified_at = :now", {":now": iso(now)})

    def set_fields(self, job_id: str, **facts: str | int | bool) -> None:
        """Set attributes of the job record: fetched, items, ..."""
        names = {f"#{name}": name for name in facts}
        self._table.update_item(
            Key=job_key(job_id),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in facts),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={f":{name}": value for name, value in facts.items()},
        )

    def _update_if(self, condition: Any, job_id: str, expression: str, values: dict[str, Any]) -> bool:
        return conditional_write(
            self._table.update_item,
            Key=job_key(job_id),
            UpdateExpression=expression,
            ExpressionAttributeValues=values,
            ConditionExpression=condition,
        )


def _job(job_id: str, record: Mapping[str, Any]) -> JobRecord:
    closed = (JobFailure(record["closed_as"]), str(record["closed_because"])) if "closed_as" in record else None
    return JobRecord(
        job_id=job_id,
        company_id=record["company_id"],
        attempts=int(record.get("attempts", 0)),
        claimed=bool(record.get("claimed", False)),
        fetched=bool(record.get("fetched", False)),
        outcome=record.get("outcome"),
        run_by=record.get("run_by"),
        closed=closed,
        closed_code=record.get("closed_code"),
        clicked_at=_moment(record, "clicked_at"),
        first_entry_at=_moment(record, "first_entry_at"),
    )


def _moment(record: Mapping[str, Any], field: str) -> datetime | None:
    return moment(str(record[field])) if field in record else None


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


class Results:
    """The final results of items, by job."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put_many(
        self, fencing_token: FencingToken, results: Iterable[ItemResult], now: datetime, kept: timedelta = HISTORY
    ) -> bool:
        """Write final results, which are `kept` from now on. Returns False if the fencing token is another call's by
        now: then that call's results count, and not all of these are written."""
        records = ({"Item": _item(fencing_token.job_id, result, now, expiry(now, kept))} for result in results)
        return write(self._table, fencing_token, records)

    def get_many(self, job_id: str, entry_ids: Iterable[str]) -> Mapping[str, ItemResult]:
        """Return the results that exist, by entry id."""
        records = get_many(self._table, (item_key(job_id, entry_id) for entry_id in entry_ids))
        return {record["entry_id"]: _result(record) for record in records}

    def of_job(self, job_id: str) -> Iterator[ItemResult]:
        """Yield all results of the job, page by page."""
        key = item_key(job_id, "")
        condition = Key("pk").eq(key["pk"]) & Key("sk").begins_with(key["sk"])
        for record in query_all(self._table, KeyConditionExpression=condition):
            yield _result(record)


def _item(job_id: str, result: ItemResult, now: datetime, expires_at: int) -> dict[str, Any]:
    facts = {
        "status": result.status,
        "external_id": result.external_id,
        "external_url": result.external_url,
        "exported_at": iso(result.exported_at) if result.exported_at else None,
        "failure": result.failure,
        "code": result.code,
        "reason": result.reason and storable(result.reason, LONGEST_REASON),
        "warnings": few(result.warnings) or None,
    }
    return {
        **item_key(job_id, result.entry_id),
        "entry_id": result.entry_id,
        "recorded_at": iso(now),
        "expires_at": expires_at,
        **{name: value for name, value in facts.items() if value is not None},
    }


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
