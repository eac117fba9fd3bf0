"""A document as a voucher: entries of a journal that share a voucher number.

Each line is one entry, so that the wallet has a line for each expense. The line of what is owed is a supplier invoice
(bills and credit notes) or a supplier payment; e-conomic takes its account from the supplier's group. The others are
finance vouchers. The text of each entry begins with our reference. What the entry has beside its fields stands after a
`#`: `pleo:<id>#1=7,2=12,GB20` gets the values 7 and 12 of the dimensions 1 and 2, by a second call, and is of VAT code
GB20 without having it. So a draft that a crash left without its values is completed from the ledger alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pleo_export.accounting.economic.json_numbers import amount
from pleo_export.accounting.economic.lookups import EconomicLookups, EconomicSupplier, supplier_number
from pleo_export.accounting.economic.rest import Row
from pleo_export.accounting.economic.title import TITLE
from pleo_export.accounting.economic.vat import VatLine, with_vat_codes
from pleo_export.accounting.errors import Rejected, UnknownAccount, UnknownDimension
from pleo_export.accounting.matching import settlement_text
from pleo_export.bookkeeping.documents import Bill, Document, DocumentKind, JournalLine, Payment
from pleo_export.failures.ledger import ACCOUNT_CURRENCY, NOT_BALANCED
from pleo_export.failures.ledger_rules import (
    ACCOUNT_BLOCKED,
    PARTY_NOT_TAKEN,
    PROJECT_WITHOUT_COST_TYPE,
    SUPPLIER_ACCOUNT,
)
from pleo_export.text import shorten

SUPPLIER_INVOICE, SUPPLIER_PAYMENT, FINANCE_VOUCHER = 3, 4, 5
LONGEST_TEXT, LONGEST_INVOICE = 250, 30
SEPARATOR, MARK = " | ", "#"
_CODE = re.compile(r"[^\s#,=]{1,5}")  # of VAT, that can stand in a mark
_MODULE = {"projectNumber": "cost type", "costTypeNumber": "project"}  # what the other one is called


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry to create, without its journal and voucher number, and the (dimension, key) pairs that it gets."""

    row: Row
    dimensions: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class NewVoucher:
    """A voucher to create, dated `on`. `invoiced` is the date of the supplier's invoice, which e-conomic does not hold;
    `warnings` are for the bookkeeper."""

    reference: str
    kind: DocumentKind
    on: date
    entries: tuple[NewEntry, ...]
    invoiced: date
    warnings: tuple[str, ...] = ()


def voucher_of(document: Document, lookups: EconomicLookups, suppliers: Mapping[int, EconomicSupplier]) -> NewVoucher:
    """Return the voucher of a document. Raises Rejected: it does not balance, or names what e-conomic does not have."""
    if sum(line.amount for line in document.lines) != 0:
        raise Rejected(NOT_BALANCED.told(ledger=TITLE))
    owed = document.payable if isinstance(document, Bill | Payment) else None
    others = [line for line in document.lines if line is not owed]
    lines, warnings = with_vat_codes(others, lookups)
    if sum(each.amount for each in lines) + (owed.amount if owed else 0) != 0:
        raise Rejected(NOT_BALANCED.told(ledger=TITLE))
    entries = [_entry(document, each, lookups, last=each is lines[-1]) for each in lines if each.amount]
    if owed is not None and isinstance(document, Bill | Payment):
        supplier_entry = _supplier_entry(document, owed, suppliers)
        entries = [*entries, supplier_entry] if isinstance(document, Bill) else [supplier_entry, *entries]
    invoiced = document.document_date
    return NewVoucher(document.reference, document.kind, document.posting_date, tuple(entries), invoiced, warnings)


def reference_in(text: str | None) -> str:
    """Return our reference in the text of an entry: its first word, without what follows `#`."""
    return (text or "").partition(" ")[0].partition(MARK)[0]


def dimensions_in(text: str | None) -> dict[int, int]:
    """Return the dimension values that an entry with this text gets, by the number of the dimension."""
    pairs = [part.partition("=") for part in _marks(text) if "=" in part]
    return {int(number): int(key) for number, _, key in pairs if number.isdigit() and key.isdigit()}


def begins_with(text: str | None, reference: str) -> bool:
    """Return whether the text of an entry is that of this reference, whatever characters it has."""
    return (text or "").startswith(reference) and (text or "")[len(reference) :][:1] in ("", " ", MARK)


def tax_code_in(text: str | None) -> str | None:
    """Return the VAT code that an entry with this text is of, without having it; None for none."""
    return next((part for part in _marks(text) if part and "=" not in part), None)


def words_in(text: str | None) -> str:
    """Return what the text of an entry says after our reference."""
    return (text or "").partition(" ")[2]


def _marks(text: str | None) -> list[str]:
    return (text or "").partition(" ")[0].partition(MARK)[2].split(",")


def invoice_field(number: str) -> str:
    """Return the supplier's number as e-conomic can hold it."""
    return shorten(number, LONGEST_INVOICE)


def _entry(document: Document, made: VatLine, lookups: EconomicLookups, *, last: bool) -> NewEntry:
    line = made.line
    account = lookups.account(line.account)
    if account.currency is not None and account.currency != document.currency:
        told = ACCOUNT_CURRENCY.told(
            ledger=TITLE, account=line.account, other=account.currency, currency=document.currency
        )
        raise Rejected(told)
    if not account.direct:
        raise UnknownAccount(ACCOUNT_BLOCKED.told(ledger=TITLE, account=line.account), unknown=line.account)
    module, dimensions = _tags(line, lookups)
    words = document.memo if last or not line.text else line.text
    marks = [f"{number}={key}" for number, key in dimensions]
    if line.tax is not None and made.vat_code is None and _CODE.fullmatch(line.tax.code):
        marks.append(line.tax.code)
    row = _row(document, FINANCE_VOUCHER, made.amount, words, marks=marks) | {"accountNumber": account.number}
    if made.vat_code is not None:
        row["vatCode"] = made.vat_code
    elif account.vat_code is not None:
        row["vatCode"] = ""  # without it e-conomic would take the code that the account proposes
    return NewEntry(row | module, dimensions)


def _supplier_entry(document: Bill | Payment, owed: JournalLine, suppliers: Mapping[int, EconomicSupplier]) -> NewEntry:
    supplier = suppliers.get(supplier_number(document.party.id) or 0)
    if supplier is None or supplier.barred:
        raise Rejected(PARTY_NOT_TAKEN.told(ledger=TITLE, party=document.party.name))
    if supplier.account != owed.account:
        told = SUPPLIER_ACCOUNT.told(ledger=TITLE, party=supplier.name, account=supplier.account, wanted=owed.account)
        raise Rejected(told)
    if isinstance(document, Bill):
        end = f"{SEPARATOR}{document.reconciliation_id}" if document.reconciliation_id else ""
        row = _row(document, SUPPLIER_INVOICE, owed.amount, document.memo.removesuffix(end), end=end)
        number = document.invoice_number or document.reconciliation_id
        if document.due_date is not None:
            row["dueDate"] = _moment(max(document.due_date, document.posting_date))
    else:
        words = settlement_text(document.purpose, document.party.name, document.settles)
        row = _row(document, SUPPLIER_PAYMENT, owed.amount, words)
        number = document.settles.invoice_number or ""
    if number:
        row["supplierInvoiceNumber"] = invoice_field(number)
    return NewEntry(row | {"supplierNumber": supplier.number})


def _row(document: Document, kind: int, minor: int, words: str, *, marks: Sequence[str] = (), end: str = "") -> Row:
    beginning = document.reference + (f"{MARK}{','.join(marks)}" if marks else "")
    room = LONGEST_TEXT - len(beginning) - 1 - len(end)
    return {
        "entryTypeNumber": kind,
        "date": _moment(document.posting_date),
        "amount": amount(minor),
        "currency": document.currency,
        "text": f"{beginning} {shorten(words, room)}{end}".strip(" "),
    }


def _tags(line: JournalLine, lookups: EconomicLookups) -> tuple[Row, tuple[tuple[int, int], ...]]:
    """Return the properties of the project module, and the dimension values. Raises UnknownDimension."""
    module: Row = {}
    dimensions: dict[int, int] = {}
    for each in line.dimensions:
        name, number, key = lookups.dimension(each)
        if name == "dimension":
            dimensions[number] = key
        else:
            module[name] = key
    if len(module) == 1:
        given = next(_MODULE[other] for other in _MODULE if other not in module)
        raise UnknownDimension(PROJECT_WITHOUT_COST_TYPE.told(ledger=TITLE, given=given))
    return module, tuple(dimensions.items())


def _moment(day: date) -> str:
    return f"{day}T00:00:00Z"


def suppliers_in(documents: Sequence[Document]) -> set[int]:
    """Return the numbers of the suppliers that the documents name."""
    numbers = (supplier_number(each.party.id) for each in documents if isinstance(each, Bill | Payment))
    return {number for number in numbers if number is not None}
