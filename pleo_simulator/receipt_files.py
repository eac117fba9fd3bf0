"""Receipts, drawn from their names, behind links that end 24 hours after the item was fetched (API-5, files).

A raw export item names a file as `receipt:<name>.<pdf|jpg|png>`; the same name always gives the same bytes.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import time
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

from PIL import Image, ImageDraw

from pleo_simulator.assumptions import FILE_LIFE
from pleo_simulator.clock import Clock
from pleo_simulator.errors import Refused

Json = dict[str, Any]

SCHEME = "receipt:"
_FORMATS = {"pdf": ("PDF", "application/pdf"), "jpg": ("JPEG", "image/jpeg"), "png": ("PNG", "image/png")}
_DRAWN_AT = time.gmtime(1_767_225_600)  # in the PDF's metadata; a moving one would change the bytes


def receipt_file(name: str) -> Json:
    """The `files[]` entry of a raw export item for the receipt `<name>`, such as `taxi-24-00.pdf`."""
    return {"url": SCHEME + name, "type": media_type(name), "size": len(draw(name))}


def media_type(name: str) -> str:
    return _FORMATS[name.rpartition(".")[2]][1]


@lru_cache(maxsize=1024)
def draw(name: str) -> bytes:
    stem, _, extension = name.rpartition(".")
    image = Image.new("RGB", (360, 240), "white")
    drawing = ImageDraw.Draw(image)
    drawing.rectangle((8, 8, 352, 232), outline="grey")
    for line, text in enumerate(("RECEIPT", *stem.split("-"))):
        drawing.text((24, 20 + 18 * line), text, fill="black")
    out = io.BytesIO()
    dates = {"creationDate": _DRAWN_AT, "modDate": _DRAWN_AT} if extension == "pdf" else {}
    image.save(out, _FORMATS[extension][0], **dates)
    return out.getvalue()


class ReceiptFiles:
    """Hands out links and honours them until they end, on the movable clock. The link carries its end and a signature,
    as a presigned URL does; no credential goes with it."""

    def __init__(self, clock: Clock, secret: bytes) -> None:
        self._clock = clock
        self._secret = secret

    def with_links(self, item: Json, base_url: str) -> Json:
        """The raw export item with links in place of receipt names. Other URLs stay as they are."""
        if not item.get("files"):
            return item
        files = [
            file | {"url": self.link(file["url"].removeprefix(SCHEME), base_url)}
            if file["url"].startswith(SCHEME)
            else file
            for file in item["files"]
        ]
        return item | {"files": files}

    def link(self, name: str, base_url: str) -> str:
        ends = int((self._clock.now() + FILE_LIFE).timestamp())
        query = urlencode({"ends": ends, "signature": self._sign(name, ends)})
        return f"{base_url.rstrip('/')}/files/{quote(name)}?{query}"

    def read(self, name: str, ends: int, signature: str) -> tuple[bytes, str]:
        """Content and media type. Raises Refused 403 for a link that was altered or has ended."""
        if not hmac.compare_digest(signature, self._sign(name, ends)):
            raise Refused(403, "FORBIDDEN", "The link is not one of ours.")
        if self._clock.now().timestamp() >= ends:
            raise Refused(403, "FORBIDDEN", "The link has expired.")
        return draw(name), media_type(name)

    def _sign(self, name: str, ends: int) -> str:
        return hmac.new(self._secret, f"{name}|{ends}".encode(), hashlib.sha256).hexdigest()
