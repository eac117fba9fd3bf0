"""Show what a sync does at Pleo: as lines for people, and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from pydantic import Field

from cli.list_checks import NAMES
from cli.output_model import OutputModel
from cli.printing import BAD, GOOD, LEFT, print_line, print_table
from cli.wording import several
from pleo_export.sync.plan import FindingKind, SyncAction, SyncFinding, SyncPlan, SyncStep

SHOWN = 20  # steps of one plan that a person reads at once
COLUMNS = ("code", "what", "now", "then", "why")
TOLD_ONLY = frozenset({FindingKind.NAME_CUT, FindingKind.FOREIGN_GROUP})  # nothing is wrong

_DONE = {
    SyncAction.CREATE_GROUP: "group created",
    SyncAction.UNARCHIVE_GROUP: "group unarchived",
    SyncAction.UPDATE_GROUP: "group changed",
    SyncAction.ACTIVATE: "activated",
    SyncAction.CREATE: "created",
    SyncAction.UNARCHIVE: "unarchived",
    SyncAction.UPDATE: "changed",
    SyncAction.ARCHIVE: "archived",
    SyncAction.ARCHIVE_GROUP: "group archived",
}


class SyncStepOutput(OutputModel):
    """One change at Pleo."""

    action: str
    key: str = Field(description="The ledger's code or id.")
    code: str | None = Field(description="The code that people know, where the key is another.")
    id: str | None = Field(description="Pleo's id; null before it is created.")
    before: Mapping[str, str | None]
    after: Mapping[str, str | None]
    reason: str
    used_by: int | None = Field(description="Of what is archived: how many expenses carry it, where Pleo tells.")


class SyncFindingOutput(OutputModel):
    """Something that a sync leaves to a person."""

    kind: str
    list: str
    key: str
    text: str = Field(description="What is wrong, and what to do.")


class SyncPlanOutput(OutputModel):
    """What a sync does with one list; of tags: with one group."""

    list: str
    group: str | None
    hash: str = Field(description="Names what is archived: `--confirm` takes it.")
    steps: tuple[SyncStepOutput, ...]
    held_back: tuple[SyncStepOutput, ...] = Field(description="Archives that are not carried out until confirmed.")
    findings: tuple[SyncFindingOutput, ...]


def plan_output(plan: SyncPlan) -> SyncPlanOutput:
    """Return the plan as `--json` prints it."""
    return SyncPlanOutput(
        list=plan.list,
        group=plan.group,
        hash=plan.hash,
        steps=tuple(map(_step, plan.steps)),
        held_back=tuple(map(_step, plan.held_back)),
        findings=tuple(map(finding_output, plan.findings)),
    )


def finding_output(finding: SyncFinding) -> SyncFindingOutput:
    """Return the finding as `--json` prints it."""
    return SyncFindingOutput(kind=finding.kind, list=finding.list, key=finding.key, text=finding.told)


def show_plan(plan: SyncPlan) -> None:
    """Print one plan: what is done, what is held back, and what a person has to decide."""
    steps = (*plan.steps, *plan.held_back)
    if not steps:
        print_line(f"{title(plan)}: as in the ledger", GOOD)
    else:
        held = {id(step) for step in plan.held_back}
        print_table(COLUMNS, (_row(step, held=id(step) in held) for step in steps[:SHOWN]), _summary(plan))
        if len(steps) > SHOWN:
            print_line(f"and {len(steps) - SHOWN:,} more; --json shows all")
    show_findings(plan.findings)


def show_findings(findings: Iterable[SyncFinding]) -> None:
    """Print what a person has to decide, or should know: of each kind the first ones."""
    counts: Counter[FindingKind] = Counter()
    for finding in findings:
        counts[finding.kind] += 1
        if counts[finding.kind] <= SHOWN:
            print_line(finding.told, LEFT if finding.kind in TOLD_ONLY else BAD)
    for kind, count in counts.items():
        if count > SHOWN:
            print_line(f"and {count - SHOWN:,} more of this kind ({kind.replace('_', ' ')}); --json shows all")


def title(plan: SyncPlan) -> str:
    """Return what people call the list of the plan."""
    return f"tags of group {plan.group}" if plan.group else NAMES[plan.list]


def counted_steps(counts: Mapping[SyncAction, int]) -> str:
    """Return how much of what was done, in words."""
    words = [f"{counts[action]:,} {_DONE[action]}" for action in SyncAction if counts.get(action)]
    return ", ".join(words) or "nothing to do"


def counted_changes(counts: Mapping[str, int]) -> str:
    """Return the same of a record, which names actions in one word."""
    return counted_steps({action: counts.get(action.word, 0) for action in SyncAction})


def confirm_commands(company_id: str, plans: Sequence[SyncPlan]) -> list[str]:
    """Return the commands that confirm what is held back, once a person has looked at it."""
    return [
        f"pleo-export sync {company_id} --confirm {plan.hash}   archives "
        f"{several(len(plan.held_back), 'element', 'elements')} of the {title(plan)}"
        for plan in plans
        if plan.held_back
    ]


def _summary(plan: SyncPlan) -> str:
    held = f"; {len(plan.held_back):,} archived only when confirmed" if plan.held_back else ""
    return f"{title(plan)}: {counted_steps(Counter(step.action for step in plan.steps))}{held}"


def _row(step: SyncStep, *, held: bool) -> tuple[str, ...]:
    used = f"used by {several(step.used_by, 'expense', 'expenses')}" if step.used_by else ""
    what = f"held back: {step.action.value}" if held else step.action.value
    return (
        step.code or step.key,
        what,
        _fields(step.before),
        _fields(step.after),
        "; ".join(filter(None, (step.reason, used))),
    )


def _fields(values: Mapping[str, str | None]) -> str:
    """Return the fields; the name alone stands for itself."""
    return ", ".join(
        (value or "") if field == "name" else f"{field}: {value or '-'}" for field, value in values.items()
    )


def _step(step: SyncStep) -> SyncStepOutput:
    return SyncStepOutput(
        action=step.action,
        key=step.key,
        code=step.code,
        id=step.id,
        before=step.before,
        after=step.after,
        reason=step.reason,
        used_by=step.used_by,
    )
