"""Time that tests can move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Lock


class Clock:
    """Follows real time, or stands at `at` until moved; `advance` moves either kind forward for good."""

    def __init__(self, at: datetime | None = None) -> None:
        self._at = at
        self._moved = timedelta()
        self._lock = Lock()

    def now(self) -> datetime:
        """The moment, in UTC."""
        with self._lock:
            return (self._at or datetime.now(UTC)) + self._moved

    def advance(self, by: timedelta) -> None:
        with self._lock:
            self._moved += by


def timestamp(moment: datetime) -> str:
    """As Pleo writes moments: 2026-03-02T09:30:00.000Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def optional_timestamp(moment: datetime | None) -> str | None:
    return None if moment is None else timestamp(moment)
