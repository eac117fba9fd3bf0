"""What an accounting system is asked to record. Pure data: no I/O, no clock.

Money is an integer in minor units (hundredths) of `currency`; a journal line carries one signed amount,
+ debit and - credit, so that a balanced entry sums to zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Kind(StrEnum):
    JOURNAL_ENTRY = "journal_entry"
    BILL = "bill"
    CREDIT_NOTE = "credit_note"
    PAYMENT = "payment"


class TaxRole(StrEnum):
    """What a line is to the VAT report of its tax code: the taxed amount, or the tax."""

    BASE = "base"
    TAX = "tax"


@dataclass(frozen=True, slots=True)
class TaxPart:
    """The tax code of a line, as the accounting system knows it, and the line's role in it."""

    code: str
    role: TaxRole


@dataclass(frozen=True, slots=True)
class Dimension:
    """A cost centre, project, ...: `category` is the accounting system's dimension, `value` its code."""

    category: str
    value: str


@dataclass(frozen=True, slots=True)
class JournalLine:
    """`account` is the account's code in the accounting system; `amount` is minor units, + debit, - credit."""

    account: str
    amount: int
    text: str = ""
    tax: TaxPart | None = None
    dimensions: tuple[Dimension, ...] = ()


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One balanced entry. `reference` is our lifelong key (R-5c.13); `posting_date` may be moved by the
    closed-period strategy, `document_date` never is (R-5e.9)."""

    reference: str
    posting_date: date
    document_date: date
    currency: str
    lines: tuple[JournalLine, ...]
    memo: str

    kind = Kind.JOURNAL_ENTRY
