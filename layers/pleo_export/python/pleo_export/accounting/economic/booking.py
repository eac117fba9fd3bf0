"""Booking drafts by the numbers of their entries: never a whole journal, which may hold other people's drafts.

The answer to a booking says nothing about what was booked, so it is read back. Before a bill is booked, its number is
looked for under the same supplier (R-8.5).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from pleo_export.accounting.economic.documents import EconomicDocuments, HeldVoucher
from pleo_export.accounting.economic.duplicates import similar_bills
from pleo_export.accounting.economic.periods import EconomicPeriods
from pleo_export.accounting.economic.recording import LOOKS, MOST_ENTRIES, PAUSE, EconomicRecording
from pleo_export.accounting.economic.rest import JOURNALS, EconomicRest, failed_by_itself
from pleo_export.accounting.economic.title import TITLE
from pleo_export.accounting.economic.vouchers import begins_with
from pleo_export.accounting.errors import (
    AccountingError,
    KeptAsDraft,
    OutcomeUnknown,
    PeriodClosed,
    PossibleDuplicate,
    Rejected,
)
from pleo_export.accounting.port import DocumentOutcome, DocumentRef, DocumentState
from pleo_export.failures.connection import LEDGER_IN_DOUBT
from pleo_export.failures.ledger import ENTRY_DELETED, KEPT_AS_DRAFT, POSSIBLE_DUPLICATE
from pleo_export.failures.openings import DRAFT_IN_DOUBT

NO_DATES: Mapping[str, date] = {}


class EconomicBooking:
    """Books drafts."""

    def __init__(
        self, rest: EconomicRest, documents: EconomicDocuments, periods: EconomicPeriods, recording: EconomicRecording
    ) -> None:
        self._economic = rest
        self._documents = documents
        self._periods = periods
        self._recording = recording

    def book(
        self, drafts: Sequence[HeldVoucher], *, new: bool, invoiced: Mapping[str, date] = NO_DATES
    ) -> dict[str, DocumentOutcome]:
        """Book the drafts, but for bills that are probably there already. Returns the outcome of each, by reference.
        `new`: they were created just now, so no error says any more that nothing was done. `invoiced` as for
        `similar_bills`. Raises AccountingError only if they are not new and none was booked."""
        try:
            others = similar_bills(self._economic, drafts, invoiced)
        except AccountingError as error:
            if not new:
                raise
            return {each.reference: _left_as_draft(error) for each in drafts}
        outcomes: dict[str, DocumentOutcome] = {
            each.reference: _possible_duplicate(each, others[each.reference])
            for each in drafts
            if each.reference in others
        }
        for portion in _portions([each for each in drafts if each.reference not in others]):
            try:
                outcomes |= self._book(portion)
            except AccountingError as error:
                if not new and not any(isinstance(each, DocumentRef) for each in outcomes.values()):
                    raise
                outcomes |= {each.reference: _left_as_draft(error) for each in portion}
        return {each.reference: outcomes[each.reference] for each in drafts}

    def book_again(self, documents: Sequence[DocumentRef]) -> dict[str, DocumentOutcome]:
        """Book drafts that an earlier run left, with the dimension values that they lack; what a person has booked
        meanwhile is only read. Raises AccountingError while nothing was booked."""
        if not documents:
            return {}
        days = [each.date for each in documents]
        numbers = [int(each.id) for each in documents]
        rows = self._documents.read(numbers, posted=False, first=min(days), last=max(days))
        drafts, gone = list[HeldVoucher](), list[DocumentRef]()
        for each in documents:
            held = rows.get((int(each.id), each.date), [])
            if any(begins_with(row.get("text"), each.reference) for row in held):
                drafts.append(HeldVoucher(each.reference, int(each.id), each.date, False, tuple(held)))
            else:
                gone.append(each)
        self._recording.complete(drafts)
        outcomes = self._read_again(gone) | self.book(drafts, new=False)
        return {each.reference: outcomes[each.reference] for each in documents}

    def _read_again(self, documents: Sequence[DocumentRef]) -> dict[str, DocumentOutcome]:
        if not documents:
            return {}
        found = self._documents.find_many([each.reference for each in documents])
        deleted = Rejected(ENTRY_DELETED.told(ledger=TITLE, what="deleted"))
        return {each.reference: found.get(each.reference, deleted) for each in documents}

    def _book(self, portion: Sequence[HeldVoucher], salt: str = "") -> dict[str, DocumentOutcome]:
        entries = [entry for each in portion for entry in each.entries]
        alone = portion[0].date if len(portion) == 1 else None
        path = f"{JOURNALS}/journals/{portion[0].journal}/bookdraftentries"
        try:
            self._economic.post(path, {"entryNumbers": entries}, "book", on=alone, salt=salt)
        except Rejected as error:
            return self._refused(portion, error)
        except OutcomeUnknown as error:
            if failed_by_itself(error) and not salt and self._none_booked(portion):
                return self._book(portion, salt="+")
            return {each.reference: _left_as_draft(error) for each in portion}
        return self._read_back(portion)

    def _none_booked(self, portion: Sequence[HeldVoucher]) -> bool:
        try:
            return not self._booked(portion)
        except AccountingError:
            return False

    def _refused(self, portion: Sequence[HeldVoucher], error: Rejected) -> dict[str, DocumentOutcome]:
        """Keep a draft that is refused alone; halve a portion. The journal's settings decide whether what balances was
        booked all the same, so that is read first."""
        if isinstance(error, PeriodClosed):
            self._periods.forget()
        try:
            booked = self._booked(portion)
        except AccountingError as unread:
            return {each.reference: _left_as_draft(unread) for each in portion}
        outcomes: dict[str, DocumentOutcome] = dict(booked)
        rest = [each for each in portion if each.reference not in booked]
        if len(portion) == 1:
            return outcomes or dict.fromkeys([portion[0].reference], _kept_as_draft(portion[0], error))
        half = (len(rest) + 1) // 2
        for some in (rest[:half], rest[half:]):
            if some:
                try:
                    outcomes |= self._book(some)
                except AccountingError as later:
                    outcomes |= {each.reference: _left_as_draft(later) for each in some}
        return outcomes

    def _read_back(self, portion: Sequence[HeldVoucher]) -> dict[str, DocumentOutcome]:
        """Return the vouchers that are booked now; e-conomic may show one late."""
        booked: dict[str, DocumentRef] = {}
        doubt: AccountingError = OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE), code="not shown")
        for look in range(LOOKS):
            if look:
                self._economic.pause(PAUSE)
            try:
                booked |= self._booked([each for each in portion if each.reference not in booked])
            except AccountingError as error:
                doubt = error
                break
            if len(booked) == len(portion):
                break
        return {each.reference: booked.get(each.reference) or _left_as_draft(doubt) for each in portion}

    def _booked(self, portion: Sequence[HeldVoucher]) -> dict[str, DocumentRef]:
        """Return those of the vouchers that are booked. Raises AccountingError."""
        days, numbers = [each.date for each in portion], [each.number for each in portion]
        rows = self._documents.read(numbers, posted=True, first=min(days), last=max(days))
        found = {}
        for each in portion:
            held = tuple(rows.get((each.number, each.date), ()))
            if any(begins_with(row.get("text"), each.reference) for row in held):
                found[each.reference] = HeldVoucher(each.reference, each.number, each.date, True, held).ref()
        return found


def _portions(drafts: Sequence[HeldVoucher]) -> Iterator[list[HeldVoucher]]:
    """Split the drafts by their journals, and into as many as one request takes."""
    journals: dict[int, list[HeldVoucher]] = defaultdict(list)
    for each in drafts:
        journals[each.journal].append(each)
    for held in journals.values():
        portion: list[HeldVoucher] = []
        for each in held:
            if portion and sum(len(one.rows) for one in portion) + len(each.rows) > MOST_ENTRIES:
                yield portion
                portion = []
            portion.append(each)
        yield portion


def _left_as_draft(error: AccountingError) -> AccountingError:
    """Return the outcome of a draft of which it is not known whether it was booked."""
    return OutcomeUnknown(error.told.after(DRAFT_IN_DOUBT), status=error.status, code=error.code)


def _kept_as_draft(held: HeldVoucher, cause: AccountingError) -> AccountingError:
    told = KEPT_AS_DRAFT.told(ledger=TITLE, draft=held.number, words=cause.told.sentence)
    return KeptAsDraft(told, document=held.ref(DocumentState.DRAFT), cause=cause)


def _possible_duplicate(held: HeldVoucher, other: str) -> AccountingError:
    cause = PossibleDuplicate(POSSIBLE_DUPLICATE.told(ledger=TITLE, draft=held.number, other=other))
    return KeptAsDraft(cause.told, document=held.ref(DocumentState.DRAFT), cause=cause)
