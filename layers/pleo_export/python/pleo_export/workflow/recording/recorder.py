"""The company's desk: looks for what is there, creates what is missing, and says what became of each item."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from pleo_export.accounting.errors import AttachmentRejected, OutcomeUnknown
from pleo_export.accounting.port import AccountingSystem, DocumentRef, DocumentState
from pleo_export.bookkeeping.documents import Document, DocumentKind
from pleo_export.bookkeeping.settings import PostingMode
from pleo_export.errors import ItemFailure, ItemRejected, NotOurs
from pleo_export.services.events import ChunkInput
from pleo_export.services.services import Services
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

    run: ChunkInput
    services: Services
    connection: Connection
    system: AccountingSystem
    fencing_token: FencingToken

    @classmethod
    def for_chunk(cls, run: ChunkInput, services: Services, token: FencingToken) -> BatchRecorder:
        connection = services.connection(run.company_id)
        return cls(run, services, connection, services.accounting_system(connection), token)

    @property
    def wanted(self) -> DocumentState:
        return DocumentState.POSTED if self.connection.settings.posting is PostingMode.POSTED else DocumentState.DRAFT

    @property
    def _receipts(self) -> ReceiptHandler:
        return ReceiptHandler(self.run, self.services, self.connection, self.system)

    @property
    def _creation(self) -> DocumentWriter:
        dates = posting_dates(self.connection.settings, self.system, self.services)
        return DocumentWriter(self.run, self.services, self.system, self.fencing_token, self.wanted, dates)

    def record(self, items: Sequence[PreparedItem]) -> Iterator[ItemOutcome]:
        """Raises AccountingError when something holds for all items that are not settled yet."""
        plans = Investigation(self.run, self.services, self.connection.settings, self.system).plans(items)
        if self.services.clock() >= self.run.deadline:
            plans = [replace(plan, decision=too_late(plan.decision)) for plan in plans]
        self._save_differences(plans)
        to_do: list[ItemPlan] = []
        for plan in plans:
            match plan.decision.action:
                case Action.FAIL:
                    yield unsuccessful(plan)
                case Action.WAIT:
                    yield Deferred(plan.decision.wait, unsuccessful(plan))
                case _:
                    to_do.append(plan)
        while to_do:
            with tempfile.TemporaryDirectory() as folder:
                batch, rejected, to_do = self._assemble(to_do, Path(folder))
                yield from rejected
                if not batch and not rejected:  # out of the function's time: the state machine calls again
                    yield from (Deferred(SHORTEST_PAUSE, _not_begun(plan)) for plan in to_do)
                    return
                yield from self._record_batch(batch)

    # Doing

    def _assemble(
        self, plans: Sequence[ItemPlan], folder: Path
    ) -> tuple[list[ItemProgress], list[ItemResult], list[ItemPlan]]:
        """The next batch with its receipts made ready, those refused for their receipts, and the cases left over."""
        batch: list[ItemProgress] = []
        rejected: list[ItemResult] = []
        for number, plan in enumerate(plans):
            full = len(batch) == self.system.capabilities.max_batch
            if full or self.services.time_left() < RESERVE or shutil.disk_usage(folder).free < DISK_RESERVE:
                return batch, rejected, list(plans[number:])
            own = folder / str(number)
            own.mkdir()
            try:
                batch.append(ItemProgress(plan, self._receipts.prepare(plan.item, own)))
            except ItemRejected as error:
                rejected.append(_without_receipts(plan, error))
        return batch, rejected, []

    def _record_batch(self, batch: Sequence[ItemProgress]) -> Iterator[ItemOutcome]:
        """The main documents, wholly; then what belongs to them; then our notes, before anything is said."""
        creation = self._creation
        creation.write_intents(batch)
        creation.create(batch, [(progress, progress.plan.item.main) for progress in batch])
        self._attach(batch)
        self._post(batch, [progress.plan.item.main for progress in batch])
        booked = [progress for progress in batch if progress.booked and not progress.posting_error]
        further = [(progress, document) for progress in booked for document in progress.plan.item.payments]
        creation.create(booked, further)
        self._post(booked, [document for _, document in further])
        self._save_postings(batch)
        for progress in batch:
            yield self._outcome_of(progress)

    def _attach(self, batch: Sequence[ItemProgress]) -> None:
        begun = False
        for progress in batch:
            if not isinstance(progress.main, DocumentRef):
                continue
            if begun and progress.files.attachments and self.services.time_left() < UPLOAD_RESERVE:
                attached = self._receipts.postponed(progress.files, progress.main)
            else:
                attached = self._receipts.attach(progress.files, progress.main)
                begun |= bool(progress.files.attachments)
            progress.attachment_error, progress.retry_files = attached.attachment_error, attached.retry
            progress.warnings = (*progress.warnings, *attached.warnings)
            if attached.retry and self._would_close(progress.main):
                words = "It is not posted, because its receipts are not attached yet. Export it again."
                progress.posting_error = progress.posting_error or AttachmentRejected(words)

    def _would_close(self, document: DocumentRef) -> bool:
        """Whether posting it would keep its files out for good."""
        closes = self.wanted is DocumentState.POSTED and not self.system.capabilities.attach_to_posted
        return closes and document.state is DocumentState.DRAFT

    def _post(self, batch: Sequence[ItemProgress], documents: Sequence[Document]) -> None:
        if self.wanted is DocumentState.POSTED:
            self._creation.post(batch, documents)

    # Saying

    def _save_differences(self, plans: Sequence[ItemPlan]) -> None:
        """Documents that came of an intent of ours and must not be adopted: they are there all the same."""
        notes = []
        for plan in plans:
            document = plan.decision.document
            if plan.decision.action is Action.FAIL and document and plan.interrupted:
                notes.append(replace(self._posting_of(ItemProgress(plan), document), complete=False))
        self._save(notes)

    def _save_postings(self, batch: Sequence[ItemProgress]) -> None:
        """What is in the books; an item with an unknown outcome keeps its intent, which says that too."""
        known = (progress for progress in batch if not isinstance(progress.first_fault, OutcomeUnknown))
        self._save(
            [self._posting_of(progress, progress.main) for progress in known if isinstance(progress.main, DocumentRef)]
        )

    def _save(self, postings: Sequence[Posting]) -> None:
        if postings and not self.services.postings.save_many(self.fencing_token, postings):
            raise NotOurs(f"another run or call has taken over job {self.run.job_id}")

    def _posting_of(self, progress: ItemProgress, main: DocumentRef) -> Posting:
        known = progress.intent or progress.plan.posting or self._creation.intent(progress.plan.item)
        return replace(
            known,
            job_id=self.run.job_id,
            document_id=main.id,
            document_url=main.url,
            document_number=main.number,
            document_state=main.state,
            payment_ids=tuple(each.id for each in progress.documents if each is not main),
            open_references=_left_to_reconcile(progress.documents),
            complete=progress.finished,
            recorded_at=known.recorded_at or self.services.clock(),
        )

    def _outcome_of(self, progress: ItemProgress) -> ItemOutcome:
        entry_id, main, fault = progress.plan.entry_id, progress.main, progress.first_fault
        if isinstance(fault, InDoubt):
            final = ItemResult(entry_id, failure=fault.failure, reason=fault.message)
            return final if fault.wait is None else Deferred(fault.wait, final)
        if isinstance(fault, OutcomeUnknown):
            return Deferred(self.services.in_doubt_time, unknown(entry_id))
        if fault is not None:
            recorded = f"Recorded as {name_of(main)}, but: " if isinstance(main, DocumentRef) else ""
            failed = ItemResult(entry_id, failure=fault.failure, reason=recorded + fault.message)
            return Deferred(progress.retry_files, failed) if progress.retry_files else refused(fault, failed)
        result = self._result(progress)
        return Deferred(progress.retry_files, result) if progress.retry_files else result

    def _result(self, progress: ItemProgress) -> ItemResult:
        """Of an item whose documents are all in the books as they should be."""
        entry_id = progress.plan.entry_id
        if progress.attachment_error:
            return ItemResult(
                entry_id, failure=progress.attachment_error.failure, reason=progress.attachment_error.reason
            )
        main, *_ = progress.documents
        posting = progress.intent or progress.plan.posting
        said = (warning for document in progress.documents for warning in document.warnings)
        return ItemResult(
            entry_id,
            external_id=main.id,
            external_url=main.url,
            exported_at=(posting.recorded_at if posting else None) or self.services.clock(),
            warnings=tuple(dict.fromkeys((*progress.plan.item.booking.warnings, *progress.warnings, *said))),
        )


def _without_receipts(plan: ItemPlan, error: ItemRejected) -> ItemResult:
    """Under `required`. An earlier try, or export, may have booked the item all the same."""
    document = plan.found.get(plan.item.main.reference)
    recorded = f"Recorded as {name_of(document)}, but without its receipts: " if document else "Not booked. "
    return ItemResult(plan.entry_id, failure=error.failure, reason=recorded + error.reason)


def _not_begun(plan: ItemPlan) -> ItemResult:
    """The result of an item that the function's time did not suffice for, if the job has no more."""
    decision = too_late(plan.decision)
    if decision.action is Action.FAIL:
        return ItemResult(plan.entry_id, failure=decision.failure, reason=decision.reason)
    name = name_of(plan.found[plan.item.main.reference])
    words = f"Recorded as {name}, but the export ran out of time before it was finished. Export it again."
    return ItemResult(plan.entry_id, failure=ItemFailure.ACCOUNTING_SYSTEM_TIMEOUT, reason=words)


def _left_to_reconcile(documents: Sequence[DocumentRef]) -> tuple[str, ...]:
    """Drafts of bills and payments: a person will post them, and nothing settles them then (see reconcile_drafts)."""
    drafts = (
        each for each in documents if each.state is DocumentState.DRAFT and each.kind is not DocumentKind.JOURNAL_ENTRY
    )
    return tuple(each.reference for each in drafts)
