"""A notification of a job with failures: how many expenses failed, by cause and type. No name, note or amount is in it.

At most one a job: the job's record is marked before anything is sent. A call that ends between the two sends none, and
the metrics and alarms tell of the job all the same; the other way round, each retry of the state could send one more.
A notification that fails changes nothing for the job.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from pleo_export.observability import count, logger
from pleo_export.pleo.resource import PAGE_LIMIT
from pleo_export.services.events import JobInput
from pleo_export.services.notifications import Notification
from pleo_export.services.services import Services
from pleo_export.workflow.causes import FailureCause, by_cause, cause_of

EVENT_TYPE = "export_job.finished_with_failures"
RESERVE = timedelta(seconds=30)  # of the function's time: both ways of telling take less
WHAT_TO_DO: Mapping[FailureCause, str] = {
    FailureCause.CREDENTIALS: "a key or an authorisation is no longer accepted: connect the company again",
    FailureCause.SETTINGS: "an account, tax code, tag, supplier or setting is missing or wrong: Pleo says which",
    FailureCause.EXPENSES: "the expense cannot be booked as it is: Pleo says why at each expense",
    FailureCause.RECEIPTS: "a receipt could not be fetched or attached: Pleo says why at each expense",
    FailureCause.ACCOUNTING_SYSTEM: "the accounting system did not answer, or not in time: export again when it does",
    FailureCause.PLEO: "Pleo's request limit was reached: export again later",
    FailureCause.OURS: "a fault of this installation: its operator has to look at the log",
}


def notify(run: JobInput, services: Services, outcome: str, failures: Mapping[str, int], *, whole_job: bool) -> None:
    """Tell whoever is to be told that the job had failures, given as numbers by type. `whole_job`: it failed as a
    whole, so that the number says nothing of its expenses. Raises nothing."""
    try:
        if not services.notifiers or services.time_left() < RESERVE:
            return
        if not services.jobs.mark_notified(run.job_id, services.clock()):
            return
    except Exception as error:
        _failed("mark", error)
        return
    told = _notification(run, services, outcome, failures, whole_job=whole_job)
    for notifier in services.notifiers:
        try:
            notifier.send(told)
        except Exception as error:
            _failed(notifier.channel, error)
        else:
            count("NotificationsSent", channel=notifier.channel)
            logger.info("notification sent", extra={"channel": notifier.channel})


def _failed(channel: str, error: Exception) -> None:
    count("NotificationsFailed")
    logger.error("notification not sent", extra={"channel": channel, "error": type(error).__name__})


def _notification(
    run: JobInput, services: Services, outcome: str, failures: Mapping[str, int], *, whole_job: bool
) -> Notification:
    total = sum(failures.values())
    data = {
        "companyId": run.company_id,
        "jobId": run.job_id,
        "outcome": outcome,
        "wholeJob": whole_job,
        "failedItems": None if whole_job else total,
        "moreItemsFailed": not whole_job and total >= PAGE_LIMIT,
        "causes": [
            {
                "cause": cause.value,
                "items": None if whole_job else number,
                "fix": WHAT_TO_DO[cause],
                "failures": sorted(failure for failure in failures if cause_of(failure) is cause),
            }
            for cause, number in _largest_first(by_cause(failures))
        ],
    }
    return Notification(
        id=f"job_{run.job_id}",
        at=services.clock(),
        type=EVENT_TYPE,
        subject=_subject(total, whole_job=whole_job),
        text=_text(run, failures, whole_job=whole_job),
        data=data,
    )


def _subject(total: int, *, whole_job: bool) -> str:
    if whole_job:
        return "Pleo export: an export failed"
    number = f"at least {total}" if total >= PAGE_LIMIT else str(total)
    return f"Pleo export: {number} expense{'' if total == 1 else 's'} failed"


def _text(run: JobInput, failures: Mapping[str, int], *, whole_job: bool) -> str:
    lines = [f"An export of the Pleo company {run.company_id} ended with failures.", ""]
    for cause, number in _largest_first(by_cause(failures)):
        lines.append(f"{'' if whole_job else f'{number} x '}{WHAT_TO_DO[cause]}")
        lines += [f"    {failure.replace('_', ' ')}" for failure in sorted(failures) if cause_of(failure) is cause]
    return "\n".join([*lines, "", f"What failed, and why: pleo-export job {run.job_id}"])


def _largest_first(causes: Mapping[FailureCause, int]) -> list[tuple[FailureCause, int]]:
    return sorted(causes.items(), key=lambda each: (-each[1], each[0]))
