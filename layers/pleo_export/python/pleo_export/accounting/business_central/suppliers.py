"""The suppliers of Business Central: its vendors, but for those that stand for employees (see `parties`).

The API has no field for a key of ours. So a vendor that we make gets a number that is computed from the key, which no
second one can have: the number series of vendors has to take numbers that are entered (Manual Nos.). What it is posted
with (its posting groups) comes from the vendor template there. Its only registration number is the one for VAT.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pleo_export.accounting.business_central.rest import BusinessCentralRest, Row, listing
from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.lists import LedgerSupplier, NewSupplier
from pleo_export.accounting.short_key import short_key
from pleo_export.accounting.supplier_matching import SupplierCandidate, matching_supplier, require_name

NAME_LENGTH = 100
_FIELDS = "id,number,displayName,country,taxRegistrationNumber,currencyCode,blocked"
_USABLE = frozenset({"", " ", "_x0020_"})
_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True)
class BusinessCentralSuppliers:
    """Lists the suppliers, and enters one. Every method raises AccountingError."""

    rest: BusinessCentralRest

    def all(self) -> Iterator[LedgerSupplier]:
        """Yield every supplier, blocked ones included: one call, and one for each further page."""
        vendors, employees = self.rest.list_many([_VENDORS, _EMPLOYEES], whole=True)
        yield from map(_supplier, _without(vendors, employees))

    def ensure(self, wanted: NewSupplier) -> LedgerSupplier:
        """Return the supplier that is wanted, made if it is not there. All vendors are read, for numbers are compared
        without separators. Raises Rejected, OutcomeUnknown."""
        require_name(wanted, TITLE, NAME_LENGTH)
        currencies = listing("currencies", select="id,code")
        vendors, employees, foreign = self.rest.list_many([_VENDORS, _EMPLOYEES, currencies], whole=True)
        candidates = (_candidate(row, wanted) for row in _without(vendors, employees))
        found = matching_supplier(wanted, candidates, TITLE)
        if found is not None:
            return found
        body: Row = {"number": short_key(wanted.key), "displayName": wanted.name}
        if wanted.tax_registration_number:
            body["taxRegistrationNumber"] = wanted.tax_registration_number
        if wanted.country:
            body["country"] = wanted.country.upper()
        if wanted.currency in {row["code"] for row in foreign}:  # the ledger's own is none of these
            body["currencyCode"] = wanted.currency
        return _supplier(self.rest.create("vendors", body))


_VENDORS = listing("vendors", select=_FIELDS)
_EMPLOYEES = listing("employees", select="id,number")


def _without(vendors: list[Row], employees: list[Row]) -> Iterator[Row]:
    numbers = {row["number"] for row in employees}
    return (row for row in vendors if row["number"] not in numbers)


def _candidate(row: Row, wanted: NewSupplier) -> SupplierCandidate:
    ours = row["number"] == short_key(wanted.key)
    number = row["taxRegistrationNumber"]
    return SupplierCandidate(
        _supplier(row), frozenset({wanted.key} if ours else ()), frozenset({number} if number else ())
    )


def _supplier(row: Mapping[str, str]) -> LedgerSupplier:
    country = str(row.get("country") or "").upper()
    return LedgerSupplier(
        id=row["id"],
        code=row["number"],
        name=row["displayName"],
        active=row["blocked"] in _USABLE,
        country=country if _COUNTRY.fullmatch(country) else None,
        tax_registration_number=row["taxRegistrationNumber"] or None,
        currency=row.get("currencyCode") or None,
    )
