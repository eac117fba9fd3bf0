"""What a person has confirmed to be archived: exactly the archives of one plan, by its hash.

A run that is interrupted amid them finds fewer the next time, and so a plan with another hash. They need no second
confirmation, as long as there is none among them that the confirmed plan did not have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pleo_export.accounting.lists import LedgerList
from pleo_export.sync.plan import ARCHIVES, SyncAction, SyncPlan

Archive = tuple[LedgerList, str, SyncAction, str, str]
"""List, tag group ("" where there is none), action, key and Pleo's id."""


def archives_of(plan: SyncPlan) -> frozenset[Archive]:
    """Return what a plan archives once it is confirmed."""
    return frozenset(
        (plan.list, plan.group or "", step.action, step.key, step.id or "")
        for step in (*plan.steps, *plan.held_back)
        if step.action in ARCHIVES
    )


@dataclass
class Confirmation:
    """`hash` names the plan, None if nothing is confirmed. `earlier` gives the archives of that plan where an earlier
    part of the same run has begun them; it is asked once, and only where the hash is another one."""

    hash: str | None = None
    earlier: Callable[[], Iterable[Archive]] = tuple
    _confirmed: frozenset[Archive] | None = None

    def covers(self, plan: SyncPlan) -> bool:
        """Return whether all that a plan archives is confirmed."""
        archives = archives_of(plan)
        if self.hash is None or not archives:
            return False
        if plan.hash == self.hash:
            self._confirmed = archives
            return True
        if self._confirmed is None:
            self._confirmed = frozenset(self.earlier())
        return archives <= self._confirmed
