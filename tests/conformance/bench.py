"""What the suite needs to know of an accounting system, besides the connector: hands and eyes inside it.

The books behind a bench have the accounts of the worked examples (R-5b), the tax code GB20 on 2200, the dimension
`cost_centre` with LON, pounds as their currency and a rate for euros; 2026 is open, 2025 closed, 2031 not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from pleo_export.accounting.port import AccountingSystem, State

OPEN = date(2026, 2, 10)
CLOSED = date(2025, 12, 10)
NO_PERIOD = date(2031, 2, 10)


@dataclass(frozen=True)
class Held:
    """A document as the accounting system shows it. `lines`: (account, + debit - credit in minor units of the books'
    currency), `foreign`: the same in the entry's currency, where it is another."""

    state: State
    number: str | None
    date: date
    lines: tuple[tuple[str, int], ...]
    foreign: tuple[tuple[str, int], ...] = ()


class Bench(Protocol):
    url: str

    def connector(self, *, url: str | None = None) -> AccountingSystem:
        """A new connection to the books, at another address if given."""

    def with_wrong_key(self) -> AccountingSystem: ...

    def without_rights(self) -> AccountingSystem:
        """The key is good, its user may not write entries. Only on a bench of one's own."""

    def with_missing_journal(self) -> AccountingSystem: ...

    def held(self, reference: str) -> list[Held]: ...

    def close_period(self, on: date) -> None: ...

    def void(self, reference: str) -> None: ...

    def duplicate(self, reference: str) -> None:
        """Make a second live document with the same reference."""

    def creates(self, request: str) -> bool:
        """Whether the request (method, path and body) creates documents."""

    def finalises(self, request: str) -> bool: ...
