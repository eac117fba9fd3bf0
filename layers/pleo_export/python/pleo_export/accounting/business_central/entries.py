"""Recording and posting what is a document in a journal: entries and payments.

Business Central posts a journal as a whole, or refuses it as a whole, often for one line of it. The document that is
refused is found by its number or line in the refusal, moved to a journal of its own, and the others are posted; where
the refusal names none, each is posted in a journal of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pleo_export.accounting.business_central.batches import (
    CONNECTION,
    GENERAL,
    PAYMENTS,
    BusinessCentralJournals,
    JournalKind,
)
from pleo_export.accounting.business_central.documents import BusinessCentralDocuments, HeldRows
from pleo_export.accounting.business_central.error_table import POSTING_DATE, words_of
from pleo_export.accounting.business_central.postings import draft_groups
from pleo_export.accounting.business_central.rest import RefusedChange, Row
from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.errors import (
    AccountingError,
    KeptAsDraft,
    OutcomeUnknown,
    PeriodClosed,
    Rejected,
)
from pleo_export.accounting.port import DocumentOutcome, DocumentRef, DocumentState
from pleo_export.accounting.short_key import short_key
from pleo_export.failures.connection import LEDGER_IN_DOUBT
from pleo_export.failures.ledger import ENTRY_DELETED, KEPT_AS_DRAFT, PERIOD_CLOSED, POSTED_WITH_OTHERS_ONLY
from pleo_export.failures.openings import DRAFT_IN_DOUBT, NOT_READ_BACK

_LINE = re.compile(r"'(\d{5,9})'")


class BusinessCentralEntries:
    """Records and posts documents in journals. Every method raises AccountingError."""

    def __init__(self, journals: BusinessCentralJournals, documents: BusinessCentralDocuments) -> None:
        self._journals = journals
        self._documents = documents

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
        filled = self._journals.fill(kind, journal, lines, new=not draft)
        outcomes: dict[str, DocumentOutcome] = dict(filled.errors)
        in_doubt = any(isinstance(error, OutcomeUnknown) for error in filled.errors.values())
        if draft:
            return outcomes | {each: self._made(each, lines[each]) for each in filled.created}
        if in_doubt:
            unknown = OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE))
            return outcomes | dict.fromkeys(filled.created, left_as_draft(unknown))
        outcomes |= self._post_new(kind, journal, list(filled.created))
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
                outcomes |= self._without_draft(reference, held)
                continue
            kind = PAYMENTS if "vendorNumber" in groups[0][0] else GENERAL
            journals.setdefault((kind, str(groups[0][0]["journalId"])), []).append(reference)
        for (kind, journal), references in journals.items():
            try:
                outcomes |= self._post_in(kind, journal, {each: held[each].drafts for each in references}, wanted)
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
            self._journals.remove_lines(kind, drafts)
        except RefusedChange as refusal:
            raise refusal.error from None
        return True

    # Posting

    def _post_in(
        self, kind: JournalKind, journal: str, drafts: Mapping[str, Sequence[Row]], refs: Mapping[str, DocumentRef]
    ) -> dict[str, DocumentOutcome]:
        """Post drafts of one journal: the journal itself if nothing else is in it, else out of a new one."""
        ids = {line["id"] for lines in drafts.values() for line in lines}
        others = self._journals.other_lines(kind, journal, ids)
        if not others:
            return self._post_all(kind, journal, list(drafts))
        outcomes: dict[str, DocumentOutcome] = {}
        for reference, lines in drafts.items():
            if any(line.get("attachments") for line in lines):
                told = POSTED_WITH_OTHERS_ONLY.told(ledger=TITLE, draft=refs[reference].id)
                outcomes[reference] = KeptAsDraft(told, document=refs[reference], cause=Rejected(told))
        movable = {each: lines for each, lines in drafts.items() if each not in outcomes}
        return outcomes | self._singly(kind, movable)

    def _post_new(self, kind: JournalKind, journal: str, references: Sequence[str]) -> dict[str, DocumentOutcome]:
        if not references:
            return {}
        try:
            return self._post_all(kind, journal, references)
        except AccountingError as error:
            return dict.fromkeys(references, left_as_draft(error))

    def _post_all(self, kind: JournalKind, journal: str, references: Sequence[str]) -> dict[str, DocumentOutcome]:
        """Post a journal that holds these documents only. Raises AccountingError if nothing was posted, for a reason
        that is not of one document."""
        try:
            self._journals.post(journal)
        except OutcomeUnknown as unknown:
            return dict.fromkeys(references, unknown)
        except Rejected as refusal:
            return self._without_the_refused(kind, journal, references, refusal)
        return self._read_posted(references)

    def _without_the_refused(
        self, kind: JournalKind, journal: str, references: Sequence[str], refusal: Rejected
    ) -> dict[str, DocumentOutcome]:
        try:
            held = self._documents.held(references)
        except AccountingError as unread:
            return dict.fromkeys(references, left_as_draft(unread))
        drafts = {each: held[each].drafts for each in references if held[each].drafts}
        gone = {each: held for each in references if each not in drafts}
        outcomes: dict[str, DocumentOutcome] = {}
        for each in gone:
            outcomes |= self._without_draft(each, held)
        if len(drafts) == 1:
            (reference,) = drafts
            return outcomes | {reference: self._refused(kind, reference, drafts[reference], refusal)}
        culprit = _culprit(drafts, refusal)
        if culprit is None:
            return outcomes | self._singly(kind, drafts)
        return outcomes | self._set_aside(kind, journal, drafts, culprit, refusal)

    def _set_aside(
        self,
        kind: JournalKind,
        journal: str,
        drafts: Mapping[str, Sequence[Row]],
        culprit: str,
        refusal: Rejected,
    ) -> dict[str, DocumentOutcome]:
        """Move the document that was refused out of the journal, and post the others."""
        rest = [each for each in drafts if each != culprit]
        try:
            own = self._journals.make(kind, [culprit, journal])
            self._journals.move(kind, own, drafts[culprit])
        except (AccountingError, RefusedChange) as failure:
            error = failure.error if isinstance(failure, RefusedChange) else failure
            return dict.fromkeys(drafts, left_as_draft(error))
        held = self._documents.held([culprit])
        outcome = self._refused(kind, culprit, held[culprit].drafts or drafts[culprit], refusal)
        return {culprit: outcome} | self._post_new(kind, journal, rest)

    def _singly(self, kind: JournalKind, drafts: Mapping[str, Sequence[Row]]) -> dict[str, DocumentOutcome]:
        """Post each document in a journal of its own."""
        outcomes: dict[str, DocumentOutcome] = {}
        waiting = dict(drafts)
        while waiting:
            reference, lines = next(iter(waiting.items()))
            try:
                journal = self._journals.make(kind, [reference, str(lines[0]["journalId"])])
                self._journals.move(kind, journal, lines)
                outcomes |= self._post_all(kind, journal, [reference])
            except RefusedChange as refusal:
                outcomes[reference] = self._refused(kind, reference, lines, refusal.error)
            except (OutcomeUnknown, *CONNECTION) as error:
                return outcomes | dict.fromkeys(waiting, left_as_draft(error))
            except AccountingError as error:
                outcomes[reference] = self._refused(kind, reference, lines, error)
            del waiting[reference]
        return outcomes

    def _refused(
        self, kind: JournalKind, reference: str, lines: Sequence[Row], refusal: AccountingError
    ) -> DocumentOutcome:
        """Return the outcome of a draft that is not posted. One whose day is closed is removed, so that it can be
        recorded on another day; else it stays."""
        draft = self._documents.draft_ref(reference, lines)
        if not POSTING_DATE.search(words_of(refusal)):
            return kept_as_draft(draft, refusal)
        period = f"{draft.date:%Y-%m}"
        told = PERIOD_CLOSED.told(period=period, state="closed", ledger=TITLE, on=draft.date.isoformat())
        closed = PeriodClosed(told, on=draft.date, status=refusal.status, code=refusal.code)
        try:
            self._journals.remove_lines(kind, lines)
        except (AccountingError, RefusedChange):
            return kept_as_draft(draft, closed)
        return closed

    # Reading back

    def _read_posted(self, references: Sequence[str]) -> dict[str, DocumentOutcome]:
        try:
            held = self._documents.held(references)
        except AccountingError as error:
            return dict.fromkeys(references, OutcomeUnknown(error.told.after(NOT_READ_BACK)))
        outcomes: dict[str, DocumentOutcome] = {}
        for reference in references:
            found = self._documents.refs(reference, held)
            posted = [each for each in found if each.state is DocumentState.POSTED]
            outcomes[reference] = posted[0] if posted else OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE))
        return outcomes

    def _without_draft(self, reference: str, held: Mapping[str, HeldRows]) -> dict[str, DocumentOutcome]:
        """Return the outcome of what should be one draft: a person may have posted, deleted or copied it."""
        found = self._documents.refs(reference, held)
        live = [each for each in found if each.state is not DocumentState.VOID]
        if len(live) == 1 and live[0].state is DocumentState.POSTED:
            return {reference: live[0]}
        if live:
            told = ENTRY_DELETED.told(ledger=TITLE, what="copied")
        else:
            told = ENTRY_DELETED.told(ledger=TITLE, what="cancelled" if found else "deleted")
        return {reference: Rejected(told)}

    def _made(self, reference: str, lines: Sequence[Row]) -> DocumentRef:
        return self._documents.draft_ref(reference, lines)


def left_as_draft(error: AccountingError) -> OutcomeUnknown:
    """Return the outcome of a draft of which it is not known whether it was posted."""
    return OutcomeUnknown(error.told.after(DRAFT_IN_DOUBT), status=error.status, code=error.code)


def kept_as_draft(document: DocumentRef, cause: AccountingError) -> KeptAsDraft:
    """Return the outcome of a draft that is not posted."""
    told = KEPT_AS_DRAFT.told(ledger=TITLE, draft=document.id, words=cause.told.sentence)
    return KeptAsDraft(told, document=document, cause=cause)


def _culprit(drafts: Mapping[str, Sequence[Row]], refusal: Rejected) -> str | None:
    """Return the document that a refusal of a whole journal names by its number, or by a line; None if none."""
    words = words_of(refusal)
    named = [reference for reference in drafts if short_key(reference) in words]
    if not named:
        numbers = set(_LINE.findall(words))
        named = [
            reference
            for reference, lines in drafts.items()
            if any(str(line["lineNumber"]) in numbers for line in lines)
        ]
    return named[0] if len(named) == 1 else None
