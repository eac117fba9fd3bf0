"""Dispatch: take a woken company's lease and start its oldest job, unless it is paused (R-1.3 to R-1.6).

However often and in whatever order a company is woken, at most one execution runs for it: the lease ensures that, and
the execution's first state checks it again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from botocore.exceptions import ClientError

from pleo_export.errors import Disconnected, PleoExportError
from pleo_export.observability import count, logger, measure_seconds
from pleo_export.pleo.call_priority import CallPriority
from pleo_export.pleo.errors import PleoRateLimited
from pleo_export.pleo.models import ExportJob
from pleo_export.services.events import JobInput
from pleo_export.services.executions import Executions
from pleo_export.services.services import Services
from pleo_export.services.wake_up import WakeUp
from pleo_export.store.connected_companies import SHORTEST
from pleo_export.store.connections import Connection
from pleo_export.store.leases import Lease
from pleo_export.workflow.look_times import interval_after, next_look

# Until StartExecution becomes visible, the owner of a new lease looks like one that has ended.
START_GRACE = timedelta(seconds=60)
LOOKS = frozenset({"poll", "deferred"})  # the reasons of the poll's wake-ups: it has reserved their calls to Pleo
TRIGGERS = LOOKS | {"webhook", "finished", "reconciled"}  # the reasons of wake-ups that the stack sends


class Dispatched(StrEnum):
    """What a wake-up led to."""

    STARTED = "started"
    BUSY = "busy"
    NO_JOB = "no_job"
    UNKNOWN_COMPANY = "unknown_company"
    RECONNECT = "reconnect"
    PAUSED = "paused"
    LATER = "later"  # Pleo takes no more requests for the moment: left to the next poll


def dispatch(wake_up: WakeUp, services: Services) -> Dispatched:
    """Start the company's oldest job, unless one runs. Raises the errors of Pleo's client and of AWS."""
    outcome = _dispatch(wake_up, services)
    count("WakeUpsHandled")
    if outcome is Dispatched.STARTED:
        count("JobsStarted", trigger=wake_up.reason if wake_up.reason in TRIGGERS else "other")
    return outcome


def _dispatch(wake_up: WakeUp, services: Services) -> Dispatched:
    company_id = wake_up.company_id
    logger.append_keys(wake_up=wake_up.reason)
    connection = services.connections.get(company_id)
    if connection is None:
        logger.warning("wake-up dropped: company not connected", extra={"company_id": company_id})
        return Dispatched.UNKNOWN_COMPANY
    lease = services.leases.get(company_id)
    if lease and alive(lease, services.executions, services.clock()):
        # Nothing is lost: the run's last state wakes the company again. Should the run break off, a poll finds it: one
        # has just stored a next look that takes no run into account.
        if wake_up.reason in LOOKS:
            _look_again_soon(connection, connection.look_interval, services)
        return Dispatched.BUSY
    try:
        unfinished = services.pleo(connection, _priority(wake_up)).unfinished_jobs(company_id)
    except Disconnected as ended:
        logger.warning("wake-up dropped: a person has to connect again", extra={"reason": str(ended)})
        return Dispatched.RECONNECT
    except PleoRateLimited:
        # In the queue the message would keep the company waiting for minutes, and end among the dead letters.
        if wake_up.reason in LOOKS:
            _look_again_soon(connection, connection.look_interval, services)
        else:
            services.looks.defer(company_id, services.clock())
        return Dispatched.LATER
    _measure_waiting(unfinished, services.clock())
    if unfinished:
        _look_again_soon(connection, _learned_interval(wake_up, unfinished, connection, services), services)
    job = choose(unfinished, lambda job_id: _is_ours(job_id, services))
    paused = _is_paused(company_id, job, services)
    if job is None or paused:
        if lease:
            services.leases.release(company_id, lease.owner)
        _keep_grant_alive(connection, services)
        return Dispatched.PAUSED if paused else Dispatched.NO_JOB
    return _start(job, lease, services)


def _learned_interval(
    wake_up: WakeUp, unfinished: Sequence[ExportJob], connection: Connection, services: Services
) -> timedelta:
    """Return the interval between looks that follows from how the company's oldest waiting job was found."""
    known = connection.look_interval
    pending = [job.created_at for job in unfinished if job.status == "pending"]
    if not pending or any(job.status == "in_progress" for job in unfinished):
        return known
    waited = services.clock() - min(pending)
    return interval_after(wake_up.reason, waited, known, services.longest_look_interval)


def _look_again_soon(connection: Connection, interval: timedelta, services: Services) -> None:
    """Let the poll look at a company within SHORTEST at which something is open, and store the interval of its looks
    from then on. Nothing is written where it looks as often anyway."""
    if max(interval, connection.look_interval) > SHORTEST:
        company_id, now = connection.company_id, services.clock()
        services.looks.note(company_id, next_look(company_id, SHORTEST, now), interval)


def _priority(wake_up: WakeUp) -> CallPriority:
    """Return how its calls to Pleo rank: a poll is of all companies, of which few have work; it has reserved them."""
    return CallPriority.POLL if wake_up.reason in LOOKS else CallPriority.LOOK


def _measure_waiting(unfinished: Sequence[ExportJob], now: datetime) -> None:
    """Measure how long the company's oldest job has waited, and how long until one of them expires."""
    if pending := [job.created_at for job in unfinished if job.status == "pending"]:
        measure_seconds("OldestPendingJobSeconds", (now - min(pending)).total_seconds())
    if unfinished:
        measure_seconds("SecondsToExpiry", min(job.expires_in for job in unfinished))


def choose(unfinished: Sequence[ExportJob], is_ours: Callable[[str], bool]) -> ExportJob | None:
    """Return the job to run, of jobs sorted oldest first: ours that was interrupted, else the oldest pending one.

    A job in progress that is not ours is another installation's run: one job at a time, so nothing starts (R-1.12).
    """
    in_progress = [job for job in unfinished if job.status == "in_progress"]
    if in_progress:
        return next((job for job in in_progress if is_ours(job.id)), None)
    return next((job for job in unfinished if job.status == "pending"), None)


def _is_paused(company_id: str, job: ExportJob | None, services: Services) -> bool:
    """Return whether the job has to wait because an operator has paused the company: it stays pending at Pleo, and
    `resume` wakes the company. One that has begun is carried on, since it would expire half booked."""
    if job is None or job.status != "pending" or services.pauses.get(company_id) is None:
        return False
    logger.info("job not started: the company is paused", extra={"job_id": job.id})
    return True


def _start(job: ExportJob, ended: Lease | None, services: Services) -> Dispatched:
    now = services.clock()
    attempt = services.jobs.next_attempt(job.id, job.company_id, now, services.history)
    run = JobInput(company_id=job.company_id, job_id=job.id, execution=f"{job.id}-{attempt}")
    if not services.leases.take(run.company_id, run.execution, now, replacing=ended):
        return Dispatched.BUSY
    try:
        services.executions.start(run)
    except ClientError:
        # Refused: nothing runs. Where no answer came it may run, and keeps its lease; `alive` tells, after the grace.
        services.leases.release(run.company_id, run.execution)
        raise
    logger.info("execution started", extra={"job_id": job.id, "execution": run.execution, "attempt": attempt})
    return Dispatched.STARTED


def _keep_grant_alive(connection: Connection, services: Services) -> None:
    """Refresh an accounting system's grant, which would end if nobody used it (R-10.8). Every poll uses Pleo's."""
    try:
        services.keep_grant_alive(connection)
    except PleoExportError as error:  # the next poll tries again; where the grant has ended, its refresher has said so
        logger.warning("the accounting system's grant was not refreshed", extra={"error": type(error).__name__})


def alive(lease: Lease, executions: Executions, now: datetime) -> bool:
    """Return whether an execution works under this lease, or is about to."""
    if lease.until is not None:
        return now < lease.until
    running = executions.running(lease.owner)
    return now - lease.since < START_GRACE if running is None else running


def _is_ours(job_id: str, services: Services) -> bool:
    record = services.jobs.get(job_id)
    return record is not None and record.claimed
