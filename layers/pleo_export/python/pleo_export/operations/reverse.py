"""Reverse: undo in the accounting system what was booked for expenses, so that a re-export books a new revision.

    the company's lease -> plan (reads only) -> for each expense: note that the reversal begins -> undo its payments,
    then its document -> note who did it, when, and the counter-entries -> give the lease back, wake the company

From the first note on, no export adopts the documents (`recording.recovery`), whatever happens in between. Running it
again continues: the connector looks for each counter-entry before it makes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from pleo_export.accounting.errors import AccountingError
from pleo_export.accounting.port import AccountingSystem, DocumentRef, DocumentState, PeriodState, ReversalSupport
from pleo_export.bookkeeping.reference import payment_reference
from pleo_export.operations.company_lease import CompanyBusy, company_lease
from pleo_export.services.services import Services
from pleo_export.store.connections import Connection
from pleo_export.store.postings import Posting
from pleo_export.workflow.recording.investigation import find_all, posting_dates

ACT = "reverse"
HOLD = timedelta(minutes=10)  # of the lease, taken again before each expense: one takes some calls


@dataclass(frozen=True)
class DocumentReversal:
    """What is done with one document: deleted (a draft), or undone by an entry of the date `on`; nothing (void)."""

    document: DocumentRef
    on: date


@dataclass(frozen=True)
class ReversalPlan:
    """What reversing one expense does, payments first. `refusal`: why it cannot be done; `done`: there is nothing left
    to do. `posting` is None where we have no record of the expense."""

    entry_id: str
    posting: Posting | None = None
    documents: tuple[DocumentReversal, ...] = ()
    refusal: str | None = None

    @property
    def done(self) -> bool:
        """Whether it has been reversed already."""
        return self.posting is not None and self.posting.reversed_at is not None

    @property
    def possible(self) -> bool:
        """Whether there is something to do that can be done."""
        return self.refusal is None and not self.done


@dataclass(frozen=True)
class ReversalResult:
    """What became of one expense. `error`: why it was not, or not completely, reversed; then run it again."""

    entry_id: str
    posting: Posting | None
    error: str | None = None


@dataclass(frozen=True)
class Reversing:
    """Reverses what was booked for one company. `by` is who does it (an ARN); `on` the date of the counter-entries,
    where the documents' own or the one of the closed-period setting is not wanted."""

    services: Services
    connection: Connection
    system: AccountingSystem
    by: str
    on: date | None = None

    @classmethod
    def of(cls, services: Services, company_id: str, by: str, on: date | None = None) -> Reversing:
        """Return it for the company. Raises NotOurs if it is not connected, and AccountingError."""
        connection = services.connection(company_id)
        return cls(services, connection, services.accounting_system(connection), by, on)

    def plans(self, entry_ids: Sequence[str]) -> list[ReversalPlan]:
        """Return what would be done. Nothing is written. Raises AccountingError if it cannot be found out."""
        return [self._plan(each) for each in entry_ids]

    def carry_out(self, entry_ids: Sequence[str]) -> Iterator[ReversalResult]:
        """Reverse the expenses, and yield what became of each. Raises CompanyBusy."""
        services = self.services
        with company_lease(services, self.connection.company_id, ACT, services.clock(), HOLD) as owner:
            for entry_id in entry_ids:
                self._keep(owner)
                yield self._reverse(self._plan(entry_id))  # planned again: an export may have run before the lease

    def _plan(self, entry_id: str) -> ReversalPlan:
        posting = self.services.postings.latest(self.connection.company_id, entry_id)
        if posting is None:
            refusal = "There is no record that it was booked. Undo it by hand in the accounting system, if it is there."
            return ReversalPlan(entry_id, refusal=refusal)
        plan = ReversalPlan(entry_id, posting)
        if plan.done:
            return plan
        payment = payment_reference(posting.reference, self.system.capabilities.reference_length)
        found = find_all(self.system, [payment, posting.reference])
        held = [each for name in (payment, posting.reference) if (each := found.get(name))]
        for each in held:
            if isinstance(each, AccountingError):
                return replace(plan, refusal=each.message)
        documents = [each for each in held if isinstance(each, DocumentRef)]
        if not documents and not posting.reversal_begun_at:
            return replace(plan, refusal="The accounting system does not hold it: there is nothing to reverse.")
        if self.system.capabilities.reversal is ReversalSupport.NONE:
            return replace(plan, refusal="Entries cannot be reversed over this connection. Void it by hand there.")
        return self._dated(plan, documents)

    def _dated(self, plan: ReversalPlan, documents: Sequence[DocumentRef]) -> ReversalPlan:
        dated = []
        for each in documents:
            on = each.date if each.state is not DocumentState.POSTED else self._date_for(each)
            if on is None:
                name = each.number or each.id
                return replace(
                    plan,
                    refusal=f"The period of {name} ({each.date}) is closed, and the settings name no other date. Give "
                    "one in an open period with --on, or open the period.",
                )
            dated.append(DocumentReversal(each, on))
        return replace(plan, documents=tuple(dated))

    def _date_for(self, document: DocumentRef) -> date | None:
        """Return the date of the counter-entry: the given one, the document's own, or the one that the company's rule
        for closed periods allows."""
        if self.on is not None:
            return self.on
        if self.system.period_state(document.date) in (PeriodState.OPEN, PeriodState.UNKNOWN):
            return document.date
        return posting_dates(self.connection.settings, self.system, self.services).other(document.date)

    def _reverse(self, plan: ReversalPlan) -> ReversalResult:
        posting = plan.posting
        if posting is None or not plan.possible:
            return ReversalResult(plan.entry_id, posting, plan.refusal)
        if posting.reversal_begun_at is None:
            begun = replace(posting, reversal_begun_at=self.services.clock())
            if not self.services.postings.save_reversal(posting, begun):
                return ReversalResult(plan.entry_id, posting, "Its record was changed meanwhile. Run this once more.")
            posting = begun
        try:
            counters = [self.system.reverse(each.document, each.on) for each in plan.documents]
        except AccountingError as error:
            return ReversalResult(plan.entry_id, posting, f"{error.message} Not finished yet: run this once more.")
        ended = replace(
            posting,
            reversed_at=self.services.clock(),
            reversed_by=self.by,
            reversal_ids=tuple(each.id for each in counters if each),
            document_state=DocumentState.VOID,
            open_references=(),
        )
        if not self.services.postings.save_reversal(posting, ended):
            return ReversalResult(plan.entry_id, posting, "Its record was changed meanwhile. Run this once more.")
        return ReversalResult(plan.entry_id, ended)

    def _keep(self, owner: str) -> None:
        """Hold the lease for as long again. Raises CompanyBusy if it has passed to another."""
        company_id, now = self.connection.company_id, self.services.clock()
        mine = self.services.leases.get(company_id)
        ours = mine is not None and mine.owner == owner
        if not ours or not self.services.leases.take(company_id, owner, now, replacing=mine, until=now + HOLD):
            raise CompanyBusy(f"an export of company {company_id} has begun meanwhile: run this once more later")


def booked_entries(services: Services, company_id: str, job_id: str, entry_ids: Sequence[str]) -> list[str]:
    """Return those of a job's expenses that this job has booked, or adopted, last."""
    latest = {each: services.postings.latest(company_id, each) for each in entry_ids}
    return [each for each, posting in latest.items() if posting and posting.job_id == job_id]
