"""Draft entries and booked entries, as an agreement holds them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass
class Draft:
    """An entry in a journal. `amount` is gross in `currency`, positive for a debit. `version` changes with each
    change."""

    entry: int
    type: int
    voucher: int
    journal: int
    date: datetime.date
    amount: Decimal
    currency: str
    rate: Decimal
    text: str = ""
    account: int | None = None
    contra_account: int | None = None
    vat_code: str | None = None
    contra_vat_code: str | None = None
    supplier: int | None = None
    invoice: str | None = None
    due: datetime.date | None = None
    project: int | None = None
    cost_type: int | None = None
    version: int = 1
    dimensions: dict[int, int] = field(default_factory=dict)


@dataclass
class Booked:
    """A line of the general ledger. `remainder` is what a supplier's entry has open, in `currency`."""

    entry: int
    account: int
    amount: Decimal
    base: Decimal
    currency: str
    date: datetime.date
    type: int
    voucher: int
    text: str = ""
    vat_code: str | None = None
    supplier: int | None = None
    invoice: str | None = None
    due: datetime.date | None = None
    project: int | None = None
    remainder: Decimal = Decimal(0)
    base_remainder: Decimal = Decimal(0)
    dimensions: dict[int, int] = field(default_factory=dict)


@dataclass
class AttachedDocument:
    """The one document of a voucher; `parts` are the files that were merged into it."""

    number: int
    year: str
    voucher: int
    note: str
    parts: list[tuple[str, bytes]]
