"""Posting of drafts: those that a crash left behind, and those that were kept open for their files (R-5d.11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pleo_export.accounting.errors import AccountingError, InternalFault
from pleo_export.accounting.port import AccountingSystem, DocumentOutcome, DocumentRef, DocumentState
from pleo_export.bookkeeping.documents import Document, DocumentKind
from pleo_export.errors import PleoExportError
from pleo_export.workflow.recording.faults import log_fault
from pleo_export.workflow.recording.progress import ItemPlan, ItemProgress


@dataclass(frozen=True)
class DraftPoster:
    """Posts the documents of a batch that are not posted, or not reconciled, yet."""

    system: AccountingSystem

    def post(self, batch: Sequence[ItemProgress], documents: Sequence[Document]) -> None:
        """Post those of the documents that are still drafts. Where a crash came between posting and reconciling, this
        reconciles. What was refused just before is not posted again."""
        wanted = {each.reference for each in documents}
        unfinished = [
            outcome
            for progress in batch
            for reference, outcome in progress.outcomes.items()
            if not progress.posting_error
            and reference in wanted
            and isinstance(outcome, DocumentRef)
            and _unfinished(progress.plan, outcome)
        ]
        posted = self._posted(unfinished) if unfinished else {}
        for progress in batch:
            for name in progress.outcomes.keys() & posted.keys():
                outcome = posted[name]
                if isinstance(outcome, DocumentRef):
                    progress.outcomes[name] = outcome
                else:  # the document exists all the same
                    progress.posting_error = outcome

    def _posted(self, documents: Sequence[DocumentRef]) -> Mapping[str, DocumentOutcome]:
        """Post the documents together; after an unforeseen exception, one by one."""
        try:
            answers = self.system.post_many(documents)
            return {each.reference: answers[each.reference] for each in documents}
        except AccountingError as error:
            return {each.reference: error for each in documents}
        except PleoExportError:
            raise
        except Exception as error:
            log_fault("documents could not be posted", error, documents=len(documents))
            if len(documents) == 1:
                return {documents[0].reference: InternalFault(error)}
        answers = {}
        for each in documents:
            answers.update(self._posted([each]))
        return answers


def _unfinished(plan: ItemPlan, document: DocumentRef) -> bool:
    adopted = document.reference in plan.found
    return document.state is DocumentState.DRAFT or (adopted and document.kind is not DocumentKind.JOURNAL_ENTRY)
