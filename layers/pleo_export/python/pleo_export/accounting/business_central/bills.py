"""Recording and posting bills and credit notes: each is posted alone, and what it comes to is compared before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pleo_export.accounting.business_central.batches import patiently
from pleo_export.accounting.business_central.bill import (
    NUMBER_FIELD,
    bill_body,
    table_of,
)
from pleo_export.accounting.business_central.bill_drafts import BillDraft, BusinessCentralBillDrafts, warned
from pleo_export.accounting.business_central.documents import INVOICES, MEMOS, BusinessCentralDocuments, HeldRows
from pleo_export.accounting.business_central.error_table import POSTING_DATE, words_of
from pleo_export.accounting.business_central.posting import kept_as_draft, left_as_draft
from pleo_export.accounting.business_central.rest import (
    BusinessCentralRest,
    Row,
    any_of,
    listing,
)
from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.errors import (
    AccountingError,
    KeptAsDraft,
    OutcomeUnknown,
    PeriodClosed,
    PossibleDuplicate,
    Rejected,
)
from pleo_export.accounting.port import DocumentOutcome, DocumentRef, DocumentState
from pleo_export.bookkeeping.documents import Bill, DocumentKind
from pleo_export.failures.connection import LEDGER_IN_DOUBT
from pleo_export.failures.ledger import ENTRY_DELETED, PERIOD_CLOSED, POSSIBLE_DUPLICATE


class BusinessCentralBills:
    """Records and posts bills and credit notes. Every method raises AccountingError."""

    def __init__(self, rest: BusinessCentralRest, documents: BusinessCentralDocuments, without_vat: str) -> None:
        self._rest = rest
        self._documents = documents
        self._without_vat = without_vat
        self._drafts = BusinessCentralBillDrafts(rest)

    def record(self, bills: Sequence[Bill], own_currency: str, state: DocumentState) -> dict[str, DocumentOutcome]:
        """Record bills as drafts, and post them if they are to be. Raises an error of `CONNECTION` only while nothing
        is recorded."""
        outcomes: dict[str, DocumentOutcome] = {}
        bodies: dict[str, tuple[str, Row]] = {}
        for bill in bills:
            try:
                bodies[bill.reference] = table_of(bill.kind), bill_body(bill, own_currency, self._without_vat)
            except Rejected as refusal:
                outcomes[bill.reference] = refusal
        outcomes |= self._drafts.create(bodies)
        created = [bill for bill in bills if bill.reference not in outcomes]
        if not created:
            return outcomes
        try:
            held = self._documents.held([bill.reference for bill in created])
        except AccountingError as error:
            return outcomes | {bill.reference: left_as_draft(error) for bill in created}
        drafts = {bill.reference: draft for bill in created if (draft := self._draft(bill.reference, held))}
        outcomes |= {bill.reference: _gone() for bill in created if bill.reference not in drafts}
        rounded = self._drafts.round(created, drafts)
        outcomes |= self._drafts.remove_other_totals(
            [each for each in created if each.reference not in rounded], drafts
        )
        drafts = {reference: draft for reference, draft in drafts.items() if reference not in outcomes}
        if state is DocumentState.DRAFT:
            outcomes |= {reference: draft.ref for reference, draft in drafts.items()}
        else:
            outcomes |= self._post(drafts, new=True)
        return {each: warned(outcome) if each in rounded else outcome for each, outcome in outcomes.items()}

    def post_drafts(self, refs: Sequence[DocumentRef]) -> dict[str, DocumentOutcome]:
        """Post drafts. Raises AccountingError while nothing is posted."""
        if not refs:
            return {}
        held = self._documents.held([ref.reference for ref in refs])
        outcomes: dict[str, DocumentOutcome] = {}
        drafts: dict[str, BillDraft] = {}
        for ref in refs:
            draft = self._draft(ref.reference, held)
            if draft is None:
                outcomes |= self._without_draft(ref.reference, held)
            else:
                drafts[ref.reference] = draft
        return outcomes | self._post(drafts, new=False)

    def delete(self, kind: DocumentKind, id_: str) -> None:
        """Delete a draft."""
        self._drafts.delete(kind, id_)

    # Posting

    def _post(self, drafts: Mapping[str, BillDraft], *, new: bool) -> dict[str, DocumentOutcome]:
        outcomes: dict[str, DocumentOutcome] = {}
        if not drafts:
            return outcomes
        try:
            others = self._with_same_numbers(drafts)
        except AccountingError as error:
            if not new:
                raise
            return dict.fromkeys(drafts, left_as_draft(error))
        posted: list[str] = []
        waiting = dict(drafts)
        while waiting:
            reference, draft = next(iter(waiting.items()))
            try:
                if reference in others:
                    outcomes[reference] = _duplicate(draft, others[reference])
                else:
                    patiently(lambda draft=draft: self._rest.act(f"{draft.table}({draft.row['id']})"))  # type: ignore[misc]
                    posted.append(reference)
            except Rejected as refusal:
                outcomes[reference] = self._not_posted(reference, draft, refusal)
            except AccountingError as error:
                if not new and not posted and not outcomes and not isinstance(error, OutcomeUnknown):
                    raise
                outcomes |= dict.fromkeys(waiting, left_as_draft(error) if new else error)
                break
            del waiting[reference]
        return outcomes | self._read_posted(posted, drafts)

    def _with_same_numbers(self, drafts: Mapping[str, BillDraft]) -> dict[str, str]:
        """Return the drafts that Business Central holds another posted document for, with the same number from the same
        vendor, and that document's number."""
        tables = [table for table in (INVOICES, MEMOS) if any(each.table == table for each in drafts.values())]
        questions = [
            listing(
                table,
                filter=any_of(
                    NUMBER_FIELD[table], [d.row[NUMBER_FIELD[table]] for d in drafts.values() if d.table == table]
                ),
                select=f"id,number,vendorNumber,status,{NUMBER_FIELD[table]}",
            )
            for table in tables
        ]
        found: dict[str, str] = {}
        for table, rows in zip(tables, self._rest.list_many(questions), strict=True):
            live = [row for row in rows if row["status"] in ("Open", "Paid")]
            for reference, draft in drafts.items():
                same = [row for row in live if draft.table == table and _same_number(table, row, draft.row)]
                if same:
                    found[reference] = str(same[0]["number"])
        return found

    def _not_posted(self, reference: str, draft: BillDraft, refusal: Rejected) -> DocumentOutcome:
        """Return the outcome of a draft that is refused. One whose day is closed is deleted, so that it can be recorded
        on another day; else it stays."""
        try:
            held = self._documents.held([reference])
        except AccountingError as unread:
            return left_as_draft(unread)
        still = self._draft(reference, held)
        if still is None:
            return self._without_draft(reference, held)[reference]
        if not POSTING_DATE.search(words_of(refusal)):
            return kept_as_draft(still.ref, refusal)
        on = still.ref.date
        told = PERIOD_CLOSED.told(period=f"{on:%Y-%m}", state="closed", ledger=TITLE, on=on.isoformat())
        closed = PeriodClosed(told, on=on, status=refusal.status, code=refusal.code)
        try:
            self._drafts.delete(draft.ref.kind, draft.row["id"])
        except AccountingError:
            return kept_as_draft(still.ref, closed)
        return closed

    def _read_posted(self, references: Sequence[str], drafts: Mapping[str, BillDraft]) -> dict[str, DocumentOutcome]:
        """Return what is posted, with its new number; without one if it cannot be read now."""
        if not references:
            return {}
        try:
            held = self._documents.held(references)
        except AccountingError:
            posted = DocumentState.POSTED
            return {each: replace(drafts[each].ref, state=posted, number=None, url=None) for each in references}
        outcomes: dict[str, DocumentOutcome] = {}
        for reference in references:
            found = [each for each in self._documents.refs(reference, held) if each.state is DocumentState.POSTED]
            outcomes[reference] = found[0] if found else OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE))
        return outcomes

    def _draft(self, reference: str, held: Mapping[str, HeldRows]) -> BillDraft | None:
        for table, row in held[reference].bills:
            ref = self._documents.bill_ref(reference, table, row)
            if ref.state is DocumentState.DRAFT:
                return BillDraft(table, row, ref)
        return None

    def _without_draft(self, reference: str, held: Mapping[str, HeldRows]) -> dict[str, DocumentOutcome]:
        found = self._documents.refs(reference, held)
        posted = [each for each in found if each.state is DocumentState.POSTED]
        if posted:
            return {reference: posted[0]}
        return {reference: _gone("cancelled" if found else "deleted")}


def _same_number(table: str, row: Row, draft: Row) -> bool:
    field = NUMBER_FIELD[table]
    same = row["vendorNumber"] == draft["vendorNumber"] and row[field] == draft[field]
    return bool(same and row["id"] != draft["id"])


def _duplicate(draft: BillDraft, other: str) -> KeptAsDraft:
    told = POSSIBLE_DUPLICATE.told(draft=draft.ref.id, ledger=TITLE, other=other)
    return KeptAsDraft(told, document=draft.ref, cause=PossibleDuplicate(told))


def _gone(what: str = "deleted") -> Rejected:
    return Rejected(ENTRY_DELETED.told(ledger=TITLE, what=what))
