"""The date to post on when the accounting system reports that a document's period is closed (R-5e).

Never before that: a document is posted on its own date first (R-5e.2).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from pleo_export.bookkeeping.balance import AnyDocument
from pleo_export.bookkeeping.settings import BookkeepingSettings, ClosedPeriod
from pleo_export.bookkeeping.texts import redated


def next_posting_date(settings: BookkeepingSettings, on: date, today: date, next_open: date | None) -> date | None:
    """Return the one other date to try for a document that was refused on the date `on`; None if the item fails
    (R-5e.8).

    `today` is the day in the settings' time zone; `next_open` the first open day after `on`, None if the accounting
    system cannot tell. Never returns a date before `on` (R-5e.12).
    """
    wanted = {
        ClosedPeriod.FAIL: None,
        ClosedPeriod.TODAY: today,
        ClosedPeriod.NEXT_OPEN: next_open,
        ClosedPeriod.ADJUSTMENT: settings.adjustment_date,
    }[settings.closed_period]
    return wanted if wanted is not None and wanted > on else None


def moved_to(document: AnyDocument, to: date, memo_limit: int) -> AnyDocument:
    """Return the document, posted on a later date.

    The document date stays (R-5e.9); the original posting date goes into the memo, at most `memo_limit` characters
    (R-5e.8). Raises ValueError for a date that is not later (R-5e.12).
    """
    if to <= document.posting_date:
        raise ValueError(f"{document.reference} cannot be moved from {document.posting_date} to {to}")
    return replace(document, posting_date=to, memo=redated(document.memo, document.posting_date, memo_limit))
