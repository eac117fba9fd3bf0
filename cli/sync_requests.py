"""Ask for a sync, and follow it to its end. Its function runs it, so that two syncs of a company never overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import uuid4

from cli.errors import NotNow
from cli.stack import Stack
from cli.wording import age
from pleo_export.accounting.lists import LedgerList
from pleo_export.services.messages import SyncRequest
from pleo_export.settings import SyncSettings
from pleo_export.store.syncs import SyncRun

BETWEEN_LOOKS = 1  # seconds


def lists_to_sync(stack: Stack, company_id: str, settings: SyncSettings) -> tuple[LedgerList, ...]:
    """Return the lists that the settings choose, and tags where an earlier choice has made groups that are still to be
    archived."""
    if LedgerList.TAGS in settings.lists or not stack.syncs.may_be_left(company_id, LedgerList.TAGS):
        return settings.lists
    return LedgerList.TAGS, *settings.lists


def sync_request(
    company_id: str,
    lists: Sequence[LedgerList],
    reason: str,
    *,
    dimension: str | None = None,
    confirm: str | None = None,
) -> SyncRequest:
    """Return a request for a new run."""
    return SyncRequest(
        company_id=company_id,
        lists=tuple(lists),
        run_id=str(uuid4()),
        reason=reason,
        dimension=dimension,
        confirm=confirm,
    )


def send(stack: Stack, request: SyncRequest) -> None:
    """Send the request, and record who asked for it: the first is kept for ever, the plans for 90 days."""
    facts = {"run_id": request.run_id, "lists": " ".join(request.lists)}
    if request.confirm:
        facts["confirmed_plan"] = request.confirm
    stack.company_events.add(request.company_id, "sync asked for", stack.caller, stack.now(), facts)
    stack.sync_queue.send(request, once_per=request.run_id)


def follow(stack: Stack, request: SyncRequest, timeout: float) -> Mapping[LedgerList, SyncRun]:
    """Wait until the run is over, and return what became of each list. Raises NotNow when that takes too long: it goes
    on all the same."""
    deadline = stack.now() + timedelta(seconds=timeout)
    while True:
        runs = {each: stack.syncs.get(request.company_id, each) for each in request.lists}
        over = {each: run for each, run in runs.items() if run and run.run_id == request.run_id and _is_over(run)}
        if len(over) == len(request.lists):
            return over
        if stack.now() >= deadline:
            raise NotNow(
                f"the sync is not over after {age(timedelta(seconds=timeout))}; it goes on. "
                f"`pleo-export doctor {request.company_id}` shows when each list was right"
            )
        stack.sleep(BETWEEN_LOOKS)


def _is_over(run: SyncRun) -> bool:
    return run.ended_at is not None or run.failure is not None
