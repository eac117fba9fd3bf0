"""What the codes of accounts, taxes and dimensions stand for in Business Central, read once for the life of a
connector: one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pleo_export.accounting.business_central.entry import BANK, GL
from pleo_export.accounting.business_central.rest import BusinessCentralRest, Row, listing
from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.errors import (
    InvalidConfiguration,
    Rejected,
    UnknownAccount,
    UnknownDimension,
    UnknownTaxCode,
)
from pleo_export.bookkeeping.documents import Document, Payment
from pleo_export.failures.connection import ADDRESS_WRONG
from pleo_export.failures.ledger import ACCOUNT_CURRENCY, ACCOUNT_UNKNOWN, TAG_UNKNOWN, TAX_CODE_UNKNOWN

_ACCOUNT = "id,number,displayName,blocked,accountType,directPosting"


@dataclass(frozen=True, slots=True)
class AccountCard:
    """An account that can be booked on. `type` is that of journal lines; `currency` empty for the ledger's own."""

    id: str
    number: str
    name: str
    type: str
    currency: str = ""


class BusinessCentralLookups:
    """Reads and checks codes. Every method that reads raises AccountingError."""

    def __init__(self, rest: BusinessCentralRest) -> None:
        self._rest = rest

    @property
    def currency(self) -> str:
        """The ledger's own currency."""
        return self._tables.currency

    @property
    def tax_codes(self) -> frozenset[str]:
        """The codes of all taxes."""
        return self._tables.taxes

    @property
    def accounts(self) -> Mapping[str, AccountCard]:
        """The accounts that can be booked on, by number; a number of both kinds is one of the general ledger."""
        return self._tables.accounts

    @property
    def dimensions(self) -> Mapping[str, tuple[str, frozenset[str]]]:
        """The name of each dimension and its values, by code."""
        return self._tables.dimensions

    def account(self, code: str) -> AccountCard:
        """Return an account. Raises UnknownAccount."""
        card = self._tables.accounts.get(code)
        if card is None:
            raise UnknownAccount(ACCOUNT_UNKNOWN.told(account=code, ledger=TITLE), unknown=code)
        return card

    def check(self, document: Document) -> None:
        """Check that all codes of a document are known. Raises UnknownAccount, UnknownTaxCode, UnknownDimension,
        Rejected."""
        lines = document.lines[1:] if isinstance(document, Payment) else document.lines
        for line in lines:
            card = self.account(line.account)
            if card.currency and card.currency != document.currency:
                values = {"account": line.account, "other": card.currency, "currency": document.currency}
                raise Rejected(ACCOUNT_CURRENCY.told(ledger=TITLE, **values))
            if line.tax is not None and line.tax.code not in self._tables.taxes:
                raise UnknownTaxCode(TAX_CODE_UNKNOWN.told(code=line.tax.code, ledger=TITLE), unknown=line.tax.code)
            for each in line.dimensions:
                _, values_there = self._tables.dimensions.get(each.category, ("", frozenset()))
                if each.value not in values_there:
                    told = TAG_UNKNOWN.told(tag=each.value, ledger=TITLE).about(each.category)
                    raise UnknownDimension(told, unknown=each)

    @cached_property
    def _tables(self) -> _Tables:
        accounts, banks, taxes, dimensions, setup = self._rest.list_many(
            [
                listing("accounts", select=_ACCOUNT),
                listing("bankAccounts", select="id,number,displayName,blocked,currencyCode"),
                listing("taxGroups", select="id,code"),
                listing("dimensions", select="id,code,displayName", expand="dimensionValues($select=id,code)"),
                listing("generalLedgerSetup", select="id,localCurrencyCode"),
            ]
        )
        if not setup:
            raise InvalidConfiguration(ADDRESS_WRONG.told(ledger=TITLE))
        own = setup[0]["localCurrencyCode"]
        return _Tables(
            own,
            _banks(banks, own) | _general(accounts),
            frozenset(row["code"] for row in taxes),
            {row["code"]: (row["displayName"], _values(row["dimensionValues"])) for row in dimensions},
        )


@dataclass(frozen=True, slots=True)
class _Tables:
    currency: str
    accounts: Mapping[str, AccountCard]
    taxes: frozenset[str]
    dimensions: Mapping[str, tuple[str, frozenset[str]]]


def _general(rows: Sequence[Row]) -> dict[str, AccountCard]:
    usable = [row for row in rows if row["accountType"] == "Posting" and row["directPosting"] and not row["blocked"]]
    return {row["number"]: AccountCard(row["id"], row["number"], row["displayName"], GL) for row in usable}


def _banks(rows: Sequence[Row], own: str) -> dict[str, AccountCard]:
    return {
        row["number"]: AccountCard(row["id"], row["number"], row["displayName"], BANK, row["currencyCode"] or own)
        for row in rows
        if not row["blocked"]
    }


def _values(rows: Sequence[Row]) -> frozenset[str]:
    return frozenset(row["code"] for row in rows)
