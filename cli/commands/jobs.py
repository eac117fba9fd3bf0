"""`pleo-export jobs`: the export jobs of all companies, newest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

import typer
from pydantic import Field

from cli.checks import explained
from cli.errors import not_connected
from cli.options import DEFAULT_STACK, AsJson, SomeCompanyId, StackName
from cli.output_model import OutputModel
from cli.printing import BAD, print_json, print_line, print_next, print_table
from cli.stack import Stack
from cli.wording import age, counted, minute
from pleo_export.errors import PleoExportError
from pleo_export.failures.catalogue import remedy
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.models import ExportJob
from pleo_export.store.jobs import JobRecord

COLUMNS = ("job", "company", "exported", "age", "at Pleo", "our run", "items", "why it failed")
MOST = 2_000  # jobs of one company that are read: twenty pages
COUNTED = 1_000  # items of one job that are counted: ten pages
COMPLETED = "completed"


class ListedJob(OutputModel):
    """One export job."""

    job_id: str
    company_id: str
    status: str = Field(description="At Pleo.")
    created_at: datetime = Field(description="When Export was clicked, UTC.")
    age_seconds: int
    runs: int = Field(description="How often we have started it.")
    outcome: str | None = Field(description="How our last run ended; null while it has not.")
    number_of_items: int
    counts: Mapping[str, int] | None = Field(
        description=f"How many items have each status; null for an incomplete job of more than {COUNTED}."
    )
    failure_type: str | None = Field(description="Why the job as a whole failed: Pleo's type.")
    failure: str | None = Field(description="Why the job as a whole failed, in a sentence.")
    who: str | None = Field(None, description="Who can put that right.")


class CompanyNotAsked(OutputModel):
    """A company whose jobs could not be listed."""

    company_id: str
    reason: str


class JobsOutput(OutputModel):
    """One page of the export jobs, newest first."""

    stack: str
    jobs: tuple[ListedJob, ...]
    total: int = Field(description="Jobs on all pages.")
    page: int = Field(description="From 1.")
    not_asked: tuple[CompanyNotAsked, ...]


@dataclass(frozen=True)
class _Job:
    """A job, and the client that can ask for more of it."""

    at_pleo: ExportJob
    pleo: PleoClient


def command(
    company_id: SomeCompanyId = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="Jobs on one page.")] = 20,
    page: Annotated[int, typer.Option("--page", min=1, help="1 holds the newest jobs.")] = 1,
    as_json: AsJson = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """List the export jobs of all companies, newest first: state at Pleo and ours, items, age, and why they failed.

    Pleo knows the jobs, so a company that is disconnected has none here; `job JOB_ID` still shows what we recorded.
    """
    deployed = Stack.named(stack)
    if company_id and not deployed.connections.exists(company_id):
        raise not_connected(company_id)
    companies = [company_id] if company_id else deployed.connections.all_company_ids()
    output = list_jobs(deployed, companies, limit, page)
    if as_json:
        print_json(output)
    else:
        _show(output, companies, limit)
    if output.not_asked:
        raise typer.Exit(1)


def list_jobs(stack: Stack, companies: list[str], limit: int, page: int) -> JobsOutput:
    """Return that page of the companies' jobs, and which companies could not be asked."""
    found: list[_Job] = []
    not_asked = []
    for company_id in companies:
        try:
            secrets = stack.secrets(company_id)
            pleo = stack.pleo(secrets.pleo if secrets else {}, company_id)
            found += [_Job(job, pleo) for job in pleo.jobs(company_id, MOST)]
        except PleoExportError as error:
            not_asked.append(CompanyNotAsked(company_id=company_id, reason=explained(error)))
    found.sort(key=lambda each: each.at_pleo.created_at, reverse=True)
    shown = found[(page - 1) * limit : page * limit]
    return JobsOutput(
        stack=stack.name,
        jobs=tuple(_listed(each, stack.jobs.get(each.at_pleo.id), stack.now()) for each in shown),
        total=len(found),
        page=page,
        not_asked=tuple(not_asked),
    )


def _listed(job: _Job, record: JobRecord | None, now: datetime) -> ListedJob:
    at_pleo = job.at_pleo
    return ListedJob(
        job_id=at_pleo.id,
        company_id=at_pleo.company_id,
        status=at_pleo.status,
        created_at=at_pleo.created_at,
        age_seconds=int((now - at_pleo.created_at).total_seconds()),
        runs=record.attempts if record else 0,
        outcome=record.outcome if record else None,
        number_of_items=at_pleo.number_of_items,
        counts=_counts(job),
        failure_type=at_pleo.failure_reason_type,
        failure=at_pleo.failure_reason,
        who=_who(at_pleo, record),
    )


def _who(at_pleo: ExportJob, record: JobRecord | None) -> str | None:
    """Return who can put right what made the job fail as a whole; None where we did not close it."""
    failed = at_pleo.failure_reason_type and record and record.closed_code
    return remedy(record.closed_code).who if record and failed else None


def _counts(job: _Job) -> Mapping[str, int] | None:
    """Count the items by status, as far as that takes few calls."""
    if job.at_pleo.status == COMPLETED:
        return {"successful": job.at_pleo.number_of_items}
    if job.at_pleo.number_of_items > COUNTED:
        return None
    return dict(Counter(item.status for item in job.pleo.job_items(job.at_pleo.id)))


def _show(output: JobsOutput, companies: list[str], limit: int) -> None:
    if output.jobs:
        print_table(COLUMNS, map(_row, output.jobs))
    for each in output.not_asked:
        print_line(f"company {each.company_id}: {each.reason}", BAD)
    if not companies:
        print_line("no company is connected")
        print_next("pleo-export connect")
    elif not output.jobs:
        print_line("there are no more jobs" if output.total else "nothing has been exported yet")
        print_next("click Export in Pleo, then: pleo-export watch")
    else:
        print_next(*_next(output, limit))


def _next(output: JobsOutput, limit: int) -> Iterator[str]:
    yield f"pleo-export job {output.jobs[0].job_id}"
    if output.page * limit < output.total:
        yield f"pleo-export jobs --page {output.page + 1}   ({output.total} jobs in all)"


def _row(job: ListedJob) -> tuple[str, ...]:
    counts = f"{job.number_of_items} items" if job.counts is None else counted(job.counts)
    facts = ", ".join(filter(None, (job.failure_type, job.who)))
    why = f"{job.failure or ''} ({facts})" if facts else job.failure or ""
    return (
        job.job_id,
        job.company_id,
        minute(job.created_at),
        age(timedelta(seconds=job.age_seconds)),
        job.status,
        job.outcome or ("not finished" if job.runs else "not started"),
        counts,
        why,
    )
