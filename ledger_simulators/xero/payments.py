"""Payments of bills and refunds of credit notes, and credit notes allocated to bills."""

from __future__ import annotations

from typing import Any

from ledger_simulators.xero.books import XeroBooks
from ledger_simulators.xero.documents import amount_of, amounts_owed
from ledger_simulators.xero.rules import XeroValidation, check_date, document_date
from ledger_simulators.xero.wire import Json


def payment(books: XeroBooks, given: Json) -> Json:
    """Take a payment of a bill, or a refund of a credit note."""
    kind, owed = _owed(books, given)
    if owed["Status"] not in ("AUTHORISED", "PAID"):
        raise XeroValidation("Payments can only be made against Authorised documents")
    on = document_date(books, given, payment=True)
    account = books.account(given.get("Account") or {})
    if account is None:
        raise XeroValidation("The account could not be found")
    if account["Type"] != "BANK" and not account["EnablePaymentsToAccount"]:
        raise XeroValidation(f"Account '{account['Code']}' cannot be used for payments")
    currency = account.get("CurrencyCode") or books.own_currency
    if currency not in (owed["CurrencyCode"], books.own_currency):
        raise XeroValidation("The currency of the account does not match the currency of the document")
    amount = amount_of(given)
    left = owed["AmountDue"] if kind == "Invoice" else owed["RemainingCredit"]
    if amount > left:
        raise XeroValidation("Payment amount exceeds the amount outstanding on this document")
    rate = books.rate(owed["CurrencyCode"], on)
    made: Json = {
        "PaymentID": books.ids.uuid("payment"),
        "Date": on,
        "Amount": amount,
        "BankAmount": amount,
        "CurrencyRate": rate,
        "Reference": str(given.get("Reference") or ""),
        "PaymentType": "ACCPAYPAYMENT" if kind == "Invoice" else "APCREDITPAYMENT",
        "Status": "AUTHORISED",
        "IsReconciled": bool(given.get("IsReconciled", False)),
        "HasAccount": True,
        "Account": {"AccountID": account["AccountID"], "Code": account["Code"]},
        kind: owed,
    }
    books.touch(made)
    books.documents["Payments"][made["PaymentID"]] = made
    owed["_paid"].append(made)
    amounts_owed(owed)
    books.touch(owed)
    return made


def delete_payment(books: XeroBooks, held: Json, given: Json) -> Json:
    """Take a payment back: `Status` DELETED is all that can be changed."""
    if given.get("Status") != "DELETED":
        raise XeroValidation("Only the status DELETED is valid when updating a payment")
    if held["Status"] == "DELETED":
        raise XeroValidation("Payment not of valid status for modification")
    if held["IsReconciled"]:
        raise XeroValidation("Payment cannot be deleted as it has been reconciled with a Bank Statement")
    check_date(books, held["Date"], payment=True)
    owed = held.get("Invoice") or held["CreditNote"]
    owed["_paid"] = [each for each in owed["_paid"] if each is not held]
    held["Status"] = "DELETED"
    amounts_owed(owed)
    books.touch(held)
    return held


def allocate(books: XeroBooks, credit: Json, given: Json) -> Json:
    """Set a credit note off against a bill."""
    named: Any = given.get("Invoice") or {}
    bill = books.documents["Invoices"].get(str(named.get("InvoiceID", "")).lower())
    if bill is None:
        raise XeroValidation("The invoice could not be found")
    if credit["Status"] != "AUTHORISED" or bill["Status"] != "AUTHORISED":
        raise XeroValidation("Allocations can only be made between Authorised documents")
    if credit["Contact"]["ContactID"] != bill["Contact"]["ContactID"]:
        raise XeroValidation("The contact of the invoice must match that of the credit note")
    on = document_date(books, given)
    amount = amount_of(given)
    if amount > min(credit["RemainingCredit"], bill["AmountDue"]):
        raise XeroValidation("Payment amount exceeds the amount outstanding on this document")
    made: Json = {"AllocationID": books.ids.uuid("allocation"), "Amount": amount, "Date": on, "Invoice": bill}
    credit["_allocated"].append(made)
    credit["Allocations"].append(made)
    bill["_allocated"].append(made)
    for each in (credit, bill):
        amounts_owed(each)
        books.touch(each)
    return made


def _owed(books: XeroBooks, given: Json) -> tuple[str, Json]:
    for kind, endpoint, id_ in (("Invoice", "Invoices", "InvoiceID"), ("CreditNote", "CreditNotes", "CreditNoteID")):
        named: Any = given.get(kind)
        if isinstance(named, dict) and named.get(id_):
            found = books.documents[endpoint].get(str(named[id_]).lower())
            if found is None:
                raise XeroValidation(f"{kind} could not be found")
            return kind, found
    raise XeroValidation("Payment must have an Invoice, a CreditNote, a Prepayment or an Overpayment")
