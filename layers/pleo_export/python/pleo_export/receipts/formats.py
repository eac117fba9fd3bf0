"""Recognise the formats that Pleo serves (R-5d.1) by their content. The claim decides only where that is unclear.

What is none of them is named by `receipts.strangers`, for the bookkeeper. A test compares this module with the package
filetype (ADR-0010).
"""

from __future__ import annotations

import codecs
import mmap
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

HEAD = 4096  # bytes that tell a format
_PDF_LEAD = 1024  # a PDF may have that much before its header, and mail programs make use of it
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP_START = b"PK\x03\x04"
RTF, POSTSCRIPT = b"{\\rtf", b"%!PS"  # programs rather than text, though nothing but text is in them
# How Office keeps what is protected by a password (MS-OFFCRYPTO 2.3.4.4): the real file, encrypted, in one of OLE.
_ENCRYPTED = ("EncryptedPackage".encode("utf-16-le"),)
_TEXT_CONTROLS = frozenset(b"\t\n\r\f")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# A first tag, comment, declaration or processing instruction: HTML, XML or SVG. They may carry scripts, and most are
# the error page of a server; none is a receipt.
_MARKUP = re.compile(r"\s*<([!?]|[a-z][\w.:-]*[\s/>])", re.IGNORECASE)


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
DOC = Format("Word document", "doc", "application/msword", OLE, ("WordDocument".encode("utf-16-le"),))
XLS = Format(
    "Excel sheet", "xls", "application/vnd.ms-excel", OLE, ("Workbook".encode("utf-16-le"), "Book".encode("utf-16-le"))
)
DOCX = Format(
    "Word document",
    "docx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ZIP_START,
    (b"word/document",),
)
XLSX = Format(
    "Excel sheet",
    "xlsx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ZIP_START,
    (b"xl/workbook",),
)
TEXT = Format("text", "txt", "text/plain")
ZIP = Format("ZIP", "zip", "application/zip")  # only ever ours

PICTURES = frozenset({JPEG, PNG})
OFFICE = frozenset({DOC, XLS, DOCX, XLSX})
SERVED = (PDF, JPEG, PNG, DOC, XLS, DOCX, XLSX, TEXT)
_CLAIMS = (
    {format.content_type: format for format in SERVED}
    | {format.extension: format for format in SERVED}
    | {"jpeg": JPEG, "image/jpg": JPEG}
)


def claimed(text: str | None) -> Format | None:
    """Return the format that a content type or extension names; None for none and for `application/octet-stream`."""
    return _CLAIMS.get((text or "").partition(";")[0].strip().lower())


def recognise(file: Path, claim: Format | None) -> Format | None:
    """Return the file's format; None for one that Pleo does not serve, and for text that claims to be another."""
    start = head(file)
    possible = [format for format in SERVED if format is not TEXT and _starts(start, format)]
    if any(format.inside for format in possible):
        possible = [format for format in possible if holds(file, format.inside)]
    if possible:
        # A document may hold another as its attachment; then the claim decides.
        return claim if claim in possible else possible[0]
    if is_protected_office(file):
        return claim if claim in OFFICE else None  # what is inside cannot be seen without the password
    return TEXT if claim in (None, TEXT) and _is_text(start) else None


def head(file: Path) -> bytes:
    """Return the first bytes, which tell a format."""
    with file.open("rb") as content:
        return content.read(HEAD)


def is_protected_office(file: Path) -> bool:
    """Return whether it is an Office file under a password."""
    return head(file).startswith(OLE) and holds(file, _ENCRYPTED)


def as_text(start: bytes) -> str:
    """Return the text in the encoding that its mark names, else as Latin-1, which has a character for each byte."""
    if start.startswith(_UTF_16):
        return start.decode("utf-16", errors="ignore").replace("\0", "").lstrip("\ufeff")
    return start.removeprefix(codecs.BOM_UTF8).decode("latin-1")


def is_markup(text: str) -> bool:
    """Return whether it begins like HTML, XML or SVG."""
    return _MARKUP.match(text) is not None


def holds(file: Path, names: Iterable[bytes]) -> bool:
    """Return whether any of the names occurs in the file, which must not be empty."""
    with file.open("rb") as content, mmap.mmap(content.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        return any(mapped.find(name) >= 0 for name in names)


def _starts(start: bytes, format: Format) -> bool:
    return format.start in start[:_PDF_LEAD] if format is PDF else start.startswith(format.start)


def _is_text(start: bytes) -> bool:
    if is_markup(as_text(start)) or start.startswith((RTF, POSTSCRIPT)):
        return False
    return start.startswith(_UTF_16) or all(byte >= 0x20 or byte in _TEXT_CONTROLS for byte in start)
