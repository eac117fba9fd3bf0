"""The plans of a sync, kept in the bucket before they are carried out, and its findings: what happened to a cost
centre, when and why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pleo_export.accounting.ledger_list import LedgerList
from pleo_export.services.messages import SyncRequest
from pleo_export.services.services import Services
from pleo_export.sync.confirmation import Archive, archives_of
from pleo_export.sync.plan import SyncAction, SyncFinding, SyncPlan, SyncStep

DIGEST_LENGTH = 12


@dataclass
class KeptPlans:
    """Keeps what one part of a run over one list was going to do and what it has found, in files of their own. Their
    names follow from their lines: what every hour is the same is there once a day, and another attempt at the same part
    replaces nothing that the first one has done."""

    services: Services
    request: SyncRequest
    synced: LedgerList

    def keep(self, plan: SyncPlan) -> None:
        """Write the plan, unless there is nothing in it."""
        lines = list(_lines(plan))
        if not lines:
            return
        part = f"{self.request.run_id}-{self.request.part}" if plan.steps else "held-back"
        self._write(part, plan.group, lines, hash=plan.hash, confirmed=plan.confirmed)
        if plan.confirmed and plan.hash == self.request.confirm:
            self.services.sync_plans.confirm(self.request.company_id, self.request.run_id, plan.hash, archives_of(plan))

    def keep_findings(self, findings: Sequence[SyncFinding]) -> None:
        """Write all findings: the record of the run names the first of them only."""
        if findings:
            lines = [{"finding": each.kind.value, "key": each.key, "told": each.told} for each in findings]
            self._write("findings", None, lines)

    def _write(self, part: str, group: str | None, lines: Sequence[Mapping[str, Any]], **head: Any) -> None:
        now, run = self.services.clock(), self.request
        digest = sha256(json.dumps([group, lines]).encode()).hexdigest()[:DIGEST_LENGTH]
        about = {"at": now.isoformat(), "runId": run.run_id, "reason": run.reason}
        first = {**about, "list": self.synced.value, "group": group, **head}
        name = f"{self.synced}-{part}-{digest}"
        self.services.sync_plans.write(run.company_id, name, now, [first, *lines])

    def confirmed(self) -> Iterator[Archive]:
        """Yield what an earlier part of this run, or an earlier attempt at it, was confirmed to archive."""
        request = self.request
        kept = self.services.sync_plans.confirmed(request.company_id, request.run_id, request.confirm or "")
        for list_, group, action, key, id_ in kept:
            yield LedgerList(list_), group, SyncAction(action), key, id_


def _lines(plan: SyncPlan) -> Iterator[Mapping[str, Any]]:
    yield from (_line(step, held_back=False) for step in plan.steps)
    yield from (_line(step, held_back=True) for step in plan.held_back)


def _line(step: SyncStep, *, held_back: bool) -> Mapping[str, Any]:
    return {
        "action": step.action.value,
        "key": step.key,
        "code": step.code,
        "id": step.id,
        "before": dict(step.before),
        "after": dict(step.after),
        "reason": step.reason,
        "usedBy": step.used_by,
        "heldBack": held_back,
    }
