"""The documents that e-conomic holds, as the port names them: vouchers whose entries have our reference in their text.

Draft entries cannot be filtered by their text, so all of them are listed; booked ones can. Drafts are looked for in
every journal, since a person may move one. What e-conomic has no notion of is seen from the entries: a posted document
is void once the voucher that undoes it is booked, ours (under its own reference) or one that a person made with the
same text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pleo_export.accounting.economic.filters import MOST_VALUES, among, begins, between, both, either
from pleo_export.accounting.economic.json_numbers import minor
from pleo_export.accounting.economic.periods import day_of
from pleo_export.accounting.economic.rest import BOOKED, DIMENSIONS, JOURNALS, EconomicRest, Row, TargetTooLong
from pleo_export.accounting.economic.title import TITLE
from pleo_export.accounting.economic.vouchers import (
    SUPPLIER_INVOICE,
    SUPPLIER_PAYMENT,
    begins_with,
    dimensions_in,
    reference_in,
)
from pleo_export.accounting.errors import PossibleDuplicate
from pleo_export.accounting.port import DocumentOutcome, DocumentRef, DocumentState
from pleo_export.bookkeeping.documents import DocumentKind
from pleo_export.bookkeeping.reference import reversal_reference
from pleo_export.failures.ledger import RECORDED_TWICE

REFERENCE_LENGTH = 60
DATA = f"{DIMENSIONS}/dimension-data/draft-entries"
WITHOUT_TAGS = (
    "This draft in {ledger} lacks tags, because an export was interrupted. Add them there before you book it, or "
    "delete the draft and export the expense again."
)
DRAFTS, BOOKED_ENTRIES = f"{JOURNALS}/draft-entries", f"{BOOKED}/booked-entries"
_CLAUSES = 100  # conditions in one search; halved where a gateway finds the address too long
Key = tuple[int, date]


@dataclass(frozen=True, slots=True)
class HeldVoucher:
    """A voucher as e-conomic holds it: the rows of its draft entries, or of its booked ones. `reference` is ours."""

    reference: str
    number: int
    date: date
    posted: bool
    rows: tuple[Row, ...]

    @property
    def entries(self) -> list[int]:
        """The numbers of the entries, in their order."""
        return [row["entryNumber"] for row in self.rows]

    @property
    def journal(self) -> int:
        """The number of the journal of a draft."""
        return int(self.rows[0]["journalNumber"])

    @property
    def kind(self) -> DocumentKind:
        """What the types of its entries say."""
        for row in self.rows:
            match row.get("entryTypeNumber", row.get("type")):
                case 3:
                    return DocumentKind.BILL if row["amount"] < 0 else DocumentKind.CREDIT_NOTE
                case 4:
                    return DocumentKind.PAYMENT
        return DocumentKind.JOURNAL_ENTRY

    def ref(self, state: DocumentState | None = None) -> DocumentRef:
        """Return the voucher as the port names it."""
        state = state or (DocumentState.POSTED if self.posted else DocumentState.DRAFT)
        number = None if state is DocumentState.DRAFT else str(self.number)
        return DocumentRef(self.reference, self.kind, str(self.number), number, state, self.date, None)


class EconomicDocuments:
    """Finds and reads vouchers. Every method that calls e-conomic raises AccountingError."""

    def __init__(self, rest: EconomicRest) -> None:
        self._economic = rest
        self._clauses = _CLAUSES

    def find_many(self, references: Collection[str]) -> Mapping[str, DocumentOutcome]:
        """Find the document of each reference that has one. A draft that a crash left without its dimension values has
        a warning: it gets them before it is booked. Two calls, and more for many references or drafts."""
        wanted = {each for each in references if each}
        if not wanted:
            return {}
        undone = {reversal_reference(each, REFERENCE_LENGTH): each for each in wanted}
        drafts = [held for held in self.all_drafts() if held.reference in wanted]
        lacking = {row["entryNumber"] for row in self.missing_dimensions(drafts)}
        booked = self.booked(wanted)
        found: dict[str, list[HeldVoucher]] = defaultdict(list)
        for held in (*drafts, *booked):
            found[held.reference].append(held)
        void = {undone[held.reference] for held in booked if held.reference in undone}
        return {
            reference: _one_document(held, lacking, void=reference in void)
            for reference, held in found.items()
            if reference in wanted
        }

    def all_drafts(self) -> list[HeldVoucher]:
        """Read the drafts of all journals that have a text which can be ours."""
        return _vouchers(self._economic.items(DRAFTS), posted=False)

    def missing_dimensions(self, drafts: Sequence[HeldVoucher]) -> list[Row]:
        """Return the dimension values that the drafts should have and lack: no call where none should have any, else
        one for 200 entries."""
        due = {
            row["entryNumber"]: (row["journalNumber"], values)
            for held in drafts
            for row in held.rows
            if (values := dimensions_in(row.get("text")))
        }
        entries, there = sorted(due), set[tuple[int, int]]()
        for begin in range(0, len(entries), MOST_VALUES):
            chosen = among("entryNumber", entries[begin : begin + MOST_VALUES])
            there |= {(row["entryNumber"], row["dimensionNumber"]) for row in self._economic.items(DATA, chosen)}
        return [
            {"journalNumber": journal, "entryNumber": entry, "dimensionNumber": number, "dimensionKey": key}
            for entry, (journal, values) in due.items()
            for number, key in values.items()
            if (entry, number) not in there
        ]

    def booked(self, references: Collection[str]) -> list[HeldVoucher]:
        """Read the booked entries whose text begins with one of the references, as vouchers."""
        stems = _stems(references)
        rows: dict[int, Row] = {}
        begin = 0
        while begin < len(stems):
            chosen = stems[begin : begin + self._clauses]
            try:
                found = self._economic.items(BOOKED_ENTRIES, either([begins("text", stem) for stem in chosen]))
            except TargetTooLong:
                if len(chosen) == 1:
                    raise
                self._clauses = max(1, self._clauses // 2)
                continue
            rows |= {row["entryNumber"]: row for row in found}
            begin += len(chosen)
        return _vouchers(rows.values(), posted=True)

    def read(self, numbers: Collection[int], *, posted: bool, first: date, last: date) -> Mapping[Key, list[Row]]:
        """Read whole vouchers by their numbers, those entries included that have another text."""
        path = BOOKED_ENTRIES if posted else DRAFTS
        wanted, rows = sorted(set(numbers)), list[Row]()
        for begin in range(0, len(wanted), MOST_VALUES):
            chosen = among("voucherNumber", wanted[begin : begin + MOST_VALUES])
            rows += self._economic.items(path, both(chosen, between("date", first, last)))
        return by_key(rows)

    def whole(self, vouchers: Sequence[HeldVoucher]) -> list[HeldVoucher]:
        """Return the vouchers with all of their entries, those included that have another text."""
        complete: list[HeldVoucher] = []
        for posted in (False, True):
            chosen = [each for each in vouchers if each.posted is posted]
            if not chosen:
                continue
            days = [each.date for each in chosen]
            rows = self.read([each.number for each in chosen], posted=posted, first=min(days), last=max(days))
            for each in chosen:
                held = tuple(rows.get((each.number, each.date), each.rows))
                complete.append(HeldVoucher(each.reference, each.number, each.date, posted, held))
        return complete

    def whole_of(self, documents: Sequence[DocumentRef]) -> list[HeldVoucher]:
        """Return the vouchers of these documents, whole; those that are gone are left out."""
        found: list[HeldVoucher] = []
        for posted in (False, True):
            chosen = [each for each in documents if (each.state is not DocumentState.DRAFT) is posted]
            if not chosen:
                continue
            days = [each.date for each in chosen]
            rows = self.read([int(each.id) for each in chosen], posted=posted, first=min(days), last=max(days))
            found += [
                HeldVoucher(each.reference, int(each.id), each.date, posted, tuple(held))
                for each in chosen
                if (held := rows.get((int(each.id), each.date)))
            ]
        return found

    def of(self, document: DocumentRef) -> HeldVoucher | None:
        """Return the voucher of a document, whole; None if it is gone."""
        for posted in (True, False):
            rows = self.read([int(document.id)], posted=posted, first=document.date, last=document.date)
            held = rows.get((int(document.id), document.date), [])
            if any(begins_with(row.get("text"), document.reference) for row in held):
                return HeldVoucher(document.reference, int(document.id), document.date, posted, tuple(held))
        return None


def _vouchers(rows: Iterable[Row], *, posted: bool) -> list[HeldVoucher]:
    """Return the rows that can be ours as vouchers, in the order of their entries."""
    groups: dict[tuple[str, int, date], list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: int(row["entryNumber"])):
        reference = reference_in(row.get("text"))
        if reference:
            groups[reference, row.get("voucherNumber") or 0, day_of(row["date"])].append(row)
    return [HeldVoucher(*key, posted, tuple(group)) for key, group in groups.items()]


def by_key(rows: Iterable[Row]) -> Mapping[Key, list[Row]]:
    groups: dict[Key, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: int(row["entryNumber"])):
        groups[row.get("voucherNumber") or 0, day_of(row["date"])].append(row)
    return groups


def _stems(references: Collection[str]) -> list[str]:
    """Return the references without those that another one begins: one search finds both."""
    stems: list[str] = []
    for each in sorted(references):
        if not stems or not each.startswith(stems[-1]):
            stems.append(each)
    return stems


def standing(booked: Sequence[HeldVoucher]) -> Mapping[Key, DocumentState]:
    """Return whether each booked voucher counts, by number and date: a void one has been undone by another. Those that
    a person made to undo one are left out."""
    undone = {each.reference for each in booked}
    states: dict[Key, DocumentState] = {}
    for reference in {each.reference for each in booked}:
        same = [each for each in booked if each.reference == reference]
        gone = _undoing(same)
        void = reversal_reference(reference, REFERENCE_LENGTH) in undone
        for each in same:
            if each not in gone[1::2]:
                state = DocumentState.VOID if void or each in gone else DocumentState.POSTED
                states[each.number, each.date] = state
    return states


def _one_document(held: Sequence[HeldVoucher], lacking: Collection[int], *, void: bool) -> DocumentOutcome:
    """Return a live one rather than a void one; of two live ones a person decides."""
    live = [each for each in held if not (each.posted and void)]
    gone = _undoing(live)
    live = [each for each in live if each not in gone]
    if len(live) > 1:
        names = " and ".join(str(each.number) if each.posted else f"draft {each.number}" for each in live)
        return PossibleDuplicate(RECORDED_TWICE.told(ledger=TITLE, names=names))
    if not live:
        return held[0].ref(DocumentState.VOID)
    ref = live[0].ref()
    if any(entry in lacking for entry in live[0].entries) and not live[0].posted:
        return replace(ref, warnings=(WITHOUT_TAGS.format(ledger=TITLE),))
    return ref


def _undoing(held: Sequence[HeldVoucher]) -> list[HeldVoucher]:
    """Return the booked vouchers that undo each other: a person made the later one, with the same texts."""
    gone: list[HeldVoucher] = []
    for later in (each for each in held if each.posted):
        for earlier in held:
            if earlier is later:
                break
            if earlier.posted and earlier not in gone and _amounts(earlier, -1) == _amounts(later, 1):
                gone += [earlier, later]
                break
    return gone


def _amounts(held: HeldVoucher, sign: int) -> list[tuple[int, int]]:
    return sorted((row["accountNumber"], sign * minor(row["amount"])) for row in held.rows)


def names_supplier(row: Row) -> bool:
    """Return whether the entry is what a supplier is owed, or was paid."""
    return row.get("entryTypeNumber", row.get("type")) in (SUPPLIER_INVOICE, SUPPLIER_PAYMENT) and bool(
        row.get("supplierNumber")
    )
