"""Check the lists that are kept in step: when each was right last, and what is left to a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from cli.checks import Check
from cli.errors import ActionNeeded
from cli.list_checks import NAMES
from cli.sync_plans import TOLD_ONLY
from cli.sync_requests import lists_to_sync
from cli.wording import age, minute, several
from pleo_export.accounting.lists import LedgerList
from pleo_export.store.syncs import SyncedPlan, SyncRun
from pleo_export.sync.plan import FindingKind

if TYPE_CHECKING:
    from cli.stored_connection_checks import StoredConnection

FIRST_TIME = timedelta(hours=1)  # until when a first sync may still be under way
OLDEST = {LedgerList.TAGS: timedelta(hours=6)}  # hourly
OLDEST_OTHERS = timedelta(hours=72)  # nightly
NAMED = 5  # elements of one kind


def status_checks(stored: StoredConnection) -> tuple[Check[StoredConnection], ...]:
    """Return a check for each list that the settings choose, and for tags that they do not choose any more."""
    chosen = stored.settings.sync.lists
    lists = lists_to_sync(stored.stack, stored.company_id, stored.settings.sync)
    return tuple(
        Check(f"sync of {NAMES[each]}", partial(_in_step if each in chosen else _withdrawn, each)) for each in lists
    )


def _in_step(synced: LedgerList, stored: StoredConnection) -> str:
    run = stored.stack.syncs.get(stored.company_id, synced)
    command = f"pleo-export sync {stored.company_id} --list {synced}"
    if run is None:
        return _not_yet(stored, command)
    problems = [*_held_back(run, stored.company_id, command), *_findings(run, command), *_late(synced, run, stored)]
    if problems:
        raise ActionNeeded("; ".join(problems))
    last = f"in step {age(stored.now - run.good_at)} ago" if run.good_at else "being synced for the first time"
    return f"{last}, {minute(run.good_at)}" if run.good_at else last


def _withdrawn(synced: LedgerList, stored: StoredConnection) -> str:
    """Judge a list that is not chosen any more, of which Pleo may still show what an earlier choice has made."""
    run = stored.stack.syncs.get(stored.company_id, synced)
    command = f"pleo-export sync {stored.company_id} --list {synced}"
    problems = [] if run is None or run.selected else list(_findings(run, command))
    if problems:
        raise ActionNeeded("; ".join(problems))
    return f"not chosen any more: their groups are archived by tomorrow, or now by `{command}`"


def _not_yet(stored: StoredConnection, command: str) -> str:
    """Judge a list that was never synced: the first time may still be under way."""
    connected = stored.stack.settings_history.latest(stored.company_id)
    if connected and stored.now - connected.stored_at < FIRST_TIME:
        return "asked for when it was connected, and not run yet"
    raise ActionNeeded(f"was never synced; `{command}` does it now")


def _held_back(run: SyncRun, company_id: str, command: str) -> Iterator[str]:
    """Yield the plans whose archives wait for a person, each with what to type."""
    for plan in _waiting(run):
        of = f" of group {plan.group}" if plan.group else ""
        yield (
            f"{several(plan.held_back, 'archive is', 'archives are')} held back{of}: look at `{command} --dry-run`; if "
            f"it is right, `pleo-export sync {company_id} --confirm {plan.hash}`"
        )


def _waiting(run: SyncRun) -> list[SyncedPlan]:
    return [plan for plan in run.plans if plan.held_back]


def _findings(run: SyncRun, command: str) -> Iterator[str]:
    if run.failure:
        yield f"the last sync failed ({run.failure}); `{command}` tries again"
    told_above = {FindingKind.SHRUNK.value, FindingKind.DIMENSION_GONE.value} if _waiting(run) else set()
    left = {kind: count for kind, count in run.findings.items() if kind not in told_above | TOLD_ONLY}
    for kind, count in left.items():
        keys = [key for found, key in run.found if found == kind]
        named = ", ".join(keys[:NAMED]) + (", ..." if len(keys) > NAMED else "")
        yield f"{count} {kind.replace('_', ' ')} ({named})"
    if left:
        yield f"`{command} --dry-run` says what to do"


def _late(synced: LedgerList, run: SyncRun, stored: StoredConnection) -> Iterator[str]:
    since = run.good_at or run.first_at or run.started_at
    if stored.now - since > OLDEST.get(synced, OLDEST_OTHERS):
        yield f"not in step for {age(stored.now - since)}"
