"""What a sync is going to do, as data: shown, kept for the audit, and carried out step by step.

The order of the steps is that of `SyncAction`: nothing is archived before what takes its place exists, so that a run
that ends midway leaves too many choices, never too few.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pleo_export.accounting.lists import LedgerList


class SyncAction(StrEnum):
    """What one step does at Pleo, in the order in which steps are carried out. Nothing is ever deleted."""

    CREATE_GROUP = "create group"
    UNARCHIVE_GROUP = "unarchive group"
    CREATE = "create"
    UNARCHIVE = "unarchive"
    UPDATE = "update"
    ARCHIVE = "archive"
    ARCHIVE_GROUP = "archive group"


@dataclass(frozen=True, slots=True)
class SyncStep:
    """One change at Pleo. `key` is the ledger's (code or id), `id` Pleo's (None before it is created). `before` and
    `after` are the fields that differ, as text; `used_by` counts the expenses that carry what is archived."""

    action: SyncAction
    key: str
    id: str | None
    before: Mapping[str, str | None] = field(default_factory=dict)
    after: Mapping[str, str | None] = field(default_factory=dict)
    reason: str = ""
    used_by: int | None = None


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
    keeps until a person confirms exactly this plan, by its `hash`."""

    list: LedgerList
    group: str | None
    steps: tuple[SyncStep, ...]
    held_back: tuple[SyncStep, ...]
    findings: tuple[SyncFinding, ...]
    hash: str
