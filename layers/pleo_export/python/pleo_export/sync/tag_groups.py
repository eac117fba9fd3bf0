"""Which tag group of Pleo stands for a dimension, and what becomes of those that stand for none: pure.

A dimension matches a group by its code, regardless of case; the name never matches, and stays as people set it. A group
is archived without being asked for only if it carries our marker, since nobody else can have meant it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pleo_export.accounting.ledger_list import LedgerList
from pleo_export.failures import sync as sentences
from pleo_export.sync.confirmation import Confirmation
from pleo_export.sync.diff import Ownership, plan_of
from pleo_export.sync.elements import ActualElement, fitted_name, match_key
from pleo_export.sync.findings import ListFindings
from pleo_export.sync.guards import held_back
from pleo_export.sync.plan import FindingKind, SyncAction, SyncFinding, SyncPlan, SyncStep, in_order
from pleo_export.text import visible_code

MARKER: Mapping[str, str] = {"managed_by": "pleo-export"}
_LAST = datetime.max.replace(tzinfo=UTC)


def is_ours(metadata: Mapping[str, str]) -> bool:
    """Return whether a group with that metadata carries our marker."""
    return MARKER.items() <= metadata.items()


@dataclass(frozen=True, slots=True)
class GroupChoice:
    """The group of a dimension, None where Pleo has none, and what makes it fit."""

    group: ActualElement | None
    steps: tuple[SyncStep, ...]
    findings: tuple[SyncFinding, ...]


def choose_group(dimension: str, name: str, groups: Iterable[ActualElement]) -> GroupChoice:
    """Return the group of a dimension. Its code becomes exactly the dimension's: by that an expense is booked. Of
    several, the oldest active one is kept, and the others are left alone."""
    findings = ListFindings(LedgerList.TAGS, dimension)
    wanted = match_key(dimension)
    fitting = [each for each in groups if wanted is not None and match_key(each.key) == wanted]
    active = [each for each in fitting if not each.archived]
    if len(active) > 1:
        findings.note(FindingKind.DUPLICATE_AT_PLEO, dimension, sentences.GROUP_TWICE, group=dimension)
    group = min(active or fitting, key=lambda each: (each.created_at or _LAST, each.id), default=None)
    return GroupChoice(group, tuple(_group_steps(dimension, name, group)), tuple(findings.found))


def _group_steps(dimension: str, name: str, group: ActualElement | None) -> Iterator[SyncStep]:
    code = visible_code(dimension)
    if group is None:
        after = {"code": code, "name": fitted_name(name, code)[0]}
        yield SyncStep(SyncAction.CREATE_GROUP, dimension, None, after=after, reason="selected")
        return
    if group.archived:
        yield SyncStep(SyncAction.UNARCHIVE_GROUP, dimension, group.id, reason="selected")
    if group.key != code:
        before, after = {"code": group.key}, {"code": code}
        yield SyncStep(SyncAction.UPDATE_GROUP, dimension, group.id, before, after, "code as in the ledger")


def with_group_steps(plan: SyncPlan, choice: GroupChoice) -> SyncPlan:
    """Return the plan of a dimension's values with what its group needs first."""
    return replace(plan, steps=in_order((*choice.steps, *plan.steps)), findings=(*choice.findings, *plan.findings))


def gone_plan(dimension: str, groups: Iterable[ActualElement]) -> SyncPlan:
    """Return the plan for a dimension that the ledger does not have any more: its group is archived, once the guard
    lets an empty list pass."""
    findings = ListFindings(LedgerList.TAGS, dimension)
    findings.note(FindingKind.DIMENSION_GONE, dimension, sentences.DIMENSION_GONE, group=dimension)
    wanted = match_key(dimension)
    steps = [_archive(each, "no longer in the ledger") for each in groups if match_key(each.key) == wanted]
    return plan_of(Ownership(LedgerList.TAGS, dimension), filter(None, steps), findings.found)


def unselected_groups(groups: Iterable[ActualElement], selected: Collection[str]) -> list[ActualElement]:
    """Return the active groups that no selected dimension stands behind, by code and id."""
    keys = {match_key(each) for each in selected}
    found = (each for each in groups if not each.archived and match_key(each.key) not in keys)
    return sorted(found, key=lambda each: (each.key or "", each.id))


def unselected_plan(group: ActualElement, foreign_groups: Collection[str], confirmation: Confirmation) -> SyncPlan:
    """Return the plan for a group without a dimension: archived where it is ours, or a person has named its code
    (`foreign_groups`) or confirmed this plan; else held back, which is a finding."""
    ours = is_ours(group.metadata)
    archive = _archive(group, "deselected" if ours else "no selected dimension")
    plan = plan_of(Ownership(LedgerList.TAGS, group.key), filter(None, [archive]), ())
    if confirmation.covers(plan):
        return replace(plan, confirmed=True)
    if ours or match_key(group.key) in {match_key(each) for each in foreign_groups}:
        return plan
    findings = ListFindings(LedgerList.TAGS, group.key)
    findings.note(FindingKind.FOREIGN_GROUP, group.key or "", sentences.FOREIGN_GROUP, group=group.key)
    return held_back(replace(plan, findings=tuple(findings.found)))


def _archive(group: ActualElement, reason: str) -> SyncStep | None:
    if group.archived:
        return None
    before = {"name": group.fields.get("name")}
    return SyncStep(SyncAction.ARCHIVE_GROUP, group.key or "", group.id, before, reason=reason)
