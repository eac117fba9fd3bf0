"""The formats that Pleo serves (R-5d.1), known by their content. What a file is said to be only settles doubt."""

from __future__ import annotations

import mmap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_HEAD = 4096  # bytes that tell a format
_PDF_LEAD = 1024  # a PDF may have that much before its header, and mail programs make use of it
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_TEXT_CONTROLS = frozenset(b"\t\n\r\f")
_MARKUP = (b"<!doctype", b"<html", b"<?xml")  # the error page of a server, not a receipt


@dataclass(frozen=True, slots=True)
class Format:
    """`start`: how each such file begins; `inside`: names, one of which tells it from others that begin alike."""

    name: str
    extension: str
    content_type: str
    start: bytes = b""
    inside: tuple[bytes, ...] = ()


PDF = Format("PDF", "pdf", "application/pdf", b"%PDF-")
JPEG = Format("JPEG picture", "jpg", "image/jpeg", b"\xff\xd8\xff")
PNG = Format("PNG picture", "png", "image/png", b"\x89PNG\r\n\x1a\n")
DOC = Format("Word document", "doc", "application/msword", _OLE, ("WordDocument".encode("utf-16-le"),))
XLS = Format(
    "Excel sheet", "xls", "application/vnd.ms-excel", _OLE, ("Workbook".encode("utf-16-le"), "Book".encode("utf-16-le"))
)
DOCX = Format(
    "Word document",
    "docx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    _ZIP,
    (b"word/document",),
)
XLSX = Format(
    "Excel sheet",
    "xlsx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    _ZIP,
    (b"xl/workbook",),
)
TEXT = Format("text", "txt", "text/plain")
ZIP = Format("ZIP", "zip", "application/zip")  # only ever ours

PICTURES = frozenset({JPEG, PNG})
SERVED = (PDF, JPEG, PNG, DOC, XLS, DOCX, XLSX, TEXT)
_CLAIMS = (
    {format.content_type: format for format in SERVED}
    | {format.extension: format for format in SERVED}
    | {"jpeg": JPEG, "image/jpg": JPEG}
)


def claimed(text: str | None) -> Format | None:
    """The format that a content type or extension names; None for none and for `application/octet-stream`."""
    return _CLAIMS.get((text or "").partition(";")[0].strip().lower())


def recognise(file: Path, claim: Format | None) -> Format | None:
    """The file's format; None if Pleo serves no such, or if it is text although it should be something else."""
    with file.open("rb") as content:
        head = content.read(_HEAD)
    possible = [format for format in SERVED if format is not TEXT and _starts(head, format)]
    if any(format.inside for format in possible):
        possible = [format for format in possible if _holds(file, format.inside)]
    if possible:
        # A document may hold another as its attachment; then what it is said to be decides.
        return claim if claim in possible else possible[0]
    return TEXT if claim in (None, TEXT) and _is_text(head) else None


def _starts(head: bytes, format: Format) -> bool:
    return format.start in head[:_PDF_LEAD] if format is PDF else head.startswith(format.start)


def _holds(file: Path, names: Iterable[bytes]) -> bool:
    with file.open("rb") as content, mmap.mmap(content.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        return any(mapped.find(name) >= 0 for name in names)


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True  # UTF-16 says so
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_MARKUP):
        return False
    return all(byte >= 0x20 or byte in _TEXT_CONTROLS for byte in head)
