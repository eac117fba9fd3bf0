"""`pleo-export retry`: carry on a job that stands still, or export again what a finished job left failed.

Pleo takes no results for a finished job, so its failed items need a new job. Pleo's API lets an integration create one;
what was booked is found by its reference, and not booked again.
"""

from __future__ import annotations

from pydantic import Field

from cli.confirmation import confirm
from cli.errors import NotNow, UsageError
from cli.job_lookup import FoundJob, find_job
from cli.options import DEFAULT_STACK, AsJson, JobId, StackName, Yes
from cli.output_model import OutputModel
from cli.printing import GOOD, print_json, print_line, print_next
from cli.stack import Stack
from cli.wording import minute, several
from pleo_export.operations.job_overview import FAILED
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.errors import PleoOutcomeUnknown, PleoRefused
from pleo_export.pleo.models import ExportJob
from pleo_export.services.wake_up import WakeUp

IN_PROGRESS, NO_CONTRA_ACCOUNTS = "EXPORT_ALREADY_IN_PROGRESS", "MISSING_CONTRA_ACCOUNTS"


class RetryOutput(OutputModel):
    """What was done."""

    stack: str
    company_id: str
    job_id: str = Field(description="The job that is carried on, or the new one.")
    retried: str = Field(description="The job that was named.")
    exported_again: int = Field(description="Expenses in the new job; 0 where the job itself is carried on.")


def command(job_id: JobId, yes: Yes = False, as_json: AsJson = False, stack: StackName = DEFAULT_STACK) -> None:
    """Carry on a job that stands still, or export again what failed in a job that is over.

    A pending or unfinished job is woken up; that is what the poll does every few minutes, so nobody is asked.

    A finished job is final: Pleo takes no results for it any more. Its failed expenses go into a new job that is
    created by Pleo's API, as a click on Export does it. What was wrong has to be corrected first, in Pleo or in the
    ledger, or it fails again. Expenses that are no longer in Pleo's export queue, or have been changed since, need that
    click in Pleo: Pleo refuses them here.
    """
    deployed = Stack.named(stack)
    found = find_job(deployed, job_id)
    if found.pleo is None or found.at_pleo is None:
        raise UsageError(f"job {job_id} cannot be retried: {found.not_asked}")
    if pause := deployed.pauses.get(found.company_id):
        raise NotNow(
            f"company {found.company_id} is paused since {minute(pause.at)}; "
            f"run `pleo-export resume {found.company_id}` first"
        )
    new, count = found.at_pleo, 0
    if found.at_pleo.finished:
        new, count = _again(found, found.at_pleo, found.pleo, yes=yes)
    elif deployed.busy(found.company_id):
        raise NotNow(
            f"an export of company {found.company_id} is running, and wakes the next one when it is over. "
            f"Follow it: `pleo-export watch {job_id}`"
        )
    wake_up(deployed, found.company_id, "retry")
    if as_json:
        print_json(
            RetryOutput(
                stack=deployed.name,
                company_id=found.company_id,
                job_id=new.id,
                retried=job_id,
                exported_again=count,
            )
        )
        return
    what = f"job {new.id} with {several(count, 'expense', 'expenses')} is created" if count else f"job {job_id}"
    print_line(f"{what}: company {found.company_id} is woken up", GOOD)
    print_next(f"pleo-export watch {new.id}")


def wake_up(stack: Stack, company_id: str, reason: str) -> None:
    """Wake the company, as a webhook does."""
    cause = f"{reason}-{company_id}-{stack.now():%Y%m%dT%H%M%S%f}"
    stack.wake_ups.send(WakeUp(company_id=company_id, reason=reason), once_per=cause)


def _again(found: FoundJob, job: ExportJob, pleo: PleoClient, *, yes: bool) -> tuple[ExportJob, int]:
    """Create a job of the items that failed. Raises UsageError when there are none."""
    failed = [item.accounting_entry_id for item in pleo.job_items(job.id) if item.status in FAILED]
    if not failed:
        raise UsageError(f"job {job.id} is {job.status} and nothing of it failed: there is nothing to retry")
    confirm(
        f"{several(len(failed), 'failed expense', 'failed expenses')} of job {job.id} will be exported again, in a new "
        "job. What has not been corrected fails again.",
        yes=yes,
    )
    try:
        return pleo.create_job(found.company_id, failed, like=job), len(failed)
    except PleoRefused as error:
        if error.type == IN_PROGRESS:
            raise NotNow("another export of the company is not over yet; watch it: `pleo-export watch`") from None
        if error.type == NO_CONTRA_ACCOUNTS:
            raise UsageError(f"{error.message} (Pleo, Settings, Accounting)") from None
        raise UsageError(
            f"Pleo does not take these expenses from here ({error.type or error.message}). Select them in Pleo's "
            "export queue and click Export"
        ) from None
    except PleoOutcomeUnknown:
        raise NotNow("Pleo did not answer: look with `pleo-export jobs` whether there is a new job") from None
