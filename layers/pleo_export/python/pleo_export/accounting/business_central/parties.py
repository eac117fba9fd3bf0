"""The vendors of Business Central, found by what Pleo holds of a supplier or an employee (R-5a.8, R-5a.16).

The API books what employees are owed for vendors only. So an employee who is reimbursed has a vendor card with the
number of his employee card, and such a vendor is never taken for a supplier by that number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from pleo_export.accounting.business_central.rest import BusinessCentralRest, Row, listing
from pleo_export.accounting.party_matching import PartyCandidate, bare_tax_number, first_match
from pleo_export.bookkeeping.documents import PartyRole
from pleo_export.bookkeeping.parties import (
    KeyKind,
    Party,
    PartyKey,
    PartyMatch,
    PartyQuery,
)

_USABLE = frozenset({"", " ", "_x0020_"})


def find_parties(rest: BusinessCentralRest, wanted: Collection[PartyQuery]) -> Mapping[PartyQuery, PartyMatch]:
    """Find the vendor of each query: one call, which reads all vendors, for numbers are compared without separators
    and no filter can do that. Raises AccountingError."""
    if not wanted:
        return {}
    vendors, employees = rest.list_many(
        [
            listing("vendors", select="id,number,displayName,taxRegistrationNumber,blocked"),
            listing("employees", select="id,number"),
        ]
    )
    numbers = frozenset(row["number"] for row in employees)
    return {question: _answer(question, vendors, numbers) for question in wanted}


def _answer(question: PartyQuery, vendors: Sequence[Row], employees: Collection[str]) -> PartyMatch:
    def candidates(key: PartyKey) -> Iterator[PartyCandidate]:
        for row in vendors:
            if _fits(key, row) and _has_role(question.role, key, row, employees):
                name, number = row["displayName"], row["number"]
                usable = row["blocked"] in _USABLE
                yield PartyCandidate(Party(number, name or number), name, f"{name}, no. {number}", usable)

    return first_match(question, candidates)


def _has_role(role: PartyRole, key: PartyKey, row: Row, employees: Collection[str]) -> bool:
    if role is PartyRole.EMPLOYEE:
        return key.kind is KeyKind.CODE and row["number"] in employees
    return row["number"] not in employees or key.kind is KeyKind.TAX_NUMBER


def _fits(key: PartyKey, row: Row) -> bool:
    match key.kind:
        case KeyKind.CODE:
            return bool(row["number"].upper() == key.value.upper())
        case KeyKind.EXTERNAL_ID:
            return key.value.upper() in (row["number"].upper(), row["id"].upper())
        case KeyKind.TAX_NUMBER:
            number = bare_tax_number(row["taxRegistrationNumber"])
            return number != "" and number == bare_tax_number(key.value)
        case KeyKind.ACCOUNT:
            return False  # the API does not show it
