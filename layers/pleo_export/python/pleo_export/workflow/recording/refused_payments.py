"""Payments that the ledger would refuse, found before their bills are posted.

Where a payment can only settle a bill that is posted, the bill comes first. If the ledger then refuses the payment, the
expense is told as failed with its bill in the ledger. So it is asked for what it would refuse beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeGuard

from pleo_export.accounting.errors import AccountingError, PeriodClosed, Rejected
from pleo_export.accounting.port import AccountingSystem, SettlementSupport
from pleo_export.workflow.recording.naming import named
from pleo_export.workflow.recording.progress import ItemPlan
from pleo_export.workflow.recording.recovery import Action, Decision

_NEW = frozenset({Action.CREATE, Action.NEXT_REVISION})


def without_refused_payments(plans: Sequence[ItemPlan], system: AccountingSystem) -> Iterator[ItemPlan]:
    """Yield the plans; one of which no document exists fails if a payment of it would be refused. A closed period is
    left to the strategy for it. Raises AccountingError if it cannot be found out."""
    asked = [each for each in plans if _is_new_and_paid(each)] if _bill_first(system) else []
    refusals = system.refusals([document for plan in asked for document in plan.documents]) if asked else {}
    for plan in plans:
        answers = (refusals.get(each.reference) for each in plan.item.payments)
        refusal = next((each for each in answers if _is_final(each)), None)
        if refusal is None:
            yield plan
        else:
            told = named(refusal, plan.item.item, plan.item.settings)
            yield replace(plan, decision=Decision(Action.FAIL, failure=refusal.failure, told=told))


def _bill_first(system: AccountingSystem) -> bool:
    return system.capabilities.settlement is SettlementSupport.BILL_FIRST


def _is_new_and_paid(plan: ItemPlan) -> bool:
    return plan.decision.action in _NEW and not plan.found and bool(plan.item.payments)


def _is_final(answer: AccountingError | None) -> TypeGuard[Rejected]:
    return isinstance(answer, Rejected) and not isinstance(answer, PeriodClosed)
