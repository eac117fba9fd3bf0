"""What is checked of bills between their creation and their posting: totals (R-5c.8), and duplicates (R-8.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pleo_export.accounting.errors import AccountingError, KeptAsDraft, PossibleDuplicate, Rejected
from pleo_export.accounting.port import DocumentOutcome, DocumentRef, DocumentState
from pleo_export.accounting.tryton.differences import bill_totals, same_bill
from pleo_export.accounting.tryton.documents import INVOICE, TrytonDocuments
from pleo_export.accounting.tryton.duplicates import similar_bills
from pleo_export.accounting.tryton.move import LookupTables
from pleo_export.accounting.tryton.posting import TrytonPosting, left_as_draft
from pleo_export.accounting.tryton.rest import TrytonRest
from pleo_export.accounting.tryton.title import TITLE
from pleo_export.bookkeeping.documents import Bill
from pleo_export.failures.ledger import ENTRY_DELETED, OTHER_TOTAL, POSSIBLE_DUPLICATE

_GONE = Rejected(ENTRY_DELETED.told(ledger=TITLE, what="deleted"))


class TrytonBills:
    """Checks and posts the drafts of bills and credit notes."""

    def __init__(self, rest: TrytonRest, documents: TrytonDocuments, posting: TrytonPosting) -> None:
        self._tryton = rest
        self._documents = documents
        self._posting = posting

    def delete_with_other_totals(
        self, created: Mapping[str, int], bills: Sequence[Bill], tables: LookupTables
    ) -> dict[str, DocumentOutcome]:
        """Delete the drafts that come to another total or tax in Tryton than at Pleo, and return the outcomes of their
        bills, by reference. If the totals cannot be read, all the drafts are in doubt."""
        if not created:
            return {}
        try:
            held = bill_totals(self._tryton, created.values())
        except AccountingError as error:
            return dict.fromkeys(created, left_as_draft(error))
        return {
            bill.reference: self._deleted(created[bill.reference], bill)
            for bill in bills
            if (id_ := created.get(bill.reference)) and not (id_ in held and same_bill(held[id_], bill, tables))
        }

    def post(self, drafts: Mapping[str, int], *, new: bool) -> dict[str, DocumentOutcome]:
        """Post the drafts, but for those of which Tryton probably holds a duplicate. `new`: see `TrytonPosting.post`.
        Raises AccountingError only if none of them was touched."""
        if not drafts:
            return {}
        similar = similar_bills(self._tryton, drafts.values())
        others = {
            reference: found.other for reference, id_ in drafts.items() if (found := similar.get(id_)) and found.other
        }
        outcomes = self._possible_duplicates(others, drafts)
        usual = {reference: id_ for reference, id_ in drafts.items() if id_ not in similar}
        false_alarms = {
            reference: id_ for reference, id_ in drafts.items() if id_ in similar and reference not in outcomes
        }
        outcomes |= self._posting.post(INVOICE, usual, new=new)
        return outcomes | self._posting.post(INVOICE, false_alarms, new=new or bool(usual), skip_warnings=True)

    def _deleted(self, draft: int, bill: Bill) -> Rejected:
        told = OTHER_TOTAL.told(ledger=TITLE, left="")
        try:
            self._tryton.delete(INVOICE, draft)
        except AccountingError:
            told = OTHER_TOTAL.told(ledger=TITLE, left=f" Its draft {draft} may still be there: delete it first.")
            ref = self._documents.ref(bill.reference, bill.kind, draft, None, DocumentState.DRAFT, bill.posting_date)
            return KeptAsDraft(told, document=ref, cause=Rejected(told))
        return Rejected(told)

    def _possible_duplicates(self, others: Mapping[str, str], drafts: Mapping[str, int]) -> dict[str, DocumentOutcome]:
        """Return the outcomes of drafts that stay, since another bill is probably the same. Raises AccountingError."""
        if not others:
            return {}
        held = self._documents.read(INVOICE, {reference: drafts[reference] for reference in others})
        return {
            reference: _possible_duplicate(held[reference], other) if reference in held else _GONE
            for reference, other in others.items()
        }


def _possible_duplicate(draft: DocumentRef, other: str) -> DocumentOutcome:
    if draft.state is not DocumentState.DRAFT:  # a person has decided
        return draft
    cause = PossibleDuplicate(POSSIBLE_DUPLICATE.told(ledger=TITLE, draft=draft.id, other=other))
    return KeptAsDraft(cause.told, document=draft, cause=cause)
