"""Telling Pleo the results of items: at most 100 in a request, and what Pleo refuses is said (section 6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pleo_export.errors import ItemFailure
from pleo_export.observability import logger
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.models import ItemUpdate
from pleo_export.state.jobs import ItemResult
from pleo_export.state.postings import Posting
from pleo_export.workflow.events import JobRun
from pleo_export.workflow.recovery import OUTCOME_UNKNOWN
from pleo_export.workflow.runtime import Runtime

BATCH = 100


def report(pleo: PleoClient, job_id: str, results: Sequence[ItemResult]) -> None:
    """A 200 can carry refusals (R-6.5); those items are looked at again before the job is completed."""
    for start in range(0, len(results), BATCH):
        answer = pleo.update_items(job_id, [_update(result) for result in results[start : start + BATCH]])
        for refusal in answer.errors:
            logger.warning("item update refused", extra={"entry_id": refusal.accounting_entry_id, "type": refusal.type})


def settle_open_items(
    pleo: PleoClient, run: JobRun, runtime: Runtime, failure: ItemFailure, reason: str, statuses: Iterable[str]
) -> int:
    """Give every item that is still open its final word: its result if it has one, else the given failure.

    Returns how many were open.
    """
    open_ids = [item.accounting_entry_id for status in statuses for item in pleo.job_items(run.job_id, status)]
    for start in range(0, len(open_ids), BATCH):
        batch = open_ids[start : start + BATCH]
        results = runtime.results.get_many(run.job_id, batch)
        postings = _latest_postings(run, runtime, [entry_id for entry_id in batch if entry_id not in results])
        last_words = {
            entry_id: _from_posting(run, entry_id, postings.get(entry_id), failure, reason) for entry_id in batch
        }
        report(pleo, run.job_id, [results.get(entry_id) or last_words[entry_id] for entry_id in batch])
    return len(open_ids)


def _latest_postings(run: JobRun, runtime: Runtime, entry_ids: Sequence[str]) -> Mapping[str, Posting]:
    """Most of these items were never begun: one look finds those that were."""
    begun = runtime.postings.get_many(run.company_id, dict.fromkeys(entry_ids, 1))
    latest = (runtime.postings.latest(run.company_id, entry_id) for entry_id in begun)
    return {posting.entry_id: posting for posting in latest if posting}


def _from_posting(run: JobRun, entry_id: str, posting: Posting | None, failure: ItemFailure, reason: str) -> ItemResult:
    """What our posting record knows of an item whose result is missing (promise 2)."""
    if posting is None:
        return ItemResult(entry_id, failure=failure, reason=f"Not booked. {reason}")
    if not posting.document_id:
        return ItemResult(entry_id, failure=ItemFailure.ACCOUNTING_SYSTEM_TIMEOUT, reason=OUTCOME_UNKNOWN)
    if posting.job_id != run.job_id:
        name = posting.document_number or posting.document_id
        reason = f"An earlier export booked it as {name}; this one did not look at it. {reason}"
        return ItemResult(entry_id, failure=failure, reason=reason)
    return ItemResult(
        entry_id,
        external_id=posting.document_id,
        external_url=posting.document_url,
        exported_at=posting.recorded_at,
    )


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
