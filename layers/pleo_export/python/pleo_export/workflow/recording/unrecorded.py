"""The results of items whose recording was not finished, from our posting records alone (promise 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pleo_export.errors import ItemFailure
from pleo_export.failures.entry import DEFAULT_SUPPORT, FailureText
from pleo_export.failures.export import NO_ANSWER_IN_TIME
from pleo_export.failures.openings import NOT_BOOKED, NOT_BOOKED_AGAIN, booked_by_an_earlier_export, not_finished
from pleo_export.services.events import JobInput
from pleo_export.services.services import Services
from pleo_export.store.results import ItemResult

if TYPE_CHECKING:
    from pleo_export.store.postings import Posting

OUTCOME_UNKNOWN = NO_ANSWER_IN_TIME.told()
# Records are written one revision after the other. Only where some were lost may the first be missing; each further
# revision means that a person has voided or deleted a document, so there are seldom more.
FIRST_REVISIONS = (1, 2, 3)


def results_without_recording(
    run: JobInput, services: Services, entry_ids: Sequence[str], failure: ItemFailure, told: FailureText
) -> Mapping[str, ItemResult]:
    """Return a result for each item, given why the run cannot go on with it; `told` names who helps."""
    latest = {each: services.postings.latest(run.company_id, each) for each in _begun(run, services, entry_ids)}
    return {
        entry_id: _result_without_recording(run, entry_id, latest.get(entry_id), failure, told)
        for entry_id in entry_ids
    }


def _begun(run: JobInput, services: Services, entry_ids: Sequence[str]) -> set[str]:
    """Return those of the items that have a posting record. Most have none, so a few reads for all come first."""
    looks = (services.postings.get_many(run.company_id, dict.fromkeys(entry_ids, each)) for each in FIRST_REVISIONS)
    return {entry_id for found in looks for entry_id in found}


def _result_without_recording(
    run: JobInput, entry_id: str, posting: Posting | None, failure: ItemFailure, told: FailureText
) -> ItemResult:
    if posting is None:
        return _failed(entry_id, failure, told.after(NOT_BOOKED))
    if not posting.document_id:
        return _failed(entry_id, ItemFailure.ACCOUNTING_SYSTEM_TIMEOUT, OUTCOME_UNKNOWN)
    if posting.reversed_at:
        return _failed(entry_id, failure, told.after(NOT_BOOKED_AGAIN))
    name = posting.document_number or posting.document_id
    if posting.job_id != run.job_id:
        return _failed(entry_id, failure, told.after(booked_by_an_earlier_export(name)))
    if not posting.complete:
        return _failed(entry_id, failure, told.after(not_finished(name)))
    return ItemResult(
        entry_id,
        external_id=posting.document_id,
        external_url=posting.document_url,
        exported_at=posting.recorded_at,
    )


def _failed(entry_id: str, failure: ItemFailure, told: FailureText) -> ItemResult:
    return ItemResult.failed(entry_id, failure, told, DEFAULT_SUPPORT)  # which `told` names already
