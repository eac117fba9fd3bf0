"""What Xero offers to choose from: tracking options, accounts, tax rates, and contacts as suppliers.

Accounts, tax rates and tracking categories come whole, in one answer each; contacts in pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from pleo_export.accounting.errors import InvalidConfiguration, Unavailable
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
from pleo_export.accounting.xero.lookups import CLASS_FLAGS, SYSTEM_ONLY
from pleo_export.accounting.xero.rest import PAGE_SIZE, Record, XeroRest
from pleo_export.accounting.xero.suppliers import XeroSuppliers
from pleo_export.accounting.xero.title import TITLE
from pleo_export.failures.connection import LEDGER_UNREACHABLE
from pleo_export.failures.ledger_lists import DIMENSION_NOT_THERE

NO_TAX = "NONE"
_REVERSE = frozenset({"REVERSECHARGES", "ECACQUISITIONS", "ECINPUT", "ECINPUTSERVICES", "DRCHARGE"})


class XeroLists:
    """The port's LedgerLists for Xero; see `LedgerLists` for what each method promises. `employees` is the name of the
    group that holds the employees."""

    lists = frozenset(LedgerList)
    page = PAGE_SIZE  # contacts of one call

    def __init__(self, rest: XeroRest, employees: str) -> None:
        self._rest = rest
        self._suppliers = XeroSuppliers(rest, employees)

    def company(self) -> LedgerCompany:
        """Return the organisation: one call. Raises AccountingError."""
        rows = self._rest.whole("Organisation")
        if not rows:
            raise Unavailable(LEDGER_UNREACHABLE.told(ledger=TITLE))
        row = rows[0]
        name = str(row.get("LegalName") or row.get("Name") or "")
        return LedgerCompany(name, row.get("RegistrationNumber") or None, row.get("TaxNumber") or None)

    def dimension_values(self, dimension: str) -> Iterator[DimensionValue]:
        """Yield the options of a tracking category: one call. Their names are what lines name, and so their codes; in
        an archived category none is active. Raises InvalidConfiguration, or another AccountingError."""
        rows = self._rest.whole("TrackingCategories", {"includeArchived": "true"})
        found = [row for row in rows if row.get("Name") == dimension]
        if not found:
            raise InvalidConfiguration(DIMENSION_NOT_THERE.told(ledger=TITLE, dimension=dimension))
        values: dict[str, bool] = {}
        for category in found:
            for option in category.get("Options") or []:
                name = str(option["Name"])
                values[name] = values.get(name, False) or (_is_active(category) and _is_active(option))
        for name, active in values.items():
            yield DimensionValue(name, name, active)

    def chart(self) -> Iterator[LedgerAccount]:
        """Yield the accounts: one call. Those that Xero alone books on take no entries. Raises AccountingError."""
        for row in self._rest.whole("Accounts"):
            usual = str(row.get("TaxType") or NO_TAX)
            yield LedgerAccount(
                id=str(row["AccountID"]),
                code=_code(row),
                name=str(row.get("Name") or ""),
                active=_is_active(row),
                postable=row.get("SystemAccount") not in SYSTEM_ONLY,
                tax_code=None if usual == NO_TAX else usual,
            )

    def tax_codes(self) -> Iterator[LedgerTaxCode]:
        """Yield the tax rates that apply to more than revenue, with the accounts that each applies to: two calls.
        Raises AccountingError."""
        accounts = self._rest.whole("Accounts")
        for row in self._rest.whole("TaxRates"):
            classes = {class_ for class_, flag in CLASS_FLAGS.items() if row.get(flag, True)}
            if classes - {"REVENUE"} and row.get("TaxType"):
                yield _tax_code(row, accounts, classes)

    def suppliers(self) -> Iterator[LedgerSupplier]:
        """Yield the contacts that are suppliers. Raises AccountingError."""
        return self._suppliers.all(self.page)

    def ensure_supplier(self, wanted: NewSupplier) -> LedgerSupplier:
        """Return the supplier that is wanted: two calls, another to make it. Raises Rejected, OutcomeUnknown, or
        another AccountingError."""
        return self._suppliers.ensure(wanted)


def _tax_code(row: Record, accounts: Iterable[Record], classes: set[str]) -> LedgerTaxCode:
    rate = row.get("EffectiveRate")
    allowed = frozenset(_code(each) for each in accounts if each.get("Class") in classes)
    return LedgerTaxCode(
        code=str(row["TaxType"]),
        name=str(row.get("Name") or row["TaxType"]),
        rate=Decimal(str(rate)) / 100 if rate is not None else None,
        type=TaxCodeType.REVERSE if row.get("ReportTaxType") in _REVERSE else TaxCodeType.INCLUSIVE,
        active=_is_active(row),
        allowed_accounts=None if classes == set(CLASS_FLAGS) else allowed,
    )


def _code(account: Record) -> str:
    """Return what people call an account: Xero's code, or its id where it has none, as bank accounts may."""
    return str(account.get("Code") or account["AccountID"])


def _is_active(row: Record) -> bool:
    return bool(row.get("Status", "ACTIVE") == "ACTIVE")
