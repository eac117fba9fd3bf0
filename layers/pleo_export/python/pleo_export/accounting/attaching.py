"""What all connectors do with a document's files: check them against the limits, and read them while they are sent."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from pleo_export.accounting.errors import AttachmentRejected, AttachmentTooLarge
from pleo_export.accounting.port import Attachment, Capabilities
from pleo_export.failures.receipts import FILE_TOO_LARGE, FILE_TYPE

# R-5d.1: everything that Pleo serves.
PLEO_TYPES = frozenset(
    {
        "application/pdf",
        "image/jpeg",
        "image/png",
        "text/plain",
        "application/msword",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.ms-excel",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
)
_MEBIBYTE = 2**20
_CHUNK = 2**16


def check_file(attachment: Attachment, limits: Capabilities, ledger: str, megabyte: int = _MEBIBYTE) -> None:
    """Check a file before it is sent. `megabyte`: the bytes of the unit that the ledger counts its limit in. Raises
    AttachmentRejected, AttachmentTooLarge."""
    if attachment.content_type not in limits.attachment_types:
        raise AttachmentRejected(FILE_TYPE.told(ledger=ledger, file=attachment.name, type=attachment.content_type))
    if attachment.size > limits.max_attachment_bytes:
        limit = f"{limits.max_attachment_bytes // megabyte} MB"
        raise AttachmentTooLarge(FILE_TOO_LARGE.told(ledger=ledger, file=attachment.name, limit=limit))


@dataclass(frozen=True, slots=True)
class FileInMemory:
    """A small file that is not on disk."""

    name: str
    content: bytes
    content_type: str = "application/octet-stream"

    @property
    def size(self) -> int:
        """The size in bytes."""
        return len(self.content)

    @property
    def sha256(self) -> str:
        """The hash of the content, in hex."""
        return hashlib.sha256(self.content).hexdigest()

    def open(self) -> BinaryIO:
        """Open the content for reading."""
        return io.BytesIO(self.content)


class UploadedParts:
    """A body of `length` bytes, of parts that are made while it is sent, so that a receipt of 25 MB is never in
    memory."""

    def __init__(self, length: int, parts: Iterator[bytes]) -> None:
        self._length = length
        self._parts = parts
        self._rest = b""

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        """Yield the parts. Without this method requests would read all of it before it sends."""
        while part := self.read(_CHUNK):
            yield part

    def read(self, size: int = -1, /) -> bytes:
        """Read up to `size` bytes; all that is left if negative."""
        while size < 0 or len(self._rest) < size:
            part = next(self._parts, None)
            if part is None:
                break
            self._rest += part
        taken = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(taken) :]
        return taken


def chunks(file: BinaryIO, size: int = _CHUNK) -> Iterator[bytes]:
    """Yield the content of an open file, at most `size` bytes at a time."""
    while chunk := file.read(size):
        yield chunk
