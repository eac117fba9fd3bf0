"""The requests that one call of a function sends to other systems: how many, how long they took, how many were told
to wait. Counted where they are sent, written at the end of the call (`observability.write_tallies`)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

TOO_MANY_REQUESTS = 429


@dataclass(slots=True)
class CallsOfSystem:
    """The requests to one system so far. Times are in seconds; `unanswered` had no answer, `throttled` a 429."""

    number: int = 0
    throttled: int = 0
    unanswered: int = 0
    seconds: float = 0
    slowest: float = 0


@dataclass(slots=True)
class RequestUnderWay:
    """A request until its answer. `status` is the answer's; None where none came."""

    status: int | None = None


@dataclass(slots=True)
class CallCounter:
    """Requests by the system that they went to: `pleo`, or the name of a connector."""

    _by_system: dict[str, CallsOfSystem] = field(default_factory=dict)

    @contextmanager
    def request(self, system: str) -> Iterator[RequestUnderWay]:
        """Count one request and its time; the caller notes the status of the answer."""
        begun, sent = time.monotonic(), RequestUnderWay()
        try:
            yield sent
        finally:
            calls = self._by_system.setdefault(system, CallsOfSystem())
            taken = time.monotonic() - begun
            calls.number += 1
            calls.throttled += sent.status == TOO_MANY_REQUESTS
            calls.unanswered += sent.status is None
            calls.seconds += taken
            calls.slowest = max(calls.slowest, taken)

    def take(self) -> dict[str, CallsOfSystem]:
        """Return what was counted, and begin again from 0."""
        taken, self._by_system = self._by_system, {}
        return taken


CALLS = CallCounter()
