"""Our records of export jobs: which are ours, how often we ran them, and how they ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr
from botocore.exceptions import ClientError

from pleo_export.errors import JobFailure
from pleo_export.store.record_texts import LONGEST_REASON, storable
from pleo_export.store.table import HISTORY, condition_failed, conditional_write, expiry, iso, job_key, moment

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
