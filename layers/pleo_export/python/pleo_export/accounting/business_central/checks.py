"""What is checked of documents: before they are sent, and of those that are found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pleo_export.accounting.business_central.bill import expected_totals, totals_of
from pleo_export.accounting.business_central.documents import BusinessCentralDocuments, HeldRows
from pleo_export.accounting.business_central.entry import minor
from pleo_export.accounting.business_central.lookups import BusinessCentralLookups
from pleo_export.accounting.business_central.periods import BusinessCentralPeriods
from pleo_export.accounting.business_central.postings import PostedGroup, draft_groups, entry_amount, posted_document
from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.errors import Rejected
from pleo_export.accounting.limits import not_taken
from pleo_export.accounting.port import Capabilities, DocumentRef
from pleo_export.bookkeeping.documents import Bill, Document
from pleo_export.failures.ledger import ENTRY_DIFFERS, NOT_BALANCED


class BusinessCentralChecks:
    """Checks documents. Every method raises AccountingError."""

    def __init__(
        self,
        lookups: BusinessCentralLookups,
        periods: BusinessCentralPeriods,
        documents: BusinessCentralDocuments,
        capabilities: Capabilities,
    ) -> None:
        self._lookups = lookups
        self._periods = periods
        self._documents = documents
        self._capabilities = capabilities

    def require(self, document: Document) -> None:
        """Raise Rejected for a document that would be refused: beyond the capabilities, not balanced, on a closed day,
        with an unknown code."""
        refusal = not_taken(document, self._capabilities, self._lookups.currency, TITLE)
        if refusal is not None:
            raise refusal
        if sum(line.amount for line in document.lines) != 0:
            raise Rejected(NOT_BALANCED.told(ledger=TITLE))
        self._periods.require_open(document.posting_date)
        self._lookups.check(document)

    def differences(self, found: Sequence[tuple[DocumentRef, Document]]) -> Mapping[str, Rejected]:
        """Return the found documents that come to another total, tax or currency than what would be recorded now."""
        if not found:
            return {}
        held = self._documents.held([ref.reference for ref, _ in found])
        return {
            ref.reference: Rejected(ENTRY_DIFFERS.told(ledger=TITLE, name=ref.number or f"draft {ref.id}"))
            for ref, document in found
            if self._differs(held[ref.reference], document)
        }

    def _differs(self, rows: HeldRows, document: Document) -> bool:
        if isinstance(document, Bill):
            bills = [row for _, row in rows.bills]
            return bool(bills) and not any(totals_of(row).comes_to(expected_totals(document)) for row in bills)
        grosses = self._grosses(rows, document.reference)
        if not grosses:
            return False
        return document.currency != self._lookups.currency or gross_of(document) not in grosses

    def _grosses(self, rows: HeldRows, reference: str) -> set[int]:
        """Return what the live documents come to: all of their credits, without the halves of reverse charges."""
        groups = posted_document(rows.entries, reference).live if rows.entries else ()
        found = {_posted_gross(group, reference) for group in groups}
        for lines in draft_groups(rows.drafts, reference):
            amounts = [minor(line["amount"]) for line in lines]
            found.add(sum(amounts) if "vendorNumber" in lines[0] else sum(each for each in amounts if each > 0))
        return found


def gross_of(document: Document) -> int:
    """Return what a document comes to, in minor units: what is on one side of it, each base with its tax."""
    sums: dict[int, int] = {}
    number = 0
    for line in document.lines:
        if line.tax is None or line.tax.role == "base":
            number += 1
        sums[number] = sums.get(number, 0) + line.amount
    return sum(amount for amount in sums.values() if amount > 0)


def _posted_gross(group: PostedGroup, reference: str) -> int:
    amounts: list[int] = []
    previous = ""
    for entry in group.entries:
        same_line = entry["description"] == previous and not previous.startswith(reference)
        if same_line and previous.endswith("]"):
            amounts[-1] += entry_amount(entry)
        else:
            amounts.append(entry_amount(entry))
        previous = entry["description"]
    return sum(amount for amount in amounts if amount > 0)
