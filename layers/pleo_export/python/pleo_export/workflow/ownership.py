"""Checks that the job still belongs to this execution, before anything is sent to Pleo (promise 2).

A request that was sent after `prove_ours` may still be on its way when another run takes over. It must then agree with
what that run does: `started` is repeated, and results are the same for all runs. `failed` is not, so the job is closed
before it is sent; the runs that follow only go on failing it.
"""

from __future__ import annotations

from pleo_export.errors import JobFailure, NotOurs
from pleo_export.failures.entry import FailureText
from pleo_export.services.events import JobInput
from pleo_export.services.services import Services


def prove_ours(run: JobInput, services: Services) -> None:
    """Check that the job is this run's. Raises NotOurs when another run has taken over."""
    record = services.jobs.get(run.job_id)
    if record is None or record.run_by != run.execution:
        raise _taken_over(run)


def close(run: JobInput, services: Services, failure: JobFailure, told: FailureText) -> None:
    """Close the job: from now on nothing new is booked for it. Raises NotOurs when another run has taken over."""
    if not services.jobs.close(run.job_id, run.execution, failure, told.text(), told.code):
        raise _taken_over(run)


def _taken_over(run: JobInput) -> NotOurs:
    return NotOurs(f"another run has taken over job {run.job_id}")
