"""RecordItems: book the items of one chunk, each at most once (R-8, ADR-0002, promises 1, 5, 6).

    prepare receipts -> intent -> create, with the reference inside -> attach, post -> save the documents -> result

Running it again is always safe: items with a result are skipped, for the others `recovery` decides. A fault in one
item leaves the others alone; after one that holds for the whole chunk (no answer, request limit) the state machine
waits. It waits as well for the ledger's calls that are used up, before anything of the chunk is begun.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from pleo_export.accounting.errors import AccountingError, OutcomeUnknown, Unavailable
from pleo_export.errors import JobFailure, NotOurs, TryAgain
from pleo_export.observability import logger, measure_seconds
from pleo_export.services.events import ChunkInput
from pleo_export.services.services import Services
from pleo_export.store.results import ItemResult
from pleo_export.workflow.recording.outcomes import ItemOutcome, refused
from pleo_export.workflow.recording.preparation import ItemPreparer
from pleo_export.workflow.recording.recorder import BatchRecorder
from pleo_export.workflow.recording.unrecorded import results_without_recording

# Longer for the ledger's call limit only the state machine waits, where waiting costs nothing.
LONGEST_PAUSE = 5  # seconds


def record_items(run: ChunkInput, services: Services) -> dict[str, Any]:
    """Record the items of a chunk that have no result yet, and save the results.

    Returns `waitSeconds`: 0, or how long to wait before the chunk has to be run again.

    Raises TryAgain (the accounting system could not be asked), NotOurs (another run or call works on the same items).
    """
    measure_seconds("SecondsToExpiry", (run.deadline - services.clock()).total_seconds())
    token = services.fencing_tokens.take(run.job_id, run.execution, services.request_id)
    if token is None:
        raise NotOurs(f"job {run.job_id} is closed, or another run's")
    items = services.payloads.read_chunk(run.job_id, run.execution, run.chunk)
    done = services.results.of_chunk(run.job_id, run.execution, run.chunk, [item.entry_id for item in items])
    todo = [item for item in items if item.entry_id not in done]
    outcomes: list[ItemOutcome] = []
    try:
        recorder = BatchRecorder.for_chunk(run, services, token)
        with recorder.budget.waiting_at_most(LONGEST_PAUSE):
            recorder.hold_calls(len(todo))
            preparer = ItemPreparer(recorder.connection, recorder.system)
            prepared = preparer.prepare(todo)
            outcomes += preparer.rejected
            for each in recorder.record(prepared):
                outcomes.append(each)
    except (Unavailable, OutcomeUnknown) as error:
        raise TryAgain(JobFailure(error.failure), error.told) from error
    except AccountingError as error:
        # A request limit, or the connection is refused: every item that is left would meet the same answer.
        known = {each.entry_id for each in outcomes}
        left = [item.entry_id for item in todo if item.entry_id not in known]
        told = error.told.addressed(services.connection(run.company_id).support_contact)
        unrecorded = results_without_recording(run, services, left, error.failure, told)
        outcomes += [refused(error, unrecorded[entry_id]) for entry_id in left]
    finally:
        # The results so far are saved, also when the rest has to wait or to be tried again.
        results, wait = _in_time(outcomes, run.deadline - services.clock())
        if not services.results.put_many(token, run.chunk, results, services.clock(), services.history):
            raise NotOurs(f"another run or call has taken over job {run.job_id}")
    failed = sum(1 for result in results if result.failure)
    if run.chunk == 0 and len(results) > failed:  # of the first chunk only: one more write a job, not one a chunk
        _measure_first_entry(run, services)
    counts = {
        "successful": len(results) - failed,
        "failed": failed,
        "with_warnings": sum(1 for result in results if result.warnings),
        "wait_seconds": math.ceil(wait.total_seconds()),
    }
    logger.info("chunk recorded", extra={"chunk": run.chunk, **counts})
    return {"waitSeconds": counts["wait_seconds"]}


def _measure_first_entry(run: ChunkInput, services: Services) -> None:
    """Measure the time from the click to the job's first entry, once a job."""
    now = services.clock()
    clicked_at = services.jobs.note_first_entry(run.job_id, now)
    if clicked_at:
        measure_seconds("SecondsToFirstEntry", (now - clicked_at).total_seconds())


def _in_time(outcomes: Sequence[ItemOutcome], left: timedelta) -> tuple[list[ItemResult], timedelta]:
    """Return the results, and how long the rest has to wait: never past the job's deadline (R-9, promise 3)."""
    results, longest = [], timedelta()
    for each in outcomes:
        if isinstance(each, ItemResult):
            results.append(each)
        elif each.delay > left:
            results.append(each.result_if_too_late)
        else:
            longest = max(longest, each.delay)
    return results, longest
