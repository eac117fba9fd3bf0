"""A file host that is a list of HTTP answers, byte by byte: the HTTP library reads them as from a connection, so that
headers and endings are not kinder than real ones. No socket is opened."""

from __future__ import annotations

import io
from collections.abc import Mapping
from http.client import HTTPResponse as Parsed
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3._collections import HTTPHeaderDict
from urllib3.response import HTTPResponse

from pleo_export.bookkeeping.export_item import File
from pleo_export.receipts.fetch import Fetcher, ReceiptSession
from pleo_export.receipts.hosts import ReceiptHosts
from pleo_export.receipts.receipt import Receipt

ORIGIN = "https://files.example.com"


def answer(body: bytes = b"", status: str = "200 OK", **headers: str | bytes) -> bytes:
    """Header names with `_` for `-`. The connection is closed behind the body, whatever the headers say."""
    lines = [b"HTTP/1.1 " + status.encode()]
    for name, value in headers.items():
        raw = value if isinstance(value, bytes) else value.encode("latin-1")
        lines.append(name.replace("_", "-").encode() + b": " + raw)
    return b"\r\n".join([*lines, b"", body])


class _Connection:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, *_: Any) -> io.BufferedReader:
        return io.BufferedReader(io.BytesIO(self._content))


class Wire(HTTPAdapter):
    """Answers in turn, the last one for ever. `asked` are the addresses as the host sees them."""

    def __init__(self, *answers: bytes) -> None:
        super().__init__()
        self._answers = list(answers)
        self.asked: list[str] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        assert request.url
        self.asked.append(self.request_url(request, {}))
        content = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        parsed = Parsed(_Connection(content), method="GET")  # type: ignore[arg-type]
        parsed.begin()
        raw = HTTPResponse(
            body=parsed,
            headers=HTTPHeaderDict(parsed.msg.items()),
            status=parsed.status,
            preload_content=False,
            decode_content=False,
            original_response=parsed,
            request_method="GET",
        )
        return self.build_response(request, raw)


def fetched(wire: Wire, folder: Path, file: Mapping[str, Any] | None = None) -> Receipt:
    """One file of an expense. Pauses take no time."""
    session = ReceiptSession()
    session.mount("https://", wire)
    fetcher = Fetcher(ReceiptHosts.parse("files.example.com, example.org"), session, sleep=lambda _: None)
    (receipt,) = fetcher.fetch((File(url=f"{ORIGIN}/first", **(file or {})),), folder)
    return receipt
