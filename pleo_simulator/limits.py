"""The request limit (API-2: 600 a minute; per credential is our reading, question 16)."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from datetime import datetime, timedelta
from threading import Lock

from pleo_simulator.clock import Clock
from pleo_simulator.errors import Refused

_WINDOW = timedelta(minutes=1)


class RequestLimit:
    """A sliding minute on the movable clock."""

    def __init__(self, clock: Clock, per_minute: int = 600) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._recent: defaultdict[str, deque[datetime]] = defaultdict(deque)
        self._lock = Lock()

    def spend(self, credential_id: str) -> None:
        """Raises Refused 429 with Retry-After in seconds."""
        now = self._clock.now()
        with self._lock:
            recent = self._recent[credential_id]
            while recent and recent[0] <= now - _WINDOW:
                recent.popleft()
            if len(recent) >= self.per_minute:
                oldest = recent[0] if recent else now
                raise too_many_requests(math.ceil((oldest + _WINDOW - now).total_seconds()))
            recent.append(now)


def too_many_requests(retry_after: int) -> Refused:
    headers = {"Retry-After": str(retry_after)}
    return Refused(429, "TOO_MANY_REQUESTS", f"Too many requests. Try again in {retry_after} seconds.", headers)
