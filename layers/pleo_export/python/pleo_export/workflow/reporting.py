"""Reporting the results of items to Pleo: at most 100 in a request; refusals are logged (R-6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from pleo_export.accounting.ledger_list import LedgerList
from pleo_export.batches import in_batches
from pleo_export.errors import ItemFailure, JobFailure
from pleo_export.failures.entry import FailureText
from pleo_export.observability import count, logger
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.models import MAX_UPDATES, ItemUpdate
from pleo_export.services.events import JobInput
from pleo_export.services.services import Services
from pleo_export.store.results import ItemResult
from pleo_export.workflow.entry_ids import key_of, reportable
from pleo_export.workflow.ownership import close
from pleo_export.workflow.recording.unrecorded import results_without_recording
from pleo_export.workflow.refreshed_lists import synced_lists, with_refresh


def report(
    pleo: PleoClient, job_id: str, results: Mapping[str, ItemResult], synced: Collection[LedgerList] = ()
) -> None:
    """Report results, by the id that Pleo gave the item. `synced` are the lists that are refreshed where an item failed
    for one of them. A 200 can contain refusals (R-6.5); those items are reported
    again before the job is completed. An item whose id is not a UUID is left out, and stays open: Pleo would refuse the
    whole request."""
    if unreportable := [pleo_id for pleo_id in results if not reportable(pleo_id)]:
        logger.error("items whose id is not a UUID cannot be reported", extra={"items": len(unreportable)})
    updates = [_update(pleo_id, result, synced) for pleo_id, result in results.items() if reportable(pleo_id)]
    for batch in in_batches(updates, MAX_UPDATES):
        answer = pleo.update_items(job_id, batch)
        for refusal in answer.errors:
            logger.warning("item update refused", extra={"entry_id": refusal.accounting_entry_id, "type": refusal.type})
        taken = {key_of(item.accounting_entry_id) for item in answer.updated}
        _count([each for each in batch if key_of(each.entry_id) in taken])


def finalise_open_items(
    pleo: PleoClient, run: JobInput, services: Services, failure: JobFailure, told: FailureText, statuses: Iterable[str]
) -> int:
    """Report the final result of every item that is still open: its own if it has one, else the given failure, whose
    `told` names who helps.

    Returns how many were open. Raises NotOurs when the job is another run's by now.
    """
    listed = (item.accounting_entry_id for status in statuses for item in pleo.job_items(run.job_id, status))
    open_ids = list(dict.fromkeys(listed))  # once: one may go from one status to the next between the two lists
    if not open_ids:
        return 0
    synced = synced_lists(services.connection(run.company_id))
    final = services.results.of_job(run.job_id)
    if any(key_of(pleo_id) not in final for pleo_id in open_ids):
        close(run, services, failure, told)
        final = services.results.of_job(run.job_id)  # again: from now on none can be added
    for pleo_ids in in_batches(open_ids, MAX_UPDATES):
        keys = {pleo_id: key_of(pleo_id) for pleo_id in pleo_ids}
        missing = list(dict.fromkeys(key for key in keys.values() if key not in final))
        unrecorded = results_without_recording(run, services, missing, item_failure(failure), told)
        results = {pleo_id: unrecorded.get(key) or final[key] for pleo_id, key in keys.items()}
        report(pleo, run.job_id, results, synced)
    return len(open_ids)


def _count(taken: Sequence[ItemUpdate]) -> None:
    """Count what Pleo has taken. A state that runs again counts again what it reports again."""
    failures = Counter(each.failure for each in taken if each.failure)
    count("ItemsExported", len(taken) - failures.total())
    for failure, number in failures.items():
        count("ItemsFailed", number, failure=failure)


def item_failure(failure: JobFailure) -> ItemFailure:
    """Return the item's failure for a cause of the whole job; most of them have the same name."""
    try:
        return ItemFailure(failure.value)
    except ValueError:
        return ItemFailure.UNEXPECTED_FAILURE


def _update(pleo_id: str, result: ItemResult, synced: Collection[LedgerList]) -> ItemUpdate:
    return ItemUpdate(
        entry_id=pleo_id,
        status=result.status,
        external_id=result.external_id,
        external_url=result.external_url,
        exported_at=result.exported_at,
        failure=result.failure,
        reason=with_refresh(result.reason, result.failure, synced),
    )
