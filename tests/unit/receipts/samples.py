"""Small files of every format that Pleo serves, made when they are needed."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path
from typing import Any

from PIL import Image
from pypdf import PdfWriter

from pleo_export.receipts.formats import claimed, recognise
from pleo_export.receipts.receipt import Receipt

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


def office(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("[Content_Types].xml", *names):
            archive.writestr(name, "<x/>")
    return out.getvalue()


def doc() -> bytes:
    return OLE + "WordDocument".encode("utf-16-le")


def xls() -> bytes:
    return OLE + "Workbook".encode("utf-16-le")


def docx() -> bytes:
    return office("word/document.xml")


def xlsx() -> bytes:
    return office("xl/workbook.xml")


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
        receipts.append(Receipt(number, len(contents), format, path, len(content)))
    return tuple(receipts)
