"""Pleo's documents as the bodies that Xero takes.

A journal entry with a line on a bank account (the wallet) is a bank transaction, any other is a manual journal, which
has no currency of its own. A bill's amounts are positive for what is bought, a credit note's for what comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pleo_export.accounting.errors import InvalidConfiguration, Rejected, UnknownAccount
from pleo_export.accounting.port import DocumentState
from pleo_export.accounting.xero.kinds import (
    BANK_TRANSACTIONS,
    CREDIT_NOTES,
    INVOICES,
    MANUAL_JOURNALS,
    SEPARATOR,
    XeroEndpoint,
)
from pleo_export.accounting.xero.lines import XeroItem, account_named, journal_lines, known, line_items, merged
from pleo_export.accounting.xero.lookups import XeroAccount, XeroLookups
from pleo_export.accounting.xero.rest import Record
from pleo_export.accounting.xero.title import TITLE
from pleo_export.bookkeeping.documents import Bill, Document, DocumentKind, JournalEntry, JournalLine
from pleo_export.failures.ledger import ACCOUNT_CURRENCY, CURRENCY_NOT_TAKEN, NOT_BALANCED
from pleo_export.failures.ledger_rules import BETWEEN_BANK_ACCOUNTS, NOT_THE_PAYABLES_ACCOUNT, TAX_OF_RATE_ONLY

NUMBER_LENGTH = 255  # of a bill's number, our reference at its end included
NAME_LENGTH = 255
_NO_MERCHANT = "Pleo"


@dataclass(frozen=True, slots=True)
class XeroBody:
    """What to send for a document. `total` and `tax` in minor units are what it has to come to; None for a journal,
    which has no total. `on` is its day, `dated` that of the supplier's document."""

    reference: str
    endpoint: XeroEndpoint
    record: Record
    total: int | None
    tax: int
    on: date
    dated: date


def body(document: JournalEntry | Bill, lookups: XeroLookups, state: DocumentState, contact: str | None) -> XeroBody:
    """Return what to send. `contact` is the one of all card expenses; None: each has its merchant's. Raises Rejected,
    or another AccountingError, for what Xero would refuse."""
    require_balance(document)
    if isinstance(document, Bill):
        return _bill(document, lookups, state)
    wallets = _bank_lines(document, lookups)
    if len({line.account for line, _ in wallets}) > 1:
        one, other = (line.account for line, _ in wallets[:2])
        raise Rejected(BETWEEN_BANK_ACCOUNTS.told(ledger=TITLE, one=one, other=other))
    if wallets:
        return _bank_transaction(document, lookups, wallets[0][1], contact)
    return _manual_journal(document, lookups)


def require_balance(document: Document) -> None:
    """Refuse an entry that does not balance: it is never sent. Raises Rejected."""
    if not document.lines or sum(line.amount for line in document.lines) != 0:
        raise Rejected(NOT_BALANCED.told(ledger=TITLE))


def require_currency(account: XeroAccount, code: str, currency: str) -> None:
    """Refuse a bank account that is kept in another currency. Raises Rejected."""
    if account.currency not in (None, currency):
        raise Rejected(ACCOUNT_CURRENCY.told(account=code, other=account.currency, ledger=TITLE, currency=currency))


def bill_number(number: str, reference: str) -> str:
    """Return the number of a bill: the supplier's, and our reference at its end."""
    room = NUMBER_LENGTH - len(SEPARATOR) - len(reference)
    return f"{number[:room]}{SEPARATOR}{reference}"


def _bank_lines(document: JournalEntry, lookups: XeroLookups) -> list[tuple[JournalLine, XeroAccount]]:
    found = []
    for line in document.lines:
        accounts = [each for each in lookups.accounts.get(line.account, ()) if each.active]
        if len(accounts) == 1 and accounts[0].is_bank:
            require_currency(accounts[0], line.account, document.currency)
            found.append((line, accounts[0]))
    return found


def _bank_transaction(
    document: JournalEntry, lookups: XeroLookups, wallet: XeroAccount, contact: str | None
) -> XeroBody:
    moved = sum(line.amount for line in document.lines if line.account == wallet.code)
    items = merged(known((line for line in document.lines if line.account != wallet.code), lookups))
    sign = -1 if moved > 0 else 1
    record: Record = {
        "Type": "RECEIVE" if moved > 0 else "SPEND",
        "Contact": {"Name": contact or merchant(document.memo)},
        "BankAccount": {"AccountID": wallet.id},
        "Date": document.posting_date,
        "Reference": document.reference,
        "LineAmountTypes": "Exclusive",
        "LineItems": line_items(items, lookups, sign, document.memo),
        "Status": "AUTHORISED",
    }
    tax = sign * sum(each.tax for each in items)
    return XeroBody(
        document.reference, BANK_TRANSACTIONS, record, abs(moved), tax, document.posting_date, document.document_date
    )


def _manual_journal(document: JournalEntry, lookups: XeroLookups) -> XeroBody:
    if document.currency != lookups.currency:
        for line in document.lines:
            account_named(lookups, line.account)  # an unknown account is the better reason
        told = CURRENCY_NOT_TAKEN.told(
            ledger=TITLE, kind="journal entry without the wallet", own=lookups.currency, currency=document.currency
        )
        raise Rejected(told)
    items = merged(known(document.lines, lookups))
    for item in items:
        _require_tax_of_rate(item, lookups)
    record: Record = {
        "Narration": f"{document.memo}{SEPARATOR}{document.reference}",
        "Date": document.posting_date,
        "LineAmountTypes": "Exclusive",
        "JournalLines": journal_lines(items, lookups),
        "Status": "POSTED",
    }
    tax = sum(each.tax for each in items)
    return XeroBody(
        document.reference, MANUAL_JOURNALS, record, None, tax, document.posting_date, document.document_date
    )


def _require_tax_of_rate(item: XeroItem, lookups: XeroLookups) -> None:
    """Refuse a tax that Xero, which computes that of a manual journal itself, would make another. Raises Rejected."""
    tax = lookups.taxes.get(item.tax_code) if item.tax_code else None
    computed = tax.of(item.amount) if tax else None
    if computed is not None and computed != item.tax:
        raise Rejected(TAX_OF_RATE_ONLY.told(ledger=TITLE, code=str(item.tax_code)))


def _bill(document: Bill, lookups: XeroLookups, state: DocumentState) -> XeroBody:
    require_payables(document.payable.account, lookups)
    credit = document.kind is DocumentKind.CREDIT_NOTE
    endpoint, sign = (CREDIT_NOTES, -1) if credit else (INVOICES, 1)
    items = merged(known(document.lines[:-1], lookups))
    record: Record = {
        "Type": "ACCPAYCREDIT" if credit else "ACCPAY",
        "Contact": {"ContactID": document.party.id},
        "Date": document.posting_date,
        endpoint.key: bill_number(document.invoice_number, document.reference),
        "CurrencyCode": document.currency,
        "LineAmountTypes": "Exclusive",
        "LineItems": line_items(items, lookups, sign, document.memo),
        "Status": "AUTHORISED" if state is DocumentState.POSTED else "DRAFT",
    }
    if not credit:
        record["DueDate"] = document.due_date or document.posting_date
    total, tax = abs(document.payable.amount), sign * sum(each.tax for each in items)
    return XeroBody(document.reference, endpoint, record, total, tax, document.posting_date, document.document_date)


def require_payables(code: str, lookups: XeroLookups) -> None:
    """Refuse another account than Xero's own for what is owed. Raises Rejected or InvalidConfiguration."""
    own = lookups.payables
    if own is None:
        raise InvalidConfiguration(NOT_THE_PAYABLES_ACCOUNT.told(ledger=TITLE, own="Accounts Payable", account=code))
    if code != own.code:
        account_named(lookups, code)
        raise UnknownAccount(NOT_THE_PAYABLES_ACCOUNT.told(ledger=TITLE, own=own.code, account=code))


def merchant(memo: str) -> str:
    """Return whom the money went to or came from: the memo begins with it."""
    return memo.partition(SEPARATOR)[0].strip()[:NAME_LENGTH] or _NO_MERCHANT
