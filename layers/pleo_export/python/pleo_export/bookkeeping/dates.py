"""The day on which a moment is booked (R-5c.12)."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo


def booking_date(moment: datetime, time_zone: str) -> date:
    """Return the calendar day of `moment` (UTC) in the IANA time zone. Exactly midnight UTC already is a date and never
    shifts."""
    if moment.time() == time(0):
        return moment.date()
    try:
        return moment.astimezone(ZoneInfo(time_zone)).date()
    except OverflowError:  # the first or the last day that Python can hold
        return moment.date()
