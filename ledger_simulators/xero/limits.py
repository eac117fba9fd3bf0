"""Xero's limits: calls in a minute, in a day and at a time; and keys that make a write happen once, for minutes."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import Response

from ledger_simulators.xero.answers import problem
from pleo_simulator.clock import Clock

KEY_LENGTH = 128
APP_PER_MINUTE = 10_000


@dataclass
class XeroLimits:
    """What an organisation takes. `calls` counts those that were let through; each of them takes `seconds`."""

    clock: Clock
    per_minute: int = 60
    per_day: int = 5_000
    concurrent: int = 5
    file_bytes: int = 3_500_000
    files: int = 10
    key_time: timedelta = timedelta(minutes=6)
    seconds: float = 0
    calls: int = 0
    running: int = 0
    _minute: deque[datetime] = field(default_factory=deque)
    _day: deque[datetime] = field(default_factory=deque)

    def admit(self) -> Response | None:
        """Let a call through, or return the answer that refuses it."""
        now = self.clock.now()
        for calls, span in ((self._minute, timedelta(minutes=1)), (self._day, timedelta(days=1))):
            while calls and calls[0] <= now - span:
                calls.popleft()
        if len(self._day) >= self.per_day:
            return self._refusal("day", self._day[0] + timedelta(days=1) - now)
        if len(self._minute) >= self.per_minute:
            return self._refusal("minute", self._minute[0] + timedelta(minutes=1) - now)
        if self.running >= self.concurrent:
            return self._refusal("concurrent", timedelta(seconds=1))
        self._minute.append(now)
        self._day.append(now)
        self.calls += 1
        return None

    def headers(self) -> dict[str, str]:
        """Return what every answer says of what is left."""
        return {
            "X-DayLimit-Remaining": str(max(0, self.per_day - len(self._day))),
            "X-MinLimit-Remaining": str(max(0, self.per_minute - len(self._minute))),
            "X-AppMinLimit-Remaining": str(max(0, APP_PER_MINUTE - len(self._minute))),
        }

    def _refusal(self, what: str, wait: timedelta) -> Response:
        seconds = max(1, -(-wait // timedelta(seconds=1)))
        headers = {"X-Rate-Limit-Problem": what, "Retry-After": seconds}
        return problem(429, "Too Many Requests", "Rate limit exceeded", headers)


@dataclass
class _Remembered:
    request: str
    at: datetime
    status: int
    body: bytes
    content_type: str


class XeroKeys:
    """Answers a write that comes again with the same key as it was answered first, whatever has happened since."""

    def __init__(self, limits: XeroLimits) -> None:
        self._limits = limits
        self._seen: dict[str, _Remembered] = {}

    def again(self, key: str, request: bytes) -> Response | None:
        """Return the first answer to the key, or the refusal of a key that is used for another request."""
        if len(key) > KEY_LENGTH:
            return problem(400, "Bad Request", f"The Idempotency-Key is longer than {KEY_LENGTH} characters")
        seen = self._seen.get(key)
        if seen is None or seen.at + self._limits.key_time <= self._limits.clock.now():
            return None
        if seen.request != _hash(request):
            return problem(400, "Bad Request", "The Idempotency-Key was used for a request with another body")
        return Response(seen.body, seen.status, content_type=seen.content_type)

    def remember(self, key: str, request: bytes, answer: Response) -> None:
        """Keep the answer for as long as the key lives. Failures of Xero's own are not kept."""
        if answer.status_code < 500 and answer.status_code != 429:
            content_type = answer.content_type or ""
            self._seen[key] = _Remembered(
                _hash(request), self._limits.clock.now(), answer.status_code, answer.get_data(), content_type
            )


def _hash(request: bytes) -> str:
    return hashlib.sha256(request).hexdigest()
