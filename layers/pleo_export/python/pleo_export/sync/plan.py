"""What a sync is going to do, as data: shown, kept for the audit, and carried out step by step.

The order of the steps is that of `SyncAction`: nothing is archived before what takes its place exists, so that a run
that ends midway leaves too many choices, never too few.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pleo_export.accounting.ledger_list import LedgerList

HASH_LENGTH = 16  # characters: a person types them


class SyncAction(StrEnum):
    """What one step does at Pleo, in the order in which steps are carried out. Nothing is ever deleted."""

    CREATE_GROUP = "create group"
    UNARCHIVE_GROUP = "unarchive group"
    UPDATE_GROUP = "update group"
    ACTIVATE = "activate"  # a vendor made in Pleo, once the ledger has its supplier
    CREATE = "create"
    UNARCHIVE = "unarchive"
    UPDATE = "update"
    ARCHIVE = "archive"
    ARCHIVE_GROUP = "archive group"

    @property
    def word(self) -> str:
        """The action in one word, for records and metrics."""
        return self.value.replace(" ", "_")


@dataclass(frozen=True, slots=True)
class SyncStep:
    """One change at Pleo. `key` is the ledger's (code or id), `id` Pleo's (None before it is created), `code` the one
    that people know (None: the key). `before` and `after` are the fields that differ, as text; `used_by` counts the
    expenses that carry what is archived."""

    action: SyncAction
    key: str
    id: str | None
    before: Mapping[str, str | None] = field(default_factory=dict)
    after: Mapping[str, str | None] = field(default_factory=dict)
    reason: str = ""
    used_by: int | None = None
    code: str | None = None


class FindingKind(StrEnum):
    """What a sync or the nightly check found that a person has to decide; each has its sentence in `failures.sync`."""

    SHRUNK = "shrunk"
    COLLISION = "collision"
    DUPLICATE_AT_PLEO = "duplicate_at_pleo"
    EMPTY_CODE = "empty_code"
    CODE_TOO_LONG = "code_too_long"
    NAME_CUT = "name_cut"
    FOREIGN_GROUP = "foreign_group"
    TOO_MANY_TAGS = "too_many_tags"
    REFUSED = "refused"
    SCOPE_MISSING = "scope_missing"
    LIST_INCOMPLETE = "list_incomplete"
    DIMENSION_GONE = "dimension_gone"
    VENDOR_AMBIGUOUS = "vendor_ambiguous"
    RATE_UNKNOWN = "rate_unknown"
    INTERRUPTED = "interrupted"


# Kinds of findings after which a list is not as the ledger has it, though the run has come to its end.
NOT_IN_STEP = frozenset({FindingKind.LIST_INCOMPLETE, FindingKind.SCOPE_MISSING, FindingKind.INTERRUPTED})


@dataclass(frozen=True, slots=True)
class SyncFinding:
    """Something that was not done, and what to do about it. `key` names the element, `told` is for people."""

    kind: FindingKind
    list: LedgerList
    key: str
    told: str


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """All steps of one list; of tags: of one dimension (`group` is its code). `held_back` are archives that the guard
    keeps until a person confirms exactly these, by the plan's `hash`.

    `listed` counts the elements that the ledger's list has, closed ones included; `offered` those that Pleo shows when
    all steps are done. `confirmed`: a person has confirmed all that is archived."""

    list: LedgerList
    group: str | None
    steps: tuple[SyncStep, ...]
    held_back: tuple[SyncStep, ...]
    findings: tuple[SyncFinding, ...]
    hash: str
    listed: int = 0
    offered: int = 0
    confirmed: bool = False

    @property
    def waits(self) -> bool:
        """Whether archives wait for a person. A group that was made by hand does not: it is meant to stay."""
        return bool(self.held_back) and all(each.kind is not FindingKind.FOREIGN_GROUP for each in self.findings)


ARCHIVES = frozenset({SyncAction.ARCHIVE, SyncAction.ARCHIVE_GROUP})
_ORDER = {action: place for place, action in enumerate(SyncAction)}


def in_order(steps: Iterable[SyncStep]) -> tuple[SyncStep, ...]:
    """Return the steps in the order in which they are carried out; those of one action by code and id."""
    return tuple(sorted(steps, key=lambda step: (_ORDER[step.action], step.code or step.key, step.key, step.id or "")))


def steps_of(plan: SyncPlan, action: SyncAction) -> list[SyncStep]:
    """Return the steps of one action that are carried out."""
    return [step for step in plan.steps if step.action is action]


def archives_hash(list_: LedgerList, group: str | None, steps: Iterable[SyncStep]) -> str:
    """Return the hash by which a person confirms a plan: of what it archives, element by element, and of nothing else.

    The steps that no guard keeps are carried out meanwhile, by the next run at the latest: were they part of the hash,
    the plan that a person has seen would never come again."""
    archived = sorted([step.action, step.key, step.id or ""] for step in steps if step.action in ARCHIVES)
    content = json.dumps([list_, group, archived], ensure_ascii=True)
    return hashlib.sha256(content.encode()).hexdigest()[:HASH_LENGTH]
