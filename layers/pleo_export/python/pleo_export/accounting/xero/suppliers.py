"""The suppliers of Xero: its contacts, but for the employees and those that only customers are.

Xero itself calls a contact a supplier once it has a bill. Until then it is one if it has a number: the merchants of
card expenses are contacts as well, without one. Our key is the contact's number (ContactNumber), which Xero's screens
do not let people change. Names are unique in Xero, among contacts that are not archived.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pleo_export.accounting.errors import OutcomeUnknown, Rejected
from pleo_export.accounting.lists import LedgerSupplier, NewSupplier
from pleo_export.accounting.short_key import short_key
from pleo_export.accounting.supplier_matching import SupplierCandidate, matching_supplier, require_name
from pleo_export.accounting.xero.rest import Record, XeroRefused, XeroRest, text
from pleo_export.accounting.xero.title import TITLE
from pleo_export.bookkeeping.reference import MARK
from pleo_export.failures.connection import LEDGER_IN_DOUBT
from pleo_export.failures.ledger import LEDGER_SAYS

NAME_LENGTH = 255
_NUMBER_LENGTH = 50
_ARCHIVED_TOO = {"includeArchived": "true"}
_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True)
class XeroSuppliers:
    """Lists the suppliers, and enters one. Every method raises AccountingError."""

    rest: XeroRest
    employees: str

    def all(self, page: int) -> Iterator[LedgerSupplier]:
        """Yield every supplier, archived ones included."""
        for row in self.rest.pages("Contacts", _ARCHIVED_TOO, whole="ContactID", size=page):
            if _is_supplier(row) and not self._is_employee(row):
                yield _supplier(row)

    def ensure(self, wanted: NewSupplier) -> LedgerSupplier:
        """Return the supplier that is wanted, made if it is not there. Raises Rejected, OutcomeUnknown."""
        require_name(wanted, TITLE, NAME_LENGTH)
        found = matching_supplier(wanted, self._candidates(wanted), TITLE)
        return found or self._create(wanted)

    def _candidates(self, wanted: NewSupplier) -> list[SupplierCandidate]:
        """Numbers are written in many ways, so all contacts that have one are read for them. A contact that is not a
        supplier yet is one as well."""
        clauses = [f"ContactNumber=={text(_stored(wanted.key))}", f"Name=={text(wanted.name)}"]
        clauses += ["TaxNumber!=null"] * bool(wanted.tax_registration_number)
        clauses += ["CompanyNumber!=null"] * bool(wanted.registration_number)
        filters = ({"where": " OR ".join(clauses)}, {"searchTerm": wanted.name})
        rows = {
            str(row["ContactID"]): row
            for each in filters
            for row in self.rest.pages("Contacts", {**each, **_ARCHIVED_TOO})
        }
        return [_candidate(row, wanted) for row in rows.values() if not self._is_employee(row)]

    def _create(self, wanted: NewSupplier) -> LedgerSupplier:
        numbers = {"TaxNumber": wanted.tax_registration_number, "CompanyNumber": wanted.registration_number}
        contact: Record = {"Name": wanted.name, "ContactNumber": _stored(wanted.key)}
        contact |= {name: number for name, number in numbers.items() if number}
        if wanted.country:
            contact["Addresses"] = [{"AddressType": "STREET", "Country": wanted.country.upper()}]
        try:
            (row,) = self.rest.create("Contacts", [contact], together=True)
        except XeroRefused as refused:
            words = " ".join(refused.messages)
            told = LEDGER_SAYS.told(words=words) if words else refused.told
            raise Rejected(told, status=refused.status, code=refused.code) from None
        if not row.get("ContactID"):
            raise OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE))
        return _supplier(row)

    def _is_employee(self, row: Record) -> bool:
        return any(group.get("Name") == self.employees for group in row.get("ContactGroups") or [])


def _stored(key: str) -> str:
    return key if len(key) <= _NUMBER_LENGTH else short_key(key)


def _is_supplier(row: Record) -> bool:
    if row.get("IsSupplier"):
        return True
    numbers = ("ContactNumber", "AccountNumber", "TaxNumber", "CompanyNumber")
    return not row.get("IsCustomer") and any(row.get(each) for each in numbers)


def _candidate(row: Record, wanted: NewSupplier) -> SupplierCandidate:
    numbers = (str(row[name]) for name in ("TaxNumber", "CompanyNumber") if row.get(name))
    ours = row.get("ContactNumber") == _stored(wanted.key)
    return SupplierCandidate(_supplier(row), frozenset({wanted.key} if ours else ()), frozenset(numbers))


def _supplier(row: Record) -> LedgerSupplier:
    countries = (str(each.get("Country") or "").strip().upper() for each in row.get("Addresses") or [])
    number = str(row.get("ContactNumber") or "")
    return LedgerSupplier(
        id=str(row["ContactID"]),
        code=(None if number.startswith(MARK) else number) or row.get("AccountNumber") or None,
        name=str(row.get("Name") or ""),
        active=row.get("ContactStatus", "ACTIVE") == "ACTIVE",
        country=next((each for each in countries if _COUNTRY.fullmatch(each)), None),
        registration_number=row.get("CompanyNumber") or None,
        tax_registration_number=row.get("TaxNumber") or None,
        currency=row.get("DefaultCurrency") or None,
    )
