"""The lists of the general ledger behind the fake accounting system: its chart, taxes, dimension values, suppliers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from pleo_export.accounting.lists import (
    DimensionValue,
    LedgerAccount,
    LedgerCompany,
    LedgerSupplier,
    LedgerTaxCode,
    NewSupplier,
    TaxCodeType,
)

NAME_LENGTH = 500  # of a supplier
COMPANY = LedgerCompany("Northgate Ltd", "07142369", "GB318204556")
TAXES = {"GB0": "0", "GB20": "0.20", "ES21": "0.21"}
VALUES = {
    "cost_centre": {"LON": "London", "CPH": "Copenhagen", "MAD": "Madrid"},
    "project": {"P-100": "Website", "P-200": "Office move"},
}


@dataclass
class HeldSupplier:
    """A supplier, and the keys of ours that were written into it."""

    supplier: LedgerSupplier
    keys: frozenset[str] = frozenset()

    @property
    def numbers(self) -> frozenset[str]:
        """What it is registered under."""
        numbers = (self.supplier.registration_number, self.supplier.tax_registration_number)
        return frozenset(each for each in numbers if each)


@dataclass
class HeldLists:
    """What people maintain in it. As from a ledger that is at fault: `withheld` entries are missing at the end of each
    list; `misled` comes instead of its later pages, "missing" or "repeated"."""

    accounts: dict[str, LedgerAccount]
    values: dict[str, dict[str, DimensionValue]]
    tax_codes: dict[str, LedgerTaxCode]
    company: LedgerCompany = COMPANY
    suppliers: list[HeldSupplier] = field(default_factory=list)
    withheld: int = 0
    misled: str | None = None

    def books_on(self, account: str) -> bool:
        """Whether an entry can be booked on it."""
        known = self.accounts.get(account)
        return known is not None and known.active and known.postable

    def has_tax(self, code: str) -> bool:
        """Whether the tax code can be used."""
        return code in self.tax_codes and self.tax_codes[code].active

    def has_value(self, dimension: str, code: str) -> bool:
        """Whether a line can have the value."""
        known = self.values.get(dimension, {}).get(code)
        return known is not None and known.active

    # What people do

    def put_value(self, dimension: str, code: str, name: str, *, active: bool = True) -> None:
        """Add a value, or change it."""
        self.values.setdefault(dimension, {})[code] = DimensionValue(code, name, active)

    def close_value(self, dimension: str, code: str) -> None:
        self.values[dimension][code] = replace(self.values[dimension][code], active=False)

    def put_account(self, code: str, name: str, *, active: bool = True, postable: bool = True) -> None:
        """Add an account, or change it."""
        self.accounts[code] = LedgerAccount(f"A{code}", code, name, active, postable)

    def close_account(self, code: str) -> None:
        self.accounts[code] = replace(self.accounts[code], active=False)

    def end_tax(self, code: str) -> None:
        self.tax_codes[code] = replace(self.tax_codes[code], active=False)

    def put_supplier(self, name: str, *, active: bool = True, tax_number: str | None = None) -> LedgerSupplier:
        """Add a supplier."""
        number = len(self.suppliers) + 1
        added = LedgerSupplier(f"S{number}", f"V-{3000 + number}", name, active, tax_registration_number=tax_number)
        self.suppliers.append(HeldSupplier(added))
        return added

    def enter(self, wanted: NewSupplier) -> LedgerSupplier:
        """Make a supplier with a key in it. As often as it is asked for: nothing here is unique."""
        made = replace(
            self.put_supplier(wanted.name, tax_number=wanted.tax_registration_number),
            country=wanted.country,
            currency=wanted.currency,
            registration_number=wanted.registration_number,
        )
        self.suppliers[-1] = HeldSupplier(made, frozenset({wanted.key}))
        return made


def sample_lists(chart: Iterable[str]) -> HeldLists:
    """Return the lists of a ledger that nobody has changed yet."""
    accounts: Sequence[str] = sorted(chart)
    taxes = {
        code: LedgerTaxCode(code, code, Decimal(rate), TaxCodeType.INCLUSIVE, True, ingoing_account="2200")
        for code, rate in TAXES.items()
    }
    taxes["RC20"] = LedgerTaxCode("RC20", "RC20", Decimal("0.20"), TaxCodeType.REVERSE, True, "2201", "2202")
    return HeldLists(
        accounts={code: LedgerAccount(f"A{code}", code, f"Account {code}", True, True) for code in accounts},
        values={
            dimension: {code: DimensionValue(code, name, True) for code, name in values.items()}
            for dimension, values in VALUES.items()
        },
        tax_codes=taxes,
    )
