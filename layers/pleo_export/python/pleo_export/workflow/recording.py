"""The company's desk: looks for what is there, creates what is missing, and says what became of each item."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pleo_export.accounting.errors import AccountingError, OutcomeUnknown, PeriodClosed, RateLimited, Unavailable
from pleo_export.accounting.port import AccountingSystem, DocumentRef, Outcome, State
from pleo_export.bookkeeping.documents import Document, Kind
from pleo_export.bookkeeping.periods import next_posting_date, shifted
from pleo_export.errors import ItemRejected, NotOurs
from pleo_export.settings import Posting as PostingSetting
from pleo_export.state.connections import Connection
from pleo_export.state.jobs import ItemResult
from pleo_export.state.pens import Pen
from pleo_export.state.postings import Posting
from pleo_export.workflow.attachments import NO_FILES, Files, ReceiptDesk
from pleo_export.workflow.candidates import Candidate
from pleo_export.workflow.events import ChunkRun
from pleo_export.workflow.last_words import OUTCOME_UNKNOWN
from pleo_export.workflow.recovery import Action, Decision, Situation, decide_all, too_late
from pleo_export.workflow.runtime import Runtime

# Some items of a batch met an accounting system that was away: a pause before the next try.
UNAVAILABLE_PAUSE = timedelta(seconds=15)
SHORTEST_PAUSE = timedelta(seconds=1)
# Nothing new is begun with less than this left of the function's time: fetching one expense's files may take a minute.
RESERVE = timedelta(seconds=90)
DISK_RESERVE = 512 * 1024 * 1024  # bytes: one expense's files, and what is made of them


@dataclass(frozen=True)
class Wait:
    """An item that has to wait for `time`; `otherwise` is its result if the job has no time for that."""

    time: timedelta
    otherwise: ItemResult

    @property
    def entry_id(self) -> str:
        return self.otherwise.entry_id


# Each item of a chunk ends with a result, or has to wait.
Settled = ItemResult | Wait


@dataclass(frozen=True)
class Case:
    """A candidate, what we knew of it, what to do, and which of its documents are there already, by reference."""

    candidate: Candidate
    posting: Posting | None
    decision: Decision
    found: Mapping[str, DocumentRef]

    @property
    def entry_id(self) -> str:
        return self.candidate.entry_id

    def missing(self, documents: Iterable[Document]) -> list[Document]:
        return [each for each in documents if each.reference not in self.found]


@dataclass
class Work:
    """A case under way: its files, our intent to create something, and what became of each of its documents.
    `unposted`: why one that is there is still a draft."""

    case: Case
    files: Files = NO_FILES
    intent: Posting | None = None
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    unposted: AccountingError | None = None
    refusal: ItemRejected | None = None
    warnings: tuple[str, ...] = ()

    @property
    def booked(self) -> bool:
        return isinstance(self.outcomes.get(self.case.candidate.main.reference), DocumentRef)

    @property
    def main(self) -> Outcome:
        return self.outcomes[self.case.candidate.main.reference]

    @property
    def first_fault(self) -> AccountingError | None:
        """Of the documents in their order."""
        asked = (self.outcomes.get(each.reference) for each in self.case.candidate.booking.documents)
        return next((each for each in asked if isinstance(each, AccountingError)), self.unposted)


@dataclass(frozen=True)
class Desk:
    """One company's books, opened for one chunk."""

    run: ChunkRun
    runtime: Runtime
    connection: Connection
    system: AccountingSystem
    pen: Pen

    @classmethod
    def open(cls, run: ChunkRun, runtime: Runtime, pen: Pen) -> Desk:
        connection = runtime.connection(run.company_id)
        return cls(run, runtime, connection, runtime.accounting_system(connection), pen)

    @property
    def wanted(self) -> State:
        return State.POSTED if self.connection.settings.posting is PostingSetting.POSTED else State.DRAFT

    @property
    def _receipts(self) -> ReceiptDesk:
        return ReceiptDesk(self.run, self.runtime, self.connection, self.system)

    def record(self, candidates: Sequence[Candidate]) -> Iterator[Settled]:
        """Raises AccountingError when something holds for all items that are not settled yet."""
        cases = self._investigate(candidates)
        if self.runtime.clock() >= self.run.deadline:
            cases = [replace(case, decision=too_late(case.decision)) for case in cases]
        to_do: list[Case] = []
        for case in cases:
            match case.decision.action:
                case Action.FAIL:
                    yield _unsuccessful(case)
                case Action.WAIT:
                    yield Wait(case.decision.wait, _unsuccessful(case))
                case _:
                    to_do.append(case)
        while to_do:
            with tempfile.TemporaryDirectory() as folder:
                batch, rejected, to_do = self._assemble(to_do, Path(folder))
                yield from rejected
                if not batch and not rejected:  # out of the function's time: the state machine calls again
                    yield from (Wait(SHORTEST_PAUSE, _unknown(case.entry_id)) for case in to_do)
                    return
                yield from self._carry_out(batch)

    # Looking

    def _investigate(self, candidates: Sequence[Candidate]) -> list[Case]:
        """Ask our records and the accounting system, one search for all; again for items that need a new revision."""
        cases: list[Case] = []
        while candidates:
            postings = self.runtime.postings.get_many(
                self.run.company_id, {each.entry_id: each.revision for each in candidates}
            )
            found = self.system.find_many(
                [document.reference for each in candidates for document in each.booking.documents]
            )
            looked_at = [self._case(each, postings.get(each.entry_id), found) for each in candidates]
            cases += [case for case in looked_at if case.decision.action is not Action.NEXT_REVISION]
            candidates = [
                case.candidate.revised() for case in looked_at if case.decision.action is Action.NEXT_REVISION
            ]
        return cases

    def _case(self, candidate: Candidate, posting: Posting | None, found: Mapping[str, Outcome]) -> Case:
        situation = Situation(
            item_status=candidate.item_status,
            posting=posting,
            found=found.get(candidate.main.reference),
            job_id=self.run.job_id,
            fingerprint=candidate.fingerprint,
            now=self.runtime.clock(),
            settle_time=self.runtime.settle_time,
        )
        decision = decide_all(situation, [found.get(each.reference) for each in candidate.further])
        answers = {each.reference: found.get(each.reference) for each in candidate.booking.documents}
        live = {
            reference: each
            for reference, each in answers.items()
            if isinstance(each, DocumentRef) and each.state is not State.VOID
        }
        return Case(candidate, posting, decision, live)

    # Doing

    def _assemble(self, cases: Sequence[Case], folder: Path) -> tuple[list[Work], list[ItemResult], list[Case]]:
        """The next batch with its receipts made ready, those refused for their receipts, and the cases left over."""
        batch: list[Work] = []
        rejected: list[ItemResult] = []
        for number, case in enumerate(cases):
            full = len(batch) == self.system.capabilities.max_batch
            if full or self.runtime.time_left() < RESERVE or shutil.disk_usage(folder).free < DISK_RESERVE:
                return batch, rejected, list(cases[number:])
            own = folder / str(number)
            own.mkdir()
            try:
                batch.append(Work(case, self._receipts.prepare(case.candidate, own)))
            except ItemRejected as error:
                rejected.append(ItemResult(case.entry_id, failure=error.failure, reason=error.reason))
        return batch, rejected, []

    def _carry_out(self, batch: Sequence[Work]) -> Iterator[Settled]:
        """The main documents, wholly; then what belongs to them; then our notes, before anything is said."""
        for work in batch:
            work.outcomes.update(work.case.found)
        self._intend([work for work in batch if work.case.missing(work.case.candidate.booking.documents)])
        self._create(batch, [(work, work.case.candidate.main) for work in batch])
        self._attach(batch)
        self._finalise(batch, [work.case.candidate.main for work in batch])
        booked = [work for work in batch if work.booked and not work.unposted]
        further = [(work, document) for work in booked for document in work.case.candidate.further]
        self._create(booked, further)
        self._finalise(booked, [document for _, document in further])
        self._note(batch)
        for work in batch:
            yield self._said(work)

    def _intend(self, batch: Sequence[Work]) -> None:
        for work in batch:
            work.intent = self._intent(work.case.candidate)
        intents = [(work.intent, work.case.posting) for work in batch if work.intent]
        if not self.runtime.postings.intend(self.pen, intents):
            raise NotOurs(f"another run or call is recording items of job {self.run.job_id}")

    def _intent(self, candidate: Candidate) -> Posting:
        return Posting(
            company_id=self.run.company_id,
            entry_id=candidate.entry_id,
            revision=candidate.revision,
            reference=candidate.main.reference,
            fingerprint=candidate.fingerprint,
            job_id=self.run.job_id,
            intended_at=self.runtime.clock(),
        )

    def _create(self, batch: Sequence[Work], documents: Sequence[tuple[Work, Document]]) -> None:
        missing = [(work, each) for work, each in documents if each.reference not in work.case.found]
        for state in State.DRAFT, State.POSTED:
            chosen = [(work, each) for work, each in missing if self._first_state(work, each) is state]
            size = self.system.capabilities.max_batch
            for start in range(0, len(chosen), size):
                try:
                    self._record(chosen[start : start + size], state)
                except AccountingError:
                    if not any(work.booked for work in batch):
                        raise
                    # Else each item says what is in the books by now, and what is not (promise 2).

    def _first_state(self, work: Work, document: Document) -> State:
        """Files come first where a posted document takes none any more (R-5d.11)."""
        takes = self.system.capabilities
        waits = work.files.attachments and not takes.attach_to_posted and document.kind in takes.drafts
        return State.DRAFT if waits and document is work.case.candidate.main else self.wanted

    def _record(self, documents: Sequence[tuple[Work, Document]], state: State) -> None:
        try:
            self._record_once(documents, state)
            if moved := self._redated(documents):
                self._record_once(moved, state)
        except AccountingError as error:
            for work, document in documents:
                if not isinstance(work.outcomes.get(document.reference), DocumentRef | OutcomeUnknown):
                    work.outcomes[document.reference] = error
                self._withdraw_unbooked(work, error)
            raise
        for work, _ in documents:
            self._withdraw_unbooked(work)

    def _record_once(self, documents: Sequence[tuple[Work, Document]], state: State) -> None:
        outcomes = self.system.record_many([each for _, each in documents], state)
        for work, each in documents:
            work.outcomes[each.reference] = outcomes[each.reference]

    def _redated(self, documents: Sequence[tuple[Work, Document]]) -> list[tuple[Work, Document]]:
        """Those refused for their period, on the one other date that the company allows (R-5e.3, R-5e.8)."""
        settings = self.connection.settings
        today = self.runtime.clock().astimezone(ZoneInfo(settings.time_zone)).date()
        moved = []
        for work, document in documents:
            if not isinstance(work.outcomes[document.reference], PeriodClosed):
                continue
            next_open = self.system.next_open_date(document.posting_date)
            to = next_posting_date(settings, document.posting_date, today, next_open)
            if to is not None:
                moved.append((work, shifted(document, to, self.system.capabilities.text_length)))
                note = f"Posted on {to}: the period of {document.posting_date} is closed."
                work.warnings = (*work.warnings, note)
        return moved

    def _withdraw_unbooked(self, work: Work, error: AccountingError | None = None) -> None:
        """Forget the intent of which nothing came for certain. Where something is booked it stays, and after an
        unknown outcome: only a search may follow."""
        answers = work.outcomes.get(work.case.candidate.main.reference), error
        if work.intent and not any(isinstance(each, DocumentRef | OutcomeUnknown) for each in answers):
            self.runtime.postings.withdraw(work.intent)
            work.intent = None

    def _attach(self, batch: Sequence[Work]) -> None:
        for work in batch:
            if isinstance(work.main, DocumentRef):
                work.refusal, said = self._receipts.attach(work.files, work.main)
                work.warnings = (*work.warnings, *said)

    def _finalise(self, batch: Sequence[Work], documents: Sequence[Document]) -> None:
        """Post what is a draft still: left behind by a crash, or kept open for its files. A crash may also have come
        between posting and reconciling, which finalising makes good."""
        if self.wanted is State.DRAFT:
            return
        wanted = {each.reference for each in documents}
        unfinished = [
            outcome
            for work in batch
            for reference, outcome in work.outcomes.items()
            if reference in wanted and isinstance(outcome, DocumentRef) and _unfinished(work.case, outcome)
        ]
        try:
            finalised = self.system.finalise_many(unfinished) if unfinished else {}
        except AccountingError as error:
            finalised = {each.reference: error for each in unfinished}
        for work in batch:
            for name in work.outcomes.keys() & finalised.keys():
                outcome = finalised[name]
                if isinstance(outcome, DocumentRef):
                    work.outcomes[name] = outcome
                else:  # it is in the books all the same
                    work.unposted = outcome

    # Saying

    def _note(self, batch: Sequence[Work]) -> None:
        """What is in the books; an item with an unknown outcome keeps its intent, which says that too."""
        self.runtime.postings.record_many(
            self._noted(work, work.main)
            for work in batch
            if isinstance(work.main, DocumentRef) and not isinstance(work.first_fault, OutcomeUnknown)
        )

    def _noted(self, work: Work, main: DocumentRef) -> Posting:
        candidate = work.case.candidate
        known = work.intent or work.case.posting or self._intent(candidate)
        payments = (work.outcomes.get(each.reference) for each in candidate.further)
        return replace(
            known,
            job_id=self.run.job_id,
            document_id=main.id,
            document_url=main.url,
            document_number=main.number,
            document_state=main.state,
            payment_ids=tuple(each.id for each in payments if isinstance(each, DocumentRef)),
            open_references=_left_to_reconcile(work.outcomes),
            complete=work.first_fault is None and work.refusal is None,
            recorded_at=known.recorded_at or self.runtime.clock(),
        )

    def _said(self, work: Work) -> Settled:
        entry_id, main, fault = work.case.entry_id, work.main, work.first_fault
        if isinstance(fault, OutcomeUnknown):
            return Wait(self.runtime.settle_time, _unknown(entry_id))
        if fault is not None:
            recorded = f"Recorded as {main.number or main.id}, but: " if isinstance(main, DocumentRef) else ""
            return refused(fault, ItemResult(entry_id, failure=fault.failure, reason=recorded + fault.message))
        if work.refusal:
            return ItemResult(entry_id, failure=work.refusal.failure, reason=work.refusal.reason)
        assert isinstance(main, DocumentRef)  # noqa: S101 - for the type checker: no fault, so it is there
        posting = work.intent or work.case.posting
        return ItemResult(
            entry_id,
            external_id=main.id,
            external_url=main.url,
            exported_at=(posting.recorded_at if posting else None) or self.runtime.clock(),
            warnings=(*work.case.candidate.booking.warnings, *work.warnings),
        )


def _unfinished(case: Case, document: DocumentRef) -> bool:
    adopted = document.reference in case.found
    return document.state is State.DRAFT or (adopted and document.kind is not Kind.JOURNAL_ENTRY)


def _left_to_reconcile(outcomes: Mapping[str, Outcome]) -> tuple[str, ...]:
    """Drafts of bills and payments: a person will post them, and nothing settles them then (see reconcile_drafts)."""
    held = (each for each in outcomes.values() if isinstance(each, DocumentRef))
    drafts = (each for each in held if each.state is State.DRAFT and each.kind is not Kind.JOURNAL_ENTRY)
    return tuple(each.reference for each in drafts)


def refused(error: AccountingError, failed: ItemResult) -> Settled:
    """What an accounting system's refusal means for an item: to wait, or else its failure."""
    if isinstance(error, RateLimited):
        return Wait(max(timedelta(seconds=error.retry_after), SHORTEST_PAUSE), failed)
    if isinstance(error, Unavailable):
        return Wait(UNAVAILABLE_PAUSE, failed)
    return failed


def _unsuccessful(case: Case) -> ItemResult:
    return ItemResult(case.entry_id, failure=case.decision.failure, reason=case.decision.reason)


def _unknown(entry_id: str) -> ItemResult:
    return ItemResult(entry_id, failure=OutcomeUnknown.failure, reason=OUTCOME_UNKNOWN)
