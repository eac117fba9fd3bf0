"""Undoing documents in e-conomic: a draft is deleted, a booked voucher gets a counter-voucher.

The counter-voucher has a reference of its own, derived from the document's, and is looked for before it is made. What a
supplier is owed and its counter-entry are matched. A match cannot be undone in e-conomic, nor need it be: the
counter-entries of a paid bill and of its payment are matched with each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from pleo_export.accounting.economic.booking import EconomicBooking
from pleo_export.accounting.economic.documents import (
    REFERENCE_LENGTH,
    EconomicDocuments,
    HeldVoucher,
    names_supplier,
)
from pleo_export.accounting.economic.json_numbers import amount, minor
from pleo_export.accounting.economic.lines import vat_or_none
from pleo_export.accounting.economic.lookups import EconomicLookups
from pleo_export.accounting.economic.periods import EconomicPeriods
from pleo_export.accounting.economic.recording import EconomicRecording
from pleo_export.accounting.economic.rest import Row
from pleo_export.accounting.economic.settlement import EconomicSettlement
from pleo_export.accounting.economic.title import TITLE
from pleo_export.accounting.economic.vat import with_vat_codes
from pleo_export.accounting.economic.vouchers import NewEntry, NewVoucher, reference_in
from pleo_export.accounting.errors import AccountingError, Rejected
from pleo_export.accounting.port import DocumentRef, DocumentState
from pleo_export.bookkeeping.documents import DocumentKind, JournalLine, TaxPart, TaxRole
from pleo_export.bookkeeping.reference import payment_reference, reversal_reference
from pleo_export.failures.ledger import ENTRY_DELETED

_RATE = Decimal("0.000001")  # as exact as e-conomic takes a rate


class EconomicReversal:
    """Undoes documents. Every method raises AccountingError."""

    def __init__(
        self,
        documents: EconomicDocuments,
        lookups: EconomicLookups,
        periods: EconomicPeriods,
        recording: EconomicRecording,
        booking: EconomicBooking,
        settlement: EconomicSettlement,
    ) -> None:
        self._documents = documents
        self._lookups = lookups
        self._periods = periods
        self._recording = recording
        self._booking = booking
        self._settlement = settlement

    def reverse(self, document: DocumentRef, on: date) -> DocumentRef | None:
        """Undo the document, and return its counter-voucher; see the port."""
        held = self._documents.of(document)
        if held is None:
            return None
        if not held.posted:
            self._recording.delete(held)
            return None
        reference = _reversal_of(document.reference)
        counter = self._posted_counter(reference)
        if counter is None:
            if self._undoing(document.reference):
                return None
            self._periods.require_open(on)
            counter = self._post(NewVoucher(reference, DocumentKind.JOURNAL_ENTRY, on, self._entries(held, on), on))
        self._match(document.reference, held)
        return counter

    def _posted_counter(self, reference: str) -> DocumentRef | None:
        """Return the counter-voucher; book the draft of one that a crash left."""
        for each in self._documents.booked({reference}):
            if each.reference == reference:
                return each.ref()
        drafts = [each for each in self._documents.all_drafts() if each.reference == reference]
        for spare in drafts[1:]:
            self._recording.delete(spare)
        return _done(self._booking.book(drafts[:1], new=False)[reference]) if drafts else None

    def _undoing(self, reference: str) -> bool:
        found = self._documents.find_many([reference]).get(reference)
        return isinstance(found, DocumentRef) and found.state is DocumentState.VOID

    def _post(self, voucher: NewVoucher) -> DocumentRef:
        created = self._recording.create([voucher])[voucher.reference]
        if isinstance(created, AccountingError):
            raise created
        return _done(self._booking.book([created], new=True)[voucher.reference])

    def _entries(self, held: HeldVoucher, on: date) -> tuple[NewEntry, ...]:
        text = f"{_reversal_of(held.reference)} Reversal of {held.number}"
        owed = [row for row in held.rows if names_supplier(row)]
        others = [row for row in held.rows if not names_supplier(row)]
        lines, _ = with_vat_codes(list(_undone(others, self._lookups)), self._lookups)
        first = held.rows[0]
        common = {"date": f"{on}T00:00:00Z", "currency": first["currencyCode"], "text": text} | self._rate(held)
        entries = [
            NewEntry({**common, **_supplier_fields(row), "amount": amount(-minor(row["amount"]))}) for row in owed
        ]
        for made in lines:
            account = self._lookups.account(made.line.account)
            code = {"vatCode": made.vat_code or ""} if made.vat_code or account.vat_code else {}
            row = {**common, "entryTypeNumber": 5, "accountNumber": account.number, "amount": amount(made.amount)}
            entries.append(NewEntry(row | code))
        return tuple(entries)

    def _rate(self, held: HeldVoucher) -> Row:
        """Return the rate that the voucher was booked at, where it is in another currency."""
        largest = max(held.rows, key=lambda row: abs(row["amount"]))
        if largest["currencyCode"] == self._lookups.currency():
            return {}
        rate = Decimal(largest["amountInBaseCurrency"]) / Decimal(largest["amount"]) * 100
        return {"exchangeRate": rate.quantize(_RATE).normalize()}

    def _match(self, reference: str, held: HeldVoucher) -> None:
        """Match the document with its counter-entry; where it was matched before, the counter-entries of bill and
        payment with each other."""
        suppliers = {row["supplierNumber"] for row in held.rows if names_supplier(row)}
        if not suppliers:
            return
        rows = self._settlement.open_rows(suppliers)
        bill = reference.removesuffix(":pay")
        counters = {_reversal_of(bill), _reversal_of(payment_reference(bill, REFERENCE_LENGTH))}
        for chosen in ({reference, _reversal_of(reference)}, counters):
            group = [row for row in rows if reference_in(row.get("text")) in chosen]
            if len(group) > 1 and sum(minor(row.get("remainder")) for row in group) == 0:
                self._settlement.match([row["entryNumber"] for row in group])
                return


def _reversal_of(reference: str) -> str:
    return reversal_reference(reference, REFERENCE_LENGTH)


def _undone(rows: Sequence[Row], lookups: EconomicLookups) -> Iterator[JournalLine]:
    """Yield the lines with the other sign, and their tax as Pleo would give it."""
    codes: dict[str, str] = {}
    for row in rows:
        vat = vat_or_none(row.get("vatAccountNumber"), lookups)
        if vat is not None:
            codes |= {account: vat.code for account in (vat.account, vat.contra) if account}
    for row in rows:
        account, code = str(row["accountNumber"]), row.get("vatAccountNumber")
        tax = None
        if code and vat_or_none(code, lookups) is not None:
            tax = TaxPart(code, TaxRole.BASE)
        elif account in codes:
            tax = TaxPart(codes[account], TaxRole.TAX)
        yield JournalLine(account, -minor(row["amount"]), tax=tax)


def _supplier_fields(row: Row) -> Row:
    fields = {"entryTypeNumber": row["type"], "supplierNumber": row["supplierNumber"]}
    number = row.get("supplierInvoiceNumber")
    return fields | ({"supplierInvoiceNumber": number} if number else {})


def _done(outcome: DocumentRef | AccountingError) -> DocumentRef:
    if isinstance(outcome, AccountingError):
        raise outcome
    if outcome.state is not DocumentState.POSTED:
        raise Rejected(ENTRY_DELETED.told(ledger=TITLE, what="deleted"))
    return outcome
