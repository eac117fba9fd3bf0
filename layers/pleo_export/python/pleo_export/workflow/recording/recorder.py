"""Recording the items of a chunk: search for their documents, create the missing ones, return the outcomes."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from pleo_export.accounting.errors import AttachmentRejected
from pleo_export.accounting.kept_lists import forget_all_lists
from pleo_export.accounting.port import AccountingSystem, DocumentRef, DocumentState
from pleo_export.bookkeeping.documents import Document
from pleo_export.call_budget import PlannedCallBudget
from pleo_export.errors import ItemRejected
from pleo_export.failures.receipts import NOT_POSTED_YET
from pleo_export.services.events import ChunkInput
from pleo_export.services.services import Services
from pleo_export.store.connections import Connection
from pleo_export.store.fencing import FencingToken
from pleo_export.store.results import ItemResult
from pleo_export.sync.refused_codes import LedgerNames, names_for
from pleo_export.workflow.recording.creation import DocumentWriter, ItemDocuments
from pleo_export.workflow.recording.foreseen_refusals import without_foreseen_refusals
from pleo_export.workflow.recording.investigation import Investigation, posting_dates
from pleo_export.workflow.recording.outcomes import (
    Deferred,
    ItemOutcome,
    not_begun,
    outcome_of,
    unsuccessful,
    without_receipts,
)
from pleo_export.workflow.recording.posting import DraftPoster
from pleo_export.workflow.recording.posting_records import PostingRecords
from pleo_export.workflow.recording.preparation import PreparedItem
from pleo_export.workflow.recording.progress import ItemPlan, ItemProgress
from pleo_export.workflow.recording.receipts import ReceiptHandler
from pleo_export.workflow.recording.recovery import Action, too_late
from pleo_export.workflow.recording.states import final_state, state_wanted

# Nothing new is begun with less than this left of the function's time: fetching one expense's files may take a minute.
RESERVE = timedelta(seconds=90)
# No further upload is begun with less than this: the rest is for posting, posting records and results. Less than
# RESERVE, so that each call gets something done.
UPLOAD_RESERVE = timedelta(seconds=45)
DISK_RESERVE = 512 * 1024 * 1024  # bytes: one expense's files, and what is made of them


@dataclass(frozen=True)
class BatchRecorder:
    """Records the items of one chunk in one company's accounting system."""

    run: ChunkInput
    services: Services
    connection: Connection
    system: AccountingSystem
    fencing_token: FencingToken
    budget: PlannedCallBudget

    @classmethod
    def for_chunk(cls, run: ChunkInput, services: Services, token: FencingToken) -> BatchRecorder:
        """Return a recorder for a chunk of the company's job. Raises AccountingError if the connection's secret is
        not complete."""
        connection = services.connection(run.company_id)
        if run.chunk == 0:
            forget_all_lists()  # a person may have corrected them since the job before
        system, budget = services.accounting_system(connection), services.call_budget(connection)
        return cls(run, services, connection, system, token, budget)

    def hold_calls(self, items: int) -> None:
        """Take the ledger's calls for so many items, so that none of them has to wait midway. Raises RateLimited."""
        self.budget.hold_for(math.ceil(items / self.system.capabilities.max_batch))

    @property
    def wanted(self) -> DocumentState:
        """The state that the company's settings ask for."""
        return state_wanted(self.connection.settings)

    @property
    def _names(self) -> LedgerNames:
        return names_for(self.run.job_id, self.connection, self.services)

    @property
    def _receipts(self) -> ReceiptHandler:
        return ReceiptHandler(self.run, self.services, self.connection, self.system)

    @property
    def _creation(self) -> DocumentWriter:
        dates = posting_dates(self.connection.settings, self.system, self.services)
        return DocumentWriter(self.services, self.system, self.wanted, dates)

    @property
    def _postings(self) -> PostingRecords:
        return PostingRecords(self.run, self.services, self.fencing_token, self.connection.settings_version)

    def record(self, items: Sequence[PreparedItem]) -> Iterator[ItemOutcome]:
        """Record the items, and yield the outcome of each. Raises AccountingError for an error that holds for all items
        without an outcome so far, and NotOurs when another run or call has taken over."""
        plans = Investigation(self.run, self.services, self.connection.settings, self.system).plans(items)
        if self.services.clock() >= self.run.deadline:
            plans = [replace(plan, decision=too_late(plan.decision)) for plan in plans]
        plans = list(without_foreseen_refusals(plans, self.system, self._names))
        self._postings.save_differences(plans)
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
                    yield from (not_begun(plan) for plan in to_do)
                    return
                yield from self._record_batch(batch)

    def _assemble(
        self, plans: Sequence[ItemPlan], folder: Path
    ) -> tuple[list[ItemProgress], list[ItemResult], list[ItemPlan]]:
        """Return the next batch with its receipts prepared, the results of items refused for their receipts, and the
        plans that are left."""
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
                rejected.append(without_receipts(plan, error))
        return batch, rejected, []

    def _record_batch(self, batch: Sequence[ItemProgress]) -> Iterator[ItemOutcome]:
        """Create and post the main documents, then their payments; save the posting records before any outcome is
        returned."""
        self._postings.write_intents(batch)
        self._create(batch, [(progress, progress.plan.item.main) for progress in batch])
        self._attach(batch)
        self._post(batch, [(progress, progress.plan.item.main) for progress in batch])
        self._note_lost_files(batch)
        booked = [progress for progress in batch if progress.booked and not progress.posting_error]
        further = [(progress, document) for progress in booked for document in progress.plan.item.payments]
        self._create(booked, further)
        self._post(booked, further)
        self._postings.save(batch)
        for progress in batch:
            yield outcome_of(progress, self.services, self._names)

    def _create(self, batch: Sequence[ItemProgress], documents: ItemDocuments) -> None:
        """Create documents whose intents are written. A call that is refused now would leave them in doubt, so it is
        waited for here."""
        with self.budget.waiting_at_most(math.inf):
            self._creation.create(batch, documents)

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
            progress.learn_files(attached)
            if attached.retry and self._would_close(progress, progress.main):
                progress.posting_error = progress.posting_error or AttachmentRejected(NOT_POSTED_YET.told())

    def _note_lost_files(self, batch: Sequence[ItemProgress]) -> None:
        for progress in batch:
            if isinstance(progress.main, DocumentRef) and progress.main.files_lost:
                progress.learn_files(self._receipts.lost(progress.files, progress.main, progress.main.files_lost))

    def _would_close(self, progress: ItemProgress, document: DocumentRef) -> bool:
        """Return whether the main document takes no files once it is posted, and is to be posted."""
        closes = not self.system.capabilities.attach_to_posted and document.state is DocumentState.DRAFT
        return closes and self._to_post(progress, progress.plan.item.main)

    def _post(self, batch: Sequence[ItemProgress], documents: ItemDocuments) -> None:
        if to_post := [document for progress, document in documents if self._to_post(progress, document)]:
            DraftPoster(self.system).post(batch, to_post)

    def _to_post(self, progress: ItemProgress, document: Document) -> bool:
        together = progress.plan.item.booking.documents
        return final_state(document, together, self.system.capabilities, self.wanted) is DocumentState.POSTED
