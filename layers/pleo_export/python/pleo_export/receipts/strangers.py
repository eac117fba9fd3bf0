"""Names the kind of a file that Pleo does not serve, so that the bookkeeper reads what was refused."""

from __future__ import annotations

from pathlib import Path

from pleo_export.receipts.errors import ReceiptFailed, not_convertible, not_downloaded
from pleo_export.receipts.formats import (
    OLE,
    POSTSCRIPT,
    RTF,
    ZIP_START,
    as_text,
    head,
    holds,
    is_markup,
    is_protected_office,
)

SERVED = "PDF, JPEG, PNG, Word, Excel and text files"

# Offset and bytes there -> what it is.
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"GIF8", "a GIF picture"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (8, b"WEBP", "a WebP picture"),
    (4, b"ftyphe", "a HEIC picture"),
    (4, b"ftypmif1", "a HEIC picture"),
    (4, b"ftypavif", "an AVIF picture"),
    (4, b"ftyp", "a video"),
    (0, RTF, "an RTF document"),
    (0, POSTSCRIPT, "a PostScript document"),
    (30, b"mimetypeapplication/vnd.oasis.opendocument", "an OpenDocument file"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"7z\xbc\xaf", "a 7-Zip archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
)
# Names inside a file of OLE or ZIP -> what it is.
_INSIDE: tuple[tuple[bytes, tuple[bytes, ...], str], ...] = (
    (ZIP_START, (b"ppt/presentation",), "a PowerPoint file"),
    (ZIP_START, (b"",), "a ZIP archive"),
    (OLE, ("PowerPoint Document".encode("utf-16-le"),), "a PowerPoint file"),
    (OLE, ("__properties_version1.0".encode("utf-16-le"),), "an Outlook message"),
    (OLE, (b"",), "an Office file that is neither Word nor Excel"),
)


def refusal(label: object, file: Path) -> ReceiptFailed:
    """Return why a file in a format that Pleo does not serve is not attached. `label` names it as the bookkeeper finds
    it."""
    if is_protected_office(file):
        return not_convertible(label, "an Office file that is protected by a password, of an unknown kind")
    start = head(file)
    text = as_text(start)
    if is_markup(text):
        if "<svg" in text.lower():
            return not_convertible(label, "an SVG drawing, which may carry scripts and is therefore not attached")
        return not_downloaded(label, "what arrived is a web page or XML, not a receipt")
    if name := _name(start, file):
        return not_convertible(label, f"{name}, which is not attached; {SERVED} are")
    return not_downloaded(label, "what arrived is neither a PDF, JPEG, PNG, Word, Excel nor text file")


def _name(start: bytes, file: Path) -> str | None:
    for offset, magic, name in _MAGIC:
        if start.startswith(magic, offset):
            return name
    for magic, inside, name in _INSIDE:
        if start.startswith(magic) and holds(file, inside):
            return name
    return None
