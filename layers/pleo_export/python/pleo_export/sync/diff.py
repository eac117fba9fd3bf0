"""What has to be done at Pleo for a list to be as the ledger has it: pure, so that it can be shown before it is done.

    ledger                        Pleo                       steps
    ───────────────────────────   ────────────────────────   ─────────────────────────────────────────────
    open                          nothing                    create
    open                          active                     update, where a field differs
    open                          archived                   unarchive, then update
    open                          active several times       keep one, archive the others
    closed, or not there          active                     archive
    open several times            anything                   none: a person decides
    code empty, or too long       anything                   none: a person decides
    anything                      without a key              none: it never came from a ledger

The key is compared regardless of case. Nothing is deleted, and every list is fitted for any two lists: there is no
order, size or content for which no plan is returned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pleo_export.accounting.ledger_list import LedgerList
from pleo_export.sync.elements import ActualElement, DesiredElement, Fields, fitted_name, match_key
from pleo_export.sync.findings import ListFindings
from pleo_export.sync.plan import SyncAction, SyncFinding, SyncPlan, SyncStep, archives_hash, in_order
from pleo_export.sync.unusable import Usable, usable_elements

_LAST = datetime.max.replace(tzinfo=UTC)
_NOTHING: tuple[ActualElement, ...] = ()


@dataclass(frozen=True, slots=True)
class Ownership:
    """What of Pleo's list follows the ledger: the elements with a key; of tags, those of one `group` (its code).

    `by_code`: whether an expense names elements by their code, so that each needs one that no other has."""

    list: LedgerList
    group: str | None = None
    by_code: bool = True


def diff(desired: Iterable[DesiredElement], actual: Iterable[ActualElement], ownership: Ownership) -> SyncPlan:
    """Return the steps that make Pleo's list what the ledger offers, in their order, and what a person has to decide.
    For the same two lists, in whatever order, the plan is the same; for those that it leads to, it has no steps."""
    findings = ListFindings(ownership.list, ownership.group)
    source = usable_elements(desired, findings, by_code=ownership.by_code)
    by_key = _by_key(actual)
    steps = _Steps(findings)
    for key, wanted in source.offered.items():
        steps.keep(wanted, by_key.get(key, _NOTHING))
    for key, present in by_key.items():
        if key not in source.offered and key not in source.untouched:
            steps.archive_all(present, "closed in the ledger" if key in source.closed else "no longer in the ledger")
    return plan_of(ownership, steps.steps, findings.found, source)


def plan_of(
    ownership: Ownership, steps: Iterable[SyncStep], findings: Iterable[SyncFinding], source: Usable | None = None
) -> SyncPlan:
    """Return the plan with these steps, in their order."""
    ordered = in_order(steps)
    return SyncPlan(
        list=ownership.list,
        group=ownership.group,
        steps=ordered,
        held_back=(),
        findings=tuple(sorted(set(findings), key=lambda each: (each.kind, each.key, each.told))),
        hash=archives_hash(ownership.list, ownership.group, ordered),
        listed=source.listed if source else 0,
        offered=len(source.offered) if source else 0,
    )


def _by_key(actual: Iterable[ActualElement]) -> Mapping[str, Sequence[ActualElement]]:
    """Return Pleo's elements by key; one that a page repeats is there once."""
    by_id = {each.id: each for each in actual}
    by_key: defaultdict[str, list[ActualElement]] = defaultdict(list)
    for each in by_id.values():
        key = match_key(each.key)
        if key is not None:
            by_key[key].append(each)
    return by_key


@dataclass
class _Steps:
    findings: ListFindings
    steps: list[SyncStep] = field(default_factory=list)

    def keep(self, wanted: DesiredElement, present: Sequence[ActualElement]) -> None:
        """Make one element at Pleo what is wanted, and archive the others of its key."""
        name, cut = fitted_name(wanted.name, wanted.code or wanted.key)
        if cut:
            self.findings.name_cut(wanted)
        fields = {"name": name, **wanted.fields}
        if not present:
            self._add(SyncAction.CREATE, wanted, None, after=fields, reason="new in the ledger")
            return
        active = [each for each in present if not each.archived]
        kept = min(active or present, key=lambda each: _preference(each, name))
        if kept.archived:
            self._add(SyncAction.UNARCHIVE, wanted, kept.id, reason="open in the ledger")
        changed = dict(_changed(fields, kept.fields))
        if changed:
            before = {field: kept.fields.get(field) for field in changed}
            self._add(SyncAction.UPDATE, wanted, kept.id, before, changed, "changed in the ledger")
        if len(active) > 1:
            self.findings.duplicate_at_pleo(wanted, len(active))
            self.archive_all([each for each in active if each is not kept], f"same key as {kept.id}")

    def archive_all(self, present: Iterable[ActualElement], reason: str) -> None:
        """Archive those that are active."""
        for each in present:
            if not each.archived:
                before, code = {"name": each.fields.get("name")}, each.fields.get("code")
                self.steps.append(
                    SyncStep(SyncAction.ARCHIVE, each.key or "", each.id, before, reason=reason, code=code)
                )

    def _add(
        self,
        action: SyncAction,
        wanted: DesiredElement,
        id_: str | None,
        before: Fields | None = None,
        after: Fields | None = None,
        reason: str = "",
    ) -> None:
        self.steps.append(SyncStep(action, wanted.key, id_, before or {}, after or {}, reason, code=wanted.code))


def _preference(element: ActualElement, name: str) -> tuple[bool, datetime, str]:
    """Order elements of one key: that with the ledger's name first, then the oldest, then by id, so that runs agree."""
    return element.fields.get("name") != name, element.created_at or _LAST, element.id


def _changed(wanted: Fields, present: Fields) -> Iterator[tuple[str, str | None]]:
    for field_, value in wanted.items():
        if present.get(field_) != value:
            yield field_, value
