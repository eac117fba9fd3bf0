"""Small files of every format that Pleo serves, made when they are needed."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from pathlib import Path
from typing import Any

from PIL import Image
from pypdf import PdfWriter

from pleo_export.receipts.formats import claimed, recognise
from pleo_export.receipts.receipt import Receipt, sha256_of

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
EXIF_ORIENTATION = 0x0112


def pdf(pages: int = 1, size: int = 0, width: int = 200, **encryption: Any) -> bytes:
    """`size`: at least so many bytes, in an attachment that is part of the PDF."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(width, 100)
    if size:
        writer.add_attachment("ballast", random.Random(1).randbytes(size))
    if encryption:
        writer.encrypt(**encryption)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """A picture that no format makes small."""
    return Image.frombytes(mode, (width, height), random.Random(1).randbytes(width * height * len(mode)))


def halves(width: int, height: int) -> Image.Image:
    """Of which one sees how it was turned: black, with a red quarter at the upper left."""
    image = Image.new("RGB", (width, height), "black")
    image.paste("red", (0, 0, width // 2, height // 2))
    return image


def picture(image: Image.Image, format: str, orientation: int | None = None, **options: Any) -> bytes:
    out = io.BytesIO()
    if orientation:
        exif = Image.Exif()
        exif[EXIF_ORIENTATION] = orientation
        options["exif"] = exif
    image.save(out, format, **options)
    return out.getvalue()


def jpeg(width: int = 60, height: int = 40) -> bytes:
    return picture(noise(width, height), "JPEG", quality=95)


def png(width: int = 60, height: int = 40) -> bytes:
    return picture(noise(width, height), "PNG")


def progressive() -> bytes:
    return picture(noise(60, 40), "JPEG", progressive=True)


def jpeg_with_preview() -> bytes:
    """A preview, itself a whole JPEG, lies in a segment ahead of the picture."""
    preview = b"Exif\0\0" + jpeg(16, 16)
    return jpeg_with(segment(0xE1, preview))


def segment(kind: int, content: bytes) -> bytes:
    return bytes((0xFF, kind)) + struct.pack(">H", len(content) + 2) + content


def jpeg_with(*segments: bytes, image: Image.Image | None = None) -> bytes:
    """A photo with these segments of metadata at its beginning, in place of JFIF's."""
    plain = picture(image or noise(60, 40), "JPEG", quality=95)
    return plain[:2] + b"".join(segments) + plain[20:]


def exif(*tags: tuple[int, int, int, bytes], orientation: int = 6) -> bytes:
    """Raw EXIF with an orientation and these tags: number, type, count, and four bytes (a value, or where it lies)."""
    entries = [(0x0112, 3, 1, struct.pack("<HH", orientation, 0)), *tags]
    directory = b"".join(struct.pack("<HHL", *each[:3]) + each[3] for each in entries)
    content = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + directory + bytes(4)
    return segment(0xE1, content)


def office(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("[Content_Types].xml", *names):
            archive.writestr(name, "<x/>")
    return out.getvalue()


def open_document() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    return out.getvalue()


def doc() -> bytes:
    return OLE + "WordDocument".encode("utf-16-le")


def xls() -> bytes:
    return OLE + "Workbook".encode("utf-16-le")


def docx() -> bytes:
    return office("word/document.xml")


def xlsx() -> bytes:
    return office("xl/workbook.xml")


def protected_office() -> bytes:
    """As Office 2007 and later keep a document under a password: its parts encrypted, in a compound file."""
    names = ("DataSpaces", "EncryptionInfo", "EncryptedPackage")
    return OLE + b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in names) + bytes(512)


TEXT = "Taxi 24,00 €\n".encode()

# extension as Pleo lists it (R-5d.1): content, content type, the extension that we give
SERVED: dict[str, tuple[bytes, str, str]] = {
    "doc": (doc(), "application/msword", "doc"),
    "docx": (docx(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    "pdf": (pdf(), "application/pdf", "pdf"),
    "txt": (TEXT, "text/plain", "txt"),
    "jpg": (jpeg(), "image/jpeg", "jpg"),
    "jpeg": (jpeg(), "image/jpeg", "jpg"),
    "png": (png(), "image/png", "png"),
    "xls": (xls(), "application/vnd.ms-excel", "xls"),
    "xlsx": (xlsx(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
}
ALL_TYPES = frozenset(content_type for _, content_type, _ in SERVED.values())


def on_disk(folder: Path, *contents: bytes) -> tuple[Receipt, ...]:
    """As if they had been fetched."""
    receipts = []
    for number, content in enumerate(contents, start=1):
        path = folder / f"source-{number}"
        path.write_bytes(content)
        format = recognise(path, claimed(None))
        assert format, f"sample {number} is of no format"
        receipts.append(Receipt(number, len(contents), format, path, len(content), sha256_of(path)))
    return tuple(receipts)
