"""What one run of a sync did, and what it leaves to people and to the next run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pleo_export.sync.plan import SyncAction, SyncFinding, SyncPlan


@dataclass(frozen=True, slots=True)
class SyncResult:
    """`plans` are what was to be done, `applied` how many steps of each action were; `findings` are those of the plans
    and of what came up while they were carried out, each once.

    A run that is not `finished` is to be sent again: it ran out of time, or Pleo or the ledger did not answer. Then
    `wait` is how many seconds to wait before that."""

    run_id: str
    plans: tuple[SyncPlan, ...]
    applied: Mapping[SyncAction, int] = field(default_factory=dict)
    findings: tuple[SyncFinding, ...] = ()
    finished: bool = True
    wait: int = 0
