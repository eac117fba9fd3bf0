"""Items that the ledger would refuse, found before anything of them is written.

Asked for what it would refuse, the ledger answers from the lists that recording reads anyway. So an item whose account,
tax code or tag is closed fails whole, before its intent and its receipts: a bill is not left in the ledger without the
payment that uses a closed account. Where a payment can only settle a bill that is posted, any other refusal of the
payment counts as well.

This never fails a job: what cannot be foreseen is left to the recording itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeGuard

from pleo_export.accounting.errors import (
    AccountingError,
    PeriodClosed,
    Rejected,
    UnknownAccount,
    UnknownDimension,
    UnknownTaxCode,
)
from pleo_export.accounting.port import AccountingSystem, SettlementSupport
from pleo_export.bookkeeping.documents import Document
from pleo_export.errors import PleoExportError
from pleo_export.sync.refused_codes import LedgerNames
from pleo_export.workflow.recording.faults import log_fault
from pleo_export.workflow.recording.naming import named
from pleo_export.workflow.recording.progress import ItemPlan
from pleo_export.workflow.recording.recovery import Action, Decision

_NEW = frozenset({Action.CREATE, Action.NEXT_REVISION})
NOT_ON_THE_LISTS = (UnknownAccount, UnknownTaxCode, UnknownDimension)


def without_foreseen_refusals(
    plans: Sequence[ItemPlan], system: AccountingSystem, names: LedgerNames
) -> Iterator[ItemPlan]:
    """Yield the plans; one of which no document exists fails if one of its documents would be refused for what the
    ledger's lists do not hold, or its payment for anything but a closed period, for which there is a strategy. Raises
    AccountingError if the ledger cannot be asked."""
    asked = [plan for plan in plans if _is_new(plan)]
    refusals = _refusals([document for plan in asked for document in plan.documents], system) if asked else {}
    for plan in plans:
        refusal = next(_final(plan, refusals, system), None) if _is_new(plan) else None
        if refusal is None:
            yield plan
        else:
            told = named(refusal, plan.item.item, plan.item.settings, names)
            yield replace(plan, decision=Decision(Action.FAIL, failure=refusal.failure, told=told))


def _refusals(documents: Sequence[Document], system: AccountingSystem) -> Mapping[str, AccountingError]:
    try:
        return system.refusals(documents)
    except Exception as error:
        if isinstance(error, PleoExportError) and not isinstance(error, Rejected):
            raise
        log_fault("refusals could not be foreseen", error, documents=len(documents))  # recording finds whose they are
        return {}


def _final(plan: ItemPlan, refusals: Mapping[str, AccountingError], system: AccountingSystem) -> Iterator[Rejected]:
    """Yield the refusals that fail the item."""
    bill_first = system.capabilities.settlement is SettlementSupport.BILL_FIRST
    for document in plan.documents:
        refusal = refusals.get(document.reference)
        settles = bill_first and document in plan.item.payments
        if isinstance(refusal, NOT_ON_THE_LISTS) or (settles and _is_final(refusal)):
            yield refusal


def _is_new(plan: ItemPlan) -> bool:
    """Return whether nothing of the item is in the ledger, and no earlier try may still put it there."""
    return plan.decision.action in _NEW and not plan.found and not plan.interrupted


def _is_final(answer: AccountingError | None) -> TypeGuard[Rejected]:
    return isinstance(answer, Rejected) and not isinstance(answer, PeriodClosed)
