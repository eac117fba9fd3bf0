"""The items of an export job: what to book, and the result of each (API-4, API-5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from pleo_export.pleo.errors import PleoNotFound
from pleo_export.pleo.models import Data, ItemUpdate, JobItem, Page, UpdateAnswer, updates_as_json
from pleo_export.pleo.resource import PleoResource, path_of
from pleo_export.pleo.transport import Request


class ExportItems(PleoResource):
    """The items of export jobs, with their entries and results."""

    def job_items(self, job_id: str, status: str | None = None, limit: int | None = None) -> Iterator[JobItem]:
        """Yield the items of a job with their status, page by page as the caller goes on; at most `limit` items in all
        (R-3)."""
        path = path_of("/v3/export-jobs/{}/items", job_id)
        pages = self._pages(path, [("status", status)] if status else [], Page[JobItem], limit)
        return islice((item for page in pages for item in page), limit)

    def has_items(self, job_id: str, status: str) -> bool:
        """Whether any item of the job has this status, at the cost of one call."""
        return any(True for _ in self.job_items(job_id, status, limit=1))

    def export_item_pages(self, job_id: str) -> Iterator[list[dict[str, Any]]]:
        """Yield the payloads of all entries of an unfinished job, as JSON objects with fractions as Decimal (API-5).

        Raises PleoRefused: with `MISSING_CONTRA_ACCOUNTS` its message names the currencies (R-2); with
        `EXPORT_JOB_STATUS_UNPROCESSABLE` the job has finished.
        """
        return self._pages("/v3/export-items", [("job_id", job_id)], Page[dict[str, Any]])

    def update_items(self, job_id: str, updates: Sequence[ItemUpdate]) -> UpdateAnswer:
        """Report at most 100 results. A 200 can hold failures: read `errors` (R-6.1, R-6.5).

        Repeated automatically if no answer came; an update that had been carried out may then come back in `errors`.
        Raises ValueError for more than 100.
        """
        body = updates_as_json(updates)
        if not body:
            return UpdateAnswer(updated=(), errors=())
        request = Request("PUT", path_of("/v3/export-jobs/{}/items", job_id), body=body)
        return self._transport.send(request).read(UpdateAnswer)

    def last_results(self, company_id: str, entry_id: str) -> JobItem | None:
        """Return what Pleo last heard about this entry, in any job; None if it was never exported (R-8.2)."""
        query = [("company_id", company_id), ("accounting_entry_id", entry_id)]
        try:
            return self._get("/v3/export-job-items", Data[JobItem], query).data
        except PleoNotFound:
            return None
