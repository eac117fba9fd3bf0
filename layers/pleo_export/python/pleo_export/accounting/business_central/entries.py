"""Recording and posting what is a document in a journal: entries and payments.

What is to be posted goes to a journal of its own, drafts for people go to one journal that is always the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pleo_export.accounting.business_central.attachments import BusinessCentralFiles, KeptFile
from pleo_export.accounting.business_central.batches import (
    GENERAL,
    PAYMENTS,
    BusinessCentralJournals,
    JournalKind,
)
from pleo_export.accounting.business_central.documents import BusinessCentralDocuments
from pleo_export.accounting.business_central.journal_lines import BusinessCentralLines
from pleo_export.accounting.business_central.posting import BusinessCentralPosting, contra_of, left_as_draft
from pleo_export.accounting.business_central.postings import draft_groups
from pleo_export.accounting.business_central.rest import RefusedChange, Row
from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.errors import (
    AccountingError,
    KeptAsDraft,
    OutcomeUnknown,
)
from pleo_export.accounting.port import DocumentOutcome, DocumentRef, DocumentState
from pleo_export.failures.connection import LEDGER_IN_DOUBT

FILES_LOST = (
    "The files of its draft could not all be attached to the posted entry in {ledger}: look for what people had added."
)


class BusinessCentralEntries:
    """Records and posts documents in journals. Every method raises AccountingError."""

    def __init__(
        self,
        journals: BusinessCentralJournals,
        lines: BusinessCentralLines,
        documents: BusinessCentralDocuments,
        files: BusinessCentralFiles,
    ) -> None:
        self._journals = journals
        self._lines = lines
        self._documents = documents
        self._files = files
        self._posting = BusinessCentralPosting(journals, lines, documents)

    def record(
        self,
        kind: JournalKind,
        lines: Mapping[str, Sequence[Row]],
        state: DocumentState,
        contra: str | None = None,
    ) -> dict[str, DocumentOutcome]:
        """Record documents from their lines, as drafts or posted. Raises an error of `CONNECTION` only while nothing is
        recorded."""
        if not lines:
            return {}
        draft = state is DocumentState.DRAFT
        journal = self._journals.drafts() if draft else self._journals.make(kind, list(lines), contra)
        filled = self._lines.fill(kind, journal, lines, new=not draft)
        outcomes: dict[str, DocumentOutcome] = dict(filled.errors)
        in_doubt = any(isinstance(error, OutcomeUnknown) for error in filled.errors.values())
        if draft:
            return outcomes | {each: self._made(each, lines[each]) for each in filled.created}
        if in_doubt:
            unknown = OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE))
            return outcomes | dict.fromkeys(filled.created, left_as_draft(unknown))
        outcomes |= self._posting.post_new(kind, journal, {each: lines[each] for each in filled.created})
        return outcomes

    def post_drafts(self, drafts: Sequence[DocumentRef]) -> dict[str, DocumentOutcome]:
        """Post drafts that are in journals already. Raises AccountingError while nothing is posted."""
        if not drafts:
            return {}
        wanted = {each.reference: each for each in drafts}
        held = self._documents.held(list(wanted))
        outcomes: dict[str, DocumentOutcome] = {}
        journals: dict[tuple[JournalKind, str], list[str]] = {}
        for reference in wanted:
            groups = draft_groups(held[reference].drafts, reference)
            if len(groups) != 1:
                outcomes |= self._posting.without_draft(reference, held)
                continue
            kind = PAYMENTS if "vendorNumber" in groups[0][0] else GENERAL
            journals.setdefault((kind, str(groups[0][0]["journalId"])), []).append(reference)
        for (kind, journal), references in journals.items():
            try:
                outcomes |= self._post_in(kind, journal, {each: held[each].drafts for each in references})
            except AccountingError as error:
                if not outcomes:
                    raise
                outcomes |= dict.fromkeys(references, error)
        return outcomes

    def delete_draft(self, document: DocumentRef) -> bool:
        """Delete a draft with its lines; return whether there was one."""
        held = self._documents.held([document.reference])
        drafts = held[document.reference].drafts if held else []
        if not drafts:
            return False
        kind = PAYMENTS if "vendorNumber" in drafts[0] else GENERAL
        try:
            self._lines.remove(kind, drafts)
        except RefusedChange as refusal:
            raise refusal.error from None
        return True

    # Posting

    def _post_in(
        self, kind: JournalKind, journal: str, drafts: Mapping[str, Sequence[Row]]
    ) -> dict[str, DocumentOutcome]:
        """Post drafts of one journal: the journal itself if nothing else is in it, else out of a new one."""
        ids = {line["id"] for lines in drafts.values() for line in lines}
        others = self._journals.other_lines(kind, journal, ids)
        if not others:
            return self._posting.post_all(kind, journal, drafts)
        files = {each: self._files.kept(lines) for each, lines in drafts.items()}
        own = self._journals.make(kind, [*drafts, journal], contra_of(next(iter(drafts.values()))))
        first = 1
        for lines in drafts.values():
            try:
                self._lines.move(kind, own, lines, first)
            except RefusedChange as refusal:
                raise refusal.error from None
            first += len(lines)
        outcomes = self._posting.post_all(kind, own, drafts)
        return {each: self._with_files(outcome, files[each]) for each, outcome in outcomes.items()}

    def _with_files(self, outcome: DocumentOutcome, files: Sequence[KeptFile]) -> DocumentOutcome:
        """Attach again what belonged to lines that were moved."""
        document = outcome.document if isinstance(outcome, KeptAsDraft) else outcome
        if not files or not isinstance(document, DocumentRef):
            return outcome
        try:
            self._files.attach(document, files)
        except AccountingError as error:
            if isinstance(outcome, DocumentRef):
                warnings = (*outcome.warnings, FILES_LOST.format(ledger=TITLE))
                return replace(outcome, warnings=warnings, files_lost=error)
        return outcome

    def _made(self, reference: str, lines: Sequence[Row]) -> DocumentRef:
        return self._documents.draft_ref(reference, lines)
