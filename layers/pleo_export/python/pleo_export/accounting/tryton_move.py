"""A journal entry as a Tryton move: pure, from the entry and what Tryton's codes stand for.

The reference becomes the move's description, which Tryton can search. Texts go to the lines; the memo goes to the
counter line, the one with the largest amount, which for an expense is the wallet's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, TypeVar

from pleo_export.accounting.errors import (
    AccountingError,
    Rejected,
    UnknownAccount,
    UnknownDimension,
    UnknownTaxCode,
)
from pleo_export.bookkeeping.documents import Dimension, JournalEntry, JournalLine, TaxPart, TaxRole

Record = dict[str, Any]
Found = TypeVar("Found")

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Account:
    """`analytic`: Tryton keeps dimensions for it, as it does for income and expenses."""

    id: int
    analytic: bool


@dataclass(frozen=True, slots=True)
class Tax:
    """A tax that books; a reverse charge has two below one code. `accounts` are those its tax is booked to."""

    id: int
    accounts: frozenset[int]


@dataclass(frozen=True)
class Codes:
    """What the codes of the accounting system stand for. Codes need not be unique in Tryton, so each has a list."""

    accounts: Mapping[str, Sequence[Account]] = field(default_factory=dict)
    taxes: Mapping[str, Sequence[Sequence[Tax]]] = field(default_factory=dict)
    dimensions: Mapping[tuple[str, str], Sequence[int]] = field(default_factory=dict)

    def account(self, code: str) -> Account:
        return _the_one(self.accounts.get(code, ()), f"account {code}", UnknownAccount)

    def tax(self, code: str) -> Sequence[Tax]:
        return _the_one(self.taxes.get(code, ()), f"tax code {code}", UnknownTaxCode)

    def dimension(self, dimension: Dimension) -> int:
        what = f"{dimension.value} in the dimension {dimension.category}"
        return _the_one(self.dimensions.get((dimension.category, dimension.value), ()), what, UnknownDimension)


@dataclass(frozen=True)
class Currency:
    """`rates`: (from this day on, units of it for one of Tryton's base), newest first."""

    id: int
    code: str
    rates: list[tuple[date, Decimal]] = field(default_factory=list)

    def rate(self, on: date) -> Decimal:
        for since, rate in self.rates:
            if since <= on:
                return rate
        raise _no_rate(self.code, on)


@dataclass(frozen=True)
class Books:
    """What a move needs to know of the company. `currencies` by code, where an entry is not in `currency`."""

    company: int
    journal: int
    codes: Codes
    currency: str
    currencies: Mapping[str, Currency] = field(default_factory=dict)

    def rate(self, currency: str, on: date) -> Decimal:
        if currency not in self.currencies:
            raise _no_rate(currency, on)
        return self.currencies[currency].rate(on)


def move(entry: JournalEntry, period: int, books: Books) -> Record:
    """The values of the move. Raises UnknownAccount, UnknownTaxCode, UnknownDimension, Rejected, naming what to fix."""
    amounts = _company_amounts(entry, books)
    second = books.currencies[entry.currency] if entry.currency != books.currency else None
    counter = _counter(entry)
    lines = [
        _line(entry, number, amount, books.codes, second, memo=number == counter)
        for number, amount in enumerate(amounts)
    ]
    return {
        "company": books.company,
        "journal": books.journal,
        "period": period,
        "date": entry.posting_date,
        "description": entry.reference,
        "lines": [["create", lines]],
    }


def _line(
    entry: JournalEntry, number: int, amount: Decimal, codes: Codes, second: Currency | None, *, memo: bool
) -> Record:
    line = entry.lines[number]
    account = codes.account(line.account)
    analytic = [codes.dimension(each) for each in line.dimensions]
    sides = {"debit": max(amount, Decimal(0)), "credit": max(-amount, Decimal(0))}
    values: Record = {"account": account.id, **sides, "description": _memo(entry) if memo else line.text or entry.memo}
    if second:
        values |= {"second_currency": second.id, "amount_second_currency": _units(line.amount)}
    if line.tax:
        taxes = _tax_lines(line, line.tax, account, amount, codes)
        values["tax_lines"] = [["create", taxes]]
    if analytic and account.analytic:
        shares = [{"account": each, "date": entry.posting_date, **sides} for each in analytic]
        values["analytic_lines"] = [["create", shares]]
    return values


def _tax_lines(line: JournalLine, part: TaxPart, account: Account, amount: Decimal, codes: Codes) -> list[Record]:
    """The base counts for each tax of the code, the tax for the one that books to the line's account."""
    taxes = codes.tax(part.code)
    if part.role is TaxRole.TAX and len(taxes) > 1:
        taxes = [tax for tax in taxes if account.id in tax.accounts]
        if not taxes:
            raise UnknownTaxCode(f"The tax code {part.code} has no tax in Tryton that books to account {line.account}.")
    return [{"tax": tax.id, "type": part.role.value, "amount": amount} for tax in taxes]


def _memo(entry: JournalEntry) -> str:
    """With the document's date where the posting date was moved away from it (R-5e.9): a move has but one date."""
    moved = entry.document_date != entry.posting_date
    return f"{entry.memo} (dated {entry.document_date})" if moved else entry.memo


def _company_amounts(entry: JournalEntry, books: Books) -> list[Decimal]:
    """In the company's currency, at Tryton's own rate of the posting date, each line rounded for itself.

    What the roundings leave goes to the counter line: expenses and taxes keep the amounts that an accountant would
    get by converting them, and the entry balances to the penny.
    """
    amounts = [_units(line.amount) for line in entry.lines]
    if entry.currency == books.currency:
        return amounts
    foreign = books.rate(entry.currency, entry.posting_date)
    factor = books.rate(books.currency, entry.posting_date) / foreign
    converted = [(amount * factor).quantize(_CENT, ROUND_HALF_EVEN) for amount in amounts]
    converted[_counter(entry)] -= sum(converted)
    return converted


def _counter(entry: JournalEntry) -> int:
    """The last line with the largest amount."""
    return max(range(len(entry.lines)), key=lambda number: (abs(entry.lines[number].amount), number))


def _units(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-2)


def _no_rate(currency: str, on: date) -> Rejected:
    return Rejected(
        f"Tryton has no exchange rate for {currency} on {on}. Enter it under Currencies, then export again."
    )


def _the_one(found: Sequence[Found], what: str, error: type[AccountingError]) -> Found:
    if not found:
        raise error(f"There is no {what} in Tryton, or it is closed. Create it there, or change the code in Pleo.")
    if len(found) > 1:
        raise error(f"Tryton has {len(found)} records for {what}: give each its own code, then export again.")
    return found[0]
