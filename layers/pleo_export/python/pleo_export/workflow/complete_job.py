"""CompleteJob: end the job once all its items are final at Pleo (R-7)."""

from __future__ import annotations

from pleo_export.errors import JobFailure, TryAgain
from pleo_export.failures.export import NEVER_REPORTED
from pleo_export.failures.job import RESULTS_NOT_TAKEN
from pleo_export.observability import logger
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.errors import PleoRefused
from pleo_export.services.events import JobInput
from pleo_export.services.services import Services
from pleo_export.workflow.final_event import final_event
from pleo_export.workflow.job_outcome import FINISHED_BEFORE_US, note_outcome
from pleo_export.workflow.ownership import close, prove_ours
from pleo_export.workflow.reporting import finalise_open_items


def complete_job(run: JobInput, services: Services) -> str:
    """Send the final event, and return it. Raises NotOurs when another run has taken over, TryAgain when Pleo still has
    open items, or does not answer."""
    prove_ours(run, services)
    pleo = services.pleo(services.connection(run.company_id))
    if pleo.has_items(run.job_id, "pending"):
        _finalise(pleo, run, services, "pending")
        if pleo.has_items(run.job_id, "pending"):  # refused again; Pleo might complete the job all the same
            raise TryAgain(JobFailure.VALIDATION_FAILURE, RESULTS_NOT_TAKEN.told())
    final = final_event(pleo, run.job_id)
    if final.failure and final.told:
        close(run, services, final.failure, final.told)
    try:
        pleo.send_event(run.job_id, final.event, final.failure, final.reason)
    except PleoRefused:
        if not pleo.job(run.job_id).finished:
            # Open question 6: completing may be refused while items are open, also those in progress.
            _finalise(pleo, run, services, "pending", "in_progress")
            raise TryAgain(JobFailure.VALIDATION_FAILURE, RESULTS_NOT_TAKEN.told()) from None
        note_outcome(run, services, FINISHED_BEFORE_US, failed=final.failed)
        return FINISHED_BEFORE_US
    note_outcome(run, services, final.event, final.failure, final.failed)
    return final.event


def _finalise(pleo: PleoClient, run: JobInput, services: Services, *statuses: str) -> None:
    still_open = finalise_open_items(
        pleo, run, services, JobFailure.SERVICE_UNREACHABLE, NEVER_REPORTED.told(), statuses
    )
    logger.warning("items were still open at completion", extra={"items": still_open})
