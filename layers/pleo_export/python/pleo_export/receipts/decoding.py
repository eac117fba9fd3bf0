"""Decodes the content coding of an answer (RFC 9110 8.4.1) in small pieces, and tells whether it is complete.

The HTTP library does not tell whether a gzip stream was cut off: the part that arrived would pass for the file. We
request no coding, but a store may keep its files compressed, and then serves them that way.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

_GZIP, _ZLIB, _RAW = 31, 15, -15  # zlib's window bits
_GZIP_MARK = b"\x1f"


class BrokenContent(Exception):
    """The content is not coded as the answer's headers state."""


class Plain:
    """No coding, or an unknown one: stores send some that are not codings (`aws-chunked`, `utf-8`)."""

    complete = True

    def feed(self, data: bytes, most: int) -> Iterator[bytes]:
        """Yield the data as it is."""
        yield data


class Compressed:
    """gzip or deflate. gzip may hold several streams, one after the other."""

    def __init__(self, coding: str) -> None:
        self._gzip = coding != "deflate"
        self._stream: Any = None

    @property
    def complete(self) -> bool:
        """Whether every stream that has begun has ended."""
        return self._stream is None or bool(self._stream.eof)

    def feed(self, data: bytes, most: int) -> Iterator[bytes]:
        """Yield the decoded data, at most `most` bytes at a time, however well it was compressed. Raises
        BrokenContent."""
        piece = b""
        while data or len(piece) == most:
            if self._stream is None:
                self._stream = zlib.decompressobj(self._window(data[0]))
            elif self._stream.eof:
                if not (self._gzip and data.startswith(_GZIP_MARK)):
                    return  # padding
                self._stream = zlib.decompressobj(_GZIP)
            try:
                piece = self._stream.decompress(data, most)
            except zlib.error:
                raise BrokenContent from None
            data = self._stream.unconsumed_tail or self._stream.unused_data
            if piece:
                yield piece

    def _window(self, first: int) -> int:
        """Return zlib's window bits: `deflate` means zlib's format, but some servers send it without zlib's header."""
        if self._gzip:
            return _GZIP
        return _ZLIB if first & 0x0F == 8 else _RAW


def decoder(coding: str) -> Plain | Compressed:
    """Return the decoder for an answer's Content-Encoding."""
    coding = coding.strip().lower()
    return Compressed(coding) if coding in ("gzip", "x-gzip", "deflate") else Plain()
