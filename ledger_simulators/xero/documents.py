"""How Xero takes documents: bank transactions, manual journals, bills and credit notes; and what is changed later."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ledger_simulators.xero.books import BANK_TRANSACTIONS, CREDIT_NOTES, INVOICES, KINDS, MANUAL_JOURNALS, XeroBooks
from ledger_simulators.xero.contacts import contact_of
from ledger_simulators.xero.rules import XeroValidation, check_date, document_date, line_items, totals
from ledger_simulators.xero.wire import Json, money, read_day

BANK_TYPES = ("SPEND", "RECEIVE")
REFERENCE_LENGTH = 255
_APPROVED = "AUTHORISED"


def bank_transaction(books: XeroBooks, given: Json) -> Json:
    """Take money spent or received. There is no draft of it."""
    if given.get("Type") not in BANK_TYPES:
        raise XeroValidation(f"Type {given.get('Type')} is not supported here")
    on = document_date(books, given)
    account = books.account(given.get("BankAccount") or {})
    if account is None or account["Type"] != "BANK":
        raise XeroValidation("The bank account could not be found")
    if account["Status"] != "ACTIVE":
        raise XeroValidation("The bank account has been archived")
    _check_currency(books, given, account["CurrencyCode"])
    kind = given.get("LineAmountTypes") or "Exclusive"
    lines = line_items(books, given)
    subtotal, tax = totals(lines, kind)
    _check_total(subtotal + tax)
    made = {
        "BankTransactionID": books.ids.uuid("bank transaction"),
        "Type": given["Type"],
        "Contact": contact_of(books, given.get("Contact")),
        "BankAccount": {each: account[each] for each in ("AccountID", "Code", "Name")},
        "IsReconciled": bool(given.get("IsReconciled", False)),
        "Reference": _limited(given, "Reference"),
        "Url": _url(given),
        "Status": _APPROVED,
    }
    currency = account["CurrencyCode"]
    return _stored(books, "BankTransactions", made | _common(books, given, on, currency, kind, lines, subtotal, tax))


def manual_journal(books: XeroBooks, given: Json) -> Json:
    """Take a journal. It has no currency: it is in the organisation's own. Tax is computed by Xero."""
    if not str(given.get("Narration") or "").strip():
        raise XeroValidation("Narration is mandatory")
    status = given.get("Status") or "DRAFT"
    if status not in ("DRAFT", "POSTED"):
        raise XeroValidation(f"Manual journal status {status} is not valid")
    on = document_date(books, given)
    kind = given.get("LineAmountTypes") or "NoTax"
    lines = line_items(books, given, journal=True)
    subtotal, tax = totals(lines, kind)
    if subtotal + tax != 0:
        raise XeroValidation("The total debits must equal total credits.")
    made = {
        "ManualJournalID": books.ids.uuid("manual journal"),
        "Narration": given["Narration"],
        "Date": on,
        "Status": status,
        "LineAmountTypes": kind,
        "JournalLines": lines,
        "ShowOnCashBasisReports": bool(given.get("ShowOnCashBasisReports", True)),
        "HasAttachments": False,
        "Url": _url(given),
    }
    return _stored(books, "ManualJournals", made)


def invoice(books: XeroBooks, given: Json) -> Json:
    """Take a bill (ACCPAY). What it is given as `Reference` is dropped: that field is for sales only."""
    if given.get("Type") != "ACCPAY":
        raise XeroValidation("Only ACCPAY is supported here")
    return _owed(books, given, "Invoices", "InvoiceID", "InvoiceNumber")


def credit_note(books: XeroBooks, given: Json) -> Json:
    """Take a supplier's credit note (ACCPAYCREDIT)."""
    if given.get("Type") != "ACCPAYCREDIT":
        raise XeroValidation("Only ACCPAYCREDIT is supported here")
    return _owed(books, given, "CreditNotes", "CreditNoteID", "CreditNoteNumber")


CREATE: dict[str, Callable[[XeroBooks, Json], Json]] = {
    BANK_TRANSACTIONS.endpoint: bank_transaction,
    MANUAL_JOURNALS.endpoint: manual_journal,
    INVOICES.endpoint: invoice,
    CREDIT_NOTES.endpoint: credit_note,
}


def update(books: XeroBooks, endpoint: str, held: Json, given: Json) -> Json:
    """Change a document: its state, and what else is given of a draft."""
    status = str(given.get("Status") or held["Status"])
    check_date(books, held["Date"])
    if held["Status"] in ("VOIDED", "DELETED"):
        raise XeroValidation(_NOT_EDITABLE[endpoint])
    if status != held["Status"]:
        _check_change(books, endpoint, held, status)
        held["Status"] = status
    elif endpoint in ("Invoices", "CreditNotes", "ManualJournals") and held["Status"] == "DRAFT":
        _edit(books, endpoint, held, given)
    books.touch(held)
    return held


def amounts_owed(row: Json) -> None:
    """Bring what is paid, credited and due of a bill or a credit note up to date."""
    paid = sum((each["Amount"] for each in row["_paid"]), Decimal(0))
    credited = sum((each["Amount"] for each in row["_allocated"]), Decimal(0))
    if "InvoiceID" in row:
        row["AmountPaid"], row["AmountCredited"] = paid, credited
        row["AmountDue"] = row["Total"] - paid - credited
        left = row["AmountDue"]
    else:
        row["RemainingCredit"] = left = row["Total"] - paid - credited
    if row["Status"] in ("AUTHORISED", "PAID"):
        row["Status"] = "PAID" if left == 0 else "AUTHORISED"


_CHANGES = {
    ("BankTransactions", "AUTHORISED"): {"DELETED"},
    ("ManualJournals", "DRAFT"): {"POSTED", "DELETED"},
    ("ManualJournals", "POSTED"): {"VOIDED"},
    **{
        (endpoint, status): changes
        for endpoint in ("Invoices", "CreditNotes")
        for status, changes in {
            "DRAFT": {"SUBMITTED", "AUTHORISED", "DELETED"},
            "SUBMITTED": {"DRAFT", "AUTHORISED", "DELETED"},
            "AUTHORISED": {"VOIDED"},
        }.items()
    },
}
_NOT_EDITABLE = {
    "BankTransactions": "This Bank Transaction cannot be edited as it has been deleted.",
    "ManualJournals": "Manual journal not of valid status for modification",
    "Invoices": "Invoice not of valid status for modification",
    "CreditNotes": "Credit note not of valid status for modification",
}


def _check_change(books: XeroBooks, endpoint: str, held: Json, status: str) -> None:
    if held.get("IsReconciled") and status == "DELETED":
        raise XeroValidation("This Bank Transaction cannot be edited as it has been reconciled with a Bank Statement.")
    if held.get("_paid") or held.get("_allocated"):
        raise XeroValidation("This document cannot be edited as it has a payment or credit note allocated to it")
    if status not in _CHANGES.get((endpoint, held["Status"]), set()):
        raise XeroValidation(_NOT_EDITABLE[endpoint])


def _edit(books: XeroBooks, endpoint: str, held: Json, given: Json) -> None:
    if "Date" in given:
        held["Date"] = document_date(books, given)
    journal = endpoint == "ManualJournals"
    if "JournalLines" in given or "LineItems" in given:
        kind = given.get("LineAmountTypes") or held["LineAmountTypes"]
        lines = line_items(books, given, journal=journal)
        subtotal, tax = totals(lines, kind)
        if journal and subtotal + tax != 0:
            raise XeroValidation("The total debits must equal total credits.")
        held["JournalLines" if journal else "LineItems"] = lines
        held["LineAmountTypes"] = kind
        if not journal:
            held |= {"SubTotal": subtotal, "TotalTax": tax, "Total": subtotal + tax}
            amounts_owed(held)


def _owed(books: XeroBooks, given: Json, endpoint: str, id_: str, number: str) -> Json:
    status = given.get("Status") or "DRAFT"
    if status not in ("DRAFT", "SUBMITTED", "AUTHORISED"):
        raise XeroValidation(_NOT_EDITABLE[endpoint])
    on = document_date(books, given)
    currency = given.get("CurrencyCode") or books.own_currency
    _check_currency(books, given, currency)
    try:
        due = read_day(given.get("DueDate"))
    except ValueError:
        raise XeroValidation("The DueDate is not valid") from None
    if status == "AUTHORISED" and endpoint == "Invoices" and due is None:
        raise XeroValidation("Due Date is required for an approved bill")
    kind = given.get("LineAmountTypes") or "Exclusive"
    lines = line_items(books, given)
    subtotal, tax = totals(lines, kind)
    _check_total(subtotal + tax)
    made = {
        id_: books.ids.uuid(endpoint),
        "Type": given["Type"],
        number: _limited(given, number),
        "Contact": contact_of(books, given.get("Contact"), supplier=True),
        "DueDate": due,
        "Status": status,
        "Payments": [],
        "Allocations": [],
        "_paid": [],
        "_allocated": [],
    }
    if endpoint == "Invoices":
        made["Url"] = _url(given)
    made |= _common(books, given, on, currency, kind, lines, subtotal, tax)
    amounts_owed(made)
    return _stored(books, endpoint, made)


def _common(
    books: XeroBooks,
    given: Json,
    on: Any,
    currency: str,
    kind: str,
    lines: list[Json],
    subtotal: Decimal,
    tax: Decimal,
) -> Json:
    stated = given.get("CurrencyRate")
    rate = Decimal(str(stated)) if stated and currency != books.own_currency else books.rate(currency, on)
    return {
        "Date": on,
        "LineAmountTypes": kind,
        "LineItems": lines,
        "SubTotal": subtotal,
        "TotalTax": tax,
        "Total": subtotal + tax,
        "CurrencyCode": currency,
        "CurrencyRate": rate,
        "HasAttachments": False,
    }


def _stored(books: XeroBooks, endpoint: str, row: Json) -> Json:
    """Keep a document that has passed all checks."""
    books.touch(row)
    books.documents[endpoint][row[KINDS[endpoint].id]] = row
    return row


def _check_currency(books: XeroBooks, given: Json, currency: str) -> None:
    stated = given.get("CurrencyCode")
    if stated and stated != currency:
        raise XeroValidation("The currency of the transaction must match the currency of the bank account")
    if currency != books.own_currency and currency not in books.currencies:
        raise XeroValidation(f"Organisation is not subscribed to currency {currency}")


def _check_total(total: Decimal) -> None:
    if total <= 0:
        raise XeroValidation("The Total for this document must be greater than zero")


def _limited(given: Json, name: str) -> str:
    text = str(given.get(name) or "")
    if len(text) > REFERENCE_LENGTH:
        raise XeroValidation(f"{name} must not be more than {REFERENCE_LENGTH} characters in length.")
    return text


def _url(given: Json) -> str | None:
    url = given.get("Url")
    if url and not str(url).startswith(("http://", "https://")):
        raise XeroValidation("Url must be a valid absolute URL")
    return url


def amount_of(given: Json) -> Decimal:
    """Return the amount of a payment or an allocation."""
    try:
        amount = money(given.get("Amount"))
    except ArithmeticError:
        raise XeroValidation("The Amount is not valid") from None
    if amount <= 0:
        raise XeroValidation("Payment amount must be greater than zero")
    return amount
