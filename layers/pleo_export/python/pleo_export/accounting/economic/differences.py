"""Whether a voucher that e-conomic holds is the one that would be recorded now.

Compared is what an expense comes to: currency, total, and the VAT that is booked. Accounts and texts of lines are left
to the people who keep the books.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pleo_export.accounting.economic.documents import EconomicDocuments
from pleo_export.accounting.economic.lines import lines_of, vat_or_none
from pleo_export.accounting.economic.lookups import EconomicLookups
from pleo_export.accounting.economic.title import TITLE
from pleo_export.accounting.errors import Rejected
from pleo_export.accounting.port import DocumentRef, LedgerLine
from pleo_export.bookkeeping.documents import Document, TaxRole
from pleo_export.failures.ledger import ENTRY_DIFFERS


def differences(
    documents: EconomicDocuments, lookups: EconomicLookups, found: Sequence[tuple[DocumentRef, Document]]
) -> Mapping[str, Rejected]:
    """Return the found documents that differ from what would be recorded now, by reference. At most one call for
    drafts and one for what is booked. Raises AccountingError."""
    wanted = {ref.reference: (ref, document) for ref, document in found}
    different = {}
    for voucher, currency, lines in lines_of(documents.whole_of([ref for ref, _ in found]), lookups):
        ref, document = wanted[voucher.reference]
        pairs = [(line.account, line.amount) for line in lines]
        expected = [(line.account, line.amount) for line in document.lines]
        accounts = {line.account for line in document.lines if line.tax and line.tax.role is TaxRole.TAX}
        accounts |= _vat_accounts(lines, lookups)
        same = currency == document.currency and _total(pairs) == _total(expected)
        if not same or any(_on(account, pairs) != _on(account, expected) for account in accounts):
            name = ref.number or f"draft {ref.id}"
            different[ref.reference] = Rejected(ENTRY_DIFFERS.told(ledger=TITLE, name=name))
    return different


def _vat_accounts(lines: Sequence[LedgerLine], lookups: EconomicLookups) -> set[str]:
    vats = [vat_or_none(line.tax, lookups) for line in lines]
    return {account for vat in vats if vat for account in (vat.account, vat.contra) if account}


def _total(lines: Sequence[tuple[str, int]]) -> int:
    return sum(amount for _, amount in lines if amount > 0)


def _on(account: str, lines: Sequence[tuple[str, int]]) -> int:
    return sum(amount for each, amount in lines if each == account)
