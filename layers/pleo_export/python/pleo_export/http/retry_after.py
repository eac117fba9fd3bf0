"""The one reading of `Retry-After` (RFC 9110, section 10.2.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

SECONDS = re.compile(r"[0-9]{1,9}")


def seconds_to_wait(headers: Mapping[str, str]) -> int | None:
    """Return the seconds that an answer asks to wait, written as a number or as a date; None where it names none. A
    date counts from the answer's own `Date`: one clock, no skew."""
    value = headers.get("Retry-After", "").strip()
    if SECONDS.fullmatch(value):
        return int(value)
    try:
        span = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError):
        return None
    return max(0, int(span.total_seconds()))
