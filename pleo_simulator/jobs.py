"""The life of an export job and of its items: which change is legal, and what it leaves behind (API-3, API-4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pleo_simulator.assumptions import EXPIRY, MAX_ITEMS_PER_UPDATE, Assumptions
from pleo_simulator.clock import optional_timestamp, timestamp
from pleo_simulator.errors import Refused

Json = dict[str, Any]

ITEM_STATUSES = ("pending", "in_progress", "failed", "successful", "abandoned")

_EVENT_LEADS_TO = {
    "started": "in_progress",
    "failed": "failed",
    "completed": "completed",
    "completed_with_errors": "completed_with_errors",
}
_ITEM_MAY_BECOME: Mapping[str, frozenset[str]] = {
    "pending": frozenset(ITEM_STATUSES),
    "in_progress": frozenset(ITEM_STATUSES) - {"pending"},
}


@dataclass
class JobItem:
    """The control layer's view of one expense: its status and what the integration reported."""

    entry_id: str
    job_id: str
    status: str = "pending"
    exported_at: str | None = None
    external_id: str | None = None
    external_url: str | None = None
    failure_reason: str | None = None
    failure_reason_type: str | None = None

    @property
    def open(self) -> bool:
        return self.status in _ITEM_MAY_BECOME

    def may_become(self, status: str, assumptions: Assumptions) -> bool:
        if not self.open:
            return assumptions.final_item_may_be_repeated and status == self.status
        return status in _ITEM_MAY_BECOME[self.status]

    def report(self, update: Json) -> None:
        self.status = update["status"]
        self.exported_at = update.get("exportedAt", self.exported_at)
        self.external_id = update.get("externalId", self.external_id)
        self.external_url = update.get("externalUrl", self.external_url)
        self.failure_reason = update.get("failureReason", self.failure_reason)
        self.failure_reason_type = update.get("failureReasonType", self.failure_reason_type)

    def as_json(self) -> Json:
        row: Json = {
            "accountingEntryId": self.entry_id,
            "exportJobId": self.job_id,
            "status": self.status,
            "exportedAt": self.exported_at,
            "externalId": self.external_id,
            "externalUrl": self.external_url,
            "failureReason": self.failure_reason,
        }
        if self.failure_reason_type is not None:  # a plain string in the specification: absent, never null
            row["failureReasonType"] = self.failure_reason_type
        return row


@dataclass
class Job:
    """One click on Export. `expenses` are the raw export items as they were at that moment (they are locked)."""

    id: str
    company_id: str
    created_at: datetime
    created_by: str | None
    interactive: bool
    vendor_based_bookkeeping: bool
    expenses: Mapping[str, Json]
    status: str = "pending"
    started_at: datetime | None = None
    last_updated_at: datetime | None = None
    completed_at: datetime | None = None
    expired_at: datetime | None = None
    failure_reason: str | None = None
    failure_reason_type: str | None = None
    items: dict[str, JobItem] = field(init=False)

    def __post_init__(self) -> None:
        self.items = {entry_id: JobItem(entry_id, self.id) for entry_id in self.expenses}

    @property
    def unfinished(self) -> bool:
        return self.status in ("pending", "in_progress")

    @property
    def expires_at(self) -> datetime:
        return (self.last_updated_at or self.created_at) + EXPIRY

    def expire_if_due(self, now: datetime) -> None:
        if self.unfinished and now >= self.expires_at:
            self.expired_at = self.expires_at
            self._fail("job_expired", "The job was not updated within the expiry time limit.")

    def cancel(self, now: datetime) -> None:
        """The user's own cancellation, in Pleo's app."""
        if not self.unfinished:
            raise _status_change_refused(f"the job is already {self.status}")
        self.last_updated_at = now
        self._fail("canceled_by_user", "The job was cancelled by a user.")

    def apply(
        self, event: str, now: datetime, assumptions: Assumptions, reason: str | None, reason_type: str | None
    ) -> None:
        """An event of the integration. Raises Refused 422 when it is not legal from here."""
        self._check(event, assumptions)
        self.last_updated_at = now
        if event == "failed":
            self._fail(reason_type, reason)
            return
        self.status = _EVENT_LEADS_TO[event]
        if event == "started":
            self.started_at = now
        else:
            self.completed_at = now

    def update_items(self, updates: Sequence[Json], now: datetime, assumptions: Assumptions) -> Json:
        """Partial success: `data` holds the updated items, `errors` the refused ones (R-6.5)."""
        if len(updates) > MAX_ITEMS_PER_UPDATE:
            raise Refused(413, "EXPORT_JOB_ITEMS_UPDATE_LIMIT", "Number of items to update is more than 100.")
        if not self.unfinished:
            raise self.not_processable()
        if self.status == "pending" and assumptions.updates_need_a_started_job:
            raise Refused(422, "EXPORT_JOB_STATUS_UNPROCESSABLE", "Export job is not started.")
        data: list[Json] = []
        errors: list[Json] = []
        for update in updates:
            entry_id = update["accountingEntryId"]
            item = self._item(entry_id)
            if item is None:
                errors.append(
                    item_error(entry_id, "ACCOUNTING_ENTRY_DOES_NOT_EXIST", "Accounting entry does not exist.")
                )
            elif not item.may_become(update["status"], assumptions):
                message = f"An item that is {item.status} cannot become {update['status']}."
                errors.append(item_error(entry_id, "EXPORT_ENTRY_STATUS_UPDATE_FAILED", message))
            else:
                item.report(update)
                data.append(item.as_json())
        if data:
            self.last_updated_at = now
        return {"data": data, "errors": errors}

    def _item(self, entry_id: str) -> JobItem | None:
        """A UUID is one in any spelling: our own lists may spell it in another way than the update does."""
        found = self.items.get(entry_id)
        return found or next((item for key, item in self.items.items() if _same_id(key, entry_id)), None)

    def not_processable(self) -> Refused:
        return Refused(422, "EXPORT_JOB_STATUS_UNPROCESSABLE", "Export Job is finished and can no longer be processed.")

    def as_json(self, now: datetime) -> Json:
        row: Json = {
            "id": self.id,
            "companyId": self.company_id,
            "status": self.status,
            "createdAt": timestamp(self.created_at),
            "createdBy": self.created_by,
            "isInteractive": self.interactive,
            "numberOfItems": len(self.items),
            "vendorBasedBookkeeping": self.vendor_based_bookkeeping,
            "startedAt": optional_timestamp(self.started_at),
            "lastUpdatedAt": optional_timestamp(self.last_updated_at),
            "expiresIn": max(0, int((self.expires_at - now).total_seconds())) if self.unfinished else 0,
            "expiredAt": optional_timestamp(self.expired_at),
            "completedAt": optional_timestamp(self.completed_at),
            "failureReason": self.failure_reason,
        }
        if self.failure_reason_type is not None:
            row["failureReasonType"] = self.failure_reason_type
        return row

    def _check(self, event: str, assumptions: Assumptions) -> None:
        legal_from = {"pending"} if event == "started" else {"in_progress"}
        if event == "failed" and assumptions.pending_job_may_fail:
            legal_from = {"pending", "in_progress"}
        if self.status not in legal_from:
            raise _status_change_refused(f"{event} is not legal for a job that is {self.status}")
        if event.startswith("completed") and assumptions.completion_needs_final_items:
            _check_completion(event, self.items.values())

    def _fail(self, reason_type: str | None, reason: str | None) -> None:
        self.status = "failed"
        self.failure_reason_type = reason_type
        self.failure_reason = reason
        for item in self.items.values():
            if item.open:
                item.status = "abandoned"


def _same_id(one: str, other: str) -> bool:
    try:
        return UUID(one) == UUID(other)
    except ValueError:
        return one == other


def item_error(entry_id: str, error_type: str, message: str) -> Json:
    return {"accountingEntryId": entry_id, "type": error_type, "message": message}


def _check_completion(event: str, items: Iterable[JobItem]) -> None:
    statuses = {item.status for item in items}
    if statuses & {"pending", "in_progress"}:
        raise _status_change_refused("some items have no final status")
    if event == "completed" and statuses - {"successful"}:
        raise _status_change_refused("completed, though some items failed")


def _status_change_refused(why: str) -> Refused:
    return Refused(422, "INVALID_EXPORT_JOB_STATUS_CHANGE", f"Export Job status change failed: {why}.")
