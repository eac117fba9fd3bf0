"""Pleo's request limit, used by others: what a test begins with."""

from __future__ import annotations

from pleo_export.pleo.call_priority import CallPriority
from pleo_export.store.call_usage import CallBlock, block_seconds
from pleo_export.store.pleo_call_budget import PLEO
from tests.system.in_process_system import InProcessSystem


def use_of_pleo(system: InProcessSystem, calls: int) -> None:
    """Let exports have sent so many requests in the last seconds."""
    budgets, now = system.services.call_budgets, system.clock.now().timestamp()
    stored = budgets.get(PLEO)
    assert budgets.put(
        PLEO,
        stored.usage.taken(
            CallBlock(calls, now + block_seconds(CallPriority.EXPORT.rate)), CallPriority.EXPORT.rate, now
        ),
        stored,
        now,
    )
