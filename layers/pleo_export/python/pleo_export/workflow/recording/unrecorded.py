"""The results of items whose recording was not finished, from our posting records alone (promise 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pleo_export.errors import ItemFailure
from pleo_export.services.events import JobInput
from pleo_export.services.services import Services
from pleo_export.store.jobs import ItemResult
from pleo_export.store.postings import Posting

OUTCOME_UNKNOWN = (
    "The accounting system did not say in time whether this item was booked. "
    "Export it again: it is looked for first, and booked only if it is not there."
)
# Records are written one revision after the other. Only where some were lost may the first be missing; each further
# revision means that a person has voided or deleted a document, so there are seldom more.
FIRST_REVISIONS = (1, 2, 3)


def results_without_recording(
    run: JobInput, services: Services, entry_ids: Sequence[str], failure: ItemFailure, reason: str
) -> Mapping[str, ItemResult]:
    """Return a result for each item, given why the run cannot go on with it."""
    latest = {each: services.postings.latest(run.company_id, each) for each in _begun(run, services, entry_ids)}
    return {
        entry_id: _result_without_recording(run, entry_id, latest.get(entry_id), failure, reason)
        for entry_id in entry_ids
    }


def _begun(run: JobInput, services: Services, entry_ids: Sequence[str]) -> set[str]:
    """Return those of the items that have a posting record. Most have none, so a few reads for all come first."""
    looks = (services.postings.get_many(run.company_id, dict.fromkeys(entry_ids, each)) for each in FIRST_REVISIONS)
    return {entry_id for found in looks for entry_id in found}


def _result_without_recording(
    run: JobInput, entry_id: str, posting: Posting | None, failure: ItemFailure, reason: str
) -> ItemResult:
    if posting is None:
        return ItemResult(entry_id, failure=failure, reason=f"Not booked. {reason}")
    if not posting.document_id:
        return ItemResult(entry_id, failure=ItemFailure.ACCOUNTING_SYSTEM_TIMEOUT, reason=OUTCOME_UNKNOWN)
    if posting.reversed_at:
        return ItemResult(entry_id, failure=failure, reason=f"Not booked again since it was reversed. {reason}")
    name = posting.document_number or posting.document_id
    if posting.job_id != run.job_id:
        reason = f"An earlier export booked it as {name}; this one did not look at it. {reason}"
        return ItemResult(entry_id, failure=failure, reason=reason)
    if not posting.complete:
        return ItemResult(entry_id, failure=failure, reason=f"Booked as {name}, but not finished. {reason}")
    return ItemResult(
        entry_id,
        external_id=posting.document_id,
        external_url=posting.document_url,
        exported_at=posting.recorded_at,
    )
