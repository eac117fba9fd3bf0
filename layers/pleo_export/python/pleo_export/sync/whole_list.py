"""A list that Pleo has once for a company, such as its accounts: read on both sides, compared, held by the guard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pleo_export.sync.context import SyncContext
from pleo_export.sync.diff import Ownership, diff
from pleo_export.sync.elements import ActualElement, DesiredElement
from pleo_export.sync.guards import guarded
from pleo_export.sync.plan import ARCHIVES, SyncPlan, SyncStep
from pleo_export.sync.progress import ListProgress

_NOTHING: Mapping[str, str | None] = {}


@dataclass
class ReadElements:
    """What Pleo had of the elements that change, to send back with it what does not. By Pleo's id."""

    by_id: Mapping[str, ActualElement] = field(default_factory=dict)

    def of(self, step: SyncStep) -> ActualElement:
        """Return what Pleo had."""
        return self.by_id[str(step.id)]

    def fields_after(self, step: SyncStep) -> dict[str, str | None]:
        """Return all fields as they are once the step is done."""
        before = self.by_id[str(step.id)].fields if step.id is not None else _NOTHING
        return {**before, **step.after}


def compare(
    context: SyncContext, desired: Iterable[DesiredElement], actual: Iterable[ActualElement], ownership: Ownership
) -> tuple[SyncPlan, ReadElements]:
    """Return the plan of a list, and what Pleo had of what it changes."""
    present = {each.id: each for each in actual}
    plan = guarded(diff(desired, present.values(), ownership), context.confirm)
    return plan, ReadElements({str(each.id): present[str(each.id)] for each in plan.steps if each.id in present})


def may_begin(step: SyncStep, progress: ListProgress) -> bool:
    """Whether a step may be carried out: nothing is archived before what takes its place is there."""
    return step.action not in ARCHIVES or progress.may_archive
