"""What Business Central offers to choose from: dimension values, accounts, tax groups and vendors.

Its API shows no dimension value or tax group as blocked: one that people remove is no longer listed.
"""

from __future__ import annotations

from collections.abc import Iterator

from pleo_export.accounting.business_central.rest import BusinessCentralRest, listing, text
from pleo_export.accounting.business_central.settings import BusinessCentralSettings
from pleo_export.accounting.business_central.suppliers import BusinessCentralSuppliers
from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.errors import InvalidConfiguration
from pleo_export.accounting.lists import (
    DimensionValue,
    LedgerAccount,
    LedgerCompany,
    LedgerList,
    LedgerSupplier,
    LedgerTaxCode,
    NewSupplier,
    TaxCodeType,
)
from pleo_export.failures.connection import ADDRESS_WRONG
from pleo_export.failures.ledger_lists import DIMENSION_NOT_THERE

_ACCOUNT = "id,number,displayName,blocked,accountType,directPosting"


class BusinessCentralLists:
    """The port's LedgerLists for Business Central; see `LedgerLists` for what each method promises."""

    lists = frozenset(LedgerList)

    def __init__(self, settings: BusinessCentralSettings, rest: BusinessCentralRest) -> None:
        self._rates = settings.tax_rates
        self._rest = rest
        self._suppliers = BusinessCentralSuppliers(rest)

    def company(self) -> LedgerCompany:
        """Return the company's information, which has the number for VAT only: one call. Raises AccountingError."""
        (rows,) = self._rest.list_many([listing("companyInformation")], whole=True)
        if not rows:
            raise InvalidConfiguration(ADDRESS_WRONG.told(ledger=TITLE))
        return LedgerCompany(rows[0]["displayName"], None, rows[0]["taxRegistrationNumber"] or None)

    def dimension_values(self, dimension: str) -> Iterator[DimensionValue]:
        """Yield the values of a dimension: two calls. Raises InvalidConfiguration, or another AccountingError."""
        (found,) = self._rest.list_many(
            [listing("dimensions", filter=f"code eq {text(dimension)}", select="id,code")], whole=True
        )
        if not found:
            raise InvalidConfiguration(DIMENSION_NOT_THERE.told(ledger=TITLE, dimension=dimension))
        path = f"dimensions({found[0]['id']})/dimensionValues"
        (rows,) = self._rest.list_many([listing(path, select="id,code,displayName")], whole=True)
        for row in rows:
            yield DimensionValue(row["code"], row["displayName"], active=True)

    def chart(self) -> Iterator[LedgerAccount]:
        """Yield the accounts of the general ledger, headings and totals too, and the bank accounts: one call. A number
        of both kinds is one of the general ledger. Raises AccountingError."""
        bank = listing("bankAccounts", select="id,number,displayName,blocked")
        accounts, banks = self._rest.list_many([listing("accounts", select=_ACCOUNT), bank], whole=True)
        for row in accounts:
            postable = row["accountType"] == "Posting" and row["directPosting"]
            yield LedgerAccount(row["id"], row["number"], row["displayName"], not row["blocked"], bool(postable))
        numbers = {row["number"] for row in accounts}
        for row in banks:
            if row["number"] not in numbers:
                yield LedgerAccount(row["id"], row["number"], row["displayName"], not row["blocked"], postable=True)

    def tax_codes(self) -> Iterator[LedgerTaxCode]:
        """Yield the VAT product posting groups, with the rates that the settings give them, for the API tells none: one
        call. Raises AccountingError."""
        (rows,) = self._rest.list_many([listing("taxGroups", select="id,code,displayName")], whole=True)
        for row in rows:
            rate = self._rates.get(row["code"])
            yield LedgerTaxCode(
                code=row["code"],
                name=row["displayName"] or row["code"],
                rate=None if rate is None else rate / 100,
                type=TaxCodeType.INCLUSIVE,
                active=True,
            )

    def suppliers(self) -> Iterator[LedgerSupplier]:
        """Yield the vendors that stand for no employee. Raises AccountingError."""
        return self._suppliers.all()

    def ensure_supplier(self, wanted: NewSupplier) -> LedgerSupplier:
        """Return the supplier that is wanted: one call, another to make it. Raises Rejected, OutcomeUnknown, or another
        AccountingError."""
        return self._suppliers.ensure(wanted)
