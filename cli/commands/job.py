"""`pleo-export job`: what became of an export job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from cli.errors import UsageError
from cli.options import DEFAULT_STACK, StackName
from cli.printing import LEFT, print_line, print_table
from cli.stack import Stack
from pleo_export.pleo.models import JobItem

COLUMNS = ("expense", "failure", "reason")


def command(
    job_id: Annotated[str, typer.Argument(help="The export job's id.")], stack: StackName = DEFAULT_STACK
) -> None:
    """Show our record of an export job, and what Pleo holds: its status, and the items that failed."""
    deployed = Stack.named(stack)
    record = deployed.jobs.get(job_id)
    if record is None:
        raise UsageError(f"job {job_id} was never taken up by stack {deployed.name!r}")
    secrets = deployed.secrets(record.company_id)
    if secrets is None:
        raise UsageError(f"company {record.company_id} of that job is no longer connected")
    pleo = deployed.pleo(secrets.pleo, record.company_id)
    at_pleo, items = pleo.job(job_id), list(pleo.job_items(job_id))
    print_line(f"job {job_id} of company {record.company_id}: {at_pleo.status} at Pleo")
    print_line(f"runs: {record.attempts}, outcome: {record.outcome or 'not finished'}")
    print_line(", ".join(f"{count} {status}" for status, count in Counter(item.status for item in items).items()))
    print_table(COLUMNS, _failed(items), "failed items")
    results = deployed.results.get_many(job_id, [item.accounting_entry_id for item in items])
    for entry_id, result in results.items():
        for warning in result.warnings:
            print_line(f"{entry_id}: {warning}", LEFT)


def _failed(items: Sequence[JobItem]) -> Iterator[tuple[str, str, str]]:
    """Yield the items that need a person, with the reason that Pleo shows."""
    for item in items:
        if item.status == "failed":
            yield item.accounting_entry_id, str(item.failure_reason_type or ""), item.failure_reason or ""
