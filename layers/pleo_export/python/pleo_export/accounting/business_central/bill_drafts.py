"""The drafts of bills and credit notes, until they come to what Pleo says, or are gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pleo_export.accounting.batching import CONNECTION
from pleo_export.accounting.business_central.batches import patiently
from pleo_export.accounting.business_central.bill import LINES, expected_totals, rounding_line, table_of, totals_of
from pleo_export.accounting.business_central.rest import LARGEST_BATCH, BusinessCentralRest, Change, RefusedChange, Row
from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.errors import AccountingError, KeptAsDraft, OutcomeUnknown, Rejected
from pleo_export.accounting.port import DocumentOutcome, DocumentRef
from pleo_export.bookkeeping.documents import Bill, DocumentKind
from pleo_export.failures.ledger import OTHER_TOTAL

VAT_ROUNDED = (
    "Booked with the total of Pleo. {ledger} rounds the VAT of it otherwise than Pleo, by the last digit, which is on "
    "a line of its own."
)


@dataclass(frozen=True, slots=True)
class BillDraft:
    """A draft in Business Central: the set that it is in, and its row."""

    table: str
    row: Row
    ref: DocumentRef


class BusinessCentralBillDrafts:
    """Makes drafts, and compares what they come to. Every method raises AccountingError."""

    def __init__(self, rest: BusinessCentralRest) -> None:
        self._rest = rest

    def create(self, bodies: Mapping[str, tuple[str, Row]]) -> dict[str, DocumentOutcome]:
        """Create drafts, all in one transaction without those that are refused. Return the errors of the others."""
        errors: dict[str, DocumentOutcome] = {}
        waiting = dict(list(bodies.items())[:LARGEST_BATCH])
        while waiting:
            changes = [Change("POST", table, body) for table, body in waiting.values()]
            try:
                patiently(lambda changes=changes: self._rest.change_all(changes))  # type: ignore[misc]
            except RefusedChange as refusal:
                if isinstance(refusal.error, CONNECTION):
                    raise refusal.error from None
                bad = list(waiting)[refusal.number]
                errors[bad] = refusal.error
                del waiting[bad]
            except OutcomeUnknown as unknown:
                return errors | dict.fromkeys(waiting, unknown)
            else:
                break
        return errors

    def round(self, bills: Sequence[Bill], drafts: Mapping[str, BillDraft]) -> frozenset[str]:
        """Add the last digit of the tax to the drafts that lack it, all or none, and return which they are."""
        missing = {
            bill.reference: number
            for bill in bills
            if bill.reference in drafts
            and (number := totals_of(drafts[bill.reference].row).rounded(expected_totals(bill)))
        }
        changes = [
            Change("POST", f"{draft.table}({draft.row['id']})/{LINES[draft.table]}", rounding_line(bill, missing[each]))
            for bill in bills
            if (each := bill.reference) in missing and (draft := drafts[each])
        ]
        if not changes:
            return frozenset()
        try:
            self._rest.change_all(changes)
        except (AccountingError, RefusedChange):
            return frozenset()  # they come to another total then, and are deleted
        return frozenset(missing)

    def remove_other_totals(self, bills: Sequence[Bill], drafts: Mapping[str, BillDraft]) -> dict[str, DocumentOutcome]:
        """Delete the drafts that come to another total or tax than at Pleo."""
        outcomes: dict[str, DocumentOutcome] = {}
        for bill in bills:
            draft = drafts.get(bill.reference)
            if draft is None or totals_of(draft.row) == expected_totals(bill):
                continue
            refusal = Rejected(OTHER_TOTAL.told(ledger=TITLE, left=""))
            try:
                self.delete(bill.kind, draft.row["id"])
            except AccountingError:
                told = OTHER_TOTAL.told(
                    ledger=TITLE, left=f" Its draft {draft.row['number']} is still there: delete it."
                )
                outcomes[bill.reference] = KeptAsDraft(told, document=draft.ref, cause=refusal)
            else:
                outcomes[bill.reference] = refusal
        return outcomes

    def delete(self, kind: DocumentKind, id_: str) -> None:
        """Delete a draft."""
        self._rest.delete(f"{table_of(kind)}({id_})")


def warned(outcome: DocumentOutcome) -> DocumentOutcome:
    """Return a document with the note that the last digit of its tax is another than Pleo's."""
    if not isinstance(outcome, DocumentRef):
        return outcome
    return replace(outcome, warnings=(*outcome.warnings, VAT_ROUNDED.format(ledger=TITLE)))
