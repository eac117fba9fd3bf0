"""How each item of a chunk ends: with a result for Pleo, or deferred until the state machine calls again (R-6)."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from pleo_export.accounting.errors import AccountingError, KeptAsDraft, OutcomeUnknown
from pleo_export.accounting.port import DocumentRef
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.failures.export import NO_TIME_TO_FINISH
from pleo_export.failures.openings import NOT_BOOKED, recorded_but, recorded_without_receipts
from pleo_export.services.services import Services
from pleo_export.store.results import ItemResult
from pleo_export.sync.refused_codes import LedgerNames
from pleo_export.workflow.recording.naming import named
from pleo_export.workflow.recording.pauses import SHORTEST_PAUSE, UNAVAILABLE_PAUSE, pause_after
from pleo_export.workflow.recording.progress import InDoubt, ItemPlan, ItemProgress, name_of
from pleo_export.workflow.recording.recovery import Action, Decision, too_late
from pleo_export.workflow.recording.unrecorded import OUTCOME_UNKNOWN

# Faults of the accounting system that pass by themselves.
PASSING = frozenset(
    {
        ItemFailure.ACCOUNTING_SYSTEM_RATE_LIMIT,
        ItemFailure.ACCOUNTING_SYSTEM_UNREACHABLE,
        ItemFailure.ACCOUNTING_SYSTEM_TIMEOUT,
    }
)


class Deferred(NamedTuple):
    """An item that is tried again after `delay`; `result_if_too_late` is its result if the job has no time for that."""

    delay: timedelta
    result_if_too_late: ItemResult

    @property
    def entry_id(self) -> str:
        """The id of the item's accounting entry."""
        return self.result_if_too_late.entry_id


ItemOutcome = ItemResult | Deferred


def outcome_of(progress: ItemProgress, services: Services, names: LedgerNames) -> ItemOutcome:
    """Return how an item ends of which everything was tried that this call could do."""
    entry_id, main, fault = progress.plan.entry_id, progress.main, progress.first_fault
    support = progress.plan.support
    if isinstance(fault, InDoubt):
        final = ItemResult.failed(entry_id, fault.failure, fault.told, support)
        return final if fault.wait is None else Deferred(fault.wait, final)
    if isinstance(fault, OutcomeUnknown):
        unknown = ItemResult.failed(entry_id, OutcomeUnknown.failure, OUTCOME_UNKNOWN, support)
        return Deferred(services.in_doubt_time, unknown)
    if fault is not None:
        told = named(fault, progress.plan.item.item, progress.plan.item.settings, names)
        told = told.after(recorded_but(name_of(main))) if isinstance(main, DocumentRef) else told
        failed = ItemResult.failed(entry_id, fault.failure, told, support)
        return Deferred(progress.retry_files, failed) if progress.retry_files else refused(fault, failed)
    result = _result(progress, services)
    return Deferred(progress.retry_files, result) if progress.retry_files else result


def refused(error: AccountingError, failed: ItemResult) -> ItemOutcome:
    """Return what a refusal means for an item: `failed`, or to try again where the refusal passes by itself."""
    pause = pause_after(error)
    if isinstance(error, KeptAsDraft) and error.failure in PASSING:
        pause = UNAVAILABLE_PAUSE
    return failed if pause is None else Deferred(pause, failed)


def unsuccessful(plan: ItemPlan) -> ItemResult:
    """Return the failure that the decision on an item names."""
    return _failed(plan, plan.decision)


def without_receipts(plan: ItemPlan, error: ItemRejected) -> ItemResult:
    """Return the failure of an item whose receipts are required and could not be prepared (R-5d.9). An earlier try, or
    an earlier export, may have booked it all the same."""
    document = plan.found.get(plan.item.main.reference)
    opening = recorded_without_receipts(name_of(document)) if document else NOT_BOOKED
    return ItemResult.failed(plan.entry_id, error.failure, error.told.after(opening), plan.support)


def not_begun(plan: ItemPlan) -> Deferred:
    """Defer an item for which the function had no time left to the next call, which comes at once."""
    decision = too_late(plan.decision)
    if decision.action is Action.FAIL:
        return Deferred(SHORTEST_PAUSE, _failed(plan, decision))
    told = NO_TIME_TO_FINISH.told(name=name_of(plan.found[plan.item.main.reference]))
    failed = ItemResult.failed(plan.entry_id, ItemFailure.ACCOUNTING_SYSTEM_TIMEOUT, told, plan.support)
    return Deferred(SHORTEST_PAUSE, failed)


def _failed(plan: ItemPlan, decision: Decision) -> ItemResult:
    assert decision.failure is not None and decision.told is not None  # noqa: S101 - for the type checker
    return ItemResult.failed(plan.entry_id, decision.failure, decision.told, plan.support)


def _result(progress: ItemProgress, services: Services) -> ItemResult:
    """Return the result of an item whose documents are all in the ledger as they should be."""
    entry_id = progress.plan.entry_id
    if progress.attachment_error:
        error = progress.attachment_error
        return ItemResult.failed(entry_id, error.failure, error.told, progress.plan.support)
    main, *_ = progress.documents
    posting = progress.intent or progress.plan.posting
    warnings = (warning for document in progress.documents for warning in document.warnings)
    return ItemResult(
        entry_id,
        external_id=main.id,
        external_url=main.url,
        exported_at=(posting.recorded_at if posting else None) or services.clock(),
        warnings=tuple(dict.fromkeys((*progress.plan.item.booking.warnings, *progress.warnings, *warnings))),
    )
