"""Payments of vendors: lines of a payment journal whose balancing account is the wallet, each applied to an invoice.

Business Central applies a payment when it posts it, and offers no way to do so later. So a payment is taken only for
invoices that are posted, and for no more than they come to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pleo_export.accounting.business_central.batches import PAYMENTS
from pleo_export.accounting.business_central.documents import INVOICES, KEY_FIELD
from pleo_export.accounting.business_central.entries import BusinessCentralEntries
from pleo_export.accounting.business_central.entry import GL, LONGEST_TEXT, minor, units
from pleo_export.accounting.business_central.lookups import BusinessCentralLookups
from pleo_export.accounting.business_central.rest import BusinessCentralRest, Row, any_of, listing, text
from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.errors import AccountingError, Rejected
from pleo_export.accounting.port import DocumentOutcome, DocumentState
from pleo_export.accounting.short_key import short_key
from pleo_export.bookkeeping.documents import Payment
from pleo_export.failures.business_central import PAYMENT_FROM_BANK, PAYMENT_OVER_BILL
from pleo_export.failures.ledger import NO_BILL_TO_PAY, NOT_BALANCED
from pleo_export.text import shorten

_FIELDS = (
    "id,number,vendorNumber,vendorInvoiceNumber,shipToContact,shipToAddressLine2,status,totalAmountIncludingTax,"
    "currencyCode"
)


_REVISION = re.compile(r"/R\d+$")  # of a bill that was recorded again


class BusinessCentralPayments:
    """Records payments. Every method raises AccountingError."""

    def __init__(
        self, rest: BusinessCentralRest, lookups: BusinessCentralLookups, entries: BusinessCentralEntries
    ) -> None:
        self._rest = rest
        self._lookups = lookups
        self._entries = entries

    def record(self, payments: Sequence[Payment]) -> dict[str, DocumentOutcome]:
        """Record payments as posted: there is no use in a draft, which people could not post alone. Raises an error of
        `CONNECTION` only while nothing is recorded."""
        if not payments:
            return {}
        invoices = self._invoices(payments)
        outcomes: dict[str, DocumentOutcome] = {}
        by_wallet: dict[str, dict[str, Sequence[Row]]] = {}
        for payment in payments:
            try:
                wallet = self.require_wallet(payment)
                lines = list(_lines(payment, _settled(payment, invoices)))
            except Rejected as refusal:
                outcomes[payment.reference] = refusal
            else:
                by_wallet.setdefault(wallet, {})[payment.reference] = lines
        for wallet, lines_of in by_wallet.items():
            try:
                outcomes |= self._entries.record(PAYMENTS, lines_of, DocumentState.POSTED, contra=wallet)
            except AccountingError as error:
                if not any(not isinstance(each, Rejected) for each in outcomes.values()):
                    raise
                outcomes |= dict.fromkeys(lines_of, error)
        return outcomes

    def require_wallet(self, payment: Payment) -> str:
        """Return the id of the account that the money comes from. Raises Rejected for one that payments cannot use."""
        if sum(line.amount for line in payment.lines) != 0:
            raise Rejected(NOT_BALANCED.told(ledger=TITLE))
        card = self._lookups.account(payment.lines[1].account)
        if card.type != GL:
            raise Rejected(PAYMENT_FROM_BANK.told(ledger=TITLE, account=card.number))
        return card.id

    def _invoices(self, payments: Sequence[Payment]) -> list[Row]:
        """Read the posted invoices that payments name, in one call."""
        references = sorted({each.settles.reference for each in payments if each.settles.reference})
        numbers = sorted({each.settles.invoice_number for each in payments if each.settles.invoice_number})
        identities = sorted({id_ for each in payments for id_ in each.settles.reconciliation_ids})
        asked = (
            (KEY_FIELD[INVOICES], references),
            ("shipToAddressLine2", [id_[:50] for id_ in identities]),
        )
        questions = [
            listing(INVOICES, filter=any_of(field, values), select=_FIELDS) for field, values in asked if values
        ]
        if numbers or identities:
            begin = " or ".join(
                f"startswith(vendorInvoiceNumber,{text(each[:32])})" for each in [*numbers, *identities]
            )
            questions.append(listing(INVOICES, filter=begin, select=_FIELDS))
        rows = [row for found in (self._rest.list_many(questions) if questions else ()) for row in found]
        return list({row["id"]: row for row in rows if row["status"] == "Open"}.values())


def _settled(payment: Payment, invoices: Sequence[Row]) -> list[tuple[Row, int]]:
    """Return the invoices that a payment settles, each with what it pays of it. Raises Rejected if there is none, or
    if they come to less."""
    named = [row for row in invoices if _names(payment, row)]
    if not named:
        raise Rejected(NO_BILL_TO_PAY.told(ledger=TITLE))
    left = payment.payable.amount
    parts: list[tuple[Row, int]] = []
    for row in sorted(named, key=lambda row: str(row["number"])):
        part = min(left, minor(row["totalAmountIncludingTax"]))
        if part > 0:
            parts.append((row, part))
            left -= part
    if left or any(row["currencyCode"] != payment.currency for row in named):
        raise Rejected(PAYMENT_OVER_BILL.told(ledger=TITLE))
    return parts


def _names(payment: Payment, row: Row) -> bool:
    target = payment.settles
    if row["vendorNumber"] != payment.party.id:
        return False
    if target.reference:
        return bool(row[KEY_FIELD[INVOICES]] == target.reference)
    number = _REVISION.sub("", row["vendorInvoiceNumber"].upper())
    if target.invoice_number and number == target.invoice_number[:35].upper():
        return True
    identities = target.reconciliation_ids
    return row["shipToAddressLine2"] in {each[:50] for each in identities} or number in {
        each[:35].upper() for each in identities
    }


def _lines(payment: Payment, parts: Sequence[tuple[Row, int]]) -> Iterator[Row]:
    """Yield a line for each invoice. The first one's text begins with the reference and the vendor's number."""
    key = short_key(payment.reference)
    for number, (row, amount) in enumerate(parts):
        start = "+ " if number else ""
        yield {
            "vendorNumber": payment.party.id,
            "postingDate": payment.posting_date.isoformat(),
            "documentNumber": key,
            "externalDocumentNumber": key,
            "amount": units(amount),
            "appliesToInvoiceId": row["id"],
            "description": shorten(f"{start}{payment.reference} {payment.party.id} {payment.memo}", LONGEST_TEXT),
        }


def counter_line(reference: str, vendor: str, amount: int, on: str) -> Row:
    """Return the line that takes a payment back."""
    key = short_key(reference)
    return {
        "vendorNumber": vendor,
        "postingDate": on,
        "documentNumber": key,
        "externalDocumentNumber": key,
        "amount": units(-amount),
        "description": shorten(f"{reference} {vendor}", LONGEST_TEXT),
    }
