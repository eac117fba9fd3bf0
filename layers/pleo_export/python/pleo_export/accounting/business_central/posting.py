"""Posting journals, so that one document that is refused keeps none of the others back.

Business Central posts a journal as a whole, or refuses it as a whole, often for one line of it. The document that is
refused is found by its number or line in the refusal, moved to a journal of its own, and the others are posted; where
the refusal names none, each is posted in a journal of its own.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pleo_export.accounting.batching import CONNECTION
from pleo_export.accounting.business_central.batches import (
    BusinessCentralJournals,
    JournalKind,
)
from pleo_export.accounting.business_central.documents import BusinessCentralDocuments, HeldRows
from pleo_export.accounting.business_central.entry import draft_lines
from pleo_export.accounting.business_central.error_table import POSTING_DATE, words_of
from pleo_export.accounting.business_central.journal_lines import BusinessCentralLines
from pleo_export.accounting.business_central.postings import entry_amount, posted_document
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
from pleo_export.failures.ledger import ENTRY_DELETED, KEPT_AS_DRAFT, PERIOD_CLOSED
from pleo_export.failures.openings import DRAFT_IN_DOUBT, NOT_READ_BACK

OTHER_VAT = (
    "Booked, but {ledger} computed other VAT than Pleo, so the amounts on {accounts} differ. Compare the VAT posting "
    "setup of its tax code with the tax code in Pleo, and correct the entry in {ledger} if it matters."
)
NO_ACCOUNT = "00000000-0000-0000-0000-000000000000"
_LINE = re.compile(r"'(\d{5,9})'")


class BusinessCentralPosting:
    """Posts journals of our own, with an outcome for each document in them."""

    def __init__(
        self, journals: BusinessCentralJournals, lines: BusinessCentralLines, documents: BusinessCentralDocuments
    ) -> None:
        self._journals = journals
        self._lines = lines
        self._documents = documents

    def post_new(
        self, kind: JournalKind, journal: str, sent: Mapping[str, Sequence[Row]]
    ) -> dict[str, DocumentOutcome]:
        if not sent:
            return {}
        try:
            return self.post_all(kind, journal, sent)
        except AccountingError as error:
            return dict.fromkeys(sent, left_as_draft(error))

    def post_all(
        self, kind: JournalKind, journal: str, sent: Mapping[str, Sequence[Row]]
    ) -> dict[str, DocumentOutcome]:
        """Post a journal that holds these documents only. Raises AccountingError if nothing was posted, for a reason
        that is not of one document."""
        try:
            self._journals.post(journal)
        except OutcomeUnknown as unknown:
            return dict.fromkeys(sent, unknown)
        except Rejected as refusal:
            return self._without_the_refused(kind, journal, list(sent), refusal)
        return self._read_posted(sent)

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
            outcomes |= self.without_draft(each, held)
        if len(drafts) == 1:
            (reference,) = drafts
            return outcomes | {reference: self._refused(kind, reference, drafts[reference], refusal)}
        culprit = _culprit(drafts, refusal)
        if culprit is None:
            return outcomes | self.singly(kind, drafts)
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
        rest = {each: lines for each, lines in drafts.items() if each != culprit}
        try:
            own = self._journals.make(kind, [culprit, journal], contra_of(drafts[culprit]))
            self._lines.move(kind, own, drafts[culprit])
        except (AccountingError, RefusedChange) as failure:
            error = failure.error if isinstance(failure, RefusedChange) else failure
            return dict.fromkeys(drafts, left_as_draft(error))
        held = self._documents.held([culprit])
        outcome = self._refused(kind, culprit, held[culprit].drafts or drafts[culprit], refusal)
        return {culprit: outcome} | self.post_new(kind, journal, rest)

    def singly(self, kind: JournalKind, drafts: Mapping[str, Sequence[Row]]) -> dict[str, DocumentOutcome]:
        """Post each document in a journal of its own."""
        outcomes: dict[str, DocumentOutcome] = {}
        waiting = dict(drafts)
        while waiting:
            reference, lines = next(iter(waiting.items()))
            try:
                journal = self._journals.make(kind, [reference, str(lines[0]["journalId"])], contra_of(lines))
                self._lines.move(kind, journal, lines)
                outcomes |= self.post_all(kind, journal, {reference: lines})
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
            self._lines.remove(kind, lines)
        except (AccountingError, RefusedChange):
            return kept_as_draft(draft, closed)
        return closed

    def _read_posted(self, sent: Mapping[str, Sequence[Row]]) -> dict[str, DocumentOutcome]:
        """Return the documents as they are posted, with a warning where the VAT in them is another than Pleo's."""
        try:
            held = self._documents.held(list(sent))
        except AccountingError as error:
            return dict.fromkeys(sent, OutcomeUnknown(error.told.after(NOT_READ_BACK)))
        outcomes: dict[str, DocumentOutcome] = {}
        for reference, lines in sent.items():
            found = self._documents.refs(reference, held)
            posted = [each for each in found if each.state is DocumentState.POSTED]
            if posted:
                outcomes[reference] = replace(posted[0], warnings=_warnings(reference, lines, held[reference]))
            else:
                outcomes[reference] = OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE))
        return outcomes

    def without_draft(self, reference: str, held: Mapping[str, HeldRows]) -> dict[str, DocumentOutcome]:
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


def contra_of(lines: Sequence[Row]) -> str | None:
    """Return the balancing account of the journal that drafts are in; None if it has none."""
    contra = lines[0].get("contra", NO_ACCOUNT)
    return None if contra == NO_ACCOUNT else str(contra)


def left_as_draft(error: AccountingError) -> OutcomeUnknown:
    """Return the outcome of a draft of which it is not known whether it was posted."""
    return OutcomeUnknown(error.told.after(DRAFT_IN_DOUBT), status=error.status, code=error.code)


def kept_as_draft(document: DocumentRef, cause: AccountingError) -> KeptAsDraft:
    """Return the outcome of a draft that is not posted."""
    told = KEPT_AS_DRAFT.told(ledger=TITLE, draft=document.id, words=cause.told.sentence)
    return KeptAsDraft(told, document=document, cause=cause)


def _warnings(reference: str, lines: Sequence[Row], held: HeldRows) -> tuple[str, ...]:
    """Return what a bookkeeper should know of a posted document: Business Central computes the VAT in it by itself."""
    if any("vendorNumber" in line for line in lines):
        return ()
    sums: dict[str, int] = defaultdict(int)
    for each in (part for line in lines for part in draft_lines(line)):
        sums[each.account] += each.amount
    banks = {line["accountNumber"] for line in lines if str(line["accountType"]).startswith("Bank")}
    for group in posted_document(held.entries, reference).live[:1]:
        for entry in group.entries:
            sums[entry["accountNumber"]] -= entry_amount(entry)
    # What is on a bank account is on the account of its posting group, which the API does not tell.
    other = sorted(account for account, amount in sums.items() if amount and account not in banks)
    if banks:
        other = [account for account in other if any(line["accountNumber"] == account for line in lines)]
    return (OTHER_VAT.format(ledger=TITLE, accounts=", ".join(other)),) if other else ()


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
