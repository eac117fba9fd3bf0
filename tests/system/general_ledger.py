"""The general ledger behind the fake accounting system: what it holds, what it refuses, what it makes by itself.

It knows nothing of the port: a connector (`tests.system.fake_accounting`) asks it, one request at a time. Like a real
one it takes a draft and posts it in two steps, computes taxes and exchange rates itself, never uses a number twice, and
can be changed by people at any time.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from pleo_export.accounting.errors import (
    AccountingError,
    AttachmentRejected,
    PeriodClosed,
    Rejected,
    UnknownAccount,
    UnknownDimension,
    UnknownTaxCode,
)
from pleo_export.accounting.lists import LedgerSupplier
from pleo_export.accounting.port import DocumentRef, DocumentState, PeriodState
from pleo_export.bookkeeping.documents import (
    Bill,
    DocumentKind,
    JournalEntry,
    JournalLine,
    Party,
    Payment,
    PaymentPurpose,
    TaxRole,
)
from pleo_export.bookkeeping.documents import Document as Entry
from pleo_export.bookkeeping.parties import Blocked, PartyMatch
from tests.system.held_documents import Role
from tests.system.held_lists import HeldLists, sample_lists

OWN_CURRENCY = "GBP"
OWN_TIME_ZONE = "Europe/London"
# Units of the currency for a pound, from that day on.
RATES: Mapping[str, Mapping[date, Decimal]] = {
    "EUR": {date(2025, 1, 1): Decimal("1.20"), date(2026, 1, 1): Decimal("1.15"), date(2026, 7, 1): Decimal("1.18")}
}
PAYABLES = frozenset({"2100", "2101", "2102", "2250"})
EXCHANGE = "6950"
BALANCE_SHEET = (1200, 1900, 1901, 1950, 2100, 2101, 2102, 2200, 2201, 2202, 2250, 2251)
INCOME_STATEMENT = (4900, 6100, 6200, 6210, 6300, 6400, 6500, 6900, 6950)
CHART = frozenset(str(account) for account in (*BALANCE_SHEET, *INCOME_STATEMENT))
FOREIGN_ACCOUNTS = {"1901": "EUR"}
NOT_ON_BILLS = frozenset({"1950"})
SAME_BILL = timedelta(days=60)


@dataclass
class Document:
    """`files` are the digests of what is attached, `contents` their names and bytes; `amounts` the lines in the
    ledger's own currency. `reverses` is the document that this one undoes; `reversed`: one that does it is posted."""

    id: str
    entry: Entry
    state: DocumentState
    files: list[str] = field(default_factory=list)
    contents: list[tuple[str, bytes]] = field(default_factory=list)
    was_posted: bool = False
    reverses: Document | None = None
    reversed: bool = False

    @property
    def reference(self) -> str:
        """What ties it to the expense."""
        return self.entry.reference

    @property
    def role(self) -> Role:
        """What it is to the expense."""
        if getattr(self.entry, "memo", "") == DIFFERENCE:
            return Role.DIFFERENCE
        return Role.PAYMENT if self.entry.kind is DocumentKind.PAYMENT else Role.DOCUMENT

    @property
    def on(self) -> date:
        """The day that it is booked on."""
        return self.entry.posting_date

    @property
    def accounts(self) -> list[str]:
        """The accounts of its lines."""
        return [line.account for line in self.entry.lines]

    @property
    def sums(self) -> set[int]:
        """What its lines come to, without signs."""
        return {abs(line.amount) for line in self.entry.lines}

    @property
    def balances(self) -> bool:
        """Whether it comes to nothing, in its own currency and in the ledger's."""
        return not sum(line.amount for line in self.entry.lines) and not sum(self.amounts)

    @property
    def number(self) -> str | None:
        """From when it is posted; a void one keeps it."""
        return f"J{self.id}" if self.state is DocumentState.POSTED or self.was_posted else None

    @property
    def amounts(self) -> tuple[int, ...]:
        if self.reverses is not None:  # at the rates of what it undoes
            return tuple(-amount for amount in self.reverses.amounts)
        return in_own_currency(self.entry)

    @property
    def standing(self) -> DocumentState:
        """What it counts for: one that is undone keeps its number and its lines, and counts for nothing."""
        return DocumentState.VOID if self.reversed else self.state

    @property
    def payable(self) -> JournalLine | None:
        """The line of what is owed, of a bill, a payment or an exchange difference."""
        if self.reverses is not None:
            owed = self.reverses.payable
            return replace(owed, amount=-owed.amount) if owed else None
        if isinstance(self.entry, Bill | Payment):
            return self.entry.payable
        return self.entry.lines[0] if self.entry.memo == DIFFERENCE else None


DIFFERENCE = "Exchange difference"


@dataclass
class GeneralLedger:
    """One company's. `documents` are in the order in which they were recorded, `reconciled` groups of their ids.

    `suppliers` and `employees` by any of their keys. `ended_taxes`: codes that the ledger no longer computes, so that
    a bill with them comes to another total than was sent.
    """

    documents: list[Document] = field(default_factory=list)
    reconciled: list[frozenset[str]] = field(default_factory=list)
    closed_until: date = date(2025, 12, 31)
    last_day: date = date(2027, 12, 31)
    closed_months: set[str] = field(default_factory=set)
    suppliers: dict[str, PartyMatch] = field(default_factory=dict)
    employees: dict[str, PartyMatch] = field(default_factory=dict)
    ended_taxes: set[str] = field(default_factory=set)
    lists: HeldLists = field(default_factory=lambda: sample_lists(CHART))
    numbers: int = 0

    # What a connector asks

    def find(self, references: Collection[str]) -> list[Document]:
        wanted = set(references)
        return [each for each in self.documents if each.entry.reference in wanted]

    def document(self, id_: str) -> Document | None:
        return next((each for each in self.documents if each.id == id_), None)

    def create(self, entry: Entry, *, final: bool = False) -> Document:
        """A draft, or posted at once. Raises AccountingError: the ledger's own refusal, after which nothing is
        there."""
        if refusal := self.refusal(entry):
            raise refusal
        self.numbers += 1
        document = Document(str(self.numbers), self._computed(entry), DocumentState.DRAFT)
        self.documents.append(document)
        return self.post(document.id) if final else document

    def post(self, id_: str) -> Document:
        """Raises Rejected, PeriodClosed; harmless for one that is posted."""
        document = self.document(id_)
        if document is None or document.state is DocumentState.VOID:
            raise Rejected("The draft is no longer there.")
        if document.state is DocumentState.DRAFT:
            self._require_open(document.entry.posting_date)
            document.state, document.was_posted = DocumentState.POSTED, True
            if document.reverses is not None:
                document.reverses.reversed = True
        return document

    def undo(self, id_: str) -> None:
        """A posted document becomes void on its own day. Raises Rejected, PeriodClosed; harmless for a void one."""
        document = self.document(id_)
        if document is None or document.state is DocumentState.VOID:
            return
        self._require_open(document.entry.posting_date)
        document.state, document.was_posted = DocumentState.VOID, True

    def counter_entry(self, id_: str, reference: str, on: date) -> Document:
        """A draft with the sides exchanged. As often as it is asked for: a ledger lets a person do that twice."""
        undone = self.document(id_)
        if undone is None or undone.state is not DocumentState.POSTED:
            raise Rejected("There is nothing posted that could be reversed.")
        if isinstance(undone.entry, Bill) and not self.is_open(undone):
            raise Rejected(f"{undone.number} is reconciled: open it again first.")
        self._require_open(on)
        lines = tuple(replace(line, amount=-line.amount) for line in undone.entry.lines)
        entry = JournalEntry(reference, on, on, undone.entry.currency, lines, f"Reversal of {undone.number}")
        self.numbers += 1
        document = Document(str(self.numbers), entry, DocumentState.DRAFT, reverses=undone)
        self.documents.append(document)
        return document

    def counter_entries(self, id_: str) -> list[Document]:
        """Those of a document, drafts too, the oldest first."""
        return [each for each in self.documents if each.reverses is not None and each.reverses.id == id_]

    def delete_draft(self, id_: str) -> None:
        document = self.document(id_)
        if document is not None and document.state is not DocumentState.DRAFT:
            raise Rejected(f"{document.number} is {document.state}, so it was not removed.")
        self.documents[:] = [each for each in self.documents if each is not document]

    def register(self, supplier: LedgerSupplier) -> None:
        """Let entries find a supplier of the lists, by its id, its number and its tax number."""
        party = Party(supplier.id, supplier.name) if supplier.active else Blocked(supplier.name)
        keys = (supplier.id, supplier.code, re.sub(r"[^A-Z0-9]", "", (supplier.tax_registration_number or "").upper()))
        self.suppliers |= {key: party for key in keys if key}

    def attach(self, id_: str, name: str, sha256: str, content: bytes) -> None:
        document = self.document(id_)
        if document is None:
            raise AttachmentRejected("The document is no longer there.")
        document.files.append(sha256)
        document.contents.append((name, content))

    def reconcile(self, ids: Collection[str]) -> None:
        """Raises Rejected: not all of them are posted and open, or they do not add up to nothing."""
        group = [each for each in self.documents if each.id in set(ids)]
        if len(group) < len(set(ids)) or not all(self.is_open(each) for each in group):
            raise Rejected("Something of it is no longer open.")
        if sum(own_payable(each) for each in group):
            raise Rejected("What is reconciled has to add up to nothing.")
        self.reconciled.append(frozenset(ids))

    def open_again(self, id_: str) -> None:
        self.reconciled = [group for group in self.reconciled if id_ not in group]

    def same_as(self, entry: Entry) -> Document | None:
        """Another bill like one that is not there yet."""
        return next((each for each in self.documents if _is_the_same(Document("0", entry, each.state), each)), None)

    def same_bill(self, id_: str) -> Document | None:
        """Another bill of the same party with the same number, around the same day: probably the same."""
        document = self.document(id_)
        if document is None or not isinstance(document.entry, Bill):
            return None
        return next((each for each in self.documents if _is_the_same(document, each)), None)

    def period_state(self, on: date) -> PeriodState:
        if on > self.last_day:
            return PeriodState.NONE
        return (
            PeriodState.CLOSED if on <= self.closed_until or f"{on:%Y-%m}" in self.closed_months else PeriodState.OPEN
        )

    def next_open_date(self, after: date) -> date | None:
        if after >= self.last_day:
            return None
        day = max(after, self.closed_until) + timedelta(days=1)
        while day <= self.last_day:
            if self.period_state(day) is PeriodState.OPEN:
                return day
            day += timedelta(days=1)
        return None

    # What people do

    def void(self, reference: str) -> None:
        for document in self.find([reference]):
            document.was_posted = document.was_posted or document.state is DocumentState.POSTED
            document.state = DocumentState.VOID
            self.open_again(document.id)

    def delete(self, reference: str) -> None:
        for document in self.find([reference]):
            self.documents.remove(document)
            self.open_again(document.id)

    def duplicate(self, reference: str) -> None:
        (document,) = self.find([reference])
        self.numbers += 1
        self.documents.append(Document(str(self.numbers), document.entry, document.state))

    def recategorise(self, reference: str, old: str, new: str) -> None:
        for document in self.find([reference]):
            lines = tuple(
                replace(each, account=new if each.account == old else each.account) for each in document.entry.lines
            )
            document.entry = replace(document.entry, lines=lines)  # type: ignore[arg-type]

    def edit(self, reference: str, by: int) -> None:
        """A person makes a draft come to more, or less."""
        for document in self.find([reference]):
            first, *others = document.entry.lines
            last = others.pop()
            lines = (replace(first, amount=first.amount + by), *others, replace(last, amount=last.amount - by))
            document.entry = replace(document.entry, lines=lines)  # type: ignore[arg-type]

    def redate(self, reference: str, to: date) -> None:
        for document in self.find([reference]):
            document.entry = replace(document.entry, posting_date=to)

    # What is open

    def is_open(self, document: Document) -> bool:
        posted = document.state is DocumentState.POSTED and document.payable is not None
        return posted and not any(document.id in group for group in self.reconciled)

    def settled_groups(self) -> Iterator[list[Document]]:
        """Bills and payments that belong together and come to nothing."""
        waiting = [
            each
            for each in self.documents
            if self.is_open(each) and not each.reversed and _purpose(each) is not PaymentPurpose.RETURN
        ]
        waiting = [each for each in waiting if isinstance(each.entry, Bill | Payment)]
        while waiting:
            together = [waiting.pop(0)]
            for one in together:  # grows while it is read
                joined = [other for other in waiting if _belong_together(one, other)]
                waiting = [other for other in waiting if other not in joined]
                together += joined
            if len(together) > 1 and sum(_due(each) for each in together) == 0:
                yield together

    def returned(self, back: Document) -> Document | None:
        """The payment that came back: an open one, or the latest that was reconciled with a bill it names."""
        fits = [each for each in self.documents if _fits(back, each) and _purpose(each) is PaymentPurpose.PAYMENT]
        same = [each for each in fits if _due(each) == -_due(back) and _keys(each) & _keys(back)]
        still_open = [each for each in same if self.is_open(each)]
        bills = {each.id for each in self.documents if isinstance(each.entry, Bill) and _keys(each) & _keys(back)}
        paid = {id_ for group in self.reconciled if group & bills for id_ in group}
        possible = still_open or [each for each in fits if each.id in paid and _due(each) == -_due(back)]
        return possible[-1] if possible else None

    def left_over(self, payment: Document) -> int | None:
        """What an open payment comes to beyond the open bills that it names; None where there are none."""
        bills = [each for each in self.documents if self.is_open(each) and _belong_together(each, payment)]
        return max(0, sum(_due(each) for each in (payment, *bills))) if bills else None

    # Inside

    def refusal(self, entry: Entry) -> AccountingError | None:
        """Why it would not take the entry, if so."""
        if "\0" in entry.memo or any("\0" in line.text for line in entry.lines):
            return Rejected("A text holds a character that no database takes.")
        for line in entry.lines:
            if refusal := _refused_line(line, entry, self.lists):
                return refusal
        if sum(line.amount for line in entry.lines):
            return Rejected("the entry does not balance")
        try:
            self._require_open(entry.posting_date)
        except PeriodClosed as closed:
            return closed
        return None

    def _require_open(self, on: date) -> None:
        state = self.period_state(on)
        if state is not PeriodState.OPEN:
            what = (
                f"The period {on:%Y-%m} of {on} is closed." if state is PeriodState.CLOSED else f"No period has {on}."
            )
            raise PeriodClosed(what, on=on)

    def _computed(self, entry: Entry) -> Entry:
        """The ledger's own taxes: without those that have ended."""
        if not isinstance(entry, Bill) or not self.ended_taxes:
            return entry
        gone = [line for line in entry.lines if line.tax and line.tax.role is TaxRole.TAX and self._ended(line)]
        left = [line for line in entry.lines[:-1] if line not in gone]
        owed = replace(entry.payable, amount=entry.payable.amount + sum(line.amount for line in gone))
        return replace(entry, lines=(*left, owed))

    def _ended(self, line: JournalLine) -> bool:
        return line.tax is not None and line.tax.code in self.ended_taxes


def in_own_currency(entry: Entry) -> tuple[int, ...]:
    """Each line converted for itself; what that leaves goes to the largest."""
    amounts = [line.amount for line in entry.lines]
    if entry.currency == OWN_CURRENCY:
        return tuple(amounts)
    on = entry.document_date if isinstance(entry, Bill) else entry.posting_date
    rate = next(rate for since, rate in sorted(RATES[entry.currency].items(), reverse=True) if since <= on)
    converted = [int((amount / rate).quantize(Decimal(1), ROUND_HALF_EVEN)) for amount in amounts]
    largest = max(range(len(amounts)), key=lambda number: (abs(amounts[number]), number))
    converted[largest] -= sum(converted)
    return tuple(converted)


def own_payable(document: Document) -> int:
    """What is owed by it, in the ledger's own currency."""
    amounts, entry = document.amounts, (document.reverses or document).entry
    return amounts[-1] if isinstance(entry, Bill) else amounts[0]


def difference_entry(reference: str, group: Sequence[Document]) -> JournalEntry:
    """What evens out documents that were converted at different rates."""
    amount = sum(own_payable(each) for each in group)
    payable = group[0].payable
    assert payable is not None
    on = max(each.entry.posting_date for each in group)
    lines = (JournalLine(payable.account, -amount), JournalLine(EXCHANGE, amount))
    return JournalEntry(reference, on, on, OWN_CURRENCY, lines, DIFFERENCE)


def totals(entry: Entry) -> tuple[str, int, int]:
    """Currency, total and tax, as a person compares two documents."""
    gross = entry.payable.amount if isinstance(entry, Bill | Payment) else sum(abs(each.amount) for each in entry.lines)
    tax = sum(line.amount for line in entry.lines if line.tax is not None and line.tax.role is TaxRole.TAX)
    return entry.currency, gross, tax


def _refused_line(line: JournalLine, entry: Entry, lists: HeldLists) -> AccountingError | None:
    if not lists.books_on(line.account):
        return UnknownAccount(f"account {line.account} is not in the chart of accounts", unknown=line.account)
    if line.tax is not None and not lists.has_tax(line.tax.code):
        return UnknownTaxCode(f"tax code {line.tax.code} is not known", unknown=line.tax.code)
    for dimension in line.dimensions:
        if not lists.has_value(dimension.category, dimension.value):
            told = f"{dimension.value} is not in the dimension {dimension.category}"
            return UnknownDimension(told, unknown=dimension)
    if FOREIGN_ACCOUNTS.get(line.account, entry.currency) != entry.currency:
        return Rejected(f"account {line.account} is for {FOREIGN_ACCOUNTS[line.account]}, not for {entry.currency}")
    if isinstance(entry, Bill) and line.account in NOT_ON_BILLS:
        return Rejected(f"account {line.account} is not for bills")
    return None


def _is_the_same(bill: Document, other: Document) -> bool:
    if other is bill or not isinstance(other.entry, Bill) or not isinstance(bill.entry, Bill):
        return False
    live = other.standing is DocumentState.POSTED or (
        other.state is DocumentState.DRAFT and int(other.id) < int(bill.id)
    )
    alike = (other.entry.party.id, other.entry.invoice_number, other.entry.kind)
    near = abs(other.entry.document_date - bill.entry.document_date) <= SAME_BILL
    return live and near and alike == (bill.entry.party.id, bill.entry.invoice_number, bill.entry.kind)


def _keys(document: Document) -> frozenset[str]:
    """What a bill is known by, and what a payment names."""
    entry = document.entry
    if isinstance(entry, Bill):
        return frozenset({entry.reference, entry.invoice_number, entry.reconciliation_id})
    if not isinstance(entry, Payment):
        return frozenset()
    named = (entry.settles.invoice_number, *entry.settles.reconciliation_ids)
    return frozenset({entry.settles.reference} if entry.settles.reference else {each for each in named if each})


def _purpose(document: Document) -> PaymentPurpose | None:
    return document.entry.purpose if isinstance(document.entry, Payment) else None


def _due(document: Document) -> int:
    assert document.payable is not None
    return document.payable.amount


def _fits(one: Document, other: Document) -> bool:
    """The same party's, on one account, in one currency."""
    if not isinstance(one.entry, Bill | Payment) or not isinstance(other.entry, Bill | Payment):
        return False
    return _side(one.entry) == _side(other.entry)


def _side(entry: Bill | Payment) -> tuple[str, str, str]:
    return entry.party.id, entry.payable.account, entry.currency


def _belong_together(one: Document, other: Document) -> bool:
    bill_and_payment = (one.entry.kind is DocumentKind.PAYMENT) != (other.entry.kind is DocumentKind.PAYMENT)
    return bill_and_payment and _fits(one, other) and bool(_keys(one) & _keys(other))


def reference_to(document: Document) -> DocumentRef:
    return DocumentRef(
        reference=document.entry.reference,
        kind=document.entry.kind,
        id=document.id,
        number=document.number,
        state=document.standing,
        date=document.entry.posting_date,
        url=f"https://books.example/{document.id}",
    )
