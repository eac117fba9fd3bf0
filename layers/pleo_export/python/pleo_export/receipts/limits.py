"""What an accounting system takes as attachments of one entry."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pleo_export.receipts.formats import Format

_MB = 1_000_000
_KB = 1_000


@dataclass(frozen=True, slots=True)
class AttachmentLimits:
    """`max_bytes` of one file; `max_count` files of an entry, None for any number; `types` are content types.

    `application/zip` among the types permits a ZIP where nothing else fits (R-5d.6).
    """

    max_bytes: int
    max_count: int | None
    types: frozenset[str]

    def __post_init__(self) -> None:
        if self.max_bytes < 1 or (self.max_count is not None and self.max_count < 1) or not self.types:
            raise ValueError("an accounting system without attachments has no AttachmentLimits")

    def takes(self, format: Format) -> bool:
        return format.content_type in self.types


def size_in_words(size: int) -> str:
    """Rounded up: what is over a limit never looks equal to it. 1 MB is 1,000,000 bytes."""
    unit, name = (_MB, "MB") if size >= _MB else (_KB, "kB")
    return f"{math.ceil(size * 10 / unit) / 10:g} {name}"


def limit_in_words(size: int) -> str:
    """Rounded down: who obeys it is safe."""
    unit, name = (_MB, "MB") if size >= _MB else (_KB, "kB")
    return f"{math.floor(size * 10 / unit) / 10:g} {name}"
