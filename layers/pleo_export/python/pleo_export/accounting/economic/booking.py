"""Booking drafts by the numbers of their entries: never a whole journal, which may hold other people's drafts.

The answer to a booking says nothing about what was booked, so it is read back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pleo_export.accounting.economic.documents import EconomicDocuments, HeldVoucher, Key
from pleo_export.accounting.economic.periods import EconomicPeriods
from pleo_export.accounting.economic.recording import LOOKS, MOST_ENTRIES, PAUSE
from pleo_export.accounting.economic.rest import JOURNALS, EconomicRest, Row
from pleo_export.accounting.economic.title import TITLE
from pleo_export.accounting.economic.vouchers import reference_in
from pleo_export.accounting.errors import AccountingError, KeptAsDraft, OutcomeUnknown, PeriodClosed, Rejected
from pleo_export.accounting.port import DocumentOutcome, DocumentRef, DocumentState
from pleo_export.failures.connection import LEDGER_IN_DOUBT
from pleo_export.failures.ledger import ENTRY_DELETED, KEPT_AS_DRAFT
from pleo_export.failures.openings import DRAFT_IN_DOUBT


class EconomicBooking:
    """Books drafts."""

    def __init__(self, rest: EconomicRest, documents: EconomicDocuments, periods: EconomicPeriods) -> None:
        self._economic = rest
        self._documents = documents
        self._periods = periods

    def book(self, drafts: Sequence[HeldVoucher], *, new: bool) -> dict[str, DocumentOutcome]:
        """Book the drafts. Returns the outcome of each, by reference. `new`: they were created just now, so no error
        says any more that nothing was done. Raises AccountingError only if they are not new and none was booked."""
        outcomes: dict[str, DocumentOutcome] = {}
        for portion in _portions(drafts):
            try:
                outcomes |= self._book(portion)
            except AccountingError as error:
                if not new and not outcomes:
                    raise
                outcomes |= {each.reference: _left_as_draft(error) for each in portion}
        return outcomes

    def book_again(self, documents: Sequence[DocumentRef]) -> dict[str, DocumentOutcome]:
        """Book drafts that an earlier run left; what a person has booked meanwhile is only read. Raises AccountingError
        while nothing was booked."""
        if not documents:
            return {}
        days = [each.date for each in documents]
        numbers = [int(each.id) for each in documents]
        rows = self._documents.read(numbers, posted=False, first=min(days), last=max(days))
        drafts, gone = [], []
        for each in documents:
            held = rows.get((int(each.id), each.date), [])
            if any(reference_in(row.get("text")) == each.reference for row in held):
                drafts.append(HeldVoucher(each.reference, int(each.id), each.date, False, tuple(held)))
            else:
                gone.append(each)
        outcomes = self._read_again(gone)
        return outcomes | self.book(drafts, new=False)

    def _read_again(self, documents: Sequence[DocumentRef]) -> dict[str, DocumentOutcome]:
        if not documents:
            return {}
        found = self._documents.find_many([each.reference for each in documents])
        deleted = Rejected(ENTRY_DELETED.told(ledger=TITLE, what="deleted"))
        return {each.reference: found.get(each.reference, deleted) for each in documents}

    def _book(self, portion: Sequence[HeldVoucher]) -> dict[str, DocumentOutcome]:
        entries = [entry for each in portion for entry in each.entries]
        alone = portion[0].date if len(portion) == 1 else None
        path = f"{JOURNALS}/journals/{portion[0].journal}/bookdraftentries"
        try:
            self._economic.post(path, {"entryNumbers": entries}, "book", on=alone)
        except Rejected as error:
            return self._refused(portion, error)
        except OutcomeUnknown as error:
            return self._read_back(portion, error, looks=1)
        return self._read_back(portion, OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE), code="not shown"))

    def _refused(self, portion: Sequence[HeldVoucher], error: Rejected) -> dict[str, DocumentOutcome]:
        """Keep a draft that is refused alone; halve a portion. The journal's settings decide whether what balances was
        booked all the same, so that is read first."""
        if isinstance(error, PeriodClosed):
            self._periods.forget()
        outcomes: dict[str, DocumentOutcome] = {
            reference: outcome
            for reference, outcome in self._read_back(portion, OutcomeUnknown(error.told), looks=1).items()
            if isinstance(outcome, DocumentRef)
        }
        rest = [each for each in portion if each.reference not in outcomes]
        if len(portion) == 1:
            return outcomes or dict.fromkeys([portion[0].reference], _kept_as_draft(portion[0], error))
        if not rest:
            return outcomes
        half = max(1, len(rest) // 2)
        for some in (rest[:half], rest[half:]):
            if some:
                try:
                    outcomes |= self._book(some)
                except AccountingError as later:
                    outcomes |= {each.reference: _left_as_draft(later) for each in some}
        return outcomes

    def _read_back(
        self, portion: Sequence[HeldVoucher], doubt: OutcomeUnknown, looks: int = LOOKS
    ) -> dict[str, DocumentOutcome]:
        """Return the vouchers that are booked now. The others may still be, some time after a lost answer."""
        outcomes: dict[str, DocumentOutcome] = {}
        days = [each.date for each in portion]
        try:
            for look in range(looks):
                if look:
                    self._economic.pause(PAUSE)
                rest = [each for each in portion if each.reference not in outcomes]
                rows = self._documents.read(
                    [each.number for each in rest], posted=True, first=min(days), last=max(days)
                )
                outcomes |= _posted(rest, rows)
                if len(outcomes) == len(portion):
                    break
        except AccountingError:
            pass
        return {each.reference: outcomes.get(each.reference) or _left_as_draft(doubt) for each in portion}


def _posted(portion: Iterable[HeldVoucher], rows: Mapping[Key, Sequence[Row]]) -> dict[str, DocumentOutcome]:
    found: dict[str, DocumentOutcome] = {}
    for each in portion:
        held = tuple(rows.get((each.number, each.date), ()))
        if any(reference_in(row.get("text")) == each.reference for row in held):
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
