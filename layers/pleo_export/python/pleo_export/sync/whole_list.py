"""A list that Pleo has once for a company, such as its accounts: read on both sides, compared, held by the guard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pleo_export.sync.context import SyncContext
from pleo_export.sync.diff import Ownership, diff
from pleo_export.sync.elements import ActualElement, DesiredElement, Fields
from pleo_export.sync.guards import guarded
from pleo_export.sync.plan import ARCHIVES, SyncAction, SyncPlan, SyncStep, steps_of
from pleo_export.sync.progress import ListProgress


@dataclass
class ReadElements:
    """What Pleo had of the elements that change, and all that changes of each, by Pleo's id. Each call replaces an
    element whole."""

    by_id: Mapping[str, ActualElement] = field(default_factory=dict)
    changes: Mapping[str, Fields] = field(default_factory=dict)

    def of(self, step: SyncStep) -> ActualElement:
        """Return what Pleo had."""
        return self.by_id[str(step.id)]

    def fields_after(self, step: SyncStep) -> dict[str, str | None]:
        """Return all fields of an element as they are in the end: an archived one may hold what Pleo takes no more."""
        if step.id is None:
            return dict(step.after)
        return {**self.by_id[step.id].fields, **self.changes.get(step.id, {})}


def compare(
    context: SyncContext, desired: Iterable[DesiredElement], actual: Iterable[ActualElement], ownership: Ownership
) -> tuple[SyncPlan, ReadElements]:
    """Return the plan of a list, and what Pleo had of what it changes."""
    present = {each.id: each for each in actual}
    plan = guarded(diff(desired, present.values(), ownership), context.confirmation)
    changed = {str(each.id): present[str(each.id)] for each in plan.steps if each.id in present}
    return plan, ReadElements(changed, {str(each.id): each.after for each in steps_of(plan, SyncAction.UPDATE)})


def may_begin(step: SyncStep, progress: ListProgress) -> bool:
    """Whether a step may be carried out: nothing is archived before what takes its place is there."""
    return step.action not in ARCHIVES or progress.may_archive
