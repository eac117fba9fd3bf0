"""Removes the metadata of pictures: cameras and programs write things there that a library cannot read, although the
picture itself is intact."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import BinaryIO

_JPEG, _PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"
_START_OF_SCAN = 0xDA
_APPLICATION, _COMMENT = range(0xE0, 0xF0), 0xFE
_ADOBE = b"Adobe"  # defines how colours are stored; 12 bytes
_TRANSPARENCY = b"tRNS"


def bare_copy(source: Path, copy: Path) -> None:
    """Write the JPEG or PNG at `source` to `copy`, with only the parts that draw it."""
    with source.open("rb") as original, copy.open("wb") as bare:
        if original.read(len(_JPEG)) == _JPEG:
            bare.write(_JPEG)
            _jpeg(original, bare)
        else:
            original.seek(len(_PNG))
            bare.write(_PNG)
            _png(original, bare)


def _jpeg(original: BinaryIO, bare: BinaryIO) -> None:
    while len(head := original.read(4)) == 4 and head[0] == 0xFF and head[1] != _START_OF_SCAN:
        content = original.read(max(int.from_bytes(head[2:], "big") - 2, 0))
        if not _is_metadata(head[1], content):
            bare.write(head + content)
    bare.write(head)
    shutil.copyfileobj(original, bare)


def _is_metadata(kind: int, content: bytes) -> bool:
    is_adobe = content.startswith(_ADOBE) and len(content) >= 12
    return kind == _COMMENT or (kind in _APPLICATION and not is_adobe)


def _png(original: BinaryIO, bare: BinaryIO) -> None:
    """Copy the critical chunks: optional ones have a lower-case first letter. Length, kind, content, checksum."""
    while len(head := original.read(8)) == 8:
        rest = original.read(int.from_bytes(head[:4], "big") + 4)
        kind = head[4:]
        if kind[:1].isupper() or kind == _TRANSPARENCY:
            bare.write(head + rest)
