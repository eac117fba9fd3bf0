"""`pleo-export reverse`: undo what was booked for an expense, or for all of a job, by counter-entries."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Literal
from uuid import UUID

import typer
from pydantic import BaseModel, ConfigDict

from cli.errors import CheckFailed, NoTerminal, NotNow, UsageError
from cli.options import DEFAULT_STACK, AsJson, StackName, Yes
from cli.printing import BAD, GOOD, LEFT, print_json, print_line
from cli.prompts import terminal
from cli.stack import Stack
from pleo_export.accounting.port import DocumentState
from pleo_export.operations.reverse import CompanyBusy, ReversalPlan, ReversalResult, Reversing, booked_entries
from pleo_export.workflow.entry_ids import key_of


class ReversedEntry(BaseModel):
    """One expense: what would be done (`planned`), or what was done. Times are UTC."""

    model_config = ConfigDict(frozen=True)

    entry_id: str
    outcome: Literal["planned", "reversed", "refused", "failed"]
    text: str
    reversed_at: datetime | None = None
    reversed_by: str | None = None
    reversal_ids: tuple[str, ...] = ()


class ReverseOutput(BaseModel):
    """The result of `pleo-export reverse --json`."""

    model_config = ConfigDict(frozen=True)

    company_id: str
    executed: bool
    entries: tuple[ReversedEntry, ...]


def command(
    company_id: Annotated[str, typer.Argument(help="The Pleo company's id.")] = "",
    entry_id: Annotated[str, typer.Argument(help="The expense's accounting entry id.")] = "",
    job_id: Annotated[str, typer.Option("--job", help="Reverse all that this export job has booked instead.")] = "",
    on: Annotated[str, typer.Option("--on", help="Date of the counter-entries, such as 2026-11-30.")] = "",
    yes: Yes = False,
    as_json: AsJson = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Undo what was booked for an expense, or by a job: shows what it would do, and asks before it does it."""
    deployed = Stack.named(stack)
    company_id, entry_ids = _chosen(deployed, company_id, entry_id, job_id)
    reversing = Reversing.of(deployed.services, company_id, deployed.caller, _date(on))
    plans = reversing.plans(entry_ids)
    if not as_json:
        for plan in plans:
            _print_plan(plan)
    possible = [plan.entry_id for plan in plans if plan.possible]
    if possible and not yes:
        _ask(len(possible))
    results: list[ReversalResult] = []
    try:
        results += reversing.carry_out(possible) if possible else ()
    except CompanyBusy as busy:
        raise NotNow(str(busy)) from None
    finally:
        _print_results(company_id, plans, results, as_json=as_json)
    if any(each.error for each in results) or any(plan.refusal for plan in plans):
        raise CheckFailed("Not all was reversed: see above.")
    if results and not as_json:
        print_line("Next: correct the expenses in Pleo and export them again; each is booked as a new revision. Then:")
        print_line(f"  pleo-export entry {company_id} {results[0].entry_id}")


def _chosen(stack: Stack, company_id: str, entry_id: str, job_id: str) -> tuple[str, list[str]]:
    if job_id and not company_id and not entry_id:
        record = stack.jobs.get(job_id)
        if record is None:
            raise UsageError(f"job {job_id} was never taken up by stack {stack.name!r}")
        services = stack.services
        pleo = services.pleo(services.connection(record.company_id))
        keys = list(dict.fromkeys(key_of(item.accounting_entry_id) for item in pleo.job_items(job_id)))
        booked = booked_entries(services, record.company_id, job_id, keys)
        if not booked:
            raise UsageError(f"job {job_id} has booked nothing that could be reversed")
        return record.company_id, booked
    if job_id or not (company_id and entry_id):
        raise UsageError("name one expense (COMPANY_ID ENTRY_ID), or a job (--job JOB_ID)")
    return _id("COMPANY_ID", company_id), [_id("ENTRY_ID", entry_id)]


def _id(name: str, text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise UsageError(f"{name}: {text!r} is not an id such as 6f5c4d0e-9c57-4d6a-8b3f-7a10b1f0f1c4") from None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError(f"--on: {text!r} is not a date such as {datetime.now(UTC):%Y-%m-%d}") from None


def _ask(count: int) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise NoTerminal("nothing was done: there is no terminal to ask at. Give --yes to do what is shown above")
    if not terminal().confirm(f"Reverse {count} {'expense' if count == 1 else 'expenses'}?", default=False):
        raise typer.Abort


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


def _print_results(
    company_id: str, plans: Sequence[ReversalPlan], results: Sequence[ReversalResult], *, as_json: bool
) -> None:
    if as_json:
        known = {each.entry_id: each for each in results}
        entries = tuple(_entry(plan, known.get(plan.entry_id)) for plan in plans)
        print_json(ReverseOutput(company_id=company_id, executed=bool(results), entries=entries))
        return
    for each in results:
        ids = ", ".join(each.posting.reversal_ids) if each.posting else ""
        done = f"reversed, by counter-entries {ids}" if ids else "reversed"
        print_line(f"{each.entry_id}: {each.error or done}", BAD if each.error else GOOD)


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
