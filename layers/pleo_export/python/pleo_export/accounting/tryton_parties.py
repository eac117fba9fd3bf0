"""Whom Tryton knows: its parties, by what Pleo says of a supplier or an employee (R-5a.8, R-5a.16).

A party's code is its number as a supplier or employee, and its key for whoever copies suppliers to Pleo (the external
id); it is unique in Tryton. An account number or tax number is one of the party's identifiers, of whatever type.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from pleo_export.accounting.tryton_rest import Record, TrytonRest, literal
from pleo_export.bookkeeping.parties import (
    Ambiguous,
    Blocked,
    KeyKind,
    NotFound,
    Party,
    PartyAnswer,
    PartyKey,
    PartyKeys,
    tax_number,
)

_FIELDS = ("code", "name", "active", "account_payable.code", "identifiers.code")


def find_parties(tryton: TrytonRest, wanted: Collection[PartyKeys]) -> Mapping[PartyKeys, PartyAnswer]:
    """One call for all of them, deactivated parties included. Raises AccountingError."""
    keys = {key for question in wanted for key in question.keys}
    if not keys:
        return {question: NotFound() for question in wanted}
    domain = ["OR", *(_clause(key) for key in keys)]
    rows = tryton.search_read("party.party", domain, _FIELDS, [["id", "ASC"]], inactive=True)
    return {question: _answer(question, rows) for question in wanted}


def _clause(key: PartyKey) -> list[str]:
    """Where Tryton has to look; a tax number may have spaces anywhere, so it finds more than is meant."""
    match key.kind:
        case KeyKind.EXTERNAL_ID | KeyKind.CODE:
            return ["code", "=", key.value]
        case KeyKind.ACCOUNT:
            return ["identifiers.code", "=", key.value]
        case KeyKind.TAX_NUMBER:
            return ["identifiers.code", "ilike", "%".join(literal(character) for character in key.value)]


def _answer(question: PartyKeys, rows: Sequence[Record]) -> PartyAnswer:
    for key in question.keys:
        found = [row for row in rows if _fits(key, row)]
        usable = [row for row in found if row["active"]]
        if len(usable) > 1:
            return Ambiguous(tuple(f"{row['name']}, code {row['code']}" for row in usable))
        if usable:
            return _party(usable[0])
        if found:
            return Blocked(found[0]["name"])
    return NotFound()


def _fits(key: PartyKey, row: Record) -> bool:
    codes = [identifier["code"] for identifier in row["identifiers"]]
    match key.kind:
        case KeyKind.EXTERNAL_ID | KeyKind.CODE:
            return bool(row["code"] == key.value)
        case KeyKind.ACCOUNT:
            return key.value in codes
        case KeyKind.TAX_NUMBER:
            return key.value in map(tax_number, codes)


def _party(row: Record) -> Party:
    account = row["account_payable"]
    return Party(str(row["id"]), row["name"] or row["code"], account["code"] if account else None)
