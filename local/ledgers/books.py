"""What the demo and the local stack need of a ledger on this machine, whichever it is.

Entries are read from the ledger itself and not by a connector, so that what the connector wrote is checked against
something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol, Self

ACCOUNTS = {
    "wallets": {"GBP": "1900", "EUR": "1901"},
    "out_of_pocket": "2250",
    "clearing": "1950",
    "external_reimbursement": "2251",
    "payables": "2100",
    "input_tax": "2200",
    "output_tax": "2202",
}
"""The accounts of the sample chart, as a company's settings name them."""


@dataclass(frozen=True)
class EntryLine:
    """One line of an entry, + debit: `amount` in the currency of the expense, `base` in the ledger's own."""

    account: str
    name: str
    amount: Decimal
    base: Decimal


@dataclass(frozen=True)
class Entry:
    """An entry as the accountant sees it. `reference` is the integration's, `files` how many hang on it."""

    reference: str
    number: str | None
    lines: tuple[EntryLine, ...]
    files: int = 0


@dataclass(frozen=True)
class Balance:
    """The sums of an account in the ledger's own currency."""

    account: str
    name: str
    debit: Decimal
    credit: Decimal


@dataclass(frozen=True)
class Deviations:
    """What of the sample is otherwise in a ledger. For the expenses that it cannot take, beside what nobody could book:
    by their keys, the type of failure that is to be reported. `demo` are those of the half year, `every_type` those of
    the month with every type of expense, by method; `left_over` is what that leaves on the accounts under each method,
    where it is not the usual. `codes`: its own, of accounts and employees, in place of the sample's.
    """

    demo: Mapping[str, str] = field(default_factory=dict)
    every_type: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    left_over: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)

    def of_ledger(self, expense: Mapping[str, Any]) -> dict[str, Any]:
        """Return the expense as Pleo has it that knows this ledger's own codes."""
        own: dict[str, Any] = self._with_codes(expense)
        return own

    def _with_codes(self, value: Any) -> Any:
        match value:
            case str():
                return self.codes.get(value, value)
            case dict():
                return {name: self._with_codes(each) for name, each in value.items()}
            case list():
                return [self._with_codes(each) for each in value]
        return value


class Books(Protocol):
    """The ledger of one company on this machine. `title` is its product's name, `page` where a person looks at it;
    `secret` is what a connector needs."""

    @property
    def title(self) -> str:
        """The product's name, for people."""

    @property
    def page(self) -> str:
        """The address that a person opens, with how to get in."""

    @property
    def secret(self) -> Mapping[str, str]:
        """The accounting secret of a connection."""

    @property
    def deviations(self) -> Deviations:
        """What of the sample it cannot take."""

    def connection(self) -> Mapping[str, Any]:
        """Return the settings of a company that this ledger decides: `accounting_system`, `accounts` and others."""

    def entries(self) -> Sequence[Entry]:
        """Return every entry, oldest first."""

    def trial_balance(self) -> Sequence[Balance]:
        """Return the sums of the accounts that were posted on, in the order of the chart."""


class BooksServer(Books, Protocol):
    """A ledger that runs until the `with` block ends."""

    def __enter__(self) -> Self:
        """Start it."""

    def __exit__(self, *_: Any) -> None:
        """Stop it."""

    def fresh(self) -> AbstractContextManager[Books]:
        """Return other books, as new as these were; gone at the end of the block."""


def sums(entries: Iterable[Entry]) -> list[Balance]:
    """Return the trial balance of the entries."""
    found: dict[tuple[str, str], list[Decimal]] = {}
    for line in (line for entry in entries for line in entry.lines):
        total = found.setdefault((line.account, line.name), [Decimal(0), Decimal(0)])
        total[0 if line.base > 0 else 1] += abs(line.base)
    return [Balance(code, name, debit, credit) for (code, name), (debit, credit) in sorted(found.items())]
