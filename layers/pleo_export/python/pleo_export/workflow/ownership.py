"""Before anything is sent to Pleo, the job must still belong to this execution (promise 2).

What `prove_ours` lets through may still be on its way when another run takes over. It must then agree with whatever
that run does: `started` is repeated, and results are the same for all runs. `failed` is not, so the job is closed
before it is sent; the runs that follow only go on failing it.
"""

from __future__ import annotations

from pleo_export.errors import JobFailure, NotOurs
from pleo_export.services.events import JobInput
from pleo_export.services.services import Services


def prove_ours(run: JobInput, services: Services) -> None:
    """Raises NotOurs when another run has taken over."""
    record = services.jobs.get(run.job_id)
    if record is None or record.run_by != run.execution:
        raise _taken_over(run)


def close(run: JobInput, services: Services, failure: JobFailure, reason: str) -> None:
    """From now on nothing new is booked for the job. Raises NotOurs when another run has taken over."""
    if not services.jobs.close(run.job_id, run.execution, failure, reason):
        raise _taken_over(run)


def _taken_over(run: JobInput) -> NotOurs:
    return NotOurs(f"another run has taken over job {run.job_id}")
