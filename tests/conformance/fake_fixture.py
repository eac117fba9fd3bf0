"""The connector fixture of the fake accounting system: what tests and the simulation assume of books holds of real
ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
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
from pleo_export.accounting.port import AccountingSetup, AccountingSystem, DocumentState, LedgerReader
from pleo_export.bookkeeping.documents import Bill, Party
from pleo_export.bookkeeping.parties import Ambiguous, Blocked
from tests.conformance.connector_fixture import REFUSAL, TWICE, Act, Held, HeldBill, Plan, Trouble
from tests.system.fake_accounting import CAPABILITIES, FakeAccountingSystem, NoProof
from tests.system.general_ledger import OWN_CURRENCY, PAYABLES, Document, GeneralLedger

T = TypeVar("T")
TRIES = 3  # of what may be repeated: a search, and what the ledger says it has not done
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


class FakeFixture:
    url = "https://books.test"

    def __init__(self, name: str) -> None:
        self._name = name
        self._ledger = GeneralLedger()
        self._ledger.suppliers = {key: party for party, keys in SUPPLIERS.items() for key in keys}
        self._ledger.suppliers |= {"V-2003": Blocked("Paper Trail (blocked)"), TWICE: Ambiguous(("North", "South"))}
        self._ledger.employees = {key: party for party, keys in EMPLOYEES.items() for key in keys}
        self._rights = True

    def connector(self, *, url: str | None = None) -> AccountingSystem:
        return self._at(url)

    def setup(self, *, url: str | None = None) -> AccountingSetup:
        return self._at(url)

    def reader(self, *, url: str | None = None) -> LedgerReader:
        return self._at(url)

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
        self._ledger.closed_months.add(f"{on:%Y-%m}")

    def reopen_period(self, on: date) -> None:
        self._ledger.closed_months.discard(f"{on:%Y-%m}")

    def void(self, reference: str) -> None:
        self._ledger.void(reference)

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
        takes = replace(CAPABILITIES, max_attachment_bytes=25 * 2**20, attachment_types=FILES, reference_length=200)
        return Connection(ledger=self._ledger, ledger_id=self._name, capabilities=takes, refusing=refusing, plan=plan)

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


def _act(effect: str) -> Act:
    if effect.endswith(":fx") or effect.startswith(("books difference", "books reconcile", "books open again")):
        return Act.DERIVE
    if effect.startswith(("books record", "books reverse")):
        return Act.CREATE
    if effect.startswith(("books post", "books finalise")):
        return Act.POST
    if effect.startswith("books discard"):
        return Act.DELETE
    return Act.OTHER if effect.startswith("books attach") else Act.READ


def _nobody_there(_: Act) -> None:
    raise Unavailable("The ledger cannot be reached: nothing was sent.")


def _wrong_key(_: Act) -> None:
    raise AuthenticationFailed("The ledger does not accept the key.")


def _no_journal(_: Act) -> None:
    raise InvalidConfiguration("There is no journal NONE there: correct accounting_system.journal in the settings.")


class FakeFixtures:
    def __init__(self) -> None:
        self.shared = FakeFixture("shared")
        self._number = 0

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[FakeFixtures]:
        yield cls()

    @contextmanager
    def own(self) -> Iterator[FakeFixture]:
        self._number += 1
        yield FakeFixture(f"own {self._number}")
