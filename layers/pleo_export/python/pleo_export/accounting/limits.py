"""What a connector has declared that it cannot do, as the refusal of the one document that asks for it.

The workflow asks before anything is sent, so that a preview shows the same; a connector asks again, with the ledger's
own currency, in `record_many` and `refusals`.
"""

from __future__ import annotations

from pleo_export.accounting.errors import Rejected
from pleo_export.accounting.port import Capabilities
from pleo_export.bookkeeping.documents import Document, DocumentKind, Payment, PaymentPurpose
from pleo_export.failures.entry import THE_LEDGER, FailureText
from pleo_export.failures.ledger import CURRENCY_NOT_TAKEN, KIND_NOT_TAKEN, TOO_MANY_TAGS

_KINDS = {
    DocumentKind.JOURNAL_ENTRY: "journal entry",
    DocumentKind.BILL: "bill",
    DocumentKind.CREDIT_NOTE: "credit note",
    DocumentKind.PAYMENT: "payment",
}
_PURPOSES = {PaymentPurpose.REFUND: "refund", PaymentPurpose.RETURN: "payment that came back"}


def kind_in_words(kind: DocumentKind) -> str:
    """Return what people call a kind of document, in the singular."""
    return _KINDS[kind]


def not_taken(
    document: Document, takes: Capabilities, own_currency: str | None = None, ledger: str = THE_LEDGER
) -> Rejected | None:
    """Return the refusal of a document that is beyond the capabilities; None for one that is not. Currencies are
    compared where the ledger's own is given."""
    told = _beyond(document, takes, own_currency, ledger)
    return Rejected(told) if told else None


def _beyond(document: Document, takes: Capabilities, own_currency: str | None, ledger: str) -> FailureText | None:
    kind = kind_in_words(document.kind)
    if document.kind not in takes.kinds:
        return KIND_NOT_TAKEN.told(ledger=ledger, kind=kind)
    if isinstance(document, Payment) and document.purpose not in takes.purposes:
        return KIND_NOT_TAKEN.told(ledger=ledger, kind=_PURPOSES.get(document.purpose, kind))
    if own_currency not in (None, document.currency) and document.kind not in takes.foreign:
        return CURRENCY_NOT_TAKEN.told(ledger=ledger, kind=kind, own=own_currency, currency=document.currency)
    count = max((len(line.dimensions) for line in document.lines), default=0)
    if takes.max_dimensions is not None and count > takes.max_dimensions:
        return TOO_MANY_TAGS.told(ledger=ledger, most=takes.max_dimensions, count=count)
    return None
