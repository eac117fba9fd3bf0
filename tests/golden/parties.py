"""The suppliers and employees of the golden books, and how a connector looks one up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

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


@dataclass(frozen=True)
class Record:
    id: str
    name: str
    role: str = "supplier"
    code: str | None = None
    account: str | None = None
    tax_number: str | None = None
    payable_account: str | None = None
    blocked: bool = False

    def fits(self, key: PartyKey) -> bool:
        values = {
            KeyKind.EXTERNAL_ID: self.id,
            KeyKind.CODE: self.code,
            KeyKind.ACCOUNT: self.account,
            KeyKind.TAX_NUMBER: tax_number(self.tax_number or ""),
        }
        return values[key.kind] == key.value


def answer(wanted: PartyQuery) -> PartyMatch:
    """The first key that fits any record decides."""
    records = [each for each in _records() if each.role == wanted.role]
    for key in wanted.keys:
        match [each for each in records if each.fits(key)]:
            case [Record(blocked=True) as record]:
                return Blocked(record.name)
            case [record]:
                return Party(record.id, record.name, record.payable_account)
            case [_, _, *_] as several:
                return Ambiguous(tuple(each.name for each in several))
    return NotFound()


@cache
def _records() -> tuple[Record, ...]:
    rows = yaml.safe_load((Path(__file__).parent / "parties.yaml").read_text())
    return tuple(Record(**row) for row in rows)
