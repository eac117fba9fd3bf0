"""Whether a document that Xero holds is the one that would be recorded now.

Compared is what an expense comes to: currency, total and tax. Accounts and texts are left to the people who keep the
books.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pleo_export.accounting.errors import Rejected
from pleo_export.accounting.port import DocumentRef, DocumentState
from pleo_export.accounting.xero.documents import Found, XeroDocuments
from pleo_export.accounting.xero.kinds import CREDIT_NOTES, MANUAL_JOURNALS, PAYMENTS, document_id, xero_ids
from pleo_export.accounting.xero.lines import merged, minor
from pleo_export.accounting.xero.lookups import XeroLookups
from pleo_export.accounting.xero.title import TITLE
from pleo_export.bookkeeping.documents import Bill, Document, Payment
from pleo_export.failures.ledger import ENTRY_DIFFERS

Sum = tuple[str, int, int]  # currency, total, tax


def differences(
    documents: XeroDocuments, lookups: XeroLookups, found: Sequence[tuple[DocumentRef, Document]]
) -> Mapping[str, Rejected]:
    """Return the found documents that differ from what would be recorded now, by reference. One call for each kind of
    document. Raises AccountingError."""
    if not found:
        return {}
    held = documents.rows([ref.reference for ref, _ in found])
    different: dict[str, Rejected] = {}
    for ref, document in found:
        for each in held.get(ref.reference, ()):
            if _is_it(ref, each) and _comes_to(each, lookups) != _should_come_to(document, lookups):
                name = f"draft {ref.id}" if ref.state is DocumentState.DRAFT else ref.number or ref.id
                different[ref.reference] = Rejected(ENTRY_DIFFERS.told(ledger=TITLE, name=name))
    return different


def _is_it(ref: DocumentRef, found: Found) -> bool:
    endpoint, rows = found
    return {str(row[endpoint.id]) for row in rows} == set(xero_ids(ref.id)) and ref.id == document_id(
        endpoint, ",".join(sorted(xero_ids(ref.id)))
    )


def _comes_to(found: Found, lookups: XeroLookups) -> Sum:
    endpoint, rows = found
    first = rows[0]
    if endpoint is PAYMENTS:
        currency = str((first.get("Invoice") or {}).get("CurrencyCode"))
        return currency, sum(minor(row.get("Amount")) for row in rows), 0
    if endpoint is MANUAL_JOURNALS:
        lines = first.get("JournalLines") or []
        debits = sum(max(0, minor(line.get("LineAmount")) + minor(line.get("TaxAmount"))) for line in lines)
        return lookups.currency, debits, 0
    sign = -1 if first.get("Type") == "RECEIVE" or endpoint is CREDIT_NOTES else 1
    currency = str(first.get("CurrencyCode"))
    return currency, sign * minor(first.get("Total")), sign * minor(first.get("TotalTax"))


def _should_come_to(document: Document, lookups: XeroLookups) -> Sum:
    if isinstance(document, Payment):
        return document.currency, abs(document.payable.amount), 0
    if isinstance(document, Bill):
        return document.currency, -document.payable.amount, sum(each.tax for each in _items(document.lines[:-1]))
    wallets = [line for line in document.lines if _is_bank(line.account, lookups)]
    if not wallets:
        debits = sum(max(0, each.amount + each.tax) for each in _items(document.lines))
        return document.currency, debits, 0
    others = [line for line in document.lines if line not in wallets]
    return document.currency, -sum(line.amount for line in wallets), sum(each.tax for each in _items(others))


def _is_bank(code: str, lookups: XeroLookups) -> bool:
    return any(each.is_bank for each in lookups.accounts.get(code, ()))


_items = merged
