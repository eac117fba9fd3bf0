"""On which other dates than its own a document may be posted, as the company has set it (R-5e)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pleo_export.accounting.port import AccountingSystem
from pleo_export.bookkeeping.periods import next_posting_date
from pleo_export.errors import PleoExportError
from pleo_export.settings import Settings
from pleo_export.workflow.recording.faults import log_fault


@dataclass(frozen=True)
class PostingDates:
    """`today` is the day in the settings' time zone."""

    settings: Settings
    system: AccountingSystem
    today: date

    def other(self, on: date) -> date | None:
        """The one other date for a document that was refused on the date `on`. Raises AccountingError."""
        try:
            next_open = self.system.next_open_date(on)
        except PleoExportError:
            raise
        except Exception as error:  # such as a date at the end of the calendar: this document's fault alone
            log_fault("next open date not found", error)
            next_open = None
        return next_posting_date(self.settings, on, self.today, next_open)

    def allows(self, on: date, to: date) -> bool:
        """Whether we may have moved a document of the date `on` to the date `to`: then, or on an earlier day, when
        fewer periods were closed. Raises AccountingError."""
        latest = self.other(on) if to > on else None
        return latest is not None and to <= latest


def moved(on: date, to: date) -> str:
    """The warning about a document that was posted on another date."""
    return f"Posted on {to}: the period of {on} is closed."
