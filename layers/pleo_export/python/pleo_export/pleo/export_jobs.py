"""Export jobs: their list, their state and the events that change it (API-3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from pleo_export.errors import JobFailure
from pleo_export.pleo.models import UNFINISHED, Data, ExportJob, JobEvent, Page, shorten
from pleo_export.pleo.resource import PleoResource, path_of
from pleo_export.pleo.transport import Request


class ExportJobs(PleoResource):
    """The export jobs that the credential can see."""

    def unfinished_jobs(self, company_id: str) -> list[ExportJob]:
        """Return the company's jobs that are pending or in progress, oldest first (R-1.3, R-1.5). Pleo's filter by
        status is checked again."""
        jobs = self._listed(company_id, *(("statuses", status.value) for status in UNFINISHED))
        return _oldest_first(company_id, (job for job in jobs if job.status in UNFINISHED))

    def jobs_since(self, company_id: str, since: datetime) -> list[ExportJob]:
        """Return the company's jobs of any status that were created since then, oldest first. Pleo has no filter by
        time and documents no order, so the whole list is read."""
        return _oldest_first(company_id, (job for job in self._listed(company_id) if job.created_at >= since))

    def jobs(self, company_id: str, limit: int) -> list[ExportJob]:
        """Return jobs of the company in any state, newest first: of the `limit` jobs that Pleo lists first, in an order
        that it does not document."""
        return _oldest_first(company_id, islice(self._listed(company_id), limit))[::-1]

    def _listed(self, company_id: str, *query: tuple[str, str]) -> Iterator[ExportJob]:
        """Yield the jobs that Pleo lists for the company, page by page."""
        for page in self._pages("/v3/export-jobs", [("company_id", company_id), *query], Page[ExportJob]):
            yield from page

    def create_job(self, company_id: str, entry_ids: Sequence[str], *, like: ExportJob) -> ExportJob:
        """Create a job that exports these entries, with the options of the job `like`, and return it.

        Raises PleoRefused: `EXPORT_ALREADY_IN_PROGRESS` while another job of the company is unfinished,
        `MISSING_CONTRA_ACCOUNTS`; PleoOutcomeUnknown where there may be a new job.
        """
        body = {
            "companyId": company_id,
            "accountingEntryIds": list(entry_ids),
            "isInteractive": like.is_interactive,
            "options": {"vendorBasedBookkeeping": like.vendor_based_bookkeeping},
        }
        return self._transport.send(Request("POST", "/v3/export-jobs", body=body)).read(Data[ExportJob]).data

    def job(self, job_id: str) -> ExportJob:
        """Return the job. Raises PleoNotFound if this credential cannot see it."""
        return self._get(path_of("/v3/export-jobs/{}", job_id), Data[ExportJob]).data

    def send_event(
        self, job_id: str, event: JobEvent, failure: JobFailure | None = None, reason: str | None = None
    ) -> None:
        """Send an event that changes the job's status. 202 means accepted: read the job to see its new status (API-3).

        `failure` and `reason` go with `failed` only (C7). Raises ValueError otherwise, and PleoRefused with
        `INVALID_EXPORT_JOB_STATUS_CHANGE` if the job's status is not one that the event can follow (R-1).
        """
        if event is not JobEvent.FAILED and (failure or reason):
            raise ValueError(f"{event} carries no failure")
        body = {"jobId": job_id, "event": event.value}
        if failure:
            body["failureReasonType"] = failure.value
        if reason:
            body["failureReason"] = shorten(reason)
        self._transport.send(Request("POST", "/v3/export-job-events", body=body))


def _oldest_first(company_id: str, jobs: Iterable[ExportJob]) -> list[ExportJob]:
    """Return those jobs that are the company's, sorted from the oldest.

    Pleo documents no sorting keys, so we sort (open question 2; R-1.5). Its filter by company is checked again: another
    company's job must never be booked with these settings.
    """
    ours = (job for job in jobs if job.company_id.lower() == company_id.lower())
    return sorted(ours, key=lambda job: (job.created_at, job.id))
