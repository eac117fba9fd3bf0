"""Carries out the plan of one tag group. Pleo creates and changes one tag with a call, and archives a hundred."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from pleo_export.batches import in_batches
from pleo_export.pleo.errors import PleoRefused
from pleo_export.pleo.list_models import MAX_ARCHIVED_TAGS, TagBody, TagGroupBody
from pleo_export.sync.context import SyncContext
from pleo_export.sync.elements import ActualElement, Fields
from pleo_export.sync.full_groups import ActiveTagLimit
from pleo_export.sync.plan import SyncAction, SyncPlan, SyncStep, steps_of
from pleo_export.sync.progress import ListProgress
from pleo_export.sync.tag_groups import MARKER

_GROUP_ACTIONS = (SyncAction.CREATE_GROUP, SyncAction.UNARCHIVE_GROUP, SyncAction.UPDATE_GROUP)


@dataclass
class TagWriter:
    """Writes to the group of one dimension, whose code is `dimension`. `group` is the group at Pleo, None before it is
    created; `updated` are the tags that change, as they were read, by id."""

    context: SyncContext
    dimension: str
    group: ActualElement | None
    updated: Mapping[str, Fields]
    progress: ListProgress
    _limit: ActiveTagLimit = field(init=False)

    def __post_init__(self) -> None:
        self._limit = ActiveTagLimit(self.progress.findings)

    def carry_out(self, plan: SyncPlan) -> None:
        """Carry out the steps: the group first, archives last. Raises OutOfTime, PleoError."""
        archived_before = self.progress.applied[SyncAction.ARCHIVE]
        if not all(self._change_group(step) for step in plan.steps if step.action in _GROUP_ACTIONS):
            return  # without its group nothing else can be done
        for step in steps_of(plan, SyncAction.CREATE):
            self._create(step)
        for some in in_batches(steps_of(plan, SyncAction.UNARCHIVE), MAX_ARCHIVED_TAGS):
            self._unarchive(some)
        for step in steps_of(plan, SyncAction.UPDATE):
            self._update(step)
        if self.progress.may_archive:
            self._archive_all(plan)
        self._limit.end(self.dimension)
        if self._limit.full and self.progress.applied[SyncAction.ARCHIVE] > archived_before:
            self.progress.compare_again = True  # there is room now

    def _archive_all(self, plan: SyncPlan) -> None:
        for some in in_batches(steps_of(plan, SyncAction.ARCHIVE), MAX_ARCHIVED_TAGS):
            self._archive(some)
        for step in steps_of(plan, SyncAction.ARCHIVE_GROUP):
            self._change_group(step)

    def _change_group(self, step: SyncStep) -> bool:
        return self.progress.attempt(step.action, step.key, partial(self._send_group, step))

    def _send_group(self, step: SyncStep) -> None:
        pleo, group, after = self.context.pleo, self.group, step.after
        if group is None:
            body = TagGroupBody(code=str(after["code"]), name=str(after["name"]), metadata=MARKER)
            made = pleo.create_tag_group(self.context.company_id, body)
        else:
            body = TagGroupBody(
                code=str(after.get("code", group.key)),
                name=str(group.fields["name"]),
                archived=step.action is SyncAction.ARCHIVE_GROUP,
                metadata=group.metadata,
            )
            made = pleo.update_tag_group(group.id, body)
        fields = {"name": made.name, "code": made.code}
        self.group = ActualElement(made.id, made.code, made.archived, made.created_at, fields, made.metadata)

    def _create(self, step: SyncStep) -> None:
        if self._limit.full or self.group is None:
            self._limit.missing += 1
            return
        body = TagBody(code=str(step.after["code"]), name=step.after["name"])
        call = partial(self.context.pleo.create_tag, self.group.id, body)
        if self.progress.attempt(step.action, step.key, call, refused=partial(self._limit.refused, step)):
            self._limit.taken()

    def _unarchive(self, steps: Sequence[SyncStep]) -> None:
        """Unarchive all at once; one by one where Pleo refuses that, since it does not say which."""
        if self._limit.full:
            self._limit.missing += len(steps)
            return
        refusals: list[PleoRefused] = []
        if self._set_archived(steps, archived=False, refused=refusals):
            self._limit.taken()
        elif refusals and len(steps) == 1:
            self._limit.refused(steps[0], refusals[0])
        elif refusals:
            for step in steps:
                self._unarchive([step])

    def _update(self, step: SyncStep) -> None:
        fields = {**self.updated[str(step.id)], **step.after}
        body = TagBody(code=str(fields["code"]), name=fields["name"])
        self.progress.attempt(step.action, step.key, partial(self.context.pleo.update_tag, str(step.id), body))

    def _archive(self, steps: Sequence[SyncStep]) -> None:
        refusals: list[PleoRefused] = []
        self._set_archived(steps, archived=True, refused=refusals)
        if refusals and len(steps) > 1:
            for step in steps:
                self._archive([step])
        elif refusals:
            self.progress.findings.refused(steps[0].action, steps[0].key, refusals[0])

    def _set_archived(self, steps: Sequence[SyncStep], *, archived: bool, refused: list[PleoRefused]) -> bool:
        ids = [str(step.id) for step in steps]

        def send() -> None:
            changed = self.context.pleo.archive_tags(self.context.company_id, ids, archived=archived)
            if {each.id for each in changed if each.archived is archived} < set(ids):
                self.progress.compare_again = True

        first = steps[0]
        return self.progress.attempt(first.action, first.key, send, count=len(ids), refused=refused.append)
