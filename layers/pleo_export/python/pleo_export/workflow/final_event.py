"""The event that ends a job whose items are all final: it follows from what Pleo holds, not from our records (R-7.6).

| Items at Pleo           | Event                                                                        |
|-------------------------|------------------------------------------------------------------------------|
| all successful, or none | `completed`                                                                  |
| some failed             | `completed_with_errors`                                                      |
| all failed              | `failed`, with their common type where the job can have it (open question 5) |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from pleo_export.errors import ItemFailure, JobFailure
from pleo_export.failures.entry import FailureText
from pleo_export.failures.job import ALL_FAILED, ONLY_ONE_FAILED
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.models import JobEvent
from pleo_export.pleo.resource import PAGE_LIMIT

# For failures of items that a job cannot have: the failure of the job that means the same.
_AS_JOB_FAILURE = {
    ItemFailure.VENDOR_UNKNOWN: JobFailure.MISSING_CONFIGURATION,
    ItemFailure.ACCOUNT_UNKNOWN: JobFailure.INVALID_CONFIGURATION,
    ItemFailure.TAX_CODE_UNKNOWN: JobFailure.INVALID_CONFIGURATION,
    ItemFailure.TAG_UNKNOWN: JobFailure.INVALID_CONFIGURATION,
    ItemFailure.UNEXPECTED_FAILURE: JobFailure.INTEGRATION_UNUSABLE,
}


@dataclass(frozen=True)
class FinalEvent:
    """The event that ends a job. `failure` and `told` go with `failed` only. `failed` counts the failed items by their
    type at Pleo; at most PAGE_LIMIT are counted."""

    event: JobEvent
    failure: JobFailure | None = None
    told: FailureText | None = None
    failed: Mapping[str, int] = field(default_factory=dict)

    @property
    def reason(self) -> str | None:
        """The text that Pleo is sent."""
        return self.told.text() if self.told else None


def final_event(pleo: PleoClient, job_id: str) -> FinalEvent:
    """Return the event that ends the job. One call to Pleo where nothing failed, two otherwise, for any size of job."""
    failed = list(pleo.job_items(job_id, "failed", limit=PAGE_LIMIT))
    if not failed:
        return FinalEvent(JobEvent.COMPLETED)
    types = Counter(str(item.failure_reason_type) for item in failed)
    if pleo.has_items(job_id, "successful"):
        return FinalEvent(JobEvent.COMPLETED_WITH_ERRORS, failed=types)
    failure = _common({item.failure_reason_type for item in failed})
    return FinalEvent(JobEvent.FAILED, failure, _all_failed(len(failed)), types)


def _all_failed(count: int) -> FailureText:
    """Return the reason for `count` failed items. At most PAGE_LIMIT were read, so that many may not be all."""
    if count == 1:
        return ONLY_ONE_FAILED.told()
    number = f"{count} " if count < PAGE_LIMIT else ""
    return ALL_FAILED.told(expenses=f"{number}expenses")


def _common(types: set[str | None]) -> JobFailure:
    """Return the failure of a job whose items failed with these types. Different causes have in common that the items
    could not be booked as they are."""
    if len(types) != 1:
        return JobFailure.VALIDATION_FAILURE
    (only,) = types
    try:
        return JobFailure(str(only))
    except ValueError:
        return _AS_JOB_FAILURE.get(only, JobFailure.VALIDATION_FAILURE)  # type: ignore[call-overload, no-any-return]
