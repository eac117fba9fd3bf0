"""What the suite needs to know of an accounting system, besides the connector: hands and eyes inside it.

The books behind a bench have the accounts of the worked examples (R-5b), the tax codes GB20 on 2200 and RC20 on 2201
and 2202, the dimension `cost_centre` with LON, pounds as their currency and rates for euros; 2026 and 2027 are open,
2025 closed, 2031 not there. They know the suppliers and employees below.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from pleo_export.accounting.port import AccountingSystem, State

OPEN = date(2026, 2, 10)
CLOSED = date(2025, 12, 10)
NO_PERIOD = date(2031, 2, 10)
LAST_PERIOD_END = date(2027, 12, 31)

NORTHWIND = "V-2001"  # its own payables account is 2101, its tax number GB112233445
RYMAN = "V-1001"  # no own account
BLOCKED = "V-2003"
TWICE = "GB555666777"  # the tax number of two suppliers
TOM = "E002"


@dataclass(frozen=True)
class Held:
    """A document as the accounting system shows it. `lines`: (account, + debit - credit in minor units of the books'
    currency), `foreign`: the same in the document's currency, where it is another. `open`: what nothing has settled yet
    on payables accounts, in the document's currency; nothing is open on a draft."""

    state: State
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


class Bench(Protocol):
    url: str

    def connector(self, *, url: str | None = None) -> AccountingSystem:
        """A new connection to the books, at another address if given."""

    def with_wrong_key(self) -> AccountingSystem: ...

    def without_rights(self) -> AccountingSystem:
        """The key is good, its user may not write entries. Only on a bench of one's own."""

    def with_missing_journal(self) -> AccountingSystem: ...

    def held(self, reference: str) -> list[Held]: ...

    def files(self, reference: str) -> list[tuple[str, bytes]]:
        """Name and content of what is attached to the documents with the reference."""

    def close_period(self, on: date) -> None: ...

    def reopen_period(self, on: date) -> None: ...

    def post(self, reference: str) -> None:
        """As a person does who has read its warnings; nothing is reconciled by that."""

    def void(self, reference: str) -> None: ...

    def duplicate(self, reference: str) -> None:
        """Make a second live document with the same reference."""

    def creates(self, request: str) -> bool:
        """Whether the request (method, path and body) creates documents."""

    def finalises(self, request: str) -> bool: ...
