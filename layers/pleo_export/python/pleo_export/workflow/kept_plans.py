"""The plans of a sync, kept in the bucket before they are carried out: what happened to a cost centre, when and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pleo_export.accounting.ledger_list import LedgerList
from pleo_export.services.events import SyncRequest
from pleo_export.services.services import Services
from pleo_export.sync.plan import SyncPlan, SyncStep


@dataclass
class KeptPlans:
    """Keeps the plans of one part of a run over one list, each in a file of its own."""

    services: Services
    request: SyncRequest
    synced: LedgerList
    _number: int = 0

    def keep(self, plan: SyncPlan) -> None:
        """Write the plan, unless there is nothing in it."""
        if not plan.steps and not plan.held_back:
            return
        self._number += 1
        name = f"{self.synced}-{self.request.run_id}-{self.request.part}-{self._number}"
        now = self.services.clock()
        head = {
            "at": now.isoformat(),
            "runId": self.request.run_id,
            "reason": self.request.reason,
            "list": plan.list.value,
            "group": plan.group,
            "hash": plan.hash,
            "confirmed": self.request.confirm == plan.hash,
        }
        self.services.sync_plans.write(self.request.company_id, name, now, [head, *_lines(plan)])


def _lines(plan: SyncPlan) -> Iterator[Mapping[str, Any]]:
    yield from (_line(step, held_back=False) for step in plan.steps)
    yield from (_line(step, held_back=True) for step in plan.held_back)


def _line(step: SyncStep, *, held_back: bool) -> Mapping[str, Any]:
    return {
        "action": step.action.value,
        "key": step.key,
        "id": step.id,
        "before": dict(step.before),
        "after": dict(step.after),
        "reason": step.reason,
        "usedBy": step.used_by,
        "heldBack": held_back,
    }
