"""The suppliers of Tryton: its parties, but for the employees and the company itself.

Tryton does not tell suppliers from customers. A party's code is unique, and what recording finds a supplier by
(`parties`), so it is the supplier's id as well as its number. Our key is one of its identifiers, without a type.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pleo_export.accounting.errors import AccountingError, OutcomeUnknown
from pleo_export.accounting.lists import LedgerSupplier, NewSupplier
from pleo_export.accounting.party_matching import bare_tax_number
from pleo_export.accounting.supplier_matching import SupplierCandidate, matching_supplier, require_name
from pleo_export.accounting.tryton import supplier_numbers
from pleo_export.accounting.tryton.rest import Record, TrytonRest, literal
from pleo_export.accounting.tryton.title import TITLE
from pleo_export.failures.connection import LEDGER_IN_DOUBT

PARTY = "party.party"
FIELDS = ("code", "name", "active", "addresses.country.code", *supplier_numbers.FIELDS)


@dataclass(frozen=True)
class TrytonSuppliers:
    """Lists the suppliers, and enters one. Every method raises AccountingError."""

    tryton: TrytonRest

    def all(self, page: int) -> Iterator[LedgerSupplier]:
        """Yield every supplier, deactivated ones included."""
        others = self._others()
        for row in self.tryton.read_all(PARTY, [], FIELDS, page):
            if row["id"] not in others:
                yield _supplier(row)

    def ensure(self, wanted: NewSupplier) -> LedgerSupplier:
        """Return the supplier that is wanted, made if it is not there. Raises Rejected, OutcomeUnknown."""
        require_name(wanted, TITLE)
        found = matching_supplier(wanted, self._candidates(wanted), TITLE)
        return found or self._create(wanted)

    def _candidates(self, wanted: NewSupplier) -> list[SupplierCandidate]:
        """One call for whatever fits, with more than fits; one for those of them who are employees."""
        numbers = {bare_tax_number(each or "") for each in (wanted.tax_registration_number, wanted.registration_number)}
        clauses = [["identifiers.code", "=", wanted.key], ["name", "ilike", literal(wanted.name)]]
        clauses += [["identifiers.code", "ilike", "%".join(map(literal, each))] for each in numbers if each]
        rows = self.tryton.search_read(PARTY, ["OR", *clauses], FIELDS, [["id", "ASC"]], inactive=True)
        others = self._others() if rows else frozenset()
        return [_candidate(row) for row in rows if row["id"] not in others]

    def _create(self, wanted: NewSupplier) -> LedgerSupplier:
        """A bill needs an address, so the supplier gets one."""
        codes = (wanted.tax_registration_number, wanted.registration_number, wanted.key)
        address = {"country": country} if (country := self._country(wanted.country)) else {}
        record = {
            "name": wanted.name,
            "identifiers": [["create", [{"code": code} for code in codes if code]]],
            "addresses": [["create", [address]]],
        }
        made = self.tryton.create(PARTY, record)
        try:
            (row,) = self.tryton.search_read(PARTY, [["id", "=", made]], FIELDS, inactive=True)
        except (AccountingError, ValueError) as error:
            raise OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE), code=type(error).__name__) from None
        return _supplier(row)

    def _country(self, code: str | None) -> int | None:
        """Return Tryton's record of a country; None where its list of countries was not filled."""
        if not code:
            return None
        rows = self.tryton.search_read("country.country", [["code", "=", code.upper()]], ["code"])
        return int(rows[0]["id"]) if rows else None

    def _others(self) -> frozenset[int]:
        """Return the parties that are no suppliers: employees, former ones too, and all companies of the database."""
        employees = self.tryton.search_read(
            "company.employee", [["company", "=", self.tryton.company]], ["party"], inactive=True
        )
        companies = self.tryton.search_read("company.company", [], ["party"])
        return frozenset(row["party"] for row in (*employees, *companies))


def _candidate(row: Record) -> SupplierCandidate:
    codes = frozenset(str(each["code"]) for each in row["identifiers"] if each["code"])
    return SupplierCandidate(_supplier(row), keys=codes, numbers=codes)


def _supplier(row: Record) -> LedgerSupplier:
    countries = (each["country"]["code"] for each in row["addresses"] if each["country"])
    return LedgerSupplier(
        id=row["code"],
        code=row["code"],
        name=row["name"] or "",
        active=bool(row["active"]),
        country=next(countries, None),
        registration_number=supplier_numbers.registration_number(row),
        tax_registration_number=supplier_numbers.tax_registration_number(row),
    )
