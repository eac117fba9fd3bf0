"""One run of a sync of a company: each list is read on both sides, compared, and changed at Pleo.

    what goes wrong                               what follows
    ───────────────────────────────────────────   ──────────────────────────────────────────────────────────────────
    the ledger's list cannot be read whole        LIST_INCOMPLETE; nothing of that list is changed; other lists go on
    Pleo's list cannot be read whole              the same
    Pleo refuses one element                      REFUSED; the rest of the list goes on
    409, 404, no answer to a write                both sides are read again and compared, once; then REFUSED
    403                                           SCOPE_MISSING; other lists go on
    Pleo is silent, or takes no more requests     INTERRUPTED; other lists go on; the run is to be sent again
    out of time                                   the run is to be sent again

Nothing is kept to resume a run: the next one finds what is left by comparing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pleo_export.accounting.errors import AccountingError, OutcomeUnknown, RateLimited, Unavailable
from pleo_export.accounting.ledger_list import LedgerList
from pleo_export.failures import sync as sentences
from pleo_export.pleo.errors import (
    PleoError,
    PleoForbidden,
    PleoOutcomeUnknown,
    PleoProtocolError,
    PleoRateLimited,
    PleoUnauthorized,
    PleoUnavailable,
)
from pleo_export.sync.accounts import account_parts
from pleo_export.sync.confirmation import Archive, Confirmation
from pleo_export.sync.context import SyncContext, SyncPart, SyncServices
from pleo_export.sync.findings import ListFindings, cause_of, elements_of
from pleo_export.sync.plan import FindingKind, SyncAction, SyncFinding, SyncPlan
from pleo_export.sync.progress import ListProgress, OutOfTime, SyncClock
from pleo_export.sync.result import SyncResult
from pleo_export.sync.tags import tag_parts
from pleo_export.sync.tax_codes import tax_code_parts
from pleo_export.sync.vendors import vendor_parts

if TYPE_CHECKING:
    from pleo_export.services.messages import SyncRequest

COMPARISONS = 2  # of a list that changes while it is synced
WAIT = 60  # seconds before a run is sent again to a system that did not answer

# In this order: an account refers to its tax code.
_PARTS: Mapping[LedgerList, Callable[[SyncContext, SyncRequest], Iterator[SyncPart]]] = {
    LedgerList.TAGS: lambda context, request: tag_parts(context, request.dimension),
    LedgerList.TAX_CODES: lambda context, _: tax_code_parts(context),
    LedgerList.ACCOUNTS: lambda context, _: account_parts(context),
    LedgerList.VENDORS: lambda context, request: vendor_parts(context, request.vendor_id),
}

LIST_ORDER = tuple(_PARTS)


def sync_company(
    request: SyncRequest,
    services: SyncServices,
    *,
    dry_run: bool = False,
    planned: Callable[[SyncPlan], object] = lambda plan: None,
    confirmed_before: Callable[[], Iterable[Archive]] = tuple,
) -> SyncResult:
    """Bring the lists of a request in step at Pleo, as far as the company's settings select them, and return what was
    done. `dry_run`: only return the plans. `planned` is called with each plan before it is carried out;
    `confirmed_before` gives what an earlier part of the run was confirmed to archive.

    Raises NotOurs (not connected), Disconnected, TryAgain (tokens cannot be refreshed now), InvalidSettings,
    PleoUnauthorized."""
    connection = services.connection(request.company_id)
    clock = SyncClock(services.clock, services.sleep, services.time_left)
    run = _Run(request, clock, dry_run=dry_run, planned=planned)
    try:
        context = SyncContext(
            company_id=connection.company_id,
            settings=connection.settings.sync,
            ledger=services.ledger_lists(connection),
            pleo=services.pleo_lists(connection),
            open_setup=lambda: services.ledger_setup(connection),
            confirmation=Confirmation(request.confirm, confirmed_before),
        )
    except AccountingError as error:
        run.ledger_failed(request.lists, error)
        return run.result()
    run.sync(context)
    return run.result()


@dataclass
class _Run:
    request: SyncRequest
    clock: SyncClock
    dry_run: bool
    planned: Callable[[SyncPlan], object]
    plans: list[SyncPlan] = field(default_factory=list)
    applied: Counter[SyncAction] = field(default_factory=Counter)
    findings: dict[tuple[FindingKind, str, str], SyncFinding] = field(default_factory=dict)
    finished: bool = True
    wait: int = 0

    def sync(self, context: SyncContext) -> None:
        for list_ in _PARTS:
            if list_ in self.request.lists and context.selects(list_):
                try:
                    self._sync_list(list_, context)
                except OutOfTime:
                    self.finished = False
                    return

    def ledger_failed(self, lists: tuple[LedgerList, ...], error: AccountingError) -> None:
        for list_ in lists:
            self._incomplete(ListFindings(list_), error.message)

    def result(self) -> SyncResult:
        return SyncResult(
            run_id=self.request.run_id,
            plans=tuple(self.plans),
            applied=dict(self.applied),
            findings=tuple(self.findings.values()),
            finished=self.finished,
            wait=self.wait,
        )

    def _sync_list(self, list_: LedgerList, context: SyncContext) -> None:
        parts = _PARTS[list_](context, self.request)
        more = True
        while more:
            more = self._noted(list_, None, lambda: self._sync_next(parts))

    def _sync_next(self, parts: Iterator[SyncPart]) -> bool:
        part = next(parts, None)
        return part is not None and self._noted(part.list, part.group, lambda: self._sync_part(part))

    def _noted(self, list_: LedgerList, group: str | None, do: Callable[[], bool]) -> bool:
        """Return what was done returned: whether there is more to do of the list. What goes wrong is a finding, and the
        other parts of the list go on unless a right is missing."""
        findings = ListFindings(list_, group)
        try:
            return do()
        except PleoUnauthorized:
            raise
        except PleoForbidden as error:
            scope = error.scope or "its right"
            findings.note(
                FindingKind.SCOPE_MISSING, list_, sentences.SCOPE_MISSING, list=elements_of(list_), scope=scope
            )
            more = False
        except AccountingError as error:
            self._incomplete(findings, error.message)
            self._send_again_for_a_vendor(error)
            more = group is not None
        except (PleoRateLimited, PleoUnavailable, PleoOutcomeUnknown) as error:
            self._interrupted(findings, error)
            more = group is not None
        except PleoError as error:
            unreadable = isinstance(error, PleoProtocolError)
            cause = "what cannot be read" if unreadable else cause_of(error)
            self._incomplete(findings, f"Pleo answered {cause}.")
            more = group is not None
        self._note(findings.found)
        return more

    def _sync_part(self, part: SyncPart) -> bool:
        """Plan a part and carry it out; once more where Pleo's list turns out to be another one meanwhile."""
        for number in range(1, COMPARISONS + 1):
            plan = self._planned(part)
            if number == 1 or plan.steps:
                self.plans.append(plan)
            self._note(plan.findings)
            if self.dry_run:
                break
            self.planned(plan)
            progress = ListProgress(
                self.clock, self.applied, ListFindings(part.list, part.group), last=number == COMPARISONS
            )
            try:
                part.apply(plan, progress)
                if progress.last:
                    progress.give_up()
            finally:
                if progress.last or not progress.compare_again:
                    self._note(progress.findings.found)
            if not progress.compare_again:
                break
        return True

    def _planned(self, part: SyncPart) -> SyncPlan:
        while True:
            self.clock.check()
            try:
                return part.plan()
            except PleoRateLimited as limited:
                self.clock.wait(limited)

    def _incomplete(self, findings: ListFindings, cause: str) -> None:
        key = findings.group or findings.list
        told = sentences.LIST_INCOMPLETE
        findings.note(FindingKind.LIST_INCOMPLETE, key, told, elements=findings.elements, cause=cause)
        self._note(findings.found)

    def _send_again_for_a_vendor(self, error: AccountingError) -> None:
        """A list has its next time soon; a vendor that was just made in Pleo has none."""
        if self.request.vendor_id is not None and isinstance(error, (RateLimited, Unavailable, OutcomeUnknown)):
            self.finished = False
            self.wait = max(self.wait, error.retry_after if isinstance(error, RateLimited) else WAIT)

    def _interrupted(self, findings: ListFindings, error: PleoError) -> None:
        key = findings.group or findings.list
        told = sentences.INTERRUPTED
        findings.note(FindingKind.INTERRUPTED, key, told, elements=findings.elements, cause=cause_of(error))
        self.finished = False
        self.wait = max(self.wait, error.retry_after if isinstance(error, PleoRateLimited) else WAIT)

    def _note(self, findings: Iterable[SyncFinding]) -> None:
        """Keep each finding once."""
        for each in findings:
            self.findings.setdefault((each.kind, each.list, each.key), each)
