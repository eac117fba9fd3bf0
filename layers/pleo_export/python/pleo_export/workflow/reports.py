"""Telling Pleo the results of items: at most 100 in a request, and what Pleo refuses is said (section 6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pleo_export.errors import ItemFailure, JobFailure
from pleo_export.observability import logger
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.models import MAX_UPDATES, ItemUpdate
from pleo_export.state.jobs import ItemResult
from pleo_export.workflow.events import JobRun
from pleo_export.workflow.last_words import last_words
from pleo_export.workflow.ownership import close
from pleo_export.workflow.runtime import Runtime


def report(pleo: PleoClient, job_id: str, results: Sequence[ItemResult]) -> None:
    """A 200 can carry refusals (R-6.5); those items are looked at again before the job is completed."""
    for start in range(0, len(results), MAX_UPDATES):
        answer = pleo.update_items(job_id, [_update(result) for result in results[start : start + MAX_UPDATES]])
        for refusal in answer.errors:
            logger.warning("item update refused", extra={"entry_id": refusal.accounting_entry_id, "type": refusal.type})


def settle_open_items(
    pleo: PleoClient, run: JobRun, runtime: Runtime, failure: JobFailure, reason: str, statuses: Iterable[str]
) -> int:
    """Give every item that is still open its final word: its result if it has one, else the given failure.

    Returns how many were open. Raises NotOurs when the job is another run's by now.
    """
    listed = (item.accounting_entry_id for status in statuses for item in pleo.job_items(run.job_id, status))
    open_ids = list(dict.fromkeys(listed))  # once: one may go from one status to the next between the two lists
    for start in range(0, len(open_ids), MAX_UPDATES):
        batch = open_ids[start : start + MAX_UPDATES]
        final = dict(runtime.results.get_many(run.job_id, batch))
        if unsaid := [entry_id for entry_id in batch if entry_id not in final]:
            close(run, runtime, failure, reason)
            final |= runtime.results.get_many(run.job_id, unsaid)  # again: now no more can come
            unsaid = [entry_id for entry_id in unsaid if entry_id not in final]
            final |= last_words(run, runtime, unsaid, item_failure(failure), reason)
        report(pleo, run.job_id, [final[entry_id] for entry_id in batch])
    return len(open_ids)


def item_failure(failure: JobFailure) -> ItemFailure:
    """The item's type for a job-level cause; they share most names."""
    try:
        return ItemFailure(failure.value)
    except ValueError:
        return ItemFailure.UNEXPECTED_FAILURE


def _update(result: ItemResult) -> ItemUpdate:
    return ItemUpdate(
        entry_id=result.entry_id,
        status=result.status,
        external_id=result.external_id,
        external_url=result.external_url,
        exported_at=result.exported_at,
        failure=result.failure,
        reason=result.reason,
    )
