"""What keeps a plan from archiving on a mistake: pure. Creates and changes always pass."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from pleo_export.failures import sync as sentences
from pleo_export.sync.confirmation import Confirmation
from pleo_export.sync.findings import ListFindings
from pleo_export.sync.plan import ARCHIVES, FindingKind, SyncPlan, SyncStep

# More archives than both, in one list or tag group, are taken for a mistake.
FEW_ARCHIVES = 10
SMALL_SHARE = 0.2  # of what Pleo shows, with what is new


def guarded(plan: SyncPlan, confirmation: Confirmation) -> SyncPlan:
    """Return the plan without its archives where the ledger's list is empty or has shrunk: they are held back until a
    person confirms exactly them."""
    if confirmation.covers(plan):
        return replace(plan, confirmed=True)
    archives = [step for step in plan.steps if step.action in ARCHIVES]
    if not archives or not _shrunk(plan, archives):
        return plan
    findings = ListFindings(plan.list, plan.group)
    findings.note(
        FindingKind.SHRUNK,
        plan.group or plan.list,
        sentences.SHRUNK,
        archived=len(archives),
        shown=len(archives) + plan.offered,
        elements=findings.elements,
    )
    return held_back(replace(plan, findings=(*plan.findings, *findings.found)))


def held_back(plan: SyncPlan) -> SyncPlan:
    """Return the plan with all of its archives held back. The hash stays: it names them either way."""
    kept = tuple(step for step in plan.steps if step.action in ARCHIVES)
    return replace(
        plan,
        steps=tuple(step for step in plan.steps if step.action not in ARCHIVES),
        held_back=(*plan.held_back, *kept),
    )


def with_usage(plan: SyncPlan, usage: Mapping[str, int]) -> SyncPlan:
    """Return the plan with the number of expenses that carry what it archives, by Pleo's id."""
    return replace(
        plan,
        steps=tuple(_used(each, usage) for each in plan.steps),
        held_back=tuple(_used(each, usage) for each in plan.held_back),
    )


def _used(step: SyncStep, usage: Mapping[str, int]) -> SyncStep:
    if step.action not in ARCHIVES or step.id is None:
        return step
    return replace(step, used_by=usage.get(step.id, 0))


def _shrunk(plan: SyncPlan, archives: Collection[SyncStep]) -> bool:
    """Whether the ledger's list is empty, or more goes than people decide on in an hour. The share is of what Pleo
    shows and is going to show: counted without what is new, the creates of this run would let the archives of the next
    one pass."""
    if plan.listed == 0:
        return True
    return len(archives) > FEW_ARCHIVES and len(archives) > SMALL_SHARE * (len(archives) + plan.offered)
