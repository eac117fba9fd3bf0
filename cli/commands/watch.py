"""`pleo-export watch`: follow an export job until it is over."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.text import Text

from cli.commands.job import JobOutput, headline, show
from cli.errors import NotNow, UsageError
from cli.job_lookup import find_job, overview
from cli.options import DEFAULT_STACK, AsJson, SomeCompanyId, StackName, an_id
from cli.printing import print_json, print_line, print_next
from cli.stack import Stack
from cli.wording import age
from pleo_export.operations.job_overview import FAILED, JobOverview

BETWEEN_LOOKS = 2.0  # seconds; a look at a job of N items costs Pleo 1 + N/100 requests of 500 a minute
FINAL = ("successful", *FAILED)


class WatchOutput(JobOutput):
    """The job that was followed, as it is in the end."""


def command(
    job_id: Annotated[
        str | None,
        typer.Argument(metavar="JOB_ID", help="Without one: the next that runs or waits.", parser=an_id),
    ] = None,
    company_id: SomeCompanyId = None,
    timeout: Annotated[int, typer.Option("--timeout", min=1, help="Give up after so many seconds.")] = 3600,
    as_json: AsJson = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Follow an export job live until it is over. Ctrl-C stops watching, not the export.

    Exit code 1 when something of it failed, or it is not over in time. With --json the job is printed in the end.
    """
    deployed = Stack.named(stack)
    try:
        job = _last(deployed, job_id or _next_job(deployed, company_id, timeout), timeout, quiet=as_json)
    except KeyboardInterrupt:
        print_line("stopped watching; the export goes on")
        raise typer.Exit(130) from None
    if as_json:
        print_json(WatchOutput(**dict(job), stack=deployed.name))
    else:
        show(job, tuple(each for each in job.items if each.failed))
        print_next(f"pleo-export job {job.job_id}   every expense with its entry and link")
    if not job.good:
        raise typer.Exit(1)


def _next_job(stack: Stack, company_id: str | None, timeout: float) -> str:
    """Return the oldest unfinished job, as soon as there is one."""
    companies = [company_id] if company_id else stack.connections.all_company_ids()
    if not companies:
        raise UsageError("no company is connected; `pleo-export connect` connects one")
    print_line("waiting for an export: click Export in Pleo")
    deadline = stack.now() + timedelta(seconds=timeout)
    while True:
        for each in companies:
            secrets = stack.secrets(each)
            for job in stack.pleo(secrets.pleo if secrets else {}, each).unfinished_jobs(each):
                return job.id
        if stack.now() >= deadline:
            raise NotNow(f"nothing was exported within {age(timedelta(seconds=timeout))}")
        stack.sleep(BETWEEN_LOOKS)


def looks(stack: Stack, job_id: str, timeout: float) -> Iterator[JobOverview]:
    """Yield the job as it is, again and again, until it is over; the facts of its expenses come with the last look
    only. Raises NotNow when that takes too long."""
    deadline = stack.now() + timedelta(seconds=timeout)
    while True:
        found = find_job(stack, job_id)
        job = overview(stack, found, with_facts=False)
        if job.finished:
            yield overview(stack, found)
            return
        yield job
        if stack.now() >= deadline:
            raise NotNow(
                f"job {job_id} is not over after {age(timedelta(seconds=timeout))}; it goes on. "
                f"`pleo-export logs {job_id}` shows what it does, `pleo-export retry {job_id}` wakes it up"
            )
        stack.sleep(BETWEEN_LOOKS)


def _last(stack: Stack, job_id: str, timeout: float, *, quiet: bool) -> JobOverview:
    """Show each look, in place on a terminal, else a line per change; return the last one."""
    if _at_terminal() and not quiet:
        with Live(console=Console(), refresh_per_second=4, transient=True) as live:
            for job in looks(stack, job_id, timeout):
                live.update(_picture(job))
            return job
    said = ""
    for job in looks(stack, job_id, timeout):
        line = f"{job.status or 'our record'}: {_progress(job)}"
        if line != said and not quiet:
            print_line(line)
        said = line
    return job


def _at_terminal() -> bool:
    return sys.stdout.isatty()


def _progress(job: JobOverview) -> str:
    done = sum(job.counts.get(status, 0) for status in FINAL)
    return f"{done} of {sum(job.counts.values())} done, {job.counts.get('failed', 0)} failed"


def _picture(job: JobOverview) -> Group:
    done, total = sum(job.counts.get(status, 0) for status in FINAL), sum(job.counts.values())
    bar = ProgressBar(total=max(total, 1), completed=done, width=40)
    return Group(*(Text(line) for line in headline(job)), bar, Text(_progress(job)))
