"""Undoing what is recorded: a draft is deleted, an entry or payment gets a counter-entry, a bill a credit memo.

Business Central cannot reverse a transaction over its API, so the counter-entry is an entry of our own, under a
document number that follows from the document's. A credit memo is cancelled by Business Central itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from pleo_export.accounting.business_central.batches import GENERAL, PAYMENTS
from pleo_export.accounting.business_central.bill import counter_body
from pleo_export.accounting.business_central.bills import BusinessCentralBills
from pleo_export.accounting.business_central.documents import (
    INVOICES,
    MEMOS,
    REFERENCE_LENGTH,
    BusinessCentralDocuments,
    HeldRows,
)
from pleo_export.accounting.business_central.entries import BusinessCentralEntries
from pleo_export.accounting.business_central.entry import GL, LONGEST_TEXT, tax_code_in, units, vat_comment
from pleo_export.accounting.business_central.lookups import BusinessCentralLookups
from pleo_export.accounting.business_central.payments import counter_line
from pleo_export.accounting.business_central.periods import BusinessCentralPeriods
from pleo_export.accounting.business_central.postings import PostedGroup, entry_amount, posted_document
from pleo_export.accounting.business_central.rest import BusinessCentralRest, Row, listing
from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.errors import AccountingError, Rejected
from pleo_export.accounting.port import DocumentOutcome, DocumentRef, DocumentState
from pleo_export.accounting.short_key import short_key
from pleo_export.bookkeeping.documents import DocumentKind
from pleo_export.bookkeeping.reference import reversal_reference
from pleo_export.failures.ledger import NOT_REVERSIBLE
from pleo_export.text import shorten


@dataclass(frozen=True, slots=True)
class _Line:
    """An entry on the account of a line, and the VAT of that line: each account with its amount."""

    entry: Row
    tax: str | None
    taxes: tuple[tuple[str, int], ...] = ()

    @property
    def amount(self) -> int:
        """The amount with its VAT."""
        return entry_amount(self.entry) + sum(amount for _, amount in self.taxes)


class BusinessCentralReversal:
    """Undoes documents. Every method raises AccountingError."""

    def __init__(
        self,
        rest: BusinessCentralRest,
        lookups: BusinessCentralLookups,
        documents: BusinessCentralDocuments,
        periods: BusinessCentralPeriods,
        entries: BusinessCentralEntries,
        bills: BusinessCentralBills,
    ) -> None:
        self._rest = rest
        self._lookups = lookups
        self._documents = documents
        self._periods = periods
        self._entries = entries
        self._bills = bills

    def reverse(self, document: DocumentRef, on: date) -> DocumentRef | None:
        """Undo the document, and return its counter-entry; see the port."""
        reference = reversal_reference(document.reference, REFERENCE_LENGTH)
        held = self._documents.held([document.reference, reference])
        rows = held[document.reference]
        if document.kind is DocumentKind.CREDIT_NOTE:
            return self._reverse_memo(rows)
        counter = self._counter(reference, held)
        if counter is not None:
            return counter
        if document.kind is DocumentKind.BILL:
            return self._reverse_bill(document, rows, reference, on)
        if rows.drafts and not rows.entries:
            self._entries.delete_draft(document)
            return None
        posted = posted_document(rows.entries, document.reference).live if rows.entries else ()
        if not posted:
            return None  # it is gone, or a person has reversed it
        self._periods.require_open(on)
        lines, contra = self._counter_lines(posted[0], reference, on)
        kind = PAYMENTS if posted[0].is_payment else GENERAL
        return _the_one(self._entries.record(kind, {reference: lines}, DocumentState.POSTED, contra=contra))

    def _counter(self, reference: str, held: Mapping[str, HeldRows]) -> DocumentRef | None:
        """Return the counter-entry that is there; a draft of it is posted first, spare ones are deleted."""
        found = self._documents.refs(reference, held)
        posted = [each for each in found if each.state is DocumentState.POSTED]
        drafts = [each for each in found if each.state is DocumentState.DRAFT]
        if posted:
            for spare in drafts:
                self._delete(spare)
            return posted[0]
        if not drafts:
            return None
        for spare in drafts[1:]:
            self._delete(spare)
        post = self._bills if drafts[0].kind is DocumentKind.CREDIT_NOTE else self._entries
        return _the_one(post.post_drafts(drafts[:1]))

    def _delete(self, draft: DocumentRef) -> None:
        if draft.kind is DocumentKind.CREDIT_NOTE:
            self._bills.delete(draft.kind, draft.id)
        else:
            self._entries.delete_draft(draft)

    def _reverse_bill(self, document: DocumentRef, rows: HeldRows, reference: str, on: date) -> DocumentRef | None:
        found = [row for table, row in rows.bills if table == INVOICES and row["id"] == document.id]
        if not found:
            return None
        ref = self._documents.bill_ref(document.reference, INVOICES, found[0])
        if ref.state is DocumentState.DRAFT:
            self._bills.delete(document.kind, document.id)
            return None
        if ref.state is DocumentState.VOID:
            return None
        self._periods.require_open(on)
        lines = "purchaseInvoiceLines($expand=dimensionSetLines($select=code,valueCode))"
        (rows_of_it,) = self._rest.list_many([listing(INVOICES, filter=f"id eq {document.id}", expand=lines)])
        body = counter_body(rows_of_it[0], reference, short_key(reference), on.isoformat())
        made = self._rest.create(MEMOS, body)
        draft = self._documents.bill_ref(reference, MEMOS, made)
        return _the_one(self._bills.post_drafts([draft]))

    def _reverse_memo(self, rows: HeldRows) -> DocumentRef | None:
        for table, row in rows.bills:
            ref = self._documents.bill_ref("", table, row)
            if ref.state is DocumentState.DRAFT:
                self._bills.delete(ref.kind, ref.id)
            elif ref.state is DocumentState.POSTED:
                self._periods.require_open(ref.date)  # the date that Business Central takes
                self._rest.act(f"{MEMOS}({ref.id})", "cancel")
        return None

    def _counter_lines(self, group: PostedGroup, reference: str, on: date) -> tuple[list[Row], str | None]:
        """Return the lines that undo the entries, and the balancing account of a payment's."""
        if group.is_payment:
            return _payment_back(group, reference, on, self._lookups)
        dimensions = self._dimensions(group)
        return list(self._entry_back(group, reference, on, dimensions)), None

    def _entry_back(
        self, group: PostedGroup, reference: str, on: date, dimensions: Mapping[str, list[Row]]
    ) -> Iterator[Row]:
        """Yield the lines with the other sign. An entry's VAT is in its line again, so that it is undone as well."""
        key = short_key(reference)
        lines = list(_with_their_vat(group, self._lookups))
        for number, line in enumerate(lines, 1):
            entry = line.entry
            text = f"{reference} {entry['description']}" if number == len(lines) else entry["description"]
            body: Row = {
                "accountType": GL,
                "accountNumber": entry["accountNumber"],
                "postingDate": on.isoformat(),
                "documentNumber": key,
                "externalDocumentNumber": key,
                "amount": units(-line.amount),
                "description": shorten(text, LONGEST_TEXT),
            }
            if line.tax:
                body |= {"taxCode": line.tax, "comment": vat_comment([(each, -amount) for each, amount in line.taxes])}
            if dimensions.get(entry["id"]):
                body["dimensionSetLines"] = dimensions[entry["id"]]
            yield body

    def _dimensions(self, group: PostedGroup) -> dict[str, list[Row]]:
        number = group.entries[0]["documentNumber"]
        rows = self._rest.list_all(
            "generalLedgerEntries",
            filter=f"documentNumber eq '{number}'",
            select="id",
            expand="dimensionSetLines($select=code,valueCode)",
        )
        return {
            row["id"]: [{"code": each["code"], "valueCode": each["valueCode"]} for each in row["dimensionSetLines"]]
            for row in rows
        }


def _with_their_vat(group: PostedGroup, lookups: BusinessCentralLookups) -> Iterator[_Line]:
    """Yield the entries on the accounts of lines, each with the entries of its VAT, which follow it."""
    waiting: _Line | None = None
    for entry in group.entries:
        code = tax_code_in(entry["description"], lookups.tax_codes)
        part = entry["accountNumber"], entry_amount(entry)
        if waiting is not None and code is not None and entry["description"] == waiting.entry["description"]:
            waiting = replace(waiting, taxes=(*waiting.taxes, part))
            continue
        if waiting is not None:
            yield waiting
        waiting = _Line(entry, code)
    if waiting is not None:
        yield waiting


def _payment_back(
    group: PostedGroup, reference: str, on: date, lookups: BusinessCentralLookups
) -> tuple[list[Row], str | None]:
    """Return the line that takes a payment back, and its wallet. The vendor is in the text of the first entry."""
    first, second = group.entries[0], group.entries[1]
    words = str(first["description"]).split(" ")
    if len(words) < 2:
        raise Rejected(NOT_REVERSIBLE.told(name=group.number, ledger=TITLE))
    wallet = lookups.account(second["accountNumber"])
    amount = group.on_account(first["accountNumber"])
    return [counter_line(reference, words[1], amount, on.isoformat())], wallet.id


def _the_one(outcomes: Mapping[str, DocumentOutcome]) -> DocumentRef:
    """Return the document of the only outcome. Raises its error."""
    (outcome,) = outcomes.values()
    if isinstance(outcome, AccountingError):
        raise outcome
    return outcome
