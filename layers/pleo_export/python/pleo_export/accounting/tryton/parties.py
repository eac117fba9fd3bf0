"""The parties of Tryton, found by what Pleo holds of a supplier or an employee (R-5a.8, R-5a.16).

Tryton has a separate record for each employee. A party's code is its number as a supplier or employee, and the external
id of suppliers that are copied to Pleo; it is unique in Tryton. An account number or tax number is one of the party's
identifiers, of any type.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from pleo_export.accounting.tryton.rest import Record, TrytonRest, literal
from pleo_export.bookkeeping.documents import PartyRole
from pleo_export.bookkeeping.parties import (
    Ambiguous,
    Blocked,
    KeyKind,
    NotFound,
    Party,
    PartyKey,
    PartyMatch,
    PartyQuery,
    tax_number,
)

_FIELDS = ("code", "name", "active", "account_payable.code", "identifiers.code")
_BY_CODE = (KeyKind.EXTERNAL_ID, KeyKind.CODE)


def find_parties(tryton: TrytonRest, wanted: Collection[PartyQuery]) -> Mapping[PartyQuery, PartyMatch]:
    """Find the party of each query: one call for all of them, deactivated parties included, and one to see which of the
    found are employees. Raises AccountingError."""
    keys = {key for question in wanted for key in question.keys if _can_be_text(key.value)}
    clauses = [_clause(key) for key in keys]
    rows: list[Record] = []
    if clauses:
        rows = tryton.search_read("party.party", ["OR", *clauses], _FIELDS, [["id", "ASC"]], inactive=True)
    employees = _employees(tryton, [row["id"] for row in rows])
    return {question: _answer(question, rows, employees) for question in wanted}


def _can_be_text(value: str) -> bool:
    """Return whether a database can hold it: not with a NUL in it, nor with half of a surrogate pair."""
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


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
            return ["identifiers.code", "ilike", "%".join(literal(character) for character in _bare(key.value))]


def _answer(question: PartyQuery, rows: Sequence[Record], employees: frozenset[int]) -> PartyMatch:
    for key in question.keys:
        found = [row for row in rows if _has_role(question.role, key, row["id"] in employees) and _fits(key, row)]
        usable = [row for row in found if row["active"]]
        if len(usable) > 1:
            return Ambiguous(tuple(f"{row['name']}, code {row['code']}" for row in usable))
        if usable:
            return _party(usable[0])
        if found:
            return Blocked(found[0]["name"])
    return NotFound()


def _has_role(role: PartyRole, key: PartyKey, employee: bool) -> bool:
    """Return whether a party found by this key has the role. Tryton numbers suppliers and employees alike, so a code
    alone does not make an employee a supplier. A tax number or an account number does: an employee who is in business
    as well has one."""
    if role is PartyRole.EMPLOYEE:
        return employee
    return not employee or key.kind not in _BY_CODE


def _fits(key: PartyKey, row: Record) -> bool:
    codes = [identifier["code"] for identifier in row["identifiers"]]
    match key.kind:
        case KeyKind.EXTERNAL_ID | KeyKind.CODE:
            return bool(row["code"] == key.value)
        case KeyKind.ACCOUNT:
            return key.value in codes
        case KeyKind.TAX_NUMBER:
            return _bare(key.value) in map(_bare, codes)


def _bare(number: str | None) -> str:
    """Return a tax number without separators, and in one case."""
    return re.sub(r"[\s./-]+", "", tax_number(number or ""))


def _party(row: Record) -> Party:
    account = row["account_payable"]
    return Party(str(row["id"]), row["name"] or row["code"], account["code"] if account else None)
