"""What the demo and the local stack need of a ledger on this machine, whichever it is.

Entries are read from the ledger itself and not by a connector, so that what the connector wrote is checked against
something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from copy import deepcopy
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
    """What of the sample is otherwise in a ledger. By the keys of the sample's expenses, the type of failure that is to
    be reported for those that it cannot take beside what nobody could book: `demo` are those of the half year,
    `every_type` those of the month with every type of expense, of which `left_over` is left on the accounts, where that
    is not the usual. `tax_accounts`: the accounts of its tax codes, where Pleo has got others from it than the usual.
    """

    demo: Mapping[str, str] = field(default_factory=dict)
    every_type: Mapping[str, str] = field(default_factory=dict)
    left_over: Mapping[str, int] = field(default_factory=dict)
    tax_accounts: Mapping[str, str] = field(default_factory=dict)

    def of_ledger(self, expense: Mapping[str, Any]) -> dict[str, Any]:
        """Return the expense as Pleo has it with this ledger's tax codes."""
        taxed = [line["tax"] for line in expense["accountingEntryLines"] if line["tax"]]
        if not self.tax_accounts or not any("ingoingTaxAccount" in each for each in taxed):
            return dict(expense)
        own = deepcopy(dict(expense))
        for tax in (line["tax"] for line in own["accountingEntryLines"] if line["tax"]):
            for name in ("ingoingTaxAccount", "outgoingTaxAccount"):
                if name in tax:
                    tax[name] = self.tax_accounts.get(tax[name], tax[name])
        return own


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
