"""FailJob: the run cannot go on. Report that to Pleo, item by item if items may be booked, and end the job.

The job is closed before anything is sent: while `failed` is on its way, later runs only go on failing the job.

Before items were fetched nothing is booked: the job gets `failed` with type and reason (R-2.1). Afterwards every open
item gets its result or an accurate failure, and the event follows from what Pleo holds (`final_event`). If Pleo refuses
that event, because it did not take an item's result, the job ends as `failed` (open question 7: reported results stay).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from pleo_export.errors import JobFailure
from pleo_export.failures.entry import FailureText
from pleo_export.failures.job import JOB_FAULT
from pleo_export.observability import logger
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.errors import PleoRefused
from pleo_export.pleo.models import JobEvent
from pleo_export.services.events import FailJobInput, StateError
from pleo_export.services.services import Services
from pleo_export.workflow.final_event import FinalEvent, final_event
from pleo_export.workflow.job_outcome import FINISHED_BEFORE_US, note_outcome
from pleo_export.workflow.ownership import close
from pleo_export.workflow.reporting import finalise_open_items


def fail_job(run: FailJobInput, services: Services) -> str:
    """Send the final event, and return it. Raises NotOurs when the job is another run's by now, TryAgain when Pleo does
    not answer."""
    failure, told = explain(run.error)
    logger.error("job cannot go on", extra={"error": run.error.error, "failure": failure, "code": told.code})
    connection = services.connection(run.company_id)
    told = told.addressed(connection.support_contact)
    close(run, services, failure, told)
    pleo = services.pleo(connection)
    try:
        sent = _end(pleo, run, services, failure, told)
    except PleoRefused:
        if not pleo.job(run.job_id).finished:
            raise
        note_outcome(run, services, FINISHED_BEFORE_US, failure)
        return FINISHED_BEFORE_US
    note_outcome(run, services, sent.event, sent.failure, sent.failed)
    return sent.event


def _end(pleo: PleoClient, run: FailJobInput, services: Services, failure: JobFailure, told: FailureText) -> FinalEvent:
    record = services.jobs.get(run.job_id)
    failed: Mapping[str, int] = {}
    if record is not None and record.fetched and _all_final(pleo, run, services, failure, told):
        final = final_event(pleo, run.job_id)
        failed = final.failed
        if final.reason:  # all failed: the cause of the job is the reason
            told = told.after(final.reason)
        else:
            try:
                pleo.send_event(run.job_id, final.event)
                return final
            except PleoRefused:
                logger.warning("completion refused, failing the job")
    pleo.send_event(run.job_id, JobEvent.FAILED, failure, told.text())
    return FinalEvent(JobEvent.FAILED, failure, told, failed)


def _all_final(pleo: PleoClient, run: FailJobInput, services: Services, failure: JobFailure, told: FailureText) -> bool:
    """Return whether Pleo has taken the final result of every item; it may refuse one at first (R-6.5)."""
    looks = (finalise_open_items(pleo, run, services, failure, told, ("pending", "in_progress")) for _ in range(3))
    return any(still_open == 0 for still_open in looks)


def explain(error: StateError) -> tuple[JobFailure, FailureText]:
    """Return the failure and the text of the error that ended the run. The messages of our own errors are
    `<failure type>/<code>: <sentence>`; anything else is a fault of ours. A run of the release before has no code."""
    try:
        message = str(json.loads(error.cause)["errorMessage"])
        names, _, sentence = message.partition(": ")
        failure, _, code = names.partition("/")
        return JobFailure(failure), FailureText(code or failure, sentence)
    except (ValueError, KeyError, TypeError):
        return JobFailure.SERVICE_UNREACHABLE, JOB_FAULT.told()
