"""Ids and secrets that are the same for the same seed."""

from __future__ import annotations

import hashlib
from collections import Counter
from threading import Lock
from uuid import UUID


class SeededIds:
    """Two instances with one seed give the same values in the same order. Give each running server its own seed: a
    client that remembers job ids must not meet them again after a restart."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._counts: Counter[str] = Counter()
        self._lock = Lock()

    def raw(self, kind: str, size: int = 16) -> bytes:
        """At most 32 bytes."""
        with self._lock:
            self._counts[kind] += 1
            count = self._counts[kind]
        return hashlib.sha256(f"{self._seed}:{kind}:{count}".encode()).digest()[:size]

    def uuid(self, kind: str) -> str:
        return str(UUID(bytes=self.raw(kind), version=4))

    def token(self, kind: str) -> str:
        return f"{kind}_{self.raw(kind, 24).hex()}"
