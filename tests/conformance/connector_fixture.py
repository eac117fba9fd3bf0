"""What the suite needs to know of an accounting system, besides the connector: test access to what it holds.

The books behind a fixture have the accounts of the worked examples (R-5b), the tax codes GB20 on 2200 and RC20 on 2201
and 2202, the dimension `cost_centre` with LON, pounds as their currency and rates for euros, London's time; 2026 and
2027 are open, 2025 closed, 2031 not there (where days up to one are locked, 2031 is open; where there are no periods,
nothing is closed). They know the suppliers and employees below. Where the books differ from this, `Traits` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol, TypeAlias

from pleo_export.accounting.lists import LedgerLists
from pleo_export.accounting.port import AccountingSetup, AccountingSystem, DocumentState, LedgerReader
from pleo_export.bookkeeping.documents import DocumentKind
from pleo_export.bookkeeping.parties import KeyKind

OPEN = date(2026, 2, 10)
CLOSED = date(2025, 12, 10)
NO_PERIOD = date(2031, 2, 10)
LAST_PERIOD_END = date(2027, 12, 31)

NORTHWIND = "V-2001"  # its own payables account is 2101, its tax number GB112233445
RYMAN = "V-1001"  # no own account
BLOCKED = "V-2003"
TWICE = "GB555666777"  # the tax number of two suppliers
TOM = "E002"
AMELIA = "E001"  # an employee, whose code is asked for as a supplier's


ALL_KINDS = frozenset(DocumentKind)


@dataclass(frozen=True)
class Traits:
    """How these books differ from others, without being able to do less: that is what `Capabilities` are for.

    `numbered`: kinds that get a number when they are posted; `linked`: those with a link. `in_order`: numbers rise in
    the order of recording. `one_step`: kinds that are created as posted, in one request. `new_id_when_posted`: a draft
    becomes another record when it is posted. `one_date`: a bill has one date, on which it is posted. `settles_parts`: a
    payment of a part is settled at once.

    `party_keys`: what suppliers have here. `supplier_account` is Northwind's own payables account (None: it has none),
    `employee_account` that of employees; `accounts_of_all`: the other parties have one of their own too. `reopens`: a
    payment that comes back opens its bill again; else it is itself what is owed then. `deletes_drafts`: people delete a
    draft, of which nothing is found then; else it is void. `number_once`: a supplier's number is taken once, however
    old. `pairs_reversals`: what undoes a payment and what undoes its bill are settled with each other.
    `books_differences`: the connector books exchange differences; else the ledger does so by itself.

    `time_zone` is what the books tell of theirs; `has_key`: whether there is a credential at all. `rolls_back`: when
    the books fail without a reason, nothing was done. `missing_journal`: what is said of `with_missing_journal`.
    `not_on_bills`: an account that no bill takes. `supplier_name`: the most characters of a supplier's name (None: any
    number). `has_headings`: whether the chart has accounts that only group others. `values_are_names`: a value of a
    dimension has no code beside its name; `removes_values`: it and tax codes are not listed when they are closed.
    `key_with_name`: a supplier that has our key counts only if its name or a number agrees. `poison`: what makes a
    journal entry one that the books refuse for a reason that the connector does not look for."""

    numbered: frozenset[DocumentKind] = ALL_KINDS
    linked: frozenset[DocumentKind] = ALL_KINDS
    one_step: frozenset[DocumentKind] = frozenset()
    party_keys: frozenset[KeyKind] = frozenset(KeyKind)
    supplier_account: str | None = "2101"
    employee_account: str = "2250"
    books_differences: bool = True
    new_id_when_posted: bool = False
    accounts_of_all: bool = False
    reopens: bool = True
    deletes_drafts: bool = False
    time_zone: str | None = "Europe/London"
    has_key: bool = True
    in_order: bool = True
    one_date: bool = False
    settles_parts: bool = False
    rolls_back: bool = True
    missing_journal: str = r"journal NONE .*accounting_system"
    not_on_bills: str = "1950"
    supplier_name: int | None = None
    has_headings: bool = True
    values_are_names: bool = False
    removes_values: bool = False
    key_with_name: bool = False
    number_once: bool = False
    pairs_reversals: bool = True
    poison: Mapping[str, object] = field(default_factory=lambda: {"memo": "\0"})  # what no database takes


@dataclass(frozen=True)
class Held:
    """A document as the accounting system shows it. `lines`: (account, + debit - credit in minor units of the books'
    currency), `foreign`: the same in the document's currency, where it is another. `open`: what nothing has settled yet
    on payables accounts, in the document's currency; nothing is open on a draft."""

    state: DocumentState
    number: str | None
    date: date
    lines: tuple[tuple[str, int], ...]
    foreign: tuple[tuple[str, int], ...] = ()
    open: int = 0
    bill: HeldBill | None = None


@dataclass(frozen=True)
class HeldBill:
    """What a bill or credit note has besides. `due` None for a draft, of which it may not be settled yet."""

    party: str
    number: str
    document_date: date
    due: date | None
    dimensions: tuple[str, ...]


class Act(StrEnum):
    """What a connector asks of the accounting system."""

    READ = "read"
    CREATE = "create"  # documents
    POST = "post"  # one document
    POST_ALL = "post all"  # several documents in one call, where the accounting system can; then also one by one
    DELETE = "delete"
    DERIVE = "derive"  # exchange differences, reconciliations: what it makes beside the documents
    OTHER = "other"


class Trouble(StrEnum):
    """What becomes of such a request, and of its answer."""

    LOST = "done, and the connection breaks off"
    CUT_OFF = "done, and its answer (of status 200) ends in the middle"
    EMPTY = "done, and its answer (of status 200) is empty"
    REFUSED = "not done: the books say no, in words of their own (`REFUSAL`)"
    FAILED = "not done: the books failed on it, which they say without a reason"
    BUSY = "not done: the books say that they are unavailable for now"
    GATEWAY = "not done: a gateway before the books answers 503"
    LATE = "a gateway answers 503, and the request reaches the books when the test says `deliver`"
    AWAY = "not done: the connection breaks off"


REFUSAL = "The fiscal year has no sequence."

# What becomes of the n-th act of its kind, from 1 on, since the way was opened; None: all is well.
Plan: TypeAlias = Callable[[Act, int], Trouble | None]


class Way(Protocol):
    """A troubled way to the books."""

    @property
    def system(self) -> AccountingSystem: ...
    @property
    def setup(self) -> AccountingSetup: ...
    @property
    def reader(self) -> LedgerReader: ...
    @property
    def lists(self) -> LedgerLists: ...

    def deliver(self) -> None:
        """Let the requests that are LATE arrive, in their order. Their answers are dropped."""


class Pages(StrEnum):
    """What comes instead of all pages of a list but the first."""

    MISSING = "no page, as if there were no other"
    REPEATED = "the first page again"


class MasterData(Protocol):
    """What people maintain in the books besides entries."""

    def add_dimension(self, code: str) -> None:
        """Add a dimension without values."""

    def add_values(self, dimension: str, names: Sequence[str]) -> list[str]:
        """Add values of a dimension, and return their codes."""

    def rename_value(self, dimension: str, code: str, name: str) -> None: ...

    def close_value(self, dimension: str, code: str) -> None:
        """Let nothing more be booked on the value: close, block, bar or archive it, as people do here."""

    def add_account(self, code: str, name: str, *, heading: bool = False) -> None: ...

    def close_account(self, code: str) -> None: ...

    def end_tax(self, code: str) -> None:
        """Let the tax code not be used any more."""

    def add_suppliers(self, names: Sequence[str], *, active: bool = True, tax_number: str | None = None) -> list[str]:
        """Add suppliers, and return their ids."""

    def rename_supplier(self, id_: str, name: str) -> None: ...

    def suppliers_called(self, name: str) -> list[str]:
        """Return the ids of the suppliers with exactly that name, archived ones too."""


class ConnectorFixture(Protocol):
    @property
    def url(self) -> str: ...
    @property
    def traits(self) -> Traits: ...

    def connector(self, *, url: str | None = None) -> AccountingSystem:
        """A new connection to the books, at another address if given."""

    def setup(self, *, url: str | None = None) -> AccountingSetup:
        """The other face of the port, of the same books."""

    def reader(self, *, url: str | None = None) -> LedgerReader:
        """The face of the port that compares, of the same books."""

    def lists(self, *, url: str | None = None) -> LedgerLists:
        """The face of the port that lists, of the same books; pages of two entries, where the connector chooses."""

    @property
    def master_data(self) -> MasterData: ...

    def misled(self, pages: Pages) -> AbstractContextManager[LedgerLists]:
        """The lists over a way on which the later pages of every list are others than they should be."""

    def with_wrong_key(self) -> AccountingSystem: ...

    def without_rights(self) -> AccountingSystem:
        """The key is good, its user may not write entries. Only on a fixture of the test's own."""

    def with_missing_journal(self) -> AccountingSystem: ...

    def held(self, reference: str) -> list[Held]: ...

    def files(self, reference: str) -> list[tuple[str, bytes]]:
        """Name and content of what is attached to the documents with the reference."""

    def close_period(self, on: date) -> None:
        """Close the period of the day, and all earlier ones where there is a lock date. Where the books have no
        periods, nothing happens; the same holds for `reopen_period`."""

    def reopen_period(self, on: date) -> None: ...

    def void(self, reference: str) -> None:
        """A person undoes the document, in the way that people do here: voids it, books its opposite, or deletes it."""

    def duplicate(self, reference: str) -> None:
        """Make a second live document with the same reference."""

    def troubled(self, plan: Plan) -> AbstractContextManager[Way]:
        """A new connection to the books, on which the acts have the troubles of the plan."""

    def derived(self, reference: str) -> list[Held]:
        """The entries that the connector made beside the document, such as an exchange difference."""

    def counters(self, reference: str) -> list[Held]:
        """The entries that undo the documents with the reference, drafts too."""

    def post_by_hand(self, reference: str) -> None:
        """Post the drafts with the reference, as a person does who has read the warnings; nothing is reconciled."""

    def change_amount(self, reference: str) -> None:
        """A person changes the amounts of the draft: it still balances, by one more unit of its currency."""

    def recategorise(self, reference: str, old: str, new: str) -> None:
        """A person moves the draft's lines on the account `old` to another."""

    def clear_document_date(self, reference: str) -> None:
        """A person empties the date on a draft bill. Where the books allow no such thing, nothing happens."""

    def redate(self, reference: str, to: date) -> None:
        """A person moves the draft to another day, of another period."""

    def delete(self, reference: str) -> None:
        """A person deletes the drafts with the reference."""
