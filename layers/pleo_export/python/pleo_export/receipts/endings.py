"""The check that a file ends as its format ends: the only sign of an incomplete download if its size is unknown."""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from pleo_export.receipts.formats import DOCX, JPEG, PDF, PNG, XLSX, Format

_ZIP_END = b"PK\x05\x06"
_ZIP_END_ROOM = 22 + 65_535  # bytes: the last record, with the longest comment
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
# In a scan a marker is 0xFF and a byte that is neither stuffing, nor a restart, nor more of the same.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)


def is_whole(file: Path, format: Format) -> bool:
    """Whether the file has its format's end. True for formats that do not mark it: text, and Word and Excel before
    2007."""
    ends = _ENDS.get(format)
    if ends is None:
        return True
    with file.open("rb") as content, mmap.mmap(content.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        return ends(mapped)


def _pdf(file: mmap.mmap) -> bool:
    """Whether no object follows the last %%EOF: it would belong to an update whose own %%EOF is missing. Padding, and a
    line or two of a mail program, may follow the last."""
    last = file.rfind(b"%%EOF")
    return last >= 0 and file.find(b" obj", last) < 0


def _png(file: mmap.mmap) -> bool:
    return file.rfind(b"IEND") >= 0


def _zip(file: mmap.mmap) -> bool:
    return file.rfind(_ZIP_END, max(0, len(file) - _ZIP_END_ROOM)) >= 0


def _jpeg(file: mmap.mmap) -> bool:
    """Whether the segments lead to the end: a preview inside has an end of its own, and a video may follow."""
    at = 2
    while at + 4 <= len(file) and file[at] == 0xFF:
        kind = file[at + 1]
        if kind == _END_OF_IMAGE:
            return True
        if kind == 0xFF:  # padding
            at += 1
            continue
        at += 2 + int.from_bytes(file[at + 2 : at + 4], "big")
        if kind == _START_OF_SCAN:
            found = _MARKER.search(file, at)
            if found is None:
                return False
            at = found.start()
    return at + 2 <= len(file) and file[at] == 0xFF and file[at + 1] == _END_OF_IMAGE


_ENDS: Mapping[Format, Callable[[mmap.mmap], bool]] = {PDF: _pdf, PNG: _png, DOCX: _zip, XLSX: _zip, JPEG: _jpeg}
