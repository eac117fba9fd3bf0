"""What follows the end of a job at Pleo: it is saved, counted, and people are told where something failed.

The objective of the service (docs/operate.md): a job has no failure of ours, and where it books anything, its first
entry is booked within five minutes of the click.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from pleo_export.errors import JobFailure
from pleo_export.observability import count, logger, measure
from pleo_export.services.events import JobInput
from pleo_export.services.services import Services
from pleo_export.store.jobs import JobRecord
from pleo_export.workflow.causes import FailureCause, by_cause

FINISHED_BEFORE_US = "finished before us"
FIRST_ENTRY_WITHIN = timedelta(minutes=5)


def note_outcome(
    run: JobInput,
    services: Services,
    outcome: str,
    failure: JobFailure | None = None,
    failed: Mapping[str, int] | None = None,
) -> None:
    """Save how the job ended, count it, have the lists refreshed that its failed items speak of, and notify of its
    failures.

    `failure` goes with an event `failed`; `failed` says how many items failed at Pleo, by type. If an earlier run has
    saved the outcome, it is kept when Pleo had ended the job before us."""
    known = services.jobs.get(run.job_id) if outcome == FINISHED_BEFORE_US else None
    if known is None or known.outcome is None:
        known = services.jobs.finish(run.job_id, outcome, services.clock())
    failures = dict(failed or {}) or ({failure.value: 1} if failure else {})
    if outcome != FINISHED_BEFORE_US:
        _count(known, outcome, failure, by_cause(failures))
    logger.info("job finished", extra={"outcome": outcome})
    if failures:
        _refresh(run, failures, services)
        from pleo_export.workflow.notification import notify  # noqa: PLC0415 - most jobs have no failure

        notify(run, services, outcome, failures, whole_job=not failed)


def _refresh(run: JobInput, failures: Mapping[str, int], services: Services) -> None:
    from pleo_export.workflow.refreshed_lists import ask_for_refresh  # noqa: PLC0415 - most jobs have no failure

    ask_for_refresh(run, failures, services)


def _count(record: JobRecord, outcome: str, failure: JobFailure | None, causes: Mapping[FailureCause, int]) -> None:
    if failure:
        count("JobsFailed", failure=failure)
    else:
        count("JobsCompleted", outcome=outcome)
    for cause in causes:
        count("JobsWithFailures", cause=cause)
    measure("JobsMissingObjective", int(FailureCause.OURS in causes or _late(record)))


def _late(record: JobRecord) -> bool:
    if record.clicked_at is None or record.first_entry_at is None:
        return False
    return record.first_entry_at - record.clicked_at > FIRST_ENTRY_WITHIN
