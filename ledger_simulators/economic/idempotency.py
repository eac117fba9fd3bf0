"""The memory of `Idempotency-Key`: one hour, for every answer to a write, right or wrong.

It answers a repeated key from its memory, whatever has become of what the first request made. Bound to method and URL:
a key that comes to another one is refused, `URLChanged`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import Response

from ledger_simulators.economic.problems import Problem

LIFETIME = timedelta(hours=1)


@dataclass
class _Kept:
    target: str
    at: datetime
    status: int
    body: bytes
    content_type: str


@dataclass
class IdempotencyKeys:
    """The answers of the last hour, by key."""

    kept: dict[str, _Kept] = field(default_factory=dict)

    def answer(self, key: str, target: str, now: datetime) -> Response | None:
        """Return the first answer to the key; None for a new one. Raises Problem for another target."""
        known = self.kept.get(key)
        if known is None or now - known.at >= LIFETIME:
            self.kept.pop(key, None)
            return None
        if known.target != target:
            raise Problem(400, "The URL was changed for the given Idempotency-Key", "URLChanged")
        answer = Response(known.body, known.status, content_type=known.content_type)
        answer.headers["X-ResultFromCache"] = "true"
        return answer

    def keep(self, key: str, target: str, now: datetime, answer: Response) -> None:
        """Keep the answer under its key."""
        self.kept[key] = _Kept(target, now, answer.status_code, answer.get_data(), answer.content_type or "")
