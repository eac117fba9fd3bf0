"""The documents that an accounting system is asked to record. Pure data: no I/O, no clock.

Money is an integer in minor units (hundredths) of `currency`; a journal line carries one signed amount,
+ debit and - credit, so that a balanced entry sums to zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal


class DocumentKind(StrEnum):
    """The kinds of documents. The values are part of the fingerprint."""

    JOURNAL_ENTRY = "journal_entry"
    BILL = "bill"
    CREDIT_NOTE = "credit_note"
    PAYMENT = "payment"


class PaymentPurpose(StrEnum):
    """What a payment does to what is owed."""

    PAYMENT = "payment"  # we pay: it settles bills
    REFUND = "refund"  # the party pays us: it settles credit notes
    RETURN = "return"  # a payment came back: what it had settled is open again


class PartyRole(StrEnum):
    """What a party is to the company that exports."""

    SUPPLIER = "supplier"
    EMPLOYEE = "employee"


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
    """A cost centre, project or the like: `category` is the accounting system's dimension, `value` its code."""

    category: str
    value: str


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One line of a document. `account` is the account's code in the accounting system, `amount` minor units: + debit,
    - credit."""

    account: str
    amount: int
    text: str = ""
    tax: TaxPart | None = None
    dimensions: tuple[Dimension, ...] = ()


@dataclass(frozen=True, slots=True)
class Party:
    """A supplier or an employee of the accounting system.

    `id` is its key there, `payable_account` the code of the account for what it is owed, if it has its own (R-5b.6).
    """

    id: str
    name: str
    payable_account: str | None = None


@dataclass(frozen=True, slots=True)
class SettlementTarget:
    """What a payment is for, so that both can be reconciled although they may come from different jobs (R-5a.12).

    `reference` is our document in the same booking. Without it the documents are those of the payment's party with
    this `invoice_number`, else those with one of these `reconciliation_ids`. If there are none, the payment stays
    open until they come (R-5a.13).
    """

    reference: str | None
    invoice_number: str | None
    reconciliation_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One balanced entry.

    `reference` is our lifelong key (R-5c.13), `currency` ISO 4217. `posting_date` may be moved by the closed-period
    strategy, `document_date` never is (R-5e.9). The same holds for the documents below.
    """

    reference: str
    posting_date: date
    document_date: date
    currency: str
    lines: tuple[JournalLine, ...]
    memo: str

    kind = DocumentKind.JOURNAL_ENTRY


@dataclass(frozen=True, slots=True)
class Bill:
    """What a party is owed or, as CREDIT_NOTE, what it owes back.

    The last line is what is owed, on the party's payables account. `document_date` is the date of the supplier's
    invoice, `due_date` None if Pleo does not give it. `invoice_number` is the supplier's; where there is none, the
    `reconciliation_id` takes its place.
    """

    kind: Literal[DocumentKind.BILL, DocumentKind.CREDIT_NOTE]
    reference: str
    party: Party
    invoice_number: str
    reconciliation_id: str
    posting_date: date
    document_date: date
    due_date: date | None
    currency: str
    lines: tuple[JournalLine, ...]
    memo: str

    @property
    def payable(self) -> JournalLine:
        """Return the line of what is owed."""
        return self.lines[-1]


@dataclass(frozen=True, slots=True)
class Payment:
    """Money to or from a party. The first line is on the party's payables account, the second where the money moved."""

    purpose: PaymentPurpose
    reference: str
    party: Party
    settles: SettlementTarget
    posting_date: date
    document_date: date
    currency: str
    lines: tuple[JournalLine, JournalLine]
    memo: str

    kind = DocumentKind.PAYMENT

    @property
    def payable(self) -> JournalLine:
        """Return the line on the party's payables account."""
        return self.lines[0]


Document = JournalEntry | Bill | Payment
