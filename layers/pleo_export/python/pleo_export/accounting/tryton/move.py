"""A journal entry or a payment as a Tryton move: pure, from the document and what Tryton's codes stand for.

The reference becomes the move's description, which Tryton can search. Texts go to the lines; the memo goes to the
offsetting line, the one with the largest amount, which for an expense is the wallet's. The line of a payment on the
payables account says what it settles, so that a bill that comes later finds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, TypeVar

from pleo_export.accounting.errors import (
    Rejected,
    UnknownAccount,
    UnknownDimension,
    UnknownTaxCode,
)
from pleo_export.accounting.matching import settlement_text
from pleo_export.accounting.tryton.title import TITLE
from pleo_export.bookkeeping.documents import Dimension, JournalEntry, JournalLine, Party, Payment, TaxPart, TaxRole
from pleo_export.failures.ledger import (
    ACCOUNT_CURRENCY,
    ACCOUNT_UNKNOWN,
    ACCOUNT_WANTS_PARTY,
    CODE_AMBIGUOUS,
    PARTY_DELETED,
    RATE_MISSING,
    TAG_UNKNOWN,
    TAX_CODE_UNKNOWN,
    TAX_WITHOUT_ACCOUNT,
)

Record = dict[str, Any]
Found = TypeVar("Found")

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """An account. `analytic`: Tryton keeps dimensions for it, as it does for income and expenses. `billed`: bills may
    have lines on it; `payable`: what a bill owes may be booked on it. With `party_required` a line has a party, else
    it has none. With a `currency` it takes lines in that one only."""

    id: int
    analytic: bool
    billed: bool = False
    payable: bool = False
    party_required: bool = False
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class TaxRecord:
    """A tax that is booked by itself; a reverse charge has two of them. Its tax goes to `invoice_account` where the
    base is a debit, and to `credit_note_account` where it is a credit."""

    id: int
    name: str
    invoice_account: int | None
    credit_note_account: int | None

    @property
    def accounts(self) -> frozenset[int | None]:
        """The ids of both accounts."""
        return frozenset({self.invoice_account, self.credit_note_account})


@dataclass(frozen=True, slots=True)
class TaxCode:
    """A tax as people choose it; `taxes` are those that are booked: itself, or the ones below it."""

    id: int
    taxes: tuple[TaxRecord, ...]


@dataclass(frozen=True, slots=True)
class AnalyticAccount:
    """A value of a dimension; `root` is the id of the dimension."""

    id: int
    root: int


@dataclass(frozen=True, slots=True)
class PartyRecord:
    """A party; `address` is the id of the address that its bills get, None if it has none."""

    id: int
    code: str
    address: int | None


@dataclass(frozen=True)
class CodeTables:
    """The records behind the codes of accounts, taxes and dimensions. Codes need not be unique in Tryton, so each has a
    list."""

    accounts: Mapping[str, Sequence[AccountRecord]] = field(default_factory=dict)
    taxes: Mapping[str, Sequence[TaxCode]] = field(default_factory=dict)
    dimensions: Mapping[tuple[str, str], Sequence[AnalyticAccount]] = field(default_factory=dict)

    def account(self, code: str) -> AccountRecord:
        """Return the account of this code. Raises UnknownAccount if there is none, or several."""
        found = self.accounts.get(code, ())
        if not found:
            raise UnknownAccount(ACCOUNT_UNKNOWN.told(ledger=TITLE, account=code), unknown=code)
        return _the_only(found, f"account {code}", UnknownAccount)

    def tax(self, code: str) -> TaxCode:
        """Return the tax of this code. Raises UnknownTaxCode if there is none, or several."""
        found = self.taxes.get(code, ())
        if not found:
            raise UnknownTaxCode(TAX_CODE_UNKNOWN.told(ledger=TITLE, code=code), unknown=code)
        return _the_only(found, f"tax code {code}", UnknownTaxCode)

    def dimension(self, dimension: Dimension) -> AnalyticAccount:
        """Return the value of a dimension. Raises UnknownDimension if there is none, or several."""
        found = self.dimensions.get((dimension.category, dimension.value), ())
        if not found:
            told = TAG_UNKNOWN.told(ledger=TITLE, tag=dimension.value).about(dimension.category)
            raise UnknownDimension(told, unknown=dimension)
        return _the_only(found, f"tag {dimension.value}", UnknownDimension)


@dataclass(frozen=True)
class Currency:
    """A currency. `rates`: (first day, units of the currency for one unit of Tryton's base currency), newest first."""

    id: int
    code: str
    rates: list[tuple[date, Decimal]] = field(default_factory=list)

    def rate(self, on: date) -> Decimal:
        """Return the rate of that day. Raises Rejected if there is none."""
        for since, rate in self.rates:
            if since <= on:
                return rate
        raise _no_rate(self.code, on)


@dataclass(frozen=True)
class LookupTables:
    """What documents of one company are recorded with. `currencies` by code, empty where all documents are in the
    company's `currency`; `parties` of bills and payments, by id."""

    company: int
    journal: int
    codes: CodeTables
    currency: str
    currency_id: int
    currencies: Mapping[str, Currency] = field(default_factory=dict)
    parties: Mapping[str, PartyRecord] = field(default_factory=dict)

    def rate(self, currency: str, on: date) -> Decimal:
        """Return the rate of a currency on that day. Raises Rejected if there is none."""
        if currency not in self.currencies:
            raise _no_rate(currency, on)
        return self.currencies[currency].rate(on)

    def party(self, party: Party) -> PartyRecord:
        """Return the record of a party. Raises Rejected if it was deleted."""
        if party.id not in self.parties:
            raise Rejected(PARTY_DELETED.told(ledger=TITLE, party=party.name))
        return self.parties[party.id]


def move(entry: JournalEntry | Payment, period: int, tables: LookupTables) -> Record:
    """Return the values of the move in the period of this id. Raises UnknownAccount, UnknownTaxCode, UnknownDimension,
    Rejected, naming what to fix."""
    party = tables.party(entry.party) if isinstance(entry, Payment) else None
    amounts, texts = _company_amounts(entry, tables), _texts(entry, party)
    second = tables.currencies[entry.currency] if entry.currency != tables.currency else None
    for line in entry.lines:
        require_currency(line, entry.currency, tables.codes)
    lines = [
        _line(line, entry.posting_date, amount, text, tables.codes, second, party)
        for line, amount, text in zip(entry.lines, amounts, texts, strict=True)
    ]
    return {
        "company": tables.company,
        "journal": tables.journal,
        "period": period,
        "date": entry.posting_date,
        "description": entry.reference,
        "lines": [["create", lines]],
    }


def require_currency(line: JournalLine, currency: str, codes: CodeTables) -> None:
    """Check that the line's account takes this currency. Raises UnknownAccount, Rejected."""
    account = codes.account(line.account)
    if account.currency not in (None, currency):
        raise Rejected(
            ACCOUNT_CURRENCY.told(ledger=TITLE, account=line.account, other=account.currency, currency=currency)
        )


def _texts(entry: JournalEntry | Payment, party: PartyRecord | None) -> list[str]:
    """Return the texts of the lines, in their order."""
    if isinstance(entry, Payment) and party is not None:
        return [settlement_text(entry.purpose, party.code, entry.settles), _memo(entry)]
    offset = _offset(entry)
    return [_memo(entry) if number == offset else line.text or entry.memo for number, line in enumerate(entry.lines)]


def _line(
    line: JournalLine,
    on: date,
    amount: Decimal,
    text: str,
    codes: CodeTables,
    second: Currency | None,
    party: PartyRecord | None,
) -> Record:
    account = codes.account(line.account)
    analytic = [codes.dimension(each) for each in line.dimensions]
    sides = {"debit": max(amount, Decimal(0)), "credit": max(-amount, Decimal(0))}
    values: Record = {"account": account.id, **sides, "description": text}
    if account.party_required:
        values["party"] = _required_party(line, party)
    if second:
        values |= {"second_currency": second.id, "amount_second_currency": units(line.amount)}
    if line.tax:
        taxes = _tax_lines(line, line.tax, account, amount, codes)
        values["tax_lines"] = [["create", taxes]]
    if analytic and account.analytic:
        shares = [{"account": each.id, "date": on, **sides} for each in analytic]
        values["analytic_lines"] = [["create", shares]]
    return values


def _required_party(line: JournalLine, party: PartyRecord | None) -> int:
    if party is None:
        raise Rejected(ACCOUNT_WANTS_PARTY.told(ledger=TITLE, account=line.account))
    return party.id


def _tax_lines(
    line: JournalLine, part: TaxPart, account: AccountRecord, amount: Decimal, codes: CodeTables
) -> list[Record]:
    """Return the tax lines: a base counts for each tax of the code, a tax for the one of the line's account."""
    taxes = codes.tax(part.code).taxes if part.role is TaxRole.BASE else (tax_of(line, part, account, codes),)
    return [{"tax": tax.id, "type": part.role.value, "amount": amount} for tax in taxes]


def tax_of(line: JournalLine, part: TaxPart, account: AccountRecord, codes: CodeTables) -> TaxRecord:
    """Return the only tax of the code, or the one that goes to the line's account. Raises UnknownTaxCode."""
    taxes = codes.tax(part.code).taxes
    fitting = taxes if len(taxes) == 1 else [tax for tax in taxes if account.id in tax.accounts]
    if not fitting:
        raise UnknownTaxCode(TAX_WITHOUT_ACCOUNT.told(ledger=TITLE, code=part.code, account=f" account {line.account}"))
    return fitting[0]


def _memo(entry: JournalEntry | Payment) -> str:
    """Return the memo, with the document's date where the posting date is another (R-5e.9): a move has one date."""
    moved = entry.document_date != entry.posting_date
    return f"{entry.memo} (dated {entry.document_date})" if moved else entry.memo


def _company_amounts(entry: JournalEntry | Payment, tables: LookupTables) -> list[Decimal]:
    """Convert the amounts to the company's currency, at Tryton's rate of the posting date, each rounded individually.

    What the roundings leave goes to the offsetting line: expenses and taxes keep the amounts that an accountant would
    get by converting them, and the entry balances to the penny.
    """
    amounts = [units(line.amount) for line in entry.lines]
    if entry.currency == tables.currency:
        return amounts
    foreign = tables.rate(entry.currency, entry.posting_date)
    factor = tables.rate(tables.currency, entry.posting_date) / foreign
    converted = [(amount * factor).quantize(_CENT, ROUND_HALF_EVEN) for amount in amounts]
    converted[_offset(entry)] -= sum(converted)
    return converted


def _offset(entry: JournalEntry | Payment) -> int:
    """Return the number of the offsetting line: the last one with the largest amount."""
    return max(range(len(entry.lines)), key=lambda number: (abs(entry.lines[number].amount), number))


def units(minor: int) -> Decimal:
    """Convert minor units (cents) to units of the currency."""
    return Decimal(minor).scaleb(-2)


def _no_rate(currency: str, on: date) -> Rejected:
    return Rejected(RATE_MISSING.told(ledger=TITLE, currency=currency, on=on))


def _the_only(found: Sequence[Found], what: str, error: type[Rejected]) -> Found:
    if len(found) > 1:
        raise error(CODE_AMBIGUOUS.told(ledger=TITLE, count=len(found), what=what))
    return found[0]
