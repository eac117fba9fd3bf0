"""What became of an export job: Pleo's side and ours joined, item by item.

Pleo says how each item ended; our records say in which entry, and what Pleo cannot show; the payload says which expense
it is. Each of the three may be missing: a company that is not connected any more cannot be asked about at Pleo,
records of jobs end after 400 days, and payloads after a week.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from pleo_export.failures.catalogue import remedy
from pleo_export.failures.entry import DEFAULT_SUPPORT
from pleo_export.operations.expense_facts import ExpenseFacts, expense_facts
from pleo_export.pleo.models import ExportJob, JobItem
from pleo_export.store.jobs import JobRecord
from pleo_export.store.postings import Postings
from pleo_export.store.records import Records
from pleo_export.store.results import ItemResult
from pleo_export.workflow.entry_ids import key_of

FAILED = ("failed", "abandoned")  # the statuses of items of which an expense is not booked as it should be


class ItemOverview(ExpenseFacts):
    """One expense of a job."""

    entry_id: str = Field(description="The expense's accounting entry id, as `pleo-export entry` takes it.")
    status: str = Field(description="At Pleo: pending, in_progress, successful, failed, abandoned; else ours.")
    entry_number: str | None = Field(None, description="The number in the accounting system.")
    document_id: str | None = Field(None, description="The accounting system's own id of the entry.")
    url: str | None = Field(None, description="The entry in the accounting system.")
    failure_type: str | None = Field(None, description="Pleo's type of the failure.")
    reason: str | None = Field(None, description="What Pleo shows: what to fix, and where.")
    failure_code: str | None = Field(None, description="The failure's code in docs/failures.md.")
    fix: str | None = Field(None, description="What to do, the same for all expenses with this code.")
    who: str | None = Field(None, description="Who can do it.")
    warnings: tuple[str, ...] = Field((), description="What Pleo cannot show.")

    @property
    def failed(self) -> bool:
        """Whether the expense needs a person."""
        return self.status in FAILED


class JobOverview(BaseModel):
    """One export job, with all its items. Times are UTC."""

    model_config = ConfigDict(frozen=True)

    job_id: str
    company_id: str
    status: str | None = Field(description="At Pleo; null where Pleo could not be asked.")
    not_asked: str | None = Field(None, description="Why Pleo could not be asked.")
    created_at: datetime | None = Field(None, description="When Export was clicked.")
    started_at: datetime | None = None
    completed_at: datetime | None = None
    expired_at: datetime | None = None
    runs: int = Field(0, description="How often we have started it; 0 for a job that is not ours.")
    outcome: str | None = Field(None, description="How our last run ended; null while it has not.")
    failure_type: str | None = Field(None, description="Why the job as a whole failed: Pleo's type.")
    failure: str | None = Field(None, description="Why the job as a whole failed, in a sentence.")
    fix: str | None = Field(None, description="What to do where the job failed as a whole.")
    who: str | None = Field(None, description="Who can do it.")
    counts: Mapping[str, int] = Field(description="How many items have each status.")
    items: tuple[ItemOverview, ...]

    @property
    def finished(self) -> bool:
        """Whether nothing more happens to the job."""
        return self.outcome is not None if self.status is None else self.status not in ("pending", "in_progress")

    @property
    def good(self) -> bool:
        """Whether nothing of the job failed."""
        return self.failure is None and self.outcome != "failed" and self.counts.keys().isdisjoint(FAILED)


@dataclass(frozen=True)
class JobEvidence:
    """What is known of a job. `job_items` is empty where Pleo was not asked; `payloads` are by entry id; `support` is
    whom the company names for help."""

    job_id: str
    company_id: str
    record: JobRecord | None
    at_pleo: ExportJob | None
    job_items: Sequence[JobItem]
    payloads: Mapping[str, Mapping[str, Any]]
    not_asked: str | None = None
    support: str = DEFAULT_SUPPORT


def job_overview(records: Records, known: JobEvidence, time_zone: str = "UTC") -> JobOverview:
    """Join what is known of a job with our records of its items."""
    job_id, company_id, record, at_pleo = known.job_id, known.company_id, known.record, known.at_pleo
    results = records.results.of_job(job_id)
    items = tuple(_items(results, known))
    numbers = _numbers(records.postings, company_id, [each for each in items if each.document_id])
    failure_type, failure = _failure(record, at_pleo)
    whole_job = remedy(record.closed_code, known.support) if failure and record and record.closed_code else None
    return JobOverview(
        job_id=job_id,
        company_id=company_id,
        status=at_pleo.status if at_pleo else None,
        not_asked=known.not_asked,
        created_at=at_pleo.created_at if at_pleo else None,
        started_at=at_pleo.started_at if at_pleo else None,
        completed_at=at_pleo.completed_at if at_pleo else None,
        expired_at=at_pleo.expired_at if at_pleo else None,
        runs=record.attempts if record else 0,
        outcome=record.outcome if record else None,
        failure_type=failure_type,
        failure=failure,
        fix=whole_job.fix if whole_job else None,
        who=whole_job.who if whole_job else None,
        counts=dict(Counter(each.status for each in items)),
        items=tuple(
            each.model_copy(
                update={
                    **expense_facts(known.payloads.get(each.entry_id, {}), time_zone).model_dump(),
                    "entry_number": numbers.get(each.entry_id),
                }
            )
            for each in items
        ),
    )


def _items(results: Mapping[str, ItemResult], known: JobEvidence) -> Iterator[ItemOverview]:
    """Yield the items of Pleo's list, else of our results."""
    for item in known.job_items:
        result = results.get(key_of(item.accounting_entry_id))
        yield ItemOverview(
            entry_id=item.accounting_entry_id,
            status=item.status,
            document_id=item.external_id,
            url=item.external_url or (result.external_url if result else None),
            failure_type=item.failure_reason_type,
            reason=item.failure_reason,
            warnings=result.warnings if result else (),
            **_remedy(result if item.status == "failed" else None, known.support),
        )
    if known.job_items:
        return
    for result in results.values():
        yield ItemOverview(
            entry_id=result.entry_id,
            status=result.status,
            document_id=result.external_id,
            url=result.external_url,
            failure_type=result.failure,
            reason=result.reason,
            warnings=result.warnings,
            **_remedy(result, known.support),
        )


def _remedy(result: ItemResult | None, support: str) -> dict[str, str]:
    """Return what to do about a failure; nothing where we do not know its code."""
    if result is None or result.code is None:
        return {}
    found = remedy(result.code, support)
    return {"failure_code": found.code, "fix": found.fix, "who": found.who}


def _numbers(postings: Postings, company_id: str, items: Sequence[ItemOverview]) -> dict[str, str]:
    """Return the numbers of the entries that Pleo links to. Few were booked more than once: those are read singly."""
    wanted = {key_of(each.entry_id): each for each in items}
    first = postings.get_many(company_id, dict.fromkeys(wanted, 1))
    numbers: dict[str, str] = {}
    for key, item in wanted.items():
        posting = first.get(key)
        if posting is None or posting.document_id != item.document_id:
            revisions = postings.revisions(company_id, key)
            posting = next((each for each in revisions if each.document_id == item.document_id), None)
        if posting and posting.document_number:
            numbers[item.entry_id] = posting.document_number
    return numbers


def _failure(record: JobRecord | None, at_pleo: ExportJob | None) -> tuple[str | None, str | None]:
    """Return why the job failed as a whole: what Pleo holds, else why we closed it."""
    if at_pleo and (at_pleo.failure_reason or at_pleo.failure_reason_type):
        return at_pleo.failure_reason_type, at_pleo.failure_reason or f"Pleo says only: {at_pleo.failure_reason_type}"
    if at_pleo and at_pleo.expired_at:
        return "job_expired", "The job expired at Pleo before it was done. Export its expenses again."
    if record and record.closed:
        failure, reason = record.closed
        return failure.value, reason
    return None, None
