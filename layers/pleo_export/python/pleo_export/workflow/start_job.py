"""StartJob: check the lease, tell Pleo `started` once, and learn what the later states need.

`started` is the first write (R-1.2), and the claim is written before it, so that the job is known as ours even if the
answer is lost. After a 422 the job is read again (the table of R-1):

| Job now     | Claimed by us | Then                                              |
|-------------|---------------|---------------------------------------------------|
| in_progress | yes           | resume                                            |
| in_progress | no            | another installation's: NotOurs                   |
| final       | any           | NotOurs: nothing is left to do                    |
| pending     | any           | TryAgain                                          |

A job that an earlier run of ours has closed is only ended: what Pleo was told of its items must stay true.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pleo_export.errors import JobFailure, JobRejected, NotOurs, TryAgain
from pleo_export.failures.entry import FailureText
from pleo_export.failures.job import NOT_STARTED, RUN_TWICE
from pleo_export.observability import logger
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.errors import PleoNotFound, PleoRefused
from pleo_export.pleo.models import ExportJob, JobEvent
from pleo_export.services.events import JobInput
from pleo_export.services.services import Services
from pleo_export.workflow.ownership import prove_ours

# Open question 3: only the start event is known to reset the job's clock. We stop taking new items
# with a sixth of its time left: 50 minutes into the hour (R-9, stop rule).
LIFETIME = timedelta(hours=1)
USABLE_SHARE = 5 / 6


def start_job(run: JobInput, services: Services) -> dict[str, Any]:
    """Start or resume the job, and return the number of items, the method of bookkeeping and the deadline (ISO 8601).
    Raises NotOurs (stop), TryAgain (run again), JobRejected (an earlier run has begun to fail the job: go on)."""
    before = services.jobs.get(run.job_id)
    if not services.leases.confirm(run.company_id, run.execution):
        raise NotOurs(f"the lease of company {run.company_id} is not held by {run.execution}")
    pleo = services.pleo(services.connection(run.company_id))
    job = _read(pleo, run)
    seen = before.run_by if before else None
    if not services.jobs.begin(run.job_id, run.company_id, run.execution, seen=seen, clicked_at=job.created_at):
        # Another execution has begun meanwhile. The lease shows the next call which of the two is superseded.
        raise TryAgain(JobFailure.SERVICE_TIMEOUT, RUN_TWICE.told())
    record = services.jobs.get(
        run.job_id
    )  # again: an earlier run may have written to it until now, but cannot any more
    job = _started(job, pleo, run, record is not None and record.claimed, services)
    if record and record.closed:
        failure, reason = record.closed
        raise JobRejected(failure, FailureText(record.closed_code or failure, reason))
    return {
        "numberOfItems": job.number_of_items,
        "vendorBasedBookkeeping": job.vendor_based_bookkeeping,
        "deadline": _deadline(job, services.clock()).astimezone(UTC).isoformat(),
    }


def _deadline(job: ExportJob, now: datetime) -> datetime:
    """Return when we stop taking new items. `job` is as read before `started` was sent, or while it runs. `expiresIn`
    counts down from the job's last action, so the hours that it waited in Pleo's queue do not count."""
    waited = max(now - (job.last_updated_at or job.created_at), timedelta())
    lifetime = min(timedelta(seconds=job.expires_in) + waited, LIFETIME)
    return (job.started_at or now) + lifetime * USABLE_SHARE


def _started(job: ExportJob, pleo: PleoClient, run: JobInput, claimed: bool, services: Services) -> ExportJob:
    if job.status == "pending":
        prove_ours(run, services)
        call = services.request_id
        claimed = services.jobs.claim(run.job_id, call) or claimed
        try:
            pleo.send_event(run.job_id, JobEvent.STARTED)
            logger.info("job started", extra={"items": job.number_of_items})
            return job
        except PleoRefused:
            # If we have claimed it before, the refusal may answer our own earlier, lost request.
            if not claimed:
                services.jobs.disclaim(run.job_id, call)
            job = _read(pleo, run)
    if job.status == "in_progress" and claimed:
        logger.info("job resumed", extra={"items": job.number_of_items})
        return job
    if job.status == "pending":
        raise TryAgain(JobFailure.SERVICE_TIMEOUT, NOT_STARTED.told())
    raise NotOurs(f"job {run.job_id} is {job.status}" + ("" if job.finished else ", started elsewhere"))


def _read(pleo: PleoClient, run: JobInput) -> ExportJob:
    try:
        return pleo.job(run.job_id)
    except PleoNotFound:
        raise NotOurs(f"job {run.job_id} no longer exists") from None
