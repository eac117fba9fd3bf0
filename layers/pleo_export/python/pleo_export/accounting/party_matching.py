"""Which party of the ledger answers a query: the first of its keys that fits any party decides (R-5a.8)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

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

_BY_CODE = (KeyKind.EXTERNAL_ID, KeyKind.CODE)


@dataclass(frozen=True, slots=True)
class PartyCandidate:
    """A party that a key fits. `label` tells it from others of its `name`; one that is not `usable` is blocked."""

    party: Party
    name: str
    label: str
    usable: bool


def first_match(question: PartyQuery, candidates: Callable[[PartyKey], Iterable[PartyCandidate]]) -> PartyMatch:
    """Return the answer to a query. `candidates` gives those of its role that a key fits."""
    for key in question.keys:
        found = list(candidates(key))
        usable = [each for each in found if each.usable]
        if len(usable) > 1:
            return Ambiguous(tuple(each.label for each in usable))
        if usable:
            return usable[0].party
        if found:
            return Blocked(found[0].name)
    return NotFound()


def has_role(role: PartyRole, key: PartyKey, *, employee: bool) -> bool:
    """Return whether a party found by this key has the role. Ledgers number suppliers and employees alike, so a code
    alone does not make an employee a supplier. A tax number or an account number does: an employee who is in business
    as well has one."""
    if role is PartyRole.EMPLOYEE:
        return employee
    return not employee or key.kind not in _BY_CODE


def can_be_text(value: str) -> bool:
    """Return whether a ledger can be asked for it: not with a NUL in it, nor with half of a surrogate pair."""
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def bare_tax_number(number: str) -> str:
    """Return a tax number without separators, and in one case."""
    return re.sub(r"[\s./-]+", "", tax_number(number))


def plain_name(name: str) -> str:
    """Return a name as names are compared: in one case and one form of its characters, with single spaces."""
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()
