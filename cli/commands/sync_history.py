"""`pleo-export sync-history`: what syncs did at Pleo in the last 90 days: who archived that cost centre."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

import typer
from pydantic import Field

from cli.errors import not_connected
from cli.list_checks import NAMES
from cli.options import DEFAULT_STACK, AsJson, CompanyId, StackName
from cli.output_model import OutputModel
from cli.printing import print_json, print_line, print_next, print_table
from cli.stack import Stack
from cli.wording import minute
from pleo_export.accounting.lists import LedgerList

COLUMNS = ("when", "list", "code", "what", "now", "then", "why", "by")

BY_ITSELF = "schedule, or an event at Pleo"


class SyncedChange(OutputModel):
    """One step of a run."""

    at: datetime = Field(description="When it was planned, in UTC; it was carried out at once.")
    list: str
    group: str | None
    action: str
    key: str = Field(description="The ledger's: a code or an id.")
    code: str | None = Field(description="The code that people know, where the key is another.")
    id: str | None
    before: Mapping[str, str | None]
    after: Mapping[str, str | None]
    reason: str = Field(description="What the ledger had.")
    used_by: int | None = Field(description="Of what is archived: how many expenses carried it.")
    held_back: bool = Field(description="Not carried out: it waits until a person confirms it.")
    confirmed: bool = Field(description="Whether a person had confirmed exactly this plan.")
    run_id: str
    run_reason: str = Field(description="Why there was a sync.")
    by: str = Field(description="The AWS identity that asked for the sync, where a person did.")


class SyncHistoryOutput(OutputModel):
    """What syncs did, oldest first."""

    stack: str
    company_id: str
    changes: tuple[SyncedChange, ...]


def command(
    company_id: CompanyId,
    key: Annotated[
        str | None, typer.Argument(metavar="CODE", help="Only the element with this code or id, such as a cost centre.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="How many of the most recent changes; --json holds all.")
    ] = 20,
    as_json: AsJson = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Show what syncs created, changed and archived at Pleo in the last 90 days, most recent last: when, why, by whom.

    It is shown of a company that was disconnected since, too.
    """
    deployed = Stack.named(stack)
    found = tuple(sorted(changes(deployed, company_id, key), key=lambda each: each.at))  # files are in order of days
    if not found and not deployed.connections.exists(company_id):
        raise not_connected(company_id)
    if as_json:
        print_json(SyncHistoryOutput(stack=deployed.name, company_id=company_id, changes=found))
        return
    if found:
        print_table(COLUMNS, map(_row, found[-limit:]))
        if len(found) > limit:
            print_line(f"the most recent {limit:,} of {len(found):,}; --limit {len(found)} shows all")
        counts = Counter(each.action for each in found if not each.held_back)
        print_line(", ".join(f"{action}: {count}" for action, count in counts.items()) or "nothing was changed")
    else:
        what = f"to {key} " if key else ""
        print_line(f"no sync did anything {what}in the last 90 days")
    print_next(f"pleo-export sync {company_id} --dry-run   what the next sync does")


def changes(stack: Stack, company_id: str, key: str | None) -> Iterator[SyncedChange]:
    """Yield the changes; with a key only those of the element with this code or id."""
    asked = {
        str(each["run_id"]): str(each["by"]) for each in stack.company_events.of_company(company_id) if "run_id" in each
    }
    for file in stack.sync_plans.of_company(company_id):
        head, *lines = stack.sync_plans.read(file)
        for line in lines:
            if "finding" in line:
                continue  # what was left to a person, and not done
            names = {str(each).casefold() for each in (line["key"], line.get("code"), line["id"]) if each}
            if key is None or key.casefold() in names:
                yield _change(head, line, asked.get(str(head["runId"]), BY_ITSELF))


def _change(head: Mapping[str, Any], line: Mapping[str, Any], by: str) -> SyncedChange:
    return SyncedChange(
        at=head["at"],
        list=head["list"],
        group=head["group"],
        action=line["action"],
        key=line["key"],
        code=line.get("code"),  # none in plans of before it was kept
        id=line["id"],
        before=line["before"],
        after=line["after"],
        reason=line["reason"],
        used_by=line["usedBy"],
        held_back=line["heldBack"],
        confirmed=head["confirmed"],
        run_id=head["runId"],
        run_reason=head["reason"],
        by=by,
    )


def _row(change: SyncedChange) -> tuple[str, ...]:
    what = f"held back: {change.action}" if change.held_back else change.action
    used = f", used by {change.used_by}" if change.used_by else ""
    why = change.reason + used + (", confirmed" if change.confirmed else "")
    values = (" ".join(value or "-" for value in each.values()) for each in (change.before, change.after))
    where = f"tags of {change.group}" if change.group else NAMES[LedgerList(change.list)]
    return (
        minute(change.at),
        where,
        change.code or change.key,
        what,
        *values,
        why,
        f"{change.by} ({change.run_reason})",
    )
