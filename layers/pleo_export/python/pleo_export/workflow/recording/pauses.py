"""How long an item waits before it is tried again."""

from __future__ import annotations

from datetime import timedelta

from pleo_export.accounting.errors import AccountingError, RateLimited, Unavailable

UNAVAILABLE_PAUSE = timedelta(seconds=15)  # after the accounting system could not be reached
SHORTEST_PAUSE = timedelta(seconds=1)


def pause_after(error: AccountingError) -> timedelta | None:
    """Return how long to wait after an error that passes by itself and left nothing in doubt; None after any other."""
    if isinstance(error, RateLimited):
        return max(timedelta(seconds=error.retry_after), SHORTEST_PAUSE)
    return UNAVAILABLE_PAUSE if isinstance(error, Unavailable) else None
