"""The other dates that a document may be posted on, as the company has set it (R-5e)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pleo_export.accounting.port import AccountingSystem
from pleo_export.bookkeeping.documents import Document
from pleo_export.bookkeeping.periods import moved_to, next_posting_date
from pleo_export.errors import PleoExportError
from pleo_export.settings import Settings
from pleo_export.workflow.recording.faults import log_fault


@dataclass(frozen=True)
class PostingDates:
    """Applies a company's rule for closed periods. `today` is the day in the settings' time zone."""

    settings: Settings
    system: AccountingSystem
    today: date

    def other(self, on: date) -> date | None:
        """Return the one other date for a document that was refused on the date `on`; None if there is none. Raises
        AccountingError."""
        try:
            next_open = self.system.next_open_date(on)
        except PleoExportError:
            raise
        except Exception as error:  # such as a date at the end of the calendar: it concerns this document only
            log_fault("next open date not found", error)
            next_open = None
        return next_posting_date(self.settings, on, self.today, next_open)

    def on_open_date(self, document: Document) -> Document | None:
        """Return a document that was refused for its period, moved to the one other date that the company allows
        (R-5e.3, R-5e.8); None if there is none. Raises AccountingError."""
        to = self.other(document.posting_date)
        return None if to is None else moved_to(document, to, self.system.capabilities.text_length)

    def allows(self, on: date, to: date) -> bool:
        """Return whether we may have moved a document of the date `on` to the date `to`: today, or on an earlier day,
        when fewer periods were closed. Raises AccountingError."""
        latest = self.other(on) if to > on else None
        return latest is not None and to <= latest


def moved(on: date, to: date) -> str:
    """Return the warning about a document that was posted on another date."""
    return f"Posted on {to}: the period of {on} is closed."
