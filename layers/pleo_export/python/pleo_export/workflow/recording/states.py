"""The state in which a document is recorded in the end: draft or posted."""

from __future__ import annotations

from collections.abc import Sequence

from pleo_export.accounting.port import Capabilities, DocumentState, SettlementSupport
from pleo_export.bookkeeping.documents import Document
from pleo_export.bookkeeping.settings import BookkeepingSettings, PostingMode


def state_wanted(settings: BookkeepingSettings) -> DocumentState:
    """Return the state that the settings ask for."""
    return DocumentState.POSTED if settings.posting is PostingMode.POSTED else DocumentState.DRAFT


def final_state(
    document: Document, together: Sequence[Document], takes: Capabilities, wanted: DocumentState
) -> DocumentState:
    """Return the state of a document, given the `wanted` one of the settings, and the documents of its expense.

    A kind without drafts is posted. So is a bill whose payment has no drafts, where a payment is taken for a posted
    bill only.
    """
    if wanted is DocumentState.POSTED or document.kind not in takes.drafts:
        return DocumentState.POSTED
    paid_first = takes.settlement is SettlementSupport.BILL_FIRST
    if paid_first and any(each.kind not in takes.drafts for each in together):
        return DocumentState.POSTED
    return DocumentState.DRAFT
