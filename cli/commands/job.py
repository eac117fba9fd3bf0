"""`pleo-export job`: what became of an export job, and of each expense in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Annotated

import typer
from pydantic import Field

from cli.job_lookup import find_job, overview
from cli.options import DEFAULT_STACK, AsJson, JobId, StackName
from cli.printing import BAD, GOOD, LEFT, print_json, print_line, print_next, print_table
from cli.stack import Stack
from cli.wording import counted, minute, money, several
from pleo_export.operations.job_overview import ItemOverview, JobOverview

COLUMNS = ("expense", "date", "supplier", "amount", "status", "entry", "link, or what to fix")


class JobOutput(JobOverview):
    """One export job, with its items: all of them, or those that failed."""

    stack: str = Field(description="The stack whose records these are.")


def command(
    job_id: JobId,
    failed: Annotated[bool, typer.Option("--failed", help="Show only the expenses that failed.")] = False,
    as_json: AsJson = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Show an export job: its state, why it failed, and each expense with its entry and link, or the reason.

    Works without Pleo too, from our records. Exit code 1 when something failed.
    """
    deployed = Stack.named(stack)
    job = overview(deployed, find_job(deployed, job_id))
    shown = tuple(each for each in job.items if not failed or each.failed)
    if as_json:
        print_json(JobOutput(**dict(job.model_copy(update={"items": shown})), stack=deployed.name))
    else:
        show(job, shown, only_failed=failed)
        _say_next(job)
    if not job.good:
        raise typer.Exit(1)


def show(job: JobOverview, items: tuple[ItemOverview, ...], *, only_failed: bool = False) -> None:
    """Print the job and these of its items."""
    for line in headline(job):
        print_line(line)
    if job.failure:
        print_line(f"failed as a whole: {job.failure} ({job.failure_type})", BAD)
        if job.fix:
            print_line(f"to do ({job.who}): {job.fix}")
    elif job.outcome == "failed":
        print_line("failed as a whole, as all its items did; each has its reason", BAD)
    if items:
        print_table(COLUMNS, map(_row, items))
    elif only_failed:
        print_line("no expense of it failed", GOOD)
    for line in to_do(items):
        print_line(line)
    for each in items:
        for warning in each.warnings:
            print_line(f"{each.entry_id}: {warning}", LEFT)


def to_do(items: Iterable[ItemOverview]) -> Iterator[str]:
    """Yield what to do about the failures, and who can, once for all expenses that need the same; the most first."""
    fixes = Counter((each.fix, each.who) for each in items if each.fix)
    for (fix, who), count in fixes.most_common():
        yield f"to do for {several(count, 'expense', 'expenses')} ({who}): {fix}"


def headline(job: JobOverview) -> Iterator[str]:
    """Yield the lines that say which job it is, and how far it is."""
    state = f"{job.status} at Pleo" if job.status else f"Pleo was not asked ({job.not_asked})"
    yield f"job {job.job_id} of company {job.company_id}: {state}"
    times = {"exported": job.created_at, "started": job.started_at, "over": job.completed_at or job.expired_at}
    if told := ", ".join(f"{name} {minute(at)}" for name, at in times.items() if at):
        yield told
    if job.runs:
        yield f"runs: {job.runs}, outcome: {job.outcome or 'not finished'}"
    else:
        yield "not started by this stack yet"
    yield counted(job.counts)


def _row(item: ItemOverview) -> tuple[str, ...]:
    """Return the item's row. Whatever Pleo shows of a failure is shown, the type first, which one can search for."""
    fix = ": ".join(filter(None, (item.failure_type, item.reason)))
    if item.failed and item.pleo_url:
        fix = f"{fix} ({item.pleo_url})"
    return (
        item.entry_id,
        str(item.date or ""),
        item.supplier or "",
        money(item.amount, item.currency),
        item.status,
        item.entry_number or item.document_id or "",
        fix or item.url or "",
    )


def _say_next(job: JobOverview) -> None:
    if not job.finished:
        print_next(f"pleo-export watch {job.job_id}")
    elif job.good and job.items:
        print_next(f"pleo-export entry {job.company_id} {job.items[0].entry_id}   compare an expense with the ledger")
    elif job.items:
        print_next(
            "correct what the reasons say, then click Export in Pleo again: nothing is booked twice",
            f"pleo-export retry {job.job_id}   or export what failed again from here",
        )
    else:
        print_next(f"correct it, then click Export in Pleo again; pleo-export doctor {job.company_id} checks it before")
