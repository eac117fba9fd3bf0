"""The contacts of Xero, found by what Pleo holds of a supplier or an employee (R-5a.8, R-5a.16).

A contact's number (ContactNumber) or account number is its code; its id is the external id of suppliers that are copied
to Pleo. Employees are the members of one contact group. What either is owed is on Xero's one account for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from uuid import UUID

from pleo_export.accounting.party_matching import PartyCandidate, can_be_text, first_match, has_role
from pleo_export.accounting.xero.lookups import XeroLookups
from pleo_export.accounting.xero.rest import Record, XeroRest, text
from pleo_export.bookkeeping.parties import (
    KeyKind,
    Party,
    PartyKey,
    PartyMatch,
    PartyQuery,
    tax_number,
)

_KEYS_IN_ONE_CALL = 30


class XeroParties:
    """Finds contacts. `employees` is the name of the group that holds the employees."""

    def __init__(self, rest: XeroRest, lookups: XeroLookups, employees: str) -> None:
        self._rest = rest
        self._lookups = lookups
        self._employees = employees

    def find(self, wanted: Collection[PartyQuery]) -> Mapping[PartyQuery, PartyMatch]:
        """Find the contact of each query: one call for up to thirty keys, archived contacts included. Tax numbers are
        written in many ways, so all contacts that have one are read for them. Raises AccountingError."""
        keys = {key for question in wanted for key in question.keys if can_be_text(key.value)}
        rows = self._rows(sorted(keys, key=lambda each: (each.kind, each.value))) if keys else []
        return {question: self._answer(question, rows) for question in wanted}

    def _rows(self, keys: Sequence[PartyKey]) -> list[Record]:
        exact = [clause for key in keys for clause in _clauses(key)]
        clauses = [*exact, *(["TaxNumber!=null"] if any(key.kind is KeyKind.TAX_NUMBER for key in keys) else [])]
        found: dict[str, Record] = {}
        for start in range(0, len(clauses), _KEYS_IN_ONE_CALL):
            where = " OR ".join(clauses[start : start + _KEYS_IN_ONE_CALL])
            for row in self._rest.pages("Contacts", {"where": where, "includeArchived": "true"}):
                found[str(row["ContactID"])] = row
        return list(found.values())

    def _answer(self, question: PartyQuery, rows: Sequence[Record]) -> PartyMatch:
        def candidates(key: PartyKey) -> Iterator[PartyCandidate]:
            for row in rows:
                if has_role(question.role, key, employee=self._is_employee(row)) and _fits(key, row):
                    usable = row.get("ContactStatus", "ACTIVE") == "ACTIVE"
                    yield PartyCandidate(self._party(row), str(row.get("Name")), _named(row), usable)

        return first_match(question, candidates)

    def _is_employee(self, row: Record) -> bool:
        return any(group.get("Name") == self._employees for group in row.get("ContactGroups") or [])

    def _party(self, row: Record) -> Party:
        own = self._lookups.payables
        return Party(str(row["ContactID"]), str(row.get("Name") or ""), own.code if own else None)


def _clauses(key: PartyKey) -> Iterator[str]:
    match key.kind:
        case KeyKind.EXTERNAL_ID:
            yield f"ContactNumber=={text(key.value)}"
            if _is_id(key.value):
                yield f'ContactID==Guid("{key.value}")'
        case KeyKind.CODE:
            yield f"ContactNumber=={text(key.value)}"
            yield f"AccountNumber=={text(key.value)}"
        case KeyKind.ACCOUNT:
            yield f"AccountNumber=={text(key.value)}"
        case KeyKind.TAX_NUMBER:
            return


def _is_id(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True


def _fits(key: PartyKey, row: Record) -> bool:
    match key.kind:
        case KeyKind.EXTERNAL_ID:
            return key.value in (row.get("ContactNumber"), row.get("ContactID"))
        case KeyKind.CODE:
            return key.value in (row.get("ContactNumber"), row.get("AccountNumber"))
        case KeyKind.ACCOUNT:
            return key.value == row.get("AccountNumber")
        case KeyKind.TAX_NUMBER:
            return bool(row.get("TaxNumber")) and tax_number(key.value) == tax_number(str(row["TaxNumber"]))


def _named(row: Record) -> str:
    number = row.get("ContactNumber") or row.get("AccountNumber")
    return f"{row.get('Name')}, number {number}" if number else str(row.get("Name"))
