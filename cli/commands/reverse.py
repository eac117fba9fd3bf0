"""`pleo-export reverse`: undo what was booked for an expense, or for all of a job, by counter-entries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Literal

import typer

from cli.confirmation import confirm
from cli.errors import NotNow, UsageError, not_connected
from cli.options import DEFAULT_STACK, AsJson, Day, StackName, Yes, an_id
from cli.output_model import OutputModel
from cli.printing import BAD, GOOD, LEFT, print_json, print_line, print_next
from cli.stack import Stack
from cli.wording import several
from pleo_export.accounting.port import DocumentState
from pleo_export.operations.company_lease import CompanyBusy
from pleo_export.operations.reverse import ReversalPlan, ReversalResult, Reversing, booked_entries
from pleo_export.workflow.entry_ids import key_of


class ReversedEntry(OutputModel):
    """One expense: what would be done (`planned`), or what was done. Times are UTC."""

    entry_id: str
    outcome: Literal["planned", "reversed", "refused", "failed"]
    text: str
    reversed_at: datetime | None = None
    reversed_by: str | None = None
    reversal_ids: tuple[str, ...] = ()


class ReverseOutput(OutputModel):
    """The result of `pleo-export reverse --json`."""

    company_id: str
    executed: bool
    entries: tuple[ReversedEntry, ...]


def command(
    company_id: Annotated[
        str | None, typer.Argument(metavar="COMPANY_ID", help="The Pleo company's id.", parser=an_id)
    ] = None,
    entry_id: Annotated[
        str | None,
        typer.Argument(metavar="ENTRY_ID", help="The expense's accounting entry id, as `job` shows it.", parser=an_id),
    ] = None,
    job_id: Annotated[
        str | None,
        typer.Option("--job", metavar="JOB_ID", help="Reverse all that this job has booked instead.", parser=an_id),
    ] = None,
    on: Annotated[
        datetime | None,
        typer.Option("--on", formats=Day, help="Date of the counter-entries. Default: that of the entry."),
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Undo what was booked for an expense, or by a job: shows what it would do, and asks before it does it.

    With --json and without --yes it only shows. Exit code 1 when not all can be reversed, or was.
    """
    deployed = Stack.named(stack)
    company_id, entry_ids = _chosen(deployed, company_id, entry_id, job_id)
    reversing = Reversing.of(deployed.services, company_id, deployed.caller, on.date() if on else None)
    plans = reversing.plans(entry_ids)
    if not as_json:
        for plan in plans:
            _print_plan(plan)
    possible = [plan.entry_id for plan in plans if plan.possible]
    if possible and not as_json:
        what = several(len(possible), "expense", "expenses")
        confirm(f"What was booked for {what} of company {company_id} will be undone in the ledger.", yes=yes)
    results: list[ReversalResult] = []
    try:
        results += reversing.carry_out(possible) if possible and (yes or not as_json) else ()
    except CompanyBusy as busy:
        raise NotNow(str(busy)) from None
    if as_json:
        _print_json(company_id, plans, results)
    else:
        _print_results(company_id, plans, results)
    if any(each.error for each in results) or any(plan.refusal for plan in plans):
        raise typer.Exit(1)


def _chosen(stack: Stack, company_id: str | None, entry_id: str | None, job_id: str | None) -> tuple[str, list[str]]:
    """Return the company and its expenses. Raises UsageError for arguments that do not fit together."""
    if job_id and company_id:
        raise UsageError("name either an expense (COMPANY_ID ENTRY_ID) or a job (--job JOB_ID), not both")
    if job_id:
        return _of_job(stack, job_id)
    if not (company_id and entry_id):
        raise UsageError("name one expense (COMPANY_ID ENTRY_ID), or a job (--job JOB_ID)")
    if not stack.connections.exists(company_id):
        raise not_connected(company_id)
    return company_id, [entry_id]


def _of_job(stack: Stack, job_id: str) -> tuple[str, list[str]]:
    """Return the company of a job, and the expenses that the job has booked. Raises UsageError where there are none."""
    record = stack.jobs.get(job_id)
    if record is None:
        raise UsageError(
            f"job {job_id} was never taken up by stack {stack.name!r}; `pleo-export jobs` lists those that were"
        )
    if not stack.connections.exists(record.company_id):
        raise not_connected(record.company_id)
    services = stack.services
    pleo = services.pleo(services.connection(record.company_id))
    keys = list(dict.fromkeys(key_of(item.accounting_entry_id) for item in pleo.job_items(job_id)))
    booked = booked_entries(services, record.company_id, job_id, keys)
    if not booked:
        raise UsageError(f"job {job_id} has booked nothing that could be reversed")
    return record.company_id, booked


def _print_plan(plan: ReversalPlan) -> None:
    for line in _plan_lines(plan):
        print_line(line, BAD if plan.refusal else LEFT)


def _plan_lines(plan: ReversalPlan) -> Iterator[str]:
    if plan.refusal:
        yield f"{plan.entry_id}: {plan.refusal}"
    elif plan.done:
        yield f"{plan.entry_id}: reversed already; nothing to do"
    elif not plan.documents:
        yield f"{plan.entry_id}: its documents are gone; only the record is completed"
    for each in plan.documents:
        name = each.document.number or f"draft {each.document.id}"
        match each.document.state:
            case DocumentState.DRAFT:
                yield f"{plan.entry_id}: delete {name}"
            case DocumentState.VOID:
                yield f"{plan.entry_id}: {name} is void already; only the record is completed"
            case _:
                yield f"{plan.entry_id}: reverse {name} ({each.document.kind.replace('_', ' ')}) on {each.on}"


def _print_json(company_id: str, plans: Sequence[ReversalPlan], results: Sequence[ReversalResult]) -> None:
    known = {each.entry_id: each for each in results}
    entries = tuple(_entry(plan, known.get(plan.entry_id)) for plan in plans)
    print_json(ReverseOutput(company_id=company_id, executed=bool(results), entries=entries))


def _print_results(company_id: str, plans: Sequence[ReversalPlan], results: Sequence[ReversalResult]) -> None:
    for each in results:
        ids = ", ".join(each.posting.reversal_ids) if each.posting else ""
        done = f"reversed, by counter-entries {ids}" if ids else "reversed"
        print_line(f"{each.entry_id}: {each.error or done}", BAD if each.error else GOOD)
    if any(each.error for each in results):
        print_line("What failed is continued by the same command: nothing is reversed twice.", BAD)
    see = f"pleo-export entry {company_id} {plans[0].entry_id}"
    if any(not each.error for each in results):
        print_next("correct the expenses in Pleo and export them again: each is booked as a new revision", see)
    else:
        print_next(see)


def _entry(plan: ReversalPlan, result: ReversalResult | None) -> ReversedEntry:
    posting = result.posting if result else plan.posting
    if result is None:
        outcome: Literal["planned", "reversed", "refused", "failed"] = (
            "refused" if plan.refusal else "reversed" if plan.done else "planned"
        )
        text = "; ".join(_plan_lines(plan))
    else:
        outcome, text = ("failed", result.error) if result.error else ("reversed", "reversed")
    return ReversedEntry(
        entry_id=plan.entry_id,
        outcome=outcome,
        text=text,
        reversed_at=posting.reversed_at if posting else None,
        reversed_by=posting.reversed_by if posting else None,
        reversal_ids=posting.reversal_ids if posting else (),
    )
