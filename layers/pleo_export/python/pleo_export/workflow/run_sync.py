"""Run a sync that was asked for: list by list, each with a record of its own, and the rest again if time is up.

What is asked for is only a hint, as a wake-up is: both sides are read and compared, so a request that comes twice, or
late, does no harm, and one that is lost is made up for by the schedule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from pleo_export.accounting.ledger_list import LedgerList
from pleo_export.errors import Disconnected, InvalidSettings, NotOurs, PleoExportError
from pleo_export.observability import count, logger, measure_seconds
from pleo_export.services.error_mapping import translate
from pleo_export.services.messages import SyncRequest
from pleo_export.services.services import Services
from pleo_export.store.syncs import SyncedPlan, SyncRun
from pleo_export.sync.context import selected_lists
from pleo_export.sync.plan import NOT_IN_STEP, FindingKind, SyncPlan
from pleo_export.sync.result import SyncResult
from pleo_export.sync.runner import LIST_ORDER, sync_company
from pleo_export.workflow.kept_plans import KeptPlans

# Kinds of findings about elements that have no key but their name: they are counted, not named.
KEYED_BY_NAME = frozenset({FindingKind.EMPTY_CODE})
RESERVE = timedelta(seconds=90)  # of the function's time: for a last call, and for sending what is left
MOST_PARTS_IN_VAIN = 10  # parts of a run that change nothing; then the schedule's next run goes on


class Synced(StrEnum):
    """What became of a request."""

    DONE = "done"
    CONTINUED = "continued"
    GIVEN_UP = "given_up"
    NOTHING_SELECTED = "nothing_selected"
    UNKNOWN_COMPANY = "unknown_company"
    RECONNECT = "reconnect"
    SETTINGS = "settings"


def run_sync(request: SyncRequest, services: Services) -> Synced:
    """Sync the lists of the request that the company's settings select. Raises what a list has failed by, once the
    others are done: TryAgain, and what no one foresaw."""
    logger.append_keys(run_id=request.run_id, sync_reason=request.reason, part=request.part)
    connection = services.connections.get(request.company_id)
    if connection is None:
        logger.warning("sync dropped: company not connected")
        return Synced.UNKNOWN_COMPANY
    try:
        settings = connection.settings.sync
        selected = selected_lists(settings)
        lists = {each: each in settings.lists for each in LIST_ORDER if each in request.lists and each in selected}
        return _run(lists, request, services)
    except NotOurs:
        return Synced.UNKNOWN_COMPANY
    except Disconnected as ended:
        logger.warning("sync dropped: a person has to connect again", extra={"reason": str(ended)})
        return Synced.RECONNECT
    except InvalidSettings:
        logger.warning("sync dropped: the settings no longer fit this version")
        return Synced.SETTINGS


def _run(lists: Mapping[LedgerList, bool], request: SyncRequest, services: Services) -> Synced:
    """Sync the lists; those that the settings do not choose lose at Pleo what an earlier choice has made."""
    left: list[LedgerList] = []
    changed, wait, failed = 0, 0, list[PleoExportError]()
    for each, chosen in lists.items():
        if services.time_left() < RESERVE:
            left.append(each)
            continue
        try:
            result = _sync_list(each, request, services, selected=chosen)
        except (NotOurs, Disconnected, InvalidSettings):
            raise
        except PleoExportError as error:
            failed.append(error)
            continue
        changed += sum(result.applied.values())
        if not result.finished:
            left.append(each)
            wait = max(wait, result.wait)
    if failed:
        raise failed[0]
    if not lists:
        return Synced.NOTHING_SELECTED
    return _continue(left, request, services, wait, in_vain=not changed) if left else Synced.DONE


def _continue(
    left: Sequence[LedgerList], request: SyncRequest, services: Services, wait: int, *, in_vain: bool
) -> Synced:
    """Send what is left again; a message of a FIFO queue cannot be delayed, so wait here, as long as there is time."""
    if in_vain and request.part + 1 >= MOST_PARTS_IN_VAIN:
        logger.warning("sync given up until its next time", extra={"lists": list(left)})
        return Synced.GIVEN_UP
    pause = min(timedelta(seconds=wait), services.time_left() - RESERVE)
    if pause > timedelta():
        services.sleep(pause.total_seconds())
    following = request.next_part(tuple(left))
    services.sync_queue.send(following, once_per=f"{request.company_id}-{request.run_id}-{following.part}")
    logger.info("sync goes on", extra={"lists": list(left)})
    return Synced.CONTINUED


def _sync_list(synced: LedgerList, request: SyncRequest, services: Services, *, selected: bool) -> SyncResult:
    """Sync one list and store what became of it. Raises the errors of `pleo_export.errors`."""
    began = services.clock()
    kept = KeptPlans(services, request, synced)
    part = request.model_copy(update={"lists": (synced,)})
    try:
        result = sync_company(part, services, planned=kept.keep, confirmed_before=kept.confirmed)
    except Exception as error:
        known = translate(error)
        services.syncs.put(request.company_id, synced, _failed(request, began, known), services.clock())
        count("SyncsFailed", list=synced.value)
        raise known from None
    kept.keep_findings(result.findings)
    now = services.clock()
    services.syncs.put(request.company_id, synced, _ended(request, began, now, result, selected=selected), now)
    _measure(synced, result, now - began)
    return result


def _failed(request: SyncRequest, began: datetime, error: PleoExportError) -> SyncRun:
    return SyncRun(request.run_id, request.reason, began, request.part, failure=type(error).__name__)


def _ended(request: SyncRequest, began: datetime, now: datetime, result: SyncResult, *, selected: bool) -> SyncRun:
    kinds = [each.kind for each in result.findings]
    good = result.finished and not NOT_IN_STEP.intersection(kinds) and _is_whole(request)
    return SyncRun(
        run_id=request.run_id,
        reason=request.reason,
        started_at=began,
        part=request.part,
        ended_at=now if result.finished else None,
        changes={action.word: number for action, number in result.applied.items()},
        findings=_by_kind(result),
        found=tuple((each.kind.value, each.key) for each in result.findings if each.kind not in KEYED_BY_NAME),
        plans=tuple(map(_summary, sorted(result.plans, key=lambda plan: not plan.waits))),
        confirmed=request.confirm,
        good_at=now if good else None,
        selected=selected,
    )


def _is_whole(request: SyncRequest) -> bool:
    """Whether the run is over all of a list: of one dimension or vendor it says nothing of the others."""
    return request.dimension is None and request.vendor_id is None


def _summary(plan: SyncPlan) -> SyncedPlan:
    return SyncedPlan(plan.hash, plan.group, len(plan.steps), len(plan.held_back) if plan.waits else 0)


def _by_kind(result: SyncResult) -> dict[str, int]:
    return dict(Counter(each.kind.value for each in result.findings))


def _measure(synced: LedgerList, result: SyncResult, duration: timedelta) -> None:
    for action, number in result.applied.items():
        count("SyncChanges", number, list=synced.value, action=action.word)
    for kind, number in _by_kind(result).items():
        count("SyncFindings", number, list=synced.value, finding=kind)
    count("SyncsHeldBack", sum(each.waits for each in result.plans))
    measure_seconds("SyncSeconds", duration.total_seconds(), list=synced.value)
    logger.info(
        "list synced",
        extra={
            "list": synced.value,
            "finished": result.finished,
            "changes": {action.word: number for action, number in result.applied.items()},
            "findings": _by_kind(result),
        },
    )
