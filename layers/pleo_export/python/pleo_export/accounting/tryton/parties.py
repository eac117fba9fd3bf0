"""The parties of Tryton, found by what Pleo holds of a supplier or an employee (R-5a.8, R-5a.16).

Tryton has a separate record for each employee. A party's code is its number as a supplier or employee, and the external
id of suppliers that are copied to Pleo; it is unique in Tryton. An account number or tax number is one of the party's
identifiers, of any type.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from pleo_export.accounting.party_matching import PartyCandidate, bare_tax_number, can_be_text, first_match, has_role
from pleo_export.accounting.tryton.rest import Record, TrytonRest, literal
from pleo_export.bookkeeping.parties import (
    KeyKind,
    Party,
    PartyKey,
    PartyMatch,
    PartyQuery,
)

_FIELDS = ("code", "name", "active", "account_payable.code", "identifiers.code")


def find_parties(tryton: TrytonRest, wanted: Collection[PartyQuery]) -> Mapping[PartyQuery, PartyMatch]:
    """Find the party of each query: one call for all of them, deactivated parties included, and one to see which of the
    found are employees. Raises AccountingError."""
    keys = {key for question in wanted for key in question.keys if can_be_text(key.value)}
    clauses = [_clause(key) for key in keys]
    rows: list[Record] = []
    if clauses:
        rows = tryton.search_read("party.party", ["OR", *clauses], _FIELDS, [["id", "ASC"]], inactive=True)
    employees = _employees(tryton, [row["id"] for row in rows])
    return {question: _answer(question, rows, employees) for question in wanted}


def _employees(tryton: TrytonRest, parties: Sequence[int]) -> frozenset[int]:
    """Return those of the parties that are or were employees of the company."""
    if not parties:
        return frozenset()
    domain = [["company", "=", tryton.company], ["party", "in", parties]]
    return frozenset(row["party"] for row in tryton.search_read("company.employee", domain, ["party"], inactive=True))


def _clause(key: PartyKey) -> list[str]:
    """Return the clause that finds a key. A tax number may be written in groups, so its clause may find other numbers
    too."""
    match key.kind:
        case KeyKind.EXTERNAL_ID | KeyKind.CODE:
            return ["code", "=", key.value]
        case KeyKind.ACCOUNT:
            return ["identifiers.code", "=", key.value]
        case KeyKind.TAX_NUMBER:
            return [
                "identifiers.code",
                "ilike",
                "%".join(literal(character) for character in bare_tax_number(key.value)),
            ]


def _answer(question: PartyQuery, rows: Sequence[Record], employees: frozenset[int]) -> PartyMatch:
    def candidates(key: PartyKey) -> Iterator[PartyCandidate]:
        for row in rows:
            if has_role(question.role, key, employee=row["id"] in employees) and _fits(key, row):
                yield PartyCandidate(_party(row), row["name"], f"{row['name']}, code {row['code']}", row["active"])

    return first_match(question, candidates)


def _fits(key: PartyKey, row: Record) -> bool:
    codes = [identifier["code"] for identifier in row["identifiers"]]
    match key.kind:
        case KeyKind.EXTERNAL_ID | KeyKind.CODE:
            return bool(row["code"] == key.value)
        case KeyKind.ACCOUNT:
            return key.value in codes
        case KeyKind.TAX_NUMBER:
            return bare_tax_number(key.value) in [bare_tax_number(each or "") for each in codes]


def _party(row: Record) -> Party:
    account = row["account_payable"]
    return Party(str(row["id"]), row["name"] or row["code"], account["code"] if account else None)
