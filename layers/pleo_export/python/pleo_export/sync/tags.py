"""Tags: each selected dimension of the ledger is a tag group at Pleo, and each of its values a tag."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pleo_export.accounting.errors import InvalidConfiguration
from pleo_export.accounting.lists import DimensionValue, LedgerList
from pleo_export.pleo.errors import PleoForbidden, PleoNotFound
from pleo_export.pleo.list_models import PleoTag, TagGroup
from pleo_export.sync.context import SyncContext, SyncPart
from pleo_export.sync.diff import Ownership, diff
from pleo_export.sync.elements import ActualElement, DesiredElement, Fields
from pleo_export.sync.guards import guarded, with_usage
from pleo_export.sync.plan import ARCHIVES, SyncAction, SyncPlan, steps_of
from pleo_export.sync.progress import ListProgress
from pleo_export.sync.tag_groups import (
    choose_group,
    gone_plan,
    is_ours,
    unselected_groups,
    unselected_plan,
    with_group_steps,
)
from pleo_export.sync.tag_writer import TagWriter
from pleo_export.text import visible_code


def tag_parts(context: SyncContext, dimension: str | None) -> Iterator[SyncPart]:
    """Yield a part for each selected dimension, or for the one that is asked for; else also one for each group that
    none of them stands behind. Raises PleoError."""
    selected = context.settings.dimensions
    for each in selected:
        if dimension in (None, each):
            yield DimensionPart(context, each)
    if dimension is None:
        for group in unselected_groups(read_groups(context), selected):
            if selected or is_ours(group.metadata):  # without tags there is nothing to decide
                yield UnselectedGroupPart(context, group)


@dataclass
class DimensionPart:
    """A selected dimension: its group, and the tags in it."""

    context: SyncContext
    group: str  # the code of the dimension
    list: LedgerList = LedgerList.TAGS
    _actual: ActualElement | None = None  # the group at Pleo
    _updated: dict[str, Fields] = field(default_factory=dict)  # tags that change, as they were read, by id

    def plan(self) -> SyncPlan:
        """Read the dimension's values, then Pleo's group and its tags. Raises AccountingError, PleoError."""
        try:
            values = [_desired(each) for each in self.context.ledger.dimension_values(self.group)]
        except InvalidConfiguration:
            return self._gone()
        groups = read_groups(self.context)
        choice = choose_group(self.group, self.group, groups)
        if choice.group is None:
            choice = choose_group(self.group, self.context.dimension_names.get(self.group) or self.group, groups)
        self._actual = choice.group
        tags = self._read_tags()
        plan = with_group_steps(diff(values, tags.values(), Ownership(LedgerList.TAGS, self.group)), choice)
        self._updated = {str(each.id): tags[str(each.id)].fields for each in steps_of(plan, SyncAction.UPDATE)}
        return used(self.context, guarded(plan, self.context.confirmation), self._actual)

    def apply(self, plan: SyncPlan, progress: ListProgress) -> None:
        """Carry out the steps: the group first, archives last."""
        TagWriter(self.context, self.group, self._actual, self._updated, progress).carry_out(plan)

    def _gone(self) -> SyncPlan:
        groups = read_groups(self.context)
        self._actual = choose_group(self.group, self.group, groups).group
        return used(self.context, guarded(gone_plan(self.group, groups), self.context.confirmation), self._actual)

    def _read_tags(self) -> dict[str, ActualElement]:
        if self._actual is None:
            return {}
        pages = self.context.pleo.tags(self._actual.id)
        return {each.id: _actual(each) for page in pages for each in page}


@dataclass
class UnselectedGroupPart:
    """A group that no selected dimension stands behind."""

    context: SyncContext
    actual: ActualElement
    list: LedgerList = LedgerList.TAGS

    @property
    def group(self) -> str | None:
        """The code of the group."""
        return self.actual.key

    def plan(self) -> SyncPlan:
        """Read the group again, and archive it if that is decided. Raises PleoError."""
        found = [each for each in read_groups(self.context) if each.id == self.actual.id]
        self.actual = found[0] if found else self.actual
        plan = unselected_plan(self.actual, self.context.settings.foreign_groups, self.context.confirmation)
        return used(self.context, plan, self.actual)

    def apply(self, plan: SyncPlan, progress: ListProgress) -> None:
        """Archive the group."""
        TagWriter(self.context, self.group or "", self.actual, {}, progress).carry_out(plan)


def read_groups(context: SyncContext) -> list[ActualElement]:
    """Return all tag groups of the company. Raises PleoError."""
    return [actual_group(each) for each in context.pleo.tag_groups(context.company_id)]


def actual_group(group: TagGroup) -> ActualElement:
    """Return a group as an element of its list."""
    fields = {"name": group.name, "code": group.code}
    return ActualElement(group.id, group.code, group.archived, group.created_at, fields, group.metadata)


def used(context: SyncContext, plan: SyncPlan, group: ActualElement | None) -> SyncPlan:
    """Return the plan with the expenses that carry what it archives, which a person decides by. Where Pleo does not
    tell, the plan is as good without them."""
    if group is None or not any(step.action in ARCHIVES for step in (*plan.steps, *plan.held_back)):
        return plan
    try:
        usage = dict(context.pleo.tag_usage(group.id))
    except (PleoForbidden, PleoNotFound):
        return plan
    return with_usage(plan, {**usage, group.id: sum(usage.values())})


def _desired(value: DimensionValue) -> DesiredElement:
    code = visible_code(value.code)
    return DesiredElement(value.code, value.code, value.name, value.active, {"code": code})


def _actual(tag: PleoTag) -> ActualElement:
    return ActualElement(tag.id, tag.code, tag.archived, tag.created_at, {"name": tag.name, "code": tag.code})
