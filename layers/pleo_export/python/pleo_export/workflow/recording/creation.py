"""Creating the missing documents, after their intents are written. An intent is withdrawn only on proof.

What the answers mean for an intent:

| The answer to a document                  | A search then   | The intent                                          |
|-------------------------------------------|-----------------|-----------------------------------------------------|
| recorded, or kept as a draft              | -               | stays, and gets the document's id                   |
| in doubt                                  | -               | stays: only a search may follow (R-8.3)             |
| refused, or nothing was done              | finds nothing   | is withdrawn                                        |
| refused, or nothing was done              | finds it, fails | stays: the item is in doubt                         |
| an unforeseen exception                   | any             | stays: in doubt; the item is tried again by itself  |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from pleo_export.accounting.errors import (
    AccountingError,
    AuthenticationFailed,
    InvalidConfiguration,
    OutcomeUnknown,
    PeriodClosed,
    PermissionDenied,
    RateLimited,
)
from pleo_export.accounting.port import AccountingSystem, DocumentOutcome, DocumentRef, DocumentState
from pleo_export.bookkeeping.documents import Document
from pleo_export.errors import ItemFailure, PleoExportError
from pleo_export.failures.export import FAULT_IN_DOUBT
from pleo_export.failures.openings import IN_DOUBT
from pleo_export.services.services import Services
from pleo_export.workflow.recording.faults import log_fault
from pleo_export.workflow.recording.investigation import find_all
from pleo_export.workflow.recording.pauses import SHORTEST_PAUSE
from pleo_export.workflow.recording.posting_dates import PostingDates, moved
from pleo_export.workflow.recording.progress import InDoubt, ItemProgress
from pleo_export.workflow.recording.states import final_state
from pleo_export.workflow.recording.unrecorded import OUTCOME_UNKNOWN

ItemDocuments = Sequence[tuple[ItemProgress, Document]]
# Errors after which nothing can be written until a person has acted.
STOPPING = AuthenticationFailed, PermissionDenied, InvalidConfiguration


@dataclass(frozen=True)
class DocumentWriter:
    """Creates one company's documents. `wanted` is the state that its settings ask for, draft or posted."""

    services: Services
    system: AccountingSystem
    wanted: DocumentState
    dates: PostingDates

    def create(self, batch: Sequence[ItemProgress], documents: ItemDocuments) -> None:
        """Create the documents that are missing, and note their outcomes in the items' progress. Raises AccountingError
        while nothing of the batch is recorded; after that each item has its own outcome (promise 2)."""
        missing = [(progress, each) for progress, each in documents if each.reference not in progress.plan.found]
        refusal: AccountingError | None = None
        for chosen, state in self._portions(missing):
            try:
                self._record(chosen, state)
            except AccountingError as error:
                refusal = error
                if not any(progress.booked for progress in batch):
                    break
        for progress, each in missing:
            if refusal and each.reference not in progress.outcomes:
                progress.outcomes[each.reference] = refusal
        self._prove(missing)
        if refusal and not any(progress.booked for progress in batch):
            raise refusal

    def _portions(self, documents: ItemDocuments) -> Iterator[tuple[ItemDocuments, DocumentState]]:
        """Split the documents, in their order, into as many as the accounting system takes at once. A document whose
        first try was interrupted goes alone, since it may be what made the whole batch fail."""
        size = self.system.capabilities.max_batch
        for state in DocumentState.DRAFT, DocumentState.POSTED:
            portion: list[tuple[ItemProgress, Document]] = []
            for progress, document in documents:
                if self._first_state(progress, document) is not state:
                    continue
                if portion and (progress.plan.interrupted or len(portion) == size or portion[-1][0].plan.interrupted):
                    yield portion, state
                    portion = []
                portion.append((progress, document))
            if portion:
                yield portion, state

    def _first_state(self, progress: ItemProgress, document: Document) -> DocumentState:
        """Return the state to create a document in: a draft if it takes no receipts once it is posted (R-5d.11)."""
        takes = self.system.capabilities
        waits = progress.files.attachments and not takes.attach_to_posted and document.kind in takes.drafts
        if waits and document is progress.plan.item.main:
            return DocumentState.DRAFT
        return final_state(document, progress.plan.item.booking.documents, takes, self.wanted)

    def _record(self, documents: ItemDocuments, state: DocumentState) -> None:
        try:
            self._record_once(documents, state)
            if again := self._retry_on_open_date(documents):
                self._record_once(again, state)
        except AccountingError as error:
            for progress, document in documents:
                if not isinstance(progress.outcomes.get(document.reference), DocumentRef | OutcomeUnknown):
                    progress.outcomes[document.reference] = error
            raise

    def _record_once(self, documents: ItemDocuments, state: DocumentState) -> None:
        try:
            answers = self.system.record_many([each for _, each in documents], state)
            outcomes = [answers[each.reference] for _, each in documents]
        except PleoExportError:
            raise
        except Exception as error:
            log_fault("batch could not be recorded", error, documents=len(documents))
            self._doubt(documents, error)
            return
        for (progress, each), outcome in zip(documents, outcomes, strict=True):
            progress.learn(each.reference, outcome)

    def _retry_on_open_date(self, documents: ItemDocuments) -> ItemDocuments:
        """Return those that were refused for their period, moved to the one other date that the company allows (R-5e.3,
        R-5e.8)."""
        again = []
        for progress, document in documents:
            if not isinstance(progress.outcomes[document.reference], PeriodClosed):
                continue
            later = self.dates.on_open_date(document)
            if later is not None:
                again.append((progress, later))
                progress.warnings = (*progress.warnings, moved(document.posting_date, later.posting_date))
        return again

    def _doubt(self, documents: ItemDocuments, error: Exception) -> None:
        """Note that each of the documents is in doubt: it may exist, or still appear. One that was tried alone is not
        tried again."""
        found = self._seen(documents) or {}
        for progress, document in documents:
            wait = None if progress.plan.interrupted else self.services.in_doubt_time
            if _live(found.get(document.reference)):
                wait = SHORTEST_PAUSE  # the next search adopts it, with all checks
            told = FAULT_IN_DOUBT.told(fault=type(error).__name__)
            progress.outcomes[document.reference] = InDoubt(told, ItemFailure.UNEXPECTED_FAILURE, wait)

    def _prove(self, documents: ItemDocuments) -> None:
        """Search for what was refused, all at once. What is not found was not created, so its intent is withdrawn; what
        is found, or cannot be searched for, is in doubt."""
        refused = [(progress, each) for progress, each in documents if _refused(progress.outcomes.get(each.reference))]
        if not refused:
            return
        found = self._seen(refused)
        for progress, each in refused:
            error = progress.outcomes[each.reference]
            if isinstance(error, AccountingError) and (found is None or _live(found.get(each.reference))):
                progress.outcomes[each.reference] = self._unproved(error, searched=found is not None)
        for progress in {id(progress): progress for progress, _ in refused}.values():
            if progress.intent and _refused(progress.outcomes[progress.plan.item.main.reference]):
                self.services.postings.withdraw(progress.intent)
                progress.intent = None

    def _unproved(self, error: AccountingError, *, searched: bool) -> InDoubt:
        if searched:
            return InDoubt(OUTCOME_UNKNOWN, OutcomeUnknown.failure, SHORTEST_PAUSE)
        if isinstance(error, STOPPING):  # no waiting for what only a person can change
            return InDoubt(error.told.after(IN_DOUBT), error.failure, None)
        if isinstance(error, RateLimited) and timedelta(seconds=error.retry_after) > self.services.in_doubt_time:
            return InDoubt(error.told.after(IN_DOUBT), error.failure, timedelta(seconds=error.retry_after))
        return InDoubt(OUTCOME_UNKNOWN, OutcomeUnknown.failure, self.services.in_doubt_time)

    def _seen(self, documents: ItemDocuments) -> Mapping[str, DocumentOutcome] | None:
        """Find the documents that the accounting system holds; None if the search failed."""
        try:
            return find_all(self.system, [each.reference for _, each in documents])
        except AccountingError:
            return None
        except PleoExportError:
            raise
        except Exception as error:
            log_fault("documents could not be looked for", error, documents=len(documents))
            return None


def _refused(outcome: DocumentOutcome | None) -> bool:
    return isinstance(outcome, AccountingError) and not isinstance(outcome, OutcomeUnknown)


def _live(outcome: DocumentOutcome | None) -> bool:
    """Return whether a document exists that is not void, also where several have the reference."""
    return outcome is not None and not (isinstance(outcome, DocumentRef) and outcome.state is DocumentState.VOID)
