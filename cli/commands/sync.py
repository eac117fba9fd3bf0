"""`pleo-export sync`: bring the lists of a company in step at Pleo now, or show what that would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from pydantic import Field

from cli.confirmation import confirm
from cli.errors import CheckFailed, UsageError, not_connected
from cli.list_checks import NAMES
from cli.options import DEFAULT_STACK, AsJson, CompanyId, StackName, Yes
from cli.output_model import OutputModel
from cli.printing import BAD, GOOD, print_json, print_line, print_next
from cli.stack import Stack
from cli.sync_plans import (
    TOLD_ONLY,
    SyncFindingOutput,
    SyncPlanOutput,
    confirm_commands,
    counted_changes,
    finding_output,
    plan_output,
    show_findings,
    show_plan,
)
from cli.sync_requests import follow, lists_to_sync, send, sync_request
from cli.wording import several
from pleo_export.accounting.lists import LedgerList
from pleo_export.services.messages import SyncRequest
from pleo_export.settings import SyncSettings
from pleo_export.store.syncs import SyncRun
from pleo_export.sync.result import SyncResult
from pleo_export.sync.runner import sync_company

PATIENCE = 1800  # seconds; a first sync of ten thousand tags takes twenty minutes


class SyncedListOutput(OutputModel):
    """What became of one list."""

    list: str
    good: bool
    changes: Mapping[str, int] = Field(description="How many elements were created, changed and so on at Pleo.")
    findings: Mapping[str, int] = Field(description="How much is left to a person, by kind.")
    failure: str | None


class SyncOutput(OutputModel):
    """What a sync does, or has done."""

    stack: str
    company_id: str
    run_id: str | None = Field(description="Of the run; null where only plans were made.")
    good: bool = Field(description="Whether nothing is left to a person.")
    plans: tuple[SyncPlanOutput, ...]
    findings: tuple[SyncFindingOutput, ...]
    lists: tuple[SyncedListOutput, ...] = Field(description="What became of each list; empty with --dry-run.")


def command(
    company_id: CompanyId,
    only: Annotated[
        list[LedgerList] | None, typer.Option("--list", help="Only this list; may be given several times.")
    ] = None,
    dimension: Annotated[
        str | None, typer.Option("--dimension", help="Only the tags of this dimension, by its code.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan, and change nothing.")] = False,
    confirmed: Annotated[
        str | None,
        typer.Option("--confirm", metavar="HASH", help="Archive what the plan with this hash has held back."),
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Bring the lists that the settings choose in step with the ledger: tags, accounts, tax codes, vendors.

    The plan is shown first. What would archive too much at once is held back until exactly that is confirmed, with
    --confirm and the hash of the plan. Exit code 1 when something is held back, refused or could not be read.
    """
    deployed = Stack.named(stack)
    request = requested(deployed, company_id, only or (), dimension, confirmed)
    planned = sync_company(request, deployed.services, dry_run=True)
    if confirmed and confirmed not in (plan.hash for plan in planned.plans):
        raise CheckFailed(
            f"no plan has the hash {confirmed} any more: what would be archived has changed. Look at it again: "
            f"`pleo-export sync {company_id} --dry-run`"
        )
    if not as_json:
        _show(planned)
    runs = {} if dry_run else _run(deployed, request, planned, yes=yes, quiet=as_json)
    good = _is_good(planned) and all(map(_has_ended_well, runs.values()))
    if as_json:
        print_json(_output(deployed, request, planned, runs, good=good))
    else:
        print_next(*_next(company_id, planned, dry_run=dry_run))
    if not good:
        raise typer.Exit(1)


def requested(
    stack: Stack, company_id: str, only: Sequence[LedgerList], dimension: str | None, confirmed: str | None
) -> SyncRequest:
    """Return the request for those lists; without any, for all that the settings choose. Raises UsageError for a list
    or a dimension that they do not choose."""
    connection = stack.connections.get(company_id)
    if connection is None:
        raise not_connected(company_id)
    settings = connection.settings.sync
    if dimension is not None:
        if dimension not in settings.dimensions:
            raise UsageError(f"{dimension} is not kept in step; {_chosen(settings)}")
        only = only or (LedgerList.TAGS,)
    possible = lists_to_sync(stack, company_id, settings)
    missing = [NAMES[each] for each in only if each not in possible]
    if missing or not possible:
        what = ", ".join(missing) or "no list"
        raise UsageError(f"{what} {'are not' if missing else 'is'} kept in step; {_chosen(settings)}")
    lists = tuple(dict.fromkeys(only)) or possible
    return sync_request(company_id, lists, "by_hand", dimension=dimension, confirm=confirmed)


def _chosen(settings: SyncSettings) -> str:
    """Return what the settings choose, and how to choose more."""
    dimensions = f"dimensions {', '.join(settings.dimensions)}" if settings.dimensions else ""
    others = ", ".join(NAMES[each] for each in settings.lists if each is not LedgerList.TAGS)
    chosen = ", ".join(filter(None, (dimensions, others))) or "nothing"
    return f"the settings choose {chosen} (section sync). Choose it there, and connect again"


def _run(
    stack: Stack, request: SyncRequest, planned: SyncResult, *, yes: bool, quiet: bool
) -> Mapping[LedgerList, SyncRun]:
    """Ask where something changes; then send the request and follow it."""
    steps = sum(len(plan.steps) for plan in planned.plans)
    if steps:
        confirm(f"{several(steps, 'change', 'changes')} will be made at Pleo, as shown.", yes=yes)
    send(stack, request)
    runs = follow(stack, request, PATIENCE)
    if not quiet:
        for each, run in runs.items():
            print_line(f"{NAMES[each]}: {_told(run)}", GOOD if _has_ended_well(run) else BAD)
    return runs


def _told(run: SyncRun) -> str:
    if run.failure:
        return f"failed ({run.failure}); `pleo-export doctor` looks for the reason"
    left = sum(run.findings.values())
    return counted_changes(run.changes) + (f"; {several(left, 'finding', 'findings')}" if left else "")


def _has_ended_well(run: SyncRun) -> bool:
    return run.failure is None and set(run.findings) <= {each.value for each in TOLD_ONLY}


def _is_good(planned: SyncResult) -> bool:
    return planned.finished and all(each.kind in TOLD_ONLY for each in planned.findings)


def _show(planned: SyncResult) -> None:
    for plan in planned.plans:
        show_plan(plan)
    told = {each for plan in planned.plans for each in plan.findings}
    show_findings(each for each in planned.findings if each not in told)


def _next(company_id: str, planned: SyncResult, *, dry_run: bool) -> Sequence[str]:
    """Return what to type next."""
    commands = confirm_commands(company_id, planned.plans)
    if dry_run and any(plan.steps for plan in planned.plans):
        return [f"pleo-export sync {company_id}   carries it out", *commands]
    return [*commands, f"pleo-export sync-history {company_id}   what was changed, when and by whom"]


def _output(
    stack: Stack, request: SyncRequest, planned: SyncResult, runs: Mapping[LedgerList, SyncRun], *, good: bool
) -> SyncOutput:
    return SyncOutput(
        stack=stack.name,
        company_id=request.company_id,
        run_id=request.run_id if runs else None,
        good=good,
        plans=tuple(map(plan_output, planned.plans)),
        findings=tuple(map(finding_output, planned.findings)),
        lists=tuple(
            SyncedListOutput(
                list=each,
                good=_has_ended_well(run),
                changes=run.changes,
                findings=run.findings,
                failure=run.failure,
            )
            for each, run in runs.items()
        ),
    )
