"""The suppliers of e-conomic, but for the group that the settings name for employees.

e-conomic numbers its suppliers, and has no field for a key of ours. So a supplier that we make gets a number that is
computed from the key: nine digits, which no second one can have. Its corporate identification number is the only number
that it is registered under. It is of the settings' group for new suppliers (else the first), on the first terms of
payment and in the first VAT zone of suppliers: a bookkeeper changes that where it is another.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pleo_export.accounting.economic.filters import begins, either, equals
from pleo_export.accounting.economic.rest import EconomicRest, Row
from pleo_export.accounting.economic.settings import EconomicSettings
from pleo_export.accounting.economic.title import TITLE
from pleo_export.accounting.economic.whole_lists import old_whole
from pleo_export.accounting.errors import OutcomeUnknown, Rejected
from pleo_export.accounting.lists import LedgerSupplier, NewSupplier
from pleo_export.accounting.party_matching import bare_tax_number, plain_name
from pleo_export.accounting.supplier_matching import SupplierCandidate, matching_supplier, require_name
from pleo_export.failures.connection import LEDGER_IN_DOUBT
from pleo_export.failures.ledger_lists import SUPPLIER_NUMBER_TAKEN, SUPPLIER_SETUP_MISSING

NAME_LENGTH = 255
_FIRST, _NUMBERS = 900_000_000, 99_999_999  # numbers of nine digits
_BEGINNING = 2  # characters of a number that are searched for: how the others are grouped is not known
_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True)
class EconomicSuppliers:
    """Lists the suppliers, and enters one. Every method raises AccountingError."""

    rest: EconomicRest
    settings: EconomicSettings

    def all(self, page: int) -> Iterator[LedgerSupplier]:
        """Yield every supplier, barred ones included."""
        for row in old_whole(self.rest, "/suppliers", "supplierNumber", page):
            if not self._is_employee(row):
                yield _supplier(row)

    def ensure(self, wanted: NewSupplier) -> LedgerSupplier:
        """Return the supplier that is wanted, made if it is not there. Raises Rejected, OutcomeUnknown."""
        require_name(wanted, TITLE, NAME_LENGTH)
        found = matching_supplier(wanted, self._candidates(wanted), TITLE)
        return found or self._create(wanted)

    def _candidates(self, wanted: NewSupplier) -> list[SupplierCandidate]:
        """One call for whatever fits, with more than fits. Raises Rejected where another supplier has the number."""
        clauses = [equals("supplierNumber", number_of(wanted.key))]
        clauses += [equals("name", wanted.name)] if wanted.name.isprintable() else []
        numbers = {bare_tax_number(each or "") for each in (wanted.tax_registration_number, wanted.registration_number)}
        clauses += [begins("corporateIdentificationNumber", each[:_BEGINNING]) for each in sorted(numbers) if each]
        rows = [row for row in self.rest.old_items("/suppliers", either(clauses)) if not self._is_employee(row)]
        return [_candidate(row, wanted) for row in rows]

    def _create(self, wanted: NewSupplier) -> LedgerSupplier:
        body: Row = {
            "supplierNumber": number_of(wanted.key),
            "name": wanted.name,
            "currency": wanted.currency,
            "supplierGroup": {"supplierGroupNumber": self._group()},
            "paymentTerms": {"paymentTermsNumber": self._first("/payment-terms", "paymentTermsNumber")},
            "vatZone": {"vatZoneNumber": self._first("/vat-zones", "vatZoneNumber")},
        }
        if number := wanted.tax_registration_number or wanted.registration_number:
            body["corporateIdentificationNumber"] = number
        if wanted.country:
            body["country"] = wanted.country.upper()
        row = self.rest.old_post("/suppliers", body)
        if not isinstance(row, dict) or "supplierNumber" not in row:
            raise OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE))
        return _supplier(row)

    def _group(self) -> int:
        if self.settings.supplier_group is not None:
            return self.settings.supplier_group
        return self._first("/supplier-groups", "supplierGroupNumber", other_than=self.settings.employee_group)

    def _first(self, path: str, name: str, other_than: int | None = None) -> int:
        """Return the lowest number of a list that suppliers choose from. Raises Rejected for an empty one."""
        rows = [row for row in self.rest.old_items(path) if row.get("enabledForSupplier", True)]
        numbers = [int(row[name]) for row in rows if row[name] != other_than]
        if not numbers:
            raise Rejected(SUPPLIER_SETUP_MISSING.told(ledger=TITLE, what=path.strip("/").replace("-", " ")))
        return min(numbers)

    def _is_employee(self, row: Row) -> bool:
        group = (row.get("supplierGroup") or {}).get("supplierGroupNumber")
        return group is not None and group == self.settings.employee_group


def number_of(key: str) -> int:
    """Return the supplier number of a key: always the same."""
    return _FIRST + int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) % _NUMBERS


def _candidate(row: Row, wanted: NewSupplier) -> SupplierCandidate:
    """Return one that may be wanted. Two keys could have one number, so with it the name or a number has to agree.
    Raises Rejected if neither does."""
    supplier = _supplier(row)
    number = row.get("corporateIdentificationNumber")
    numbers = frozenset({str(number)} if number else ())
    if row["supplierNumber"] != number_of(wanted.key):
        return SupplierCandidate(supplier, numbers=numbers)
    ours = {bare_tax_number(each or "") for each in (wanted.tax_registration_number, wanted.registration_number)} - {""}
    agrees = plain_name(supplier.name) == plain_name(wanted.name) or ours & set(map(bare_tax_number, numbers))
    if not agrees:
        raise Rejected(SUPPLIER_NUMBER_TAKEN.told(ledger=TITLE, name=wanted.name, supplier=supplier.name))
    return SupplierCandidate(supplier, frozenset({wanted.key}), numbers)


def _supplier(row: Row) -> LedgerSupplier:
    """A number with the letters of a country is that of its tax register."""
    number = str(row.get("corporateIdentificationNumber") or "").strip()
    taxed = number[:2].isalpha()
    country = str(row.get("country") or "").strip().upper()
    code = str(row["supplierNumber"])
    return LedgerSupplier(
        id=code,
        code=code,
        name=row.get("name") or code,
        active=not row.get("barred"),
        country=country if _COUNTRY.fullmatch(country) else None,
        registration_number=None if taxed else number or None,
        tax_registration_number=number if taxed else None,
        currency=row.get("currency") or None,
    )
