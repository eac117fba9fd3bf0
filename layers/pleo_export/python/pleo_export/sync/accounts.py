"""Accounts: the ledger's chart, from which a bookkeeper chooses an account for each category in Pleo.

An account is known by the ledger's id for it alone; its number and name may change. Only accounts that take entries are
offered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from pleo_export.accounting.lists import LedgerAccount, LedgerList
from pleo_export.batches import in_batches
from pleo_export.pleo.errors import PleoAlreadyExists, PleoForbidden, PleoRefused
from pleo_export.pleo.list_models import (
    MAX_CREATED_ACCOUNTS,
    AccountBatchResult,
    AccountBody,
    AccountUpdate,
    PleoAccount,
)
from pleo_export.sync.context import SyncContext, SyncPart
from pleo_export.sync.diff import Ownership
from pleo_export.sync.elements import ActualElement, DesiredElement, match_key
from pleo_export.sync.plan import SyncAction, SyncPlan, SyncStep, steps_of
from pleo_export.sync.progress import ListProgress
from pleo_export.sync.whole_list import ReadElements, compare, may_begin
from pleo_export.text import visible_code

ALREADY_EXISTS = "EXTERNAL_ID_ALREADY_EXISTS"


def account_parts(context: SyncContext) -> Iterator[SyncPart]:
    """Yield the chart of accounts."""
    yield AccountsPart(context)


@dataclass
class AccountsPart:
    """The chart of accounts."""

    context: SyncContext
    list: LedgerList = LedgerList.ACCOUNTS
    group: str | None = None
    _read: ReadElements = field(default_factory=ReadElements)

    def plan(self) -> SyncPlan:
        """Read the chart of both sides. Raises AccountingError, PleoError."""
        chart = list(self.context.ledger.chart())
        tax_codes = self._tax_codes() if any(each.tax_code for each in chart) else None
        pages = self.context.pleo.accounts(self.context.company_id)
        actual = (_actual(each) for page in pages for each in page)
        plan, self._read = compare(
            self.context, [_desired(each, tax_codes) for each in chart], actual, Ownership(LedgerList.ACCOUNTS)
        )
        return plan

    def apply(self, plan: SyncPlan, progress: ListProgress) -> None:
        """Create a thousand accounts with a call, and change the others one by one."""
        for some in in_batches(steps_of(plan, SyncAction.CREATE), MAX_CREATED_ACCOUNTS):
            self._create(some, progress)
        for step in plan.steps:
            if step.action is not SyncAction.CREATE and may_begin(step, progress):
                call = partial(self.context.pleo.update_account, str(step.id), self._replacement(step))
                progress.attempt(step.action, step.key, call)

    def _tax_codes(self) -> Mapping[str, str] | None:
        """Return Pleo's active tax codes: an account cannot refer to another one. None where Pleo does not tell."""
        try:
            pages = self.context.pleo.tax_codes(self.context.company_id)
            codes = [each.code for page in pages for each in page if each.code and not each.archived]
        except PleoForbidden:
            return None
        return {match_key(code) or "": code for code in codes}

    def _create(self, steps: Sequence[SyncStep], progress: ListProgress) -> None:
        """Pleo refuses a batch as a whole, without saying why, for what it checks before anything else: then each half
        is tried for itself."""
        results: list[AccountBatchResult] = []
        refusals: list[PleoRefused] = []

        def send() -> None:
            bodies = [_body(step) for step in steps]
            results.append(self.context.pleo.create_accounts(self.context.company_id, bodies))

        progress.attempt(SyncAction.CREATE, steps[0].key, send, count=0, refused=refusals.append)
        for result in results:
            _note_result(result, steps, progress)
        if refusals and len(steps) == 1:
            progress.findings.refused(SyncAction.CREATE, steps[0].key, refusals[0])
        elif refusals:
            middle = len(steps) // 2
            self._create(steps[:middle], progress)
            self._create(steps[middle:], progress)

    def _replacement(self, step: SyncStep) -> AccountUpdate:
        fields = self._read.fields_after(step)
        return AccountUpdate(
            name=str(fields["name"]),
            archived=step.action is SyncAction.ARCHIVE,
            code=fields["code"],
            tax_code_external_id=fields["tax_code"],
            metadata=self._read.of(step).metadata,
        )


def _note_result(result: AccountBatchResult, steps: Iterable[SyncStep], progress: ListProgress) -> None:
    """Note what became of each account of a batch: a success can hold failures."""
    progress.applied[SyncAction.CREATE] += len(result.created)
    unanswered = {step.key for step in steps} - {each.external_id for each in result.created}
    for failed in result.failed:
        unanswered.discard(failed.external_id)
        cause = failed.reasons[0] if failed.reasons else "OTHER"
        if ALREADY_EXISTS in failed.reasons:
            taken = PleoAlreadyExists(type=ALREADY_EXISTS)
            progress.note_changed(SyncAction.CREATE, failed.external_id, taken)
        else:
            progress.findings.refused(SyncAction.CREATE, failed.external_id, PleoRefused(type=cause))
    if unanswered:
        progress.compare_again = True


def _desired(account: LedgerAccount, tax_codes: Mapping[str, str] | None) -> DesiredElement:
    """Return an account of the chart. `tax_codes` are Pleo's; None: not known, or the ledger tells none of its
    accounts, and what Pleo has stays."""
    code = visible_code(account.code)
    fields: dict[str, str | None] = {"code": code}
    if tax_codes is not None:
        fields["tax_code"] = tax_codes.get(match_key(account.tax_code) or "")
    return DesiredElement(account.id, code, account.name, account.active and account.postable, fields)


def _actual(account: PleoAccount) -> ActualElement:
    fields = {"name": account.name, "code": account.code, "tax_code": account.tax_code_external_id}
    return ActualElement(
        account.id, account.external_id, account.archived, account.created_at, fields, account.metadata
    )


def _body(step: SyncStep) -> AccountBody:
    return AccountBody(
        external_id=step.key,
        name=str(step.after["name"]),
        code=step.after["code"],
        tax_code_external_id=step.after.get("tax_code"),
    )
