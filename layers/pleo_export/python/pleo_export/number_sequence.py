"""The numbers of documents, where the connector and not the ledger gives them.

A function that was given up may still run, and what it sends may arrive after its successor has asked the ledger which
numbers are free. So what was given out is shared by all that write to one ledger (`store/number_sequences.py`).
"""

from __future__ import annotations

from typing import Protocol


class NumberSequence(Protocol):
    """The numbers of one ledger's documents."""

    def take(self, first_free: int, count: int) -> int:
        """Return the first of `count` consecutive numbers that were never given out; none is below `first_free`. Raises
        Unavailable: then none was given out."""


class UnsharedSequence:
    """The numbers of a ledger that has one writer."""

    def __init__(self) -> None:
        self._last = 0

    def take(self, first_free: int, count: int) -> int:
        """Return the first of the next numbers."""
        first = max(first_free, self._last + 1)
        self._last = first + count - 1
        return first
