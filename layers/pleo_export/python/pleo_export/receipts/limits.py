"""The limits of an accounting system for the attachments of one entry."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pleo_export.receipts.formats import Format

_MB = 1_000_000
_KB = 1_000


@dataclass(frozen=True, slots=True)
class AttachmentLimits:
    """The size of one file in bytes, the number of files of an entry (None for any number), and content types.

    `application/zip` among the types permits a ZIP if nothing else fits (R-5d.6). Raises ValueError for limits that
    permit no file at all.
    """

    max_bytes: int
    max_count: int | None
    types: frozenset[str]

    def __post_init__(self) -> None:
        if self.max_bytes < 1 or (self.max_count is not None and self.max_count < 1) or not self.types:
            raise ValueError("an accounting system without attachments has no AttachmentLimits")

    def takes(self, format: Format) -> bool:
        """Whether the accounting system takes files of this format."""
        return format.content_type in self.types


def size_in_words(size: int) -> str:
    """Return the size (bytes) rounded up, so that what is over a limit never looks equal to it. 1 MB is 1,000,000
    bytes."""
    unit, name = (_MB, "MB") if size >= _MB else (_KB, "kB")
    return f"{math.ceil(size * 10 / unit) / 10:g} {name}"


def limit_in_words(size: int) -> str:
    """Return the limit (bytes) rounded down, so that a file of that size is accepted."""
    unit, name = (_MB, "MB") if size >= _MB else (_KB, "kB")
    return f"{math.floor(size * 10 / unit) / 10:g} {name}"
