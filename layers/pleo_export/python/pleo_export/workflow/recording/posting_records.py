"""The posting records of a batch: intents before documents are created, the documents before results are reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pleo_export.accounting.errors import OutcomeUnknown
from pleo_export.accounting.port import DocumentRef, DocumentState
from pleo_export.bookkeeping.documents import DocumentKind
from pleo_export.errors import NotOurs
from pleo_export.services.events import JobInput
from pleo_export.services.services import Services
from pleo_export.store.booked import booked_as, on_dates
from pleo_export.store.fencing import FencingToken
from pleo_export.store.postings import Posting
from pleo_export.workflow.recording.progress import ItemPlan, ItemProgress
from pleo_export.workflow.recording.recovery import Action


@dataclass(frozen=True)
class PostingRecords:
    """Writes one job's posting records, for as long as its fencing token is the latest (promise 1). Each names the
    version of the settings (None: not known) and of the code that made it."""

    run: JobInput
    services: Services
    fencing_token: FencingToken
    settings_version: int | None

    def write_intents(self, batch: Sequence[ItemProgress]) -> None:
        """Write an intent for each item of which a document is missing, and keep it in the item's progress; note of the
        others that they are being finished. Raises NotOurs when another run or call is recording, even if nothing is to
        be created."""
        lacking = [progress for progress in batch if progress.plan.missing(progress.plan.documents)]
        for progress in lacking:
            progress.intent = self._intent(progress.plan)
        intents = [(progress.intent, progress.plan.posting) for progress in lacking if progress.intent]
        intents += [
            (replace(progress.plan.posting, finishing_since=self.services.clock()), progress.plan.posting)
            for progress in batch
            if not progress.intent and progress.plan.posting and progress.plan.item.finished_later
        ]
        if not self.services.postings.intend(self.fencing_token, intents):
            raise NotOurs(f"another run or call is recording items of job {self.run.job_id}")

    def save(self, batch: Sequence[ItemProgress]) -> None:
        """Save which documents the ledger holds. An item with an unknown outcome keeps its intent, which says that it
        is in doubt. Raises NotOurs when another run or call has taken over."""
        known = (progress for progress in batch if not isinstance(progress.first_fault, OutcomeUnknown))
        self._save(
            [self._posting_of(progress, progress.main) for progress in known if isinstance(progress.main, DocumentRef)]
        )

    def save_differences(self, plans: Sequence[ItemPlan]) -> None:
        """Save the documents of interrupted items that must not be adopted: the ledger holds them all the same. Raises
        NotOurs when another run or call has taken over."""
        postings = []
        for plan in plans:
            document = plan.decision.document
            if plan.decision.action is Action.FAIL and document and plan.interrupted:
                postings.append(replace(self._posting_of(ItemProgress(plan), document), complete=False))
        self._save(postings)

    def _save(self, postings: Sequence[Posting]) -> None:
        if postings and not self.services.postings.save_many(self.fencing_token, postings):
            raise NotOurs(f"another run or call has taken over job {self.run.job_id}")

    def _intent(self, plan: ItemPlan) -> Posting:
        item, before = plan.item, plan.posting
        return Posting(
            company_id=self.run.company_id,
            entry_id=item.entry_id,
            revision=item.revision,
            reference=item.main.reference,
            fingerprint=item.fingerprint,
            job_id=self.run.job_id,
            intended_at=self.services.clock(),
            booked=booked_as(item.booking.documents),
            settings_version=self.settings_version,
            code_version=self.services.code_version,
            files=before.files if before else (),
            files_left_out=before.files_left_out if before else 0,
        )

    def _posting_of(self, progress: ItemProgress, main: DocumentRef) -> Posting:
        item = progress.plan.item
        known = progress.intent or progress.plan.posting or self._intent(progress.plan)
        same = known.fingerprint == item.fingerprint  # else the ledger holds what an earlier export booked
        booked = known.booked or (booked_as(item.booking.documents) if same else ())
        return replace(
            known.with_files(progress.attached),
            job_id=self.run.job_id,
            document_id=main.id,
            document_url=main.url,
            document_number=main.number,
            document_state=main.state,
            payment_ids=tuple(each.id for each in progress.documents if each is not main),
            open_references=_left_to_reconcile(progress.documents),
            complete=progress.finished,
            finishing_since=self.services.clock() if progress.files_in_doubt else None,
            recorded_at=known.recorded_at or self.services.clock(),
            booked=on_dates(booked, {each.reference: each.date for each in progress.documents}),
        )


def _left_to_reconcile(documents: Sequence[DocumentRef]) -> tuple[str, ...]:
    """Return the drafts of bills and payments: a person posts them later, and nothing reconciles them then (see
    `workflow.reconcile_drafts`)."""
    drafts = (
        each for each in documents if each.state is DocumentState.DRAFT and each.kind is not DocumentKind.JOURNAL_ENTRY
    )
    return tuple(each.reference for each in drafts)
