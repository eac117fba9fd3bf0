"""Payments of bills and refunds of credit notes: Xero takes each only for a document that it holds as approved.

What a payment is for is found as Pleo names it: our own document, else the supplier's number, else Pleo's
reconciliation id at the end of the bill's first line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pleo_export.accounting.batching import CONNECTION
from pleo_export.accounting.errors import AccountingError, OutcomeUnknown, Rejected
from pleo_export.accounting.port import DocumentOutcome
from pleo_export.accounting.xero.bodies import require_balance, require_currency, require_payables
from pleo_export.accounting.xero.creation import undo_new
from pleo_export.accounting.xero.documents import XeroDocuments
from pleo_export.accounting.xero.error_table import refusal
from pleo_export.accounting.xero.kinds import CREDIT_NOTES, INVOICES, PAYMENTS, SEPARATOR, XeroEndpoint
from pleo_export.accounting.xero.lines import account_named, minor, units
from pleo_export.accounting.xero.lookups import XeroLookups
from pleo_export.accounting.xero.rest import Record, XeroRefused, XeroRest, messages_of
from pleo_export.accounting.xero.title import TITLE
from pleo_export.bookkeeping.documents import Payment, PaymentPurpose
from pleo_export.failures.connection import LEDGER_IN_DOUBT
from pleo_export.failures.ledger import NO_BILL_TO_PAY
from pleo_export.failures.ledger_rules import PAYMENT_TOO_LARGE, REFERENCE_LOST


@dataclass(slots=True)
class XeroOpenBill:
    """A bill or credit note of a contact, and what is open of it in minor units of `currency`."""

    id: str
    contact: str
    keys: frozenset[str]
    currency: str
    left: int
    approved: bool


class XeroSettling:
    """Records the payments of one organisation. Every method raises AccountingError."""

    def __init__(self, rest: XeroRest, lookups: XeroLookups, documents: XeroDocuments) -> None:
        self._rest = rest
        self._lookups = lookups
        self._documents = documents

    def check(self, payment: Payment) -> None:
        """Refuse what can be known to fail without looking for the bill. Raises Rejected."""
        require_balance(payment)
        require_payables(payment.payable.account, self._lookups)
        money = payment.lines[1].account
        require_currency(account_named(self._lookups, money), money, payment.currency)

    def record(
        self, payments: Sequence[Payment], made: Mapping[str, Record], *, nothing_yet: bool
    ) -> dict[str, DocumentOutcome]:
        """Record the payments. `made` are the bills that were created just now, by reference. Raises an error of
        `CONNECTION` only if nothing was recorded, and `nothing_yet` was before."""
        outcomes: dict[str, DocumentOutcome] = {}
        try:
            shares = self._shares(payments, made, outcomes)
            alone = {reference: parts for reference, parts in shares.items() if len(parts) == 1}
            if alone:
                outcomes |= self._record_each(payments, {each: parts[0] for each, parts in alone.items()})
            for payment in payments:
                if len(shares.get(payment.reference, ())) > 1:
                    outcomes[payment.reference] = self._record_together(payment, shares[payment.reference])
        except CONNECTION as error:
            if nothing_yet and not any(not isinstance(each, AccountingError) for each in outcomes.values()):
                raise
            outcomes |= {each.reference: error for each in payments if each.reference not in outcomes}
        return outcomes

    def _shares(
        self, payments: Sequence[Payment], made: Mapping[str, Record], outcomes: dict[str, DocumentOutcome]
    ) -> dict[str, list[Record]]:
        """Return what to send for each payment: one element for each bill that it is for. Notes the refusals of the
        others."""
        known = {reference: _open(row) for reference, row in made.items()}
        later = [each for each in payments if each.settles.reference not in known]
        held = self._open_bills(later) if later else {}
        shares: dict[str, list[Record]] = {}
        for payment in payments:
            own = known.get(payment.settles.reference or "")
            bills = [own] if own else _meant(payment, held[_endpoint(payment)])
            try:
                shares[payment.reference] = self._parts(payment, bills)
            except Rejected as error:
                outcomes[payment.reference] = error
        return shares

    def _parts(self, payment: Payment, bills: Sequence[XeroOpenBill]) -> list[Record]:
        """Return the elements that pay these bills, in their order."""
        amount = abs(payment.payable.amount)
        approved = [each for each in bills if each.approved and each.currency == payment.currency]
        if not approved:
            raise Rejected(NO_BILL_TO_PAY.told(ledger=TITLE))
        open_ones = [each for each in approved if each.left > 0]
        if amount > sum(each.left for each in open_ones):
            raise Rejected(PAYMENT_TOO_LARGE.told(ledger=TITLE))
        parts = []
        for bill in open_ones:
            share = min(amount, bill.left)
            if share:
                parts.append(self._element(payment, bill, share))
            bill.left -= share
            amount -= share
        return parts

    def _element(self, payment: Payment, bill: XeroOpenBill, share: int) -> Record:
        account = account_named(self._lookups, payment.lines[1].account)
        endpoint = _endpoint(payment)
        return {
            "Invoice" if endpoint is INVOICES else "CreditNote": {endpoint.id: bill.id},
            "Account": {"AccountID": account.id},
            "Date": payment.posting_date,
            "Amount": units(share),
            "Reference": payment.reference,
        }

    def _record_each(self, payments: Sequence[Payment], parts: Mapping[str, Record]) -> dict[str, DocumentOutcome]:
        dates = {each.reference: each.posting_date for each in payments}
        try:
            rows = self._rest.create(PAYMENTS.name, list(parts.values()))
        except OutcomeUnknown as unknown:
            return dict.fromkeys(parts, unknown)
        except XeroRefused:
            if len(parts) > 1:
                return {
                    reference: outcome
                    for each, part in parts.items()
                    for reference, outcome in self._record_each(payments, {each: part}).items()
                }
            raise
        outcomes: dict[str, DocumentOutcome] = {}
        for reference, row in zip(parts, rows, strict=True):
            messages = messages_of(row)
            if messages or row.get("StatusAttributeString") == "ERROR":
                outcomes[reference] = refusal(messages, dates[reference])
            elif not row.get(PAYMENTS.id):
                outcomes[reference] = OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE))
            elif PAYMENTS.reference(row) != reference:
                outcomes[reference] = undo_new(self._rest, PAYMENTS, row, REFERENCE_LOST.told(ledger=TITLE))
            else:
                outcomes[reference] = self._documents.ref(PAYMENTS, [row], reference)
        return outcomes

    def _record_together(self, payment: Payment, parts: Sequence[Record]) -> DocumentOutcome:
        """Record the payment of several bills: all of it or nothing."""
        try:
            rows = self._rest.create(PAYMENTS.name, parts, together=True)
        except XeroRefused as refused:
            return refusal(refused.messages, payment.posting_date)
        except OutcomeUnknown as unknown:
            return unknown
        return self._documents.ref(PAYMENTS, rows, payment.reference)

    def _open_bills(self, payments: Iterable[Payment]) -> Mapping[XeroEndpoint, Sequence[XeroOpenBill]]:
        """Read the approved bills, or credit notes, of the contacts of these payments: one call for each of the two."""
        contacts: dict[XeroEndpoint, set[str]] = defaultdict(set)
        for each in payments:
            contacts[_endpoint(each)].add(each.party.id)
        found: dict[XeroEndpoint, Sequence[XeroOpenBill]] = {}
        for endpoint, ids in contacts.items():
            wanted = " OR ".join(f'Contact.ContactID==Guid("{each}")' for each in sorted(ids))
            where = f'{endpoint.payable} AND (Status=="AUTHORISED" OR Status=="PAID") AND ({wanted})'
            found[endpoint] = [_open(row) for row in self._rest.pages(endpoint.name, {"where": where})]
        return found


def bill_keys(endpoint: XeroEndpoint, row: Record) -> frozenset[str]:
    """Return all that a payment may name a bill by: its number, our reference, Pleo's reconciliation id."""
    number = str(row.get(endpoint.key) or "")
    ours, _, reference = number.rpartition(SEPARATOR)
    lines = row.get("LineItems") or [{}]
    identity = str(lines[0].get("Description") or "").rpartition(SEPARATOR)[2]
    return frozenset(each for each in (number, ours, reference, identity) if each)


def _open(row: Record) -> XeroOpenBill:
    endpoint = INVOICES if row.get(INVOICES.id) else CREDIT_NOTES
    left = row.get("AmountDue") if endpoint is INVOICES else row.get("RemainingCredit")
    total = row.get("Total") if left is None else left
    return XeroOpenBill(
        id=str(row[endpoint.id]),
        contact=str((row.get("Contact") or {}).get("ContactID")),
        keys=bill_keys(endpoint, row),
        currency=str(row.get("CurrencyCode")),
        left=minor(total),
        approved=row.get("Status") in ("AUTHORISED", "PAID"),
    )


def _meant(payment: Payment, bills: Collection[XeroOpenBill]) -> list[XeroOpenBill]:
    """Return the bills that a payment names: by our reference, else by the number, else by reconciliation ids."""
    settles = payment.settles
    theirs = [each for each in bills if each.contact == payment.party.id]
    for keys in ([settles.reference], [settles.invoice_number], settles.reconciliation_ids):
        named = {key for key in keys if key}
        if found := [each for each in theirs if each.keys & named]:
            return found
    return []


def _endpoint(payment: Payment) -> XeroEndpoint:
    return CREDIT_NOTES if payment.purpose is PaymentPurpose.REFUND else INVOICES
