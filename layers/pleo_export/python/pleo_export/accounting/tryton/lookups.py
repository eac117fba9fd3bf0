"""How Tryton is set up, as recording needs it: accounts, taxes, dimensions, currencies and parties.

Most of it is kept as `kept_lists` says. Rates and parties are read for each batch: a person may have corrected them
meanwhile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from pleo_export.accounting.errors import InvalidConfiguration
from pleo_export.accounting.kept_lists import KeptLists, kept_property
from pleo_export.accounting.tryton.move import (
    AccountRecord,
    AnalyticAccount,
    CodeTables,
    Currency,
    LookupTables,
    PartyRecord,
    TaxCode,
    TaxRecord,
)
from pleo_export.accounting.tryton.rest import Record, TrytonRest
from pleo_export.accounting.tryton.settings import TrytonSettings
from pleo_export.accounting.tryton.title import TITLE
from pleo_export.bookkeeping.documents import Document, JournalEntry
from pleo_export.failures.connection import SETTING_UNKNOWN_THERE


class TrytonLookups:
    """Reads the tables that documents are recorded with. Every method raises AccountingError."""

    def __init__(self, settings: TrytonSettings, rest: TrytonRest, lists: KeptLists | None = None) -> None:
        self._settings = settings
        self._tryton = rest
        self.lists = lists or KeptLists()
        self._company_domain = ["company", "=", settings.company]
        self.bookable = [self._company_domain, ["type", "!=", None], ["closed", "!=", True]]

    def check(self) -> None:
        """Check that the company and the journal of the settings exist. Raises InvalidConfiguration if not."""
        self.lists.forget_all()
        _ = self._company, self._journal

    def tables(self, documents: Iterable[Document]) -> LookupTables:
        """Return the tables that these documents need."""
        documents = list(documents)
        lines = [line for document in documents for line in document.lines]
        codes = CodeTables(
            accounts=self.account_table,
            taxes=self._taxes if any(line.tax for line in lines) else {},
            dimensions=self.dimension_table if any(line.dimensions for line in lines) else {},
        )
        own = self.currency()
        foreign = {document.currency for document in documents} - {own}
        return LookupTables(
            company=self._settings.company,
            journal=self._journal,
            codes=codes,
            currency=own,
            currency_id=self._company["currency"]["id"],
            currencies=self._currencies({own, *foreign}) if foreign else {},
            parties=self._parties({each.party.id for each in documents if not isinstance(each, JournalEntry)}),
        )

    def currency(self) -> str:
        """Return the ledger's own currency, ISO 4217."""
        return str(self._company["currency"]["code"])

    def time_zone(self) -> str | None:
        """Return the company's IANA time zone; None where it has none."""
        return self._company["timezone"] or None

    @kept_property
    def _company(self) -> Record:
        return self._the_only(
            "company.company", ["id", "=", self._settings.company], ["currency.code", "timezone"], "company"
        )

    @kept_property
    def _journal(self) -> int:
        found = self._the_only("account.journal", ["code", "=", self._settings.journal], ["code"], "journal")
        return int(found["id"])

    def _the_only(self, model: str, clause: Sequence[Any], fields: Sequence[str], setting: str) -> Record:
        rows = self._tryton.search_read(model, [clause], fields)
        if len(rows) != 1:
            raise InvalidConfiguration(
                SETTING_UNKNOWN_THERE.told(ledger=TITLE, count=len(rows) or "no", setting=setting, value=clause[2])
            )
        return rows[0]

    @kept_property
    def account_table(self) -> Mapping[str, Sequence[AccountRecord]]:
        """The accounts that can be booked on, by code."""
        kinds = ["type.statement", "type.expense", "type.debt", "type.payable"]
        accounts: dict[str, list[AccountRecord]] = defaultdict(list)
        fields = ["code", "party_required", "second_currency.code", *kinds]
        for row in self._tryton.search_read("account.account", self.bookable, fields):
            kind, second = row["type"], row["second_currency"]
            account = AccountRecord(
                row["id"],
                analytic=kind["statement"] == "income",
                billed=bool(kind["expense"] or kind["debt"]),
                payable=bool(kind["payable"]),
                party_required=bool(row["party_required"]),
                currency=second["code"] if second else None,
            )
            accounts[row["code"]].append(account)
        return accounts

    @kept_property
    def _taxes(self) -> Mapping[str, Sequence[TaxCode]]:
        """The taxes by name, for Tryton's taxes have no code."""
        fields = ["name", "parent", "invoice_account", "credit_note_account"]
        rows = self._tryton.search_read("account.tax", [self._company_domain], fields)
        taxes: dict[str, list[TaxCode]] = defaultdict(list)
        for row in rows:
            if row["parent"] is None:
                taxes[row["name"]].append(TaxCode(row["id"], tuple(_booking_taxes(row, rows))))
        return taxes

    @kept_property
    def dimension_table(self) -> Mapping[tuple[str, str], Sequence[AnalyticAccount]]:
        """The analytic accounts, by the codes of their root and their own."""
        domain = [self._company_domain, ["type", "=", "normal"]]
        dimensions: dict[tuple[str, str], list[AnalyticAccount]] = defaultdict(list)
        for row in self._tryton.search_read("analytic_account.account", domain, ["code", "root.code"]):
            account = AnalyticAccount(row["id"], row["root"]["id"])
            dimensions[row["root"]["code"], row["code"]].append(account)
        return dimensions

    def _currencies(self, codes: Collection[str]) -> Mapping[str, Currency]:
        """Read the rates again for each batch: one that was missing may have been entered."""
        domain = [["currency.code", "in", list(codes)]]
        rates: dict[str, Currency] = {}
        fields = ["date", "rate", "currency.code"]
        for row in self._tryton.search_read("currency.currency.rate", domain, fields, [["date", "DESC"]]):
            currency = row["currency"]
            known = rates.setdefault(currency["code"], Currency(currency["id"], currency["code"], []))
            known.rates.append((row["date"], row["rate"]))
        return rates

    def _parties(self, ids: Collection[str]) -> Mapping[str, PartyRecord]:
        if not ids:
            return {}
        domain = [["id", "in", [int(each) for each in ids]]]
        rows = self._tryton.search_read("party.party", domain, ["code", "addresses"])
        return {str(row["id"]): PartyRecord(row["id"], row["code"], next(iter(row["addresses"]), None)) for row in rows}


def _booking_taxes(tax: Record, taxes: Sequence[Record]) -> list[TaxRecord]:
    """Return the tax itself, or the ones below it: of a group of taxes Tryton books its members."""
    below = [each for each in taxes if each["parent"] == tax["id"]]
    if below:
        return [booking for each in below for booking in _booking_taxes(each, taxes)]
    return [TaxRecord(tax["id"], tax["name"], tax["invoice_account"], tax["credit_note_account"])]
