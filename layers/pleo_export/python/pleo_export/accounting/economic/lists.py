"""What e-conomic offers to choose from: dimension values, projects, accounts, VAT codes and suppliers."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from pleo_export.accounting.economic.filters import equals
from pleo_export.accounting.economic.lookups import BOOKABLE, EconomicLookups, module_of
from pleo_export.accounting.economic.rest import ACCOUNTS, DIMENSIONS, OLD_PAGE, PROJECTS, EconomicRest, Row
from pleo_export.accounting.economic.settings import EconomicSettings
from pleo_export.accounting.economic.suppliers import EconomicSuppliers
from pleo_export.accounting.economic.title import TITLE
from pleo_export.accounting.economic.whole_lists import old_whole, whole
from pleo_export.accounting.errors import InvalidConfiguration, PermissionDenied
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
from pleo_export.failures.ledger_lists import DIMENSION_NOT_THERE

_SALES = 1  # the type of a VAT account


class EconomicLists:
    """The port's LedgerLists for e-conomic; see `LedgerLists` for what each method promises."""

    lists = frozenset(LedgerList)
    page = OLD_PAGE  # suppliers of one call; the services choose theirs themselves

    def __init__(self, settings: EconomicSettings, rest: EconomicRest) -> None:
        self._economic = rest
        self._lookups = EconomicLookups(settings, rest)
        self._suppliers = EconomicSuppliers(rest, settings)

    def company(self) -> LedgerCompany:
        """Return whose agreement it is: one call. Raises AccountingError."""
        company = self._lookups.company
        return LedgerCompany(
            str(company.get("name") or ""),
            company.get("companyIdentificationNumber") or None,
            company.get("vatNumber") or None,
        )

    def dimension_values(self, dimension: str) -> Iterator[DimensionValue]:
        """Yield the values of a dimension, or the projects or cost types where no dimension has that name; their keys
        are their codes. Raises InvalidConfiguration, or another AccountingError."""
        number = self._lookups.dimension_numbers.get(dimension.casefold())
        module = module_of(dimension) if number is None else None
        if number is None and module is None:
            raise InvalidConfiguration(DIMENSION_NOT_THERE.told(ledger=TITLE, dimension=dimension))
        if number is not None:
            for row in whole(self._economic, f"{DIMENSIONS}/values", "key", equals("dimensionNumber", number)):
                yield DimensionValue(str(row["key"]), row.get("name") or str(row["key"]), bool(row.get("active")))
            return
        try:
            for row in whole(self._economic, f"{PROJECTS}/{module}", "number"):
                yield DimensionValue(str(row["number"]), row.get("name") or str(row["number"]), _is_open(row))
        except PermissionDenied as error:
            if error.code != "AccessDeniedAgreementMissingModules":
                raise
            raise InvalidConfiguration(DIMENSION_NOT_THERE.told(ledger=TITLE, dimension=dimension)) from None

    def chart(self) -> Iterator[LedgerAccount]:
        """Yield the accounts, headings and totals too; those blocked for direct entries take none of ours. Raises
        AccountingError."""
        for row in whole(self._economic, f"{ACCOUNTS}/Accounts", "number"):
            code = str(row["number"])
            yield LedgerAccount(
                id=code,
                code=code,
                name=row.get("name") or code,
                active=not row.get("isBarred"),
                postable=row.get("type") in BOOKABLE and not row.get("isBlockedForDirectEntries"),
                tax_code=row.get("vatCode") or None,
            )

    def tax_codes(self) -> Iterator[LedgerTaxCode]:
        """Yield the VAT accounts but for those of sales. With a contra account it is a reverse charge. Raises
        AccountingError."""
        for row in old_whole(self._economic, "/vat-accounts", "vatCode", self.page):
            if (row.get("vatType") or {}).get("vatTypeNumber") == _SALES:
                continue
            contra = row.get("contraAccount")
            yield LedgerTaxCode(
                code=str(row["vatCode"]),
                name=row.get("name") or str(row["vatCode"]),
                rate=Decimal(str(row.get("ratePercentage") or 0)) / 100,
                type=TaxCodeType.REVERSE if contra else TaxCodeType.INCLUSIVE,
                active=not row.get("barred"),
                ingoing_account=_number(row.get("account")),
                outgoing_account=_number(contra),
            )

    def suppliers(self) -> Iterator[LedgerSupplier]:
        """Yield the suppliers that are no employees. Raises AccountingError."""
        return self._suppliers.all(self.page)

    def ensure_supplier(self, wanted: NewSupplier) -> LedgerSupplier:
        """Return the supplier that is wanted: one call, four more to make it. Raises Rejected, OutcomeUnknown, or
        another AccountingError."""
        return self._suppliers.ensure(wanted)


def _is_open(row: Row) -> bool:
    return not (row.get("isClosed") or row.get("isBarred") or row.get("isMainProject"))


def _number(account: Row | None) -> str | None:
    return str(account["accountNumber"]) if account else None
