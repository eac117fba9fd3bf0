"""A file of an expense, on the function's disk."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from pleo_export.receipts.formats import Format
from pleo_export.receipts.limits import size_in_words


def file_number(number: int, of: int) -> str:
    """Return the words by which people find the file in Pleo, which keeps the order (R-5d.2)."""
    return f"File {number} of {of}"


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hex."""
    with path.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class Receipt:
    """A downloaded file: `number` of `of` files in Pleo's order, from 1. `size` is in bytes, as it is at `path`;
    `sha256` in hex, of what Pleo served."""

    number: int
    of: int
    format: Format
    path: Path
    size: int
    sha256: str

    def __str__(self) -> str:
        return f"{file_number(self.number, self.of)} ({self.format.name}, {size_in_words(self.size)})"

    @property
    def name(self) -> str:
        """Return the name in the accounting system.

        It is derived, so that no name from outside is ever a path, and a repeated upload has the name of the first.
        """
        return f"receipt-{self.number}.{self.format.extension}"
