"""An export item under accounts payable: a bill or credit note, its payment, or both (R-5a)."""

from __future__ import annotations

from collections.abc import Iterator

from pleo_export.bookkeeping.accounts import account_of, payable_account
from pleo_export.bookkeeping.balance import balanced
from pleo_export.bookkeeping.dates import booking_date
from pleo_export.bookkeeping.documents import Bill, JournalLine, Party, Payment, PaymentPurpose, SettlementTarget
from pleo_export.bookkeeping.export_item import ExportItem
from pleo_export.bookkeeping.lines import is_reversed, item_lines, nothing_owed, signed_total
from pleo_export.bookkeeping.reference import payment_reference
from pleo_export.bookkeeping.rules import PAYABLE_ROLES, BillKind, JournalRule, payable_rule
from pleo_export.bookkeeping.settings import BookkeepingSettings
from pleo_export.bookkeeping.sides import check_apart, check_lines, of_party, of_role
from pleo_export.bookkeeping.texts import TextLimits, line_text, memo


def payable_documents(
    item: ExportItem, rule: JournalRule, party: Party, settings: BookkeepingSettings, reference: str, limits: TextLimits
) -> Iterator[Bill | Payment]:
    """Yield the bill, then its payment; the first document keeps the item's `reference`. Raises ItemRejected."""
    total = signed_total(item, rule, settings)
    if total == 0:
        raise nothing_owed()
    row = payable_rule(rule).reversed() if is_reversed(item, rule, settings) else payable_rule(rule)
    account = payable_account(party, PAYABLE_ROLES[row.party], item, settings)
    text = line_text(item, rule.label, limits.text)
    label = memo(item, rule.label, limits.memo, settings.time_zone)
    settles = _counterparts(item)
    if row.bill is not None:
        bought = item_lines(item, rule, settings, text)
        check_lines(bought, rule, account, of_party(row.party))
        lines = (*bought, JournalLine(account, -total, text))
        bill = _bill(item, row.bill, party, lines, settings, reference, label)
        yield balanced(bill)
        settles = SettlementTarget(reference, bill.invoice_number, (bill.reconciliation_id,))
        reference = payment_reference(reference, limits.reference)
    if row.payment is not None:
        money = account_of(rule.offset, item, settings)
        check_apart(account, money, of_party(row.party), of_role(rule.offset))
        moved = JournalLine(account, total, text), JournalLine(money, -total, text)
        yield balanced(_payment(item, row.payment, party, moved, settles, settings, reference, label))


def _bill(
    item: ExportItem,
    kind: BillKind,
    party: Party,
    lines: tuple[JournalLine, ...],
    settings: BookkeepingSettings,
    reference: str,
    label: str,
) -> Bill:
    invoice = item.additional_information.invoice_information
    day = booking_date(item.date, settings.time_zone)
    due = invoice.due_date if invoice is not None else None
    identity = _reconciliation_id(item)
    return Bill(
        kind=kind,
        reference=reference,
        party=party,
        invoice_number=_invoice_number(item) or identity,
        reconciliation_id=identity,
        posting_date=day,
        document_date=booking_date(invoice.invoice_date, settings.time_zone) if invoice is not None else day,
        due_date=booking_date(due, settings.time_zone) if due is not None else None,
        currency=item.currency,
        lines=lines,
        memo=label,
    )


def _payment(
    item: ExportItem,
    purpose: PaymentPurpose,
    party: Party,
    lines: tuple[JournalLine, JournalLine],
    settles: SettlementTarget,
    settings: BookkeepingSettings,
    reference: str,
    label: str,
) -> Payment:
    day = booking_date(item.date, settings.time_zone)
    return Payment(
        purpose=purpose,
        reference=reference,
        party=party,
        settles=settles,
        posting_date=day,
        document_date=day,
        currency=item.currency,
        lines=lines,
        memo=label,
    )


def _counterparts(item: ExportItem) -> SettlementTarget:
    """Return what a payment without a bill of its own is for.

    A reimbursement lists its expenses; an invoice payment is assumed to carry the invoice's number or, open point 12 of
    the rules, its reconciliation id.
    """
    listed = item.additional_information.reconciled_entries
    return SettlementTarget(None, _invoice_number(item) or None, listed or (_reconciliation_id(item),))


def _invoice_number(item: ExportItem) -> str:
    invoice = item.additional_information.invoice_information
    return invoice.invoice_number if invoice is not None else ""


def _reconciliation_id(item: ExportItem) -> str:
    return item.additional_information.reconciliation_id
