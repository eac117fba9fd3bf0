"""The connector fixture of the fake accounting system: what tests and the simulation assume of books holds of real
ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar

from pleo_export.accounting.errors import (
    AccountingError,
    AuthenticationFailed,
    InvalidConfiguration,
    PermissionDenied,
    Rejected,
    Unavailable,
)
from pleo_export.accounting.lists import LedgerList, LedgerLists, LedgerSupplier
from pleo_export.accounting.port import (
    AccountingSetup,
    AccountingSystem,
    Capabilities,
    DocumentState,
    LedgerReader,
    PeriodSupport,
    ReversalSupport,
    SettlementSupport,
)
from pleo_export.bookkeeping.documents import Bill, DocumentKind, JournalEntry, Party, PaymentPurpose
from pleo_export.bookkeeping.parties import Ambiguous, Blocked
from tests.conformance.connector_fixture import (
    ALL_KINDS,
    REFUSAL,
    TWICE,
    Act,
    Held,
    HeldBill,
    Pages,
    Plan,
    Traits,
    Trouble,
)
from tests.system.fake_accounting import CAPABILITIES, FakeAccountingSystem, NoProof
from tests.system.fake_lists import FakeLists
from tests.system.general_ledger import OWN_CURRENCY, PAYABLES, Document, GeneralLedger
from tests.system.held_lists import NAME_LENGTH, HeldSupplier

T = TypeVar("T")
TRIES = 3  # of what may be repeated: a search, and what the ledger says it has not done
ENTRIES = frozenset({DocumentKind.JOURNAL_ENTRY})
FILES = frozenset({"application/pdf", "image/png", "image/jpeg", "text/plain"})
SUPPLIERS = {
    Party("1", "Northwind Office Supplies", "2101"): ("V-2001", "GB112233445", "K-17"),
    Party("2", "Ryman"): ("V-1001", "GB242742186"),
    Party("3", "Pret A Manger"): ("V-1002",),
}
EMPLOYEES = {Party("11", "Amelia Hartley"): ("E001",), Party("12", "Tom Baker"): ("E002",)}


class Failed(Exception):
    """The ledger says that it failed, without a reason, and that nothing was done."""


@dataclass
class Connection(FakeAccountingSystem):
    """To books at an address: with a key, rights and a network."""

    ledger: GeneralLedger = field(default_factory=GeneralLedger)
    refusing: Callable[[Act], None] = lambda act: None
    plan: Plan = lambda act, number: None
    seen: Counter[Act] = field(default_factory=Counter)
    late: list[Callable[[], object]] = field(default_factory=list)

    @property
    def system(self) -> AccountingSystem:
        return self

    @property
    def setup(self) -> AccountingSetup:
        return self

    @property
    def reader(self) -> LedgerReader:
        return self

    @property
    def lists(self) -> LedgerLists:
        offered = frozenset(LedgerList) if DocumentKind.BILL in self.capabilities.kinds else NO_VENDORS
        return FakeLists(self, offered, page=2)

    def deliver(self) -> None:
        for request in self.late:
            with suppress(AccountingError):
                request()
        self.late.clear()

    def check(self) -> None:
        self.refusing(Act.CREATE)
        super().check()

    def _sent(self, effect: str, request: Callable[[], T]) -> T:
        act = _act(effect)
        self.refusing(act)
        for _ in range(TRIES):
            try:
                return self._cross(act, request)
            except Failed:
                pass
            except NoProof:
                if act is not Act.READ:
                    raise
        raise NoProof(f"nothing came of {TRIES} tries")

    def _cross(self, act: Act, request: Callable[[], T]) -> T:
        self.seen[act] += 1
        match self.plan(act, self.seen[act]):
            case None:
                return request()
            case Trouble.LOST | Trouble.CUT_OFF | Trouble.EMPTY as trouble:
                request()
                raise NoProof(str(trouble))
            case Trouble.LATE:
                self.late.append(request)
                raise NoProof("503")
            case Trouble.REFUSED:
                raise Rejected(REFUSAL)
            case Trouble.FAILED:
                raise Failed
            case Trouble.BUSY:
                raise Unavailable("The ledger is busy and did nothing.")
            case trouble:
                raise NoProof(str(trouble))


@dataclass(frozen=True)
class FakeMasterData:
    """People at work in the books."""

    ledger: GeneralLedger

    def add_dimension(self, code: str) -> None:
        self.ledger.lists.values[code] = {}

    def add_values(self, dimension: str, names: Sequence[str]) -> list[str]:
        values = {f"L{number:02}": name for number, name in enumerate(names)}
        for code, name in values.items():
            self.ledger.lists.put_value(dimension, code, name)
        return list(values)

    def rename_value(self, dimension: str, code: str, name: str) -> None:
        self.ledger.lists.put_value(dimension, code, name)

    def close_value(self, dimension: str, code: str) -> None:
        self.ledger.lists.close_value(dimension, code)

    def add_account(self, code: str, name: str, *, heading: bool = False) -> None:
        self.ledger.lists.put_account(code, name, postable=not heading)

    def close_account(self, code: str) -> None:
        self.ledger.lists.close_account(code)

    def end_tax(self, code: str) -> None:
        self.ledger.lists.end_tax(code)

    def add_suppliers(self, names: Sequence[str], *, active: bool = True, tax_number: str | None = None) -> list[str]:
        added = [self.ledger.lists.put_supplier(each, active=active, tax_number=tax_number) for each in names]
        for supplier in added:
            self.ledger.register(supplier)
        return [each.id for each in added]

    def rename_supplier(self, id_: str, name: str) -> None:
        (held,) = (each for each in self.ledger.lists.suppliers if each.supplier.id == id_)
        held.supplier = replace(held.supplier, name=name)

    def suppliers_called(self, name: str) -> list[str]:
        held = (each.supplier for each in self.ledger.lists.suppliers)
        return [each.id for each in held if each.name == name]


class FakeFixture:
    url = "https://books.test"
    traits = Traits(supplier_name=NAME_LENGTH)

    def __init__(self, name: str, takes: Capabilities) -> None:
        self._name = name
        self._takes = takes
        self._ledger = GeneralLedger()
        self._ledger.suppliers = {key: party for party, keys in SUPPLIERS.items() for key in keys}
        self._ledger.lists.suppliers = [_listed(party, *keys) for party, keys in SUPPLIERS.items()]
        self._ledger.suppliers |= {"V-2003": Blocked("Paper Trail (blocked)"), TWICE: Ambiguous(("North", "South"))}
        self._ledger.employees = {key: party for party, keys in EMPLOYEES.items() for key in keys}
        self._rights = True
        if takes.periods is PeriodSupport.LOCK_DATE:
            self._ledger.last_day = date.max
        elif takes.periods is PeriodSupport.UNKNOWN:
            self._ledger.closed_until, self._ledger.last_day = date.min, date.max

    def connector(self, *, url: str | None = None) -> AccountingSystem:
        return self._at(url)

    def setup(self, *, url: str | None = None) -> AccountingSetup:
        return self._at(url)

    def reader(self, *, url: str | None = None) -> LedgerReader:
        return self._at(url)

    def lists(self, *, url: str | None = None) -> LedgerLists:
        return self._at(url).lists

    @property
    def master_data(self) -> FakeMasterData:
        return FakeMasterData(self._ledger)

    @contextmanager
    def misled(self, pages: Pages) -> Iterator[LedgerLists]:
        self._ledger.lists.misled = pages.name.lower()
        yield self.lists()
        self._ledger.lists.misled = None

    def redate(self, reference: str, to: date) -> None:
        self._ledger.redate(reference, to)

    def delete(self, reference: str) -> None:
        self._ledger.delete(reference)

    def _at(self, url: str | None) -> Connection:
        there = url is None or url.rstrip("/") == self.url
        return self._connection(refusing=self._write_rights if there else _nobody_there)

    def with_wrong_key(self) -> AccountingSystem:
        return self._connection(refusing=_wrong_key)

    def without_rights(self) -> AccountingSystem:
        self._rights = False
        return self.connector()

    def with_missing_journal(self) -> AccountingSystem:
        return self._connection(refusing=_no_journal)

    @contextmanager
    def troubled(self, plan: Plan) -> Iterator[Connection]:
        yield self._connection(plan=plan)

    def held(self, reference: str) -> list[Held]:
        return [self._shown(each) for each in self._ledger.find([reference])]

    def derived(self, reference: str) -> list[Held]:
        made = [each for each in self._ledger.documents if each.entry.reference.startswith(f"{reference}:fx")]
        return [self._shown(each) for each in made]

    def counters(self, reference: str) -> list[Held]:
        ids = [each.id for each in self._ledger.find([reference])]
        return [self._shown(each) for id_ in ids for each in self._ledger.counter_entries(id_)]

    def files(self, reference: str) -> list[tuple[str, bytes]]:
        return [file for each in self._ledger.find([reference]) for file in each.contents]

    def close_period(self, on: date) -> None:
        match self._takes.periods:
            case PeriodSupport.CALENDAR:
                self._ledger.closed_months.add(f"{on:%Y-%m}")
            case PeriodSupport.LOCK_DATE:
                self._ledger.closed_until = on.replace(day=28)

    def reopen_period(self, on: date) -> None:
        self._ledger.closed_months.discard(f"{on:%Y-%m}")
        if self._takes.periods is PeriodSupport.LOCK_DATE:
            self._ledger.closed_until = date(2025, 12, 31)

    def void(self, reference: str) -> None:
        if self._takes.shows_void:
            self._ledger.void(reference)
            return
        for each in self._ledger.find([reference]):
            if each.state is DocumentState.DRAFT:
                self._ledger.delete(reference)
            else:  # its opposite, by hand: nothing says that the two belong together
                lines = tuple(replace(line, amount=-line.amount) for line in each.entry.lines)
                on, currency = each.entry.posting_date, each.entry.currency
                self._ledger.create(JournalEntry("by hand", on, on, currency, lines, "Correction"), final=True)

    def duplicate(self, reference: str) -> None:
        self._ledger.duplicate(reference)

    def post_by_hand(self, reference: str) -> None:
        for each in self._ledger.find([reference]):
            self._ledger.post(each.id)

    def change_amount(self, reference: str) -> None:
        self._ledger.edit(reference, 100)

    def recategorise(self, reference: str, old: str, new: str) -> None:
        self._ledger.recategorise(reference, old, new)

    def clear_document_date(self, reference: str) -> None:
        """A bill always has one here."""

    def _connection(
        self, refusing: Callable[[Act], None] = lambda act: None, plan: Plan = lambda act, number: None
    ) -> Connection:
        return Connection(
            ledger=self._ledger, ledger_id=self._name, capabilities=self._takes, refusing=refusing, plan=plan
        )

    def _write_rights(self, act: Act) -> None:
        if not self._rights and act is not Act.READ:
            raise PermissionDenied("The user of the key may not write entries.")

    def _shown(self, document: Document) -> Held:
        entry = document.entry
        foreign = entry.currency != OWN_CURRENCY
        due = sum(line.amount for line in entry.lines if line.account in PAYABLES)
        bill = None
        if isinstance(entry, Bill):
            values = tuple(each.value for line in entry.lines for each in line.dimensions)
            due_date = None if document.state is DocumentState.DRAFT else entry.due_date or entry.document_date
            bill = HeldBill(entry.party.name, entry.invoice_number, entry.document_date, due_date, values)
        return Held(
            state=document.state,
            number=document.number,
            date=entry.posting_date,
            lines=tuple((line.account, own) for line, own in zip(entry.lines, document.amounts, strict=True)),
            foreign=tuple((line.account, line.amount) for line in entry.lines) if foreign else (),
            open=due if self._ledger.is_open(document) else 0,
            bill=bill,
        )


def _listed(party: Party, code: str, *numbers: str) -> HeldSupplier:
    tax = next((each for each in numbers if each.startswith("GB")), None)
    return HeldSupplier(LedgerSupplier(code, code, party.name, active=True, tax_registration_number=tax))


def _act(effect: str) -> Act:
    if effect.endswith(":fx") or effect.startswith(("books difference", "books reconcile", "books open again")):
        return Act.DERIVE
    if effect.startswith(("books record", "books reverse")):
        return Act.CREATE
    if effect.startswith(("books post", "books finalise")):
        return Act.POST
    if effect.startswith("books discard"):
        return Act.DELETE
    return Act.OTHER if effect.startswith(("books attach", "books create supplier")) else Act.READ


def _nobody_there(_: Act) -> None:
    raise Unavailable("The ledger cannot be reached: nothing was sent.")


def _wrong_key(_: Act) -> None:
    raise AuthenticationFailed("The ledger does not accept the key.")


def _no_journal(_: Act) -> None:
    raise InvalidConfiguration("There is no journal NONE there: correct accounting_system.journal in the settings.")


NO_VENDORS = frozenset(LedgerList) - {LedgerList.VENDORS}
FULL = replace(CAPABILITIES, max_attachment_bytes=25 * 2**20, attachment_types=FILES, reference_length=200)
BILLS = frozenset({DocumentKind.BILL, DocumentKind.CREDIT_NOTE})
# What other ledgers can do less, so that the suite, the workflow and the fake agree on what that means.
REDUCED: Mapping[str, Capabilities] = {
    "entries and payments at once": replace(  # as an online ledger for small companies
        FULL,
        drafts=BILLS,
        purposes=frozenset({PaymentPurpose.PAYMENT, PaymentPurpose.REFUND}),
        settlement=SettlementSupport.BILL_FIRST,
        tax_accounts=False,
        max_dimensions=2,
        files=ALL_KINDS - {DocumentKind.PAYMENT},
        max_attachments=10,
        periods=PeriodSupport.LOCK_DATE,
        reversal=ReversalSupport.VOID,
    ),
    "one file, open while a draft": replace(  # as a ledger of vouchers
        FULL,
        max_attachments=1,
        max_attachment_bytes=9_000_000,
        attach_to_posted=False,
        settlement=SettlementSupport.NONE,
        max_dimensions=3,
        shows_void=False,
    ),
    "own tax, own currency": replace(  # as a ledger of journals and purchase invoices
        FULL,
        foreign=BILLS,
        purposes=frozenset({PaymentPurpose.PAYMENT}),
        settlement=SettlementSupport.BILL_FIRST,
        tax_as_given=frozenset({DocumentKind.JOURNAL_ENTRY, DocumentKind.PAYMENT}),
        shows_void=False,
    ),
    "entries only, final": replace(  # as a file
        FULL,
        kinds=ENTRIES,
        drafts=frozenset(),
        foreign=ENTRIES,
        purposes=frozenset(),
        settlement=SettlementSupport.NONE,
        tax_as_given=ENTRIES,
        files=frozenset(),
        max_attachment_bytes=0,
        max_attachments=None,
        attachment_types=frozenset(),
        periods=PeriodSupport.UNKNOWN,
        reversal=ReversalSupport.NONE,
        shows_void=False,
    ),
}


class FakeFixtures:
    def __init__(self, takes: Capabilities) -> None:
        self.shared = FakeFixture("shared", takes)
        self._takes = takes
        self._number = 0

    @classmethod
    @contextmanager
    def open(cls, takes: Capabilities = FULL) -> Iterator[FakeFixtures]:
        yield cls(takes)

    @contextmanager
    def own(self) -> Iterator[FakeFixture]:
        self._number += 1
        yield FakeFixture(f"own {self._number}", self._takes)
