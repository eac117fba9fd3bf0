"""Refuses invoices that are not to be paid."""

from __future__ import annotations

from pleo_export.bookkeeping.export_item import ExportItem
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.failures.expense import INVOICE_VOIDED

_VOIDED = {
    "voided_by_user": "was voided",
    "rejected_by_user": "was voided",
    "rejected_by_approver": "was rejected by its approver",
}
_RETURNED = "invoice_payment_returned"


def refuse_voided(item: ExportItem) -> None:
    """Raise ItemRejected (`validation_failure`) for a voided or rejected invoice. Money that comes back from one is
    booked."""
    invoice = item.additional_information.invoice_information
    status = invoice.status if invoice is not None else None
    what = _VOIDED.get(status or "")
    if what is not None and item.sub_type != _RETURNED:
        raise ItemRejected(
            ItemFailure.VALIDATION_FAILURE,
            INVOICE_VOIDED.told(number=invoice.invoice_number if invoice else "", what=what),
        )
