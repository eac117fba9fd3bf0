"""The side of the port that lists what a ledger offers: dimension values, accounts, tax codes and suppliers.

The lists are kept in step at Pleo (`sync`), and checked against the settings every night. A list is complete, closed
entries included, or AccountingError is raised while it is read: half a list must never look like a short one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from pleo_export.accounting.ledger_list import LedgerList

__all__ = [
    "DimensionValue",
    "LedgerAccount",
    "LedgerCompany",
    "LedgerList",
    "LedgerLists",
    "LedgerSupplier",
    "LedgerTaxCode",
    "NewSupplier",
    "TaxCodeType",
]


class TaxCodeType(StrEnum):
    """How a tax is computed: INCLUSIVE is part of the gross amount; REVERSE is owed and deducted by the buyer."""

    INCLUSIVE = "inclusive"
    REVERSE = "reverse"


@dataclass(frozen=True, slots=True)
class DimensionValue:
    """A value of a dimension, such as a cost centre. `code` is what a tag of an expense names."""

    code: str
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class LedgerAccount:
    """An account of the chart. `id` never changes; `code` is what an expense names. `postable` accounts take entries:
    headings and accounts that only the ledger itself books on do not. `tax_code` is the code of its usual tax."""

    id: str
    code: str
    name: str
    active: bool
    postable: bool
    tax_code: str | None = None


@dataclass(frozen=True, slots=True)
class LedgerTaxCode:
    """A tax code. `code` is what an expense names; `rate` is a fraction (0.20 is 20 %), None where the ledger does not
    tell one. `allowed_accounts` are the codes of the only accounts that it may be used with; None: any."""

    code: str
    name: str
    rate: Decimal | None
    type: TaxCodeType
    active: bool
    ingoing_account: str | None = None
    outgoing_account: str | None = None
    allowed_accounts: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class LedgerSupplier:
    """A supplier. `id` never changes; `code` is its number, by which people know it. `country` is ISO 3166 alpha-2,
    `currency` ISO 4217; None where the ledger has none."""

    id: str
    code: str | None
    name: str
    active: bool
    country: str | None = None
    registration_number: str | None = None
    tax_registration_number: str | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class NewSupplier:
    """A supplier that was entered in Pleo and has to exist in the ledger. `key` is derived from the id of Pleo's
    vendor: it is written into the ledger with the supplier, and looked for before that is made, so that it exists
    once."""

    key: str
    name: str
    currency: str
    country: str | None = None
    registration_number: str | None = None
    tax_registration_number: str | None = None


@dataclass(frozen=True, slots=True)
class LedgerCompany:
    """Who owns the ledger. The registration numbers are as the ledger has them; None where it has none."""

    name: str
    registration_number: str | None = None
    tax_registration_number: str | None = None


class LedgerLists(Protocol):
    """What a ledger offers to choose from. Every method raises AccountingError; an iterator may raise it midway."""

    @property
    def lists(self) -> frozenset[LedgerList]:
        """The lists that this ledger has; the methods of the others raise Rejected."""

    def company(self) -> LedgerCompany:
        """Return who owns the ledger, to compare with Pleo's company."""

    def dimension_values(self, dimension: str) -> Iterator[DimensionValue]:
        """List the values of a dimension, by the code that `AccountingSetup.dimensions` gives it. Raises
        InvalidConfiguration for a dimension that does not exist."""

    def chart(self) -> Iterator[LedgerAccount]:
        """List the accounts, headings and closed ones included."""

    def tax_codes(self) -> Iterator[LedgerTaxCode]:
        """List the tax codes that purchases can have."""

    def suppliers(self) -> Iterator[LedgerSupplier]:
        """List the suppliers, archived ones included."""

    def ensure_supplier(self, wanted: NewSupplier) -> LedgerSupplier:
        """Return the supplier that is wanted: found by its key, else by tax registration number, registration number or
        exact name, in that order, else created. Running it again is safe. Raises Rejected where several fit, or the
        ledger refuses it; OutcomeUnknown if it may have been created."""
