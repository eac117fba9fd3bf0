"""What all connectors hold to when they record a batch of documents (the contract of `record_many`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pleo_export.accounting.errors import (
    AccountingError,
    AuthenticationFailed,
    InvalidConfiguration,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
)
from pleo_export.accounting.port import Capabilities, DocumentOutcome
from pleo_export.bookkeeping.documents import Document, Payment
from pleo_export.failures.openings import BILL_NOT_RECORDED, BILL_NOT_SETTLED

# Errors that hold for the next document as well.
CONNECTION = (AuthenticationFailed, PermissionDenied, InvalidConfiguration, RateLimited, Unavailable)


def require_batch(documents: Sequence[Document], limits: Capabilities) -> None:
    """Raise ValueError for more documents than go into one batch, and for two with one reference."""
    references = {document.reference for document in documents}
    if len(documents) > limits.max_batch or len(references) < len(documents):
        raise ValueError("a batch has at most max_batch documents, each with its own reference")


def payments_without_their_bill(
    documents: Iterable[Document], outcomes: Mapping[str, DocumentOutcome]
) -> dict[str, DocumentOutcome]:
    """Return the outcomes of the payments that are not sent, since the bill that they came with was not recorded."""
    kept_back: dict[str, DocumentOutcome] = {}
    for document in documents:
        bill = outcomes.get(document.settles.reference or "") if isinstance(document, Payment) else None
        if isinstance(bill, Rejected):
            kept_back[document.reference] = Rejected(bill.told.after(BILL_NOT_RECORDED))
        elif isinstance(bill, AccountingError):
            kept_back[document.reference] = Unavailable(bill.told.after(BILL_NOT_SETTLED))
    return kept_back
