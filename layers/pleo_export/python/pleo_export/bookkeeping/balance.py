"""The last check of a document before it is handed to the accounting system."""

from __future__ import annotations

from typing import TypeVar

from pleo_export.bookkeeping.documents import Document
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.failures.expense import UNBALANCED

AnyDocument = TypeVar("AnyDocument", bound=Document)


def balanced(document: AnyDocument) -> AnyDocument:
    """Return the document if its debits equal its credits in whole minor units (R-5b.5).

    Raises ItemRejected (`unexpected_failure`): a document that does not balance is our fault and is never posted.
    """
    amounts = [line.amount for line in document.lines]
    whole = all(type(each) is int and each != 0 for each in amounts)
    if not amounts or not whole or sum(amounts) != 0:
        raise ItemRejected(
            ItemFailure.UNEXPECTED_FAILURE,
            UNBALANCED.told(kind=document.kind.replace("_", " "), reference=document.reference),
        )
    return document
