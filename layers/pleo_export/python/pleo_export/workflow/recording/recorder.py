"""The company's desk: looks for what is there, creates what is missing, and says what became of each item."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from pleo_export.accounting.errors import AttachmentRejected, OutcomeUnknown
from pleo_export.accounting.port import AccountingSystem, DocumentRef, State
from pleo_export.bookkeeping.documents import Document, Kind
from pleo_export.errors import ItemFailure, ItemRejected, NotOurs
from pleo_export.services.events import ChunkRun
from pleo_export.services.services import Runtime
from pleo_export.settings import Posting as PostingSetting
from pleo_export.store.connections import Connection
from pleo_export.store.fencing import FencingToken
from pleo_export.store.jobs import ItemResult
from pleo_export.store.postings import Posting
from pleo_export.workflow.recording.creation import DocumentWriter
from pleo_export.workflow.recording.investigation import Investigation, posting_dates
from pleo_export.workflow.recording.preparation import PreparedItem
from pleo_export.workflow.recording.progress import (
    Deferred,
    InDoubt,
    ItemOutcome,
    ItemPlan,
    ItemProgress,
    name_of,
    refused,
    unknown,
    unsuccessful,
)
from pleo_export.workflow.recording.receipts import SHORTEST_PAUSE, ReceiptHandler
from pleo_export.workflow.recording.recovery import Action, too_late

# Nothing new is begun with less than this left of the function's time: fetching one expense's files may take a minute.
RESERVE = timedelta(seconds=90)
# No further upload is begun with less than this: what is left is for posting, notes and results. Less than RESERVE, so
# that each call gets something done.
UPLOAD_RESERVE = timedelta(seconds=45)
DISK_RESERVE = 512 * 1024 * 1024  # bytes: one expense's files, and what is made of them


@dataclass(frozen=True)
class BatchRecorder:
    """One company's books, opened for one chunk."""

    run: ChunkRun
    runtime: Runtime
    connection: Connection
    system: AccountingSystem
    fencing_token: FencingToken

    @classmethod
    def for_chunk(cls, run: ChunkRun, runtime: Runtime, pen: FencingToken) -> BatchRecorder:
        connection = runtime.connection(run.company_id)
        return cls(run, runtime, connection, runtime.accounting_system(connection), pen)

    @property
    def wanted(self) -> State:
        return State.POSTED if self.connection.settings.posting is PostingSetting.POSTED else State.DRAFT

    @property
    def _receipts(self) -> ReceiptHandler:
        return ReceiptHandler(self.run, self.runtime, self.connection, self.system)

    @property
    def _creation(self) -> DocumentWriter:
        dates = posting_dates(self.connection.settings, self.system, self.runtime)
        return DocumentWriter(self.run, self.runtime, self.system, self.fencing_token, self.wanted, dates)

    def record(self, candidates: Sequence[PreparedItem]) -> Iterator[ItemOutcome]:
        """Raises AccountingError when something holds for all items that are not settled yet."""
        cases = Investigation(self.run, self.runtime, self.connection.settings, self.system).plans(candidates)
        if self.runtime.clock() >= self.run.deadline:
            cases = [replace(case, decision=too_late(case.decision)) for case in cases]
        self._save_differences(cases)
        to_do: list[ItemPlan] = []
        for case in cases:
            match case.decision.action:
                case Action.FAIL:
                    yield unsuccessful(case)
                case Action.WAIT:
                    yield Deferred(case.decision.wait, unsuccessful(case))
                case _:
                    to_do.append(case)
        while to_do:
            with tempfile.TemporaryDirectory() as folder:
                batch, rejected, to_do = self._assemble(to_do, Path(folder))
                yield from rejected
                if not batch and not rejected:  # out of the function's time: the state machine calls again
                    yield from (Deferred(SHORTEST_PAUSE, _not_begun(case)) for case in to_do)
                    return
                yield from self._record_batch(batch)

    # Doing

    def _assemble(
        self, cases: Sequence[ItemPlan], folder: Path
    ) -> tuple[list[ItemProgress], list[ItemResult], list[ItemPlan]]:
        """The next batch with its receipts made ready, those refused for their receipts, and the cases left over."""
        batch: list[ItemProgress] = []
        rejected: list[ItemResult] = []
        for number, case in enumerate(cases):
            full = len(batch) == self.system.capabilities.max_batch
            if full or self.runtime.time_left() < RESERVE or shutil.disk_usage(folder).free < DISK_RESERVE:
                return batch, rejected, list(cases[number:])
            own = folder / str(number)
            own.mkdir()
            try:
                batch.append(ItemProgress(case, self._receipts.prepare(case.item, own)))
            except ItemRejected as error:
                rejected.append(_without_receipts(case, error))
        return batch, rejected, []

    def _record_batch(self, batch: Sequence[ItemProgress]) -> Iterator[ItemOutcome]:
        """The main documents, wholly; then what belongs to them; then our notes, before anything is said."""
        creation = self._creation
        creation.write_intents(batch)
        creation.create(batch, [(work, work.plan.item.main) for work in batch])
        self._attach(batch)
        self._post(batch, [work.plan.item.main for work in batch])
        booked = [work for work in batch if work.booked and not work.posting_error]
        further = [(work, document) for work in booked for document in work.plan.item.payments]
        creation.create(booked, further)
        self._post(booked, [document for _, document in further])
        self._save_postings(batch)
        for work in batch:
            yield self._outcome_of(work)

    def _attach(self, batch: Sequence[ItemProgress]) -> None:
        begun = False
        for work in batch:
            if not isinstance(work.main, DocumentRef):
                continue
            if begun and work.files.attachments and self.runtime.time_left() < UPLOAD_RESERVE:
                attached = self._receipts.postponed(work.files, work.main)
            else:
                attached = self._receipts.attach(work.files, work.main)
                begun |= bool(work.files.attachments)
            work.attachment_error, work.retry_files = attached.attachment_error, attached.retry
            work.warnings = (*work.warnings, *attached.warnings)
            if attached.retry and self._would_close(work.main):
                words = "It is not posted, because its receipts are not attached yet. Export it again."
                work.posting_error = work.posting_error or AttachmentRejected(words)

    def _would_close(self, document: DocumentRef) -> bool:
        """Whether posting it would keep its files out for good."""
        closes = self.wanted is State.POSTED and not self.system.capabilities.attach_to_posted
        return closes and document.state is State.DRAFT

    def _post(self, batch: Sequence[ItemProgress], documents: Sequence[Document]) -> None:
        if self.wanted is State.POSTED:
            self._creation.post(batch, documents)

    # Saying

    def _save_differences(self, cases: Sequence[ItemPlan]) -> None:
        """Documents that came of an intent of ours and must not be adopted: they are there all the same."""
        notes = []
        for case in cases:
            document = case.decision.document
            if case.decision.action is Action.FAIL and document and case.interrupted:
                notes.append(replace(self._posting_of(ItemProgress(case), document), complete=False))
        self._save(notes)

    def _save_postings(self, batch: Sequence[ItemProgress]) -> None:
        """What is in the books; an item with an unknown outcome keeps its intent, which says that too."""
        known = (work for work in batch if not isinstance(work.first_fault, OutcomeUnknown))
        self._save([self._posting_of(work, work.main) for work in known if isinstance(work.main, DocumentRef)])

    def _save(self, postings: Sequence[Posting]) -> None:
        if postings and not self.runtime.postings.save_many(self.fencing_token, postings):
            raise NotOurs(f"another run or call has taken over job {self.run.job_id}")

    def _posting_of(self, work: ItemProgress, main: DocumentRef) -> Posting:
        known = work.intent or work.plan.posting or self._creation.intent(work.plan.item)
        return replace(
            known,
            job_id=self.run.job_id,
            document_id=main.id,
            document_url=main.url,
            document_number=main.number,
            document_state=main.state,
            payment_ids=tuple(each.id for each in work.documents if each is not main),
            open_references=_left_to_reconcile(work.documents),
            complete=work.finished,
            recorded_at=known.recorded_at or self.runtime.clock(),
        )

    def _outcome_of(self, work: ItemProgress) -> ItemOutcome:
        entry_id, main, fault = work.plan.entry_id, work.main, work.first_fault
        if isinstance(fault, InDoubt):
            final = ItemResult(entry_id, failure=fault.failure, reason=fault.message)
            return final if fault.wait is None else Deferred(fault.wait, final)
        if isinstance(fault, OutcomeUnknown):
            return Deferred(self.runtime.in_doubt_time, unknown(entry_id))
        if fault is not None:
            recorded = f"Recorded as {name_of(main)}, but: " if isinstance(main, DocumentRef) else ""
            failed = ItemResult(entry_id, failure=fault.failure, reason=recorded + fault.message)
            return Deferred(work.retry_files, failed) if work.retry_files else refused(fault, failed)
        result = self._result(work)
        return Deferred(work.retry_files, result) if work.retry_files else result

    def _result(self, work: ItemProgress) -> ItemResult:
        """Of an item whose documents are all in the books as they should be."""
        entry_id = work.plan.entry_id
        if work.attachment_error:
            return ItemResult(entry_id, failure=work.attachment_error.failure, reason=work.attachment_error.reason)
        main, *_ = work.documents
        posting = work.intent or work.plan.posting
        said = (warning for document in work.documents for warning in document.warnings)
        return ItemResult(
            entry_id,
            external_id=main.id,
            external_url=main.url,
            exported_at=(posting.recorded_at if posting else None) or self.runtime.clock(),
            warnings=tuple(dict.fromkeys((*work.plan.item.booking.warnings, *work.warnings, *said))),
        )


def _without_receipts(case: ItemPlan, error: ItemRejected) -> ItemResult:
    """Under `required`. An earlier try, or export, may have booked the item all the same."""
    document = case.found.get(case.item.main.reference)
    recorded = f"Recorded as {name_of(document)}, but without its receipts: " if document else "Not booked. "
    return ItemResult(case.entry_id, failure=error.failure, reason=recorded + error.reason)


def _not_begun(case: ItemPlan) -> ItemResult:
    """The result of an item that the function's time did not suffice for, if the job has no more."""
    decision = too_late(case.decision)
    if decision.action is Action.FAIL:
        return ItemResult(case.entry_id, failure=decision.failure, reason=decision.reason)
    name = name_of(case.found[case.item.main.reference])
    words = f"Recorded as {name}, but the export ran out of time before it was finished. Export it again."
    return ItemResult(case.entry_id, failure=ItemFailure.ACCOUNTING_SYSTEM_TIMEOUT, reason=words)


def _left_to_reconcile(documents: Sequence[DocumentRef]) -> tuple[str, ...]:
    """Drafts of bills and payments: a person will post them, and nothing settles them then (see reconcile_drafts)."""
    drafts = (each for each in documents if each.state is State.DRAFT and each.kind is not Kind.JOURNAL_ENTRY)
    return tuple(each.reference for each in drafts)
