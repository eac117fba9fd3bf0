"""A door in front of a server: counts the requests that come to it, and their bytes, and hands them on.

So all is counted in one place for whoever calls, and by none of the callers. `seconds` is the latency that is added to
each request, as if the server were far away.
"""

from __future__ import annotations

import http.client
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

_IDS = re.compile(r"(?<=/)(?:[0-9a-f]{8}-[0-9a-f-]{27}|\d+|[^/]+\.(?:pdf|png|jpg))(?=/|$)", re.IGNORECASE)
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})
TIMEOUT = 120


@dataclass(frozen=True)
class DoorCounts:
    """`requests` by method and path, ids left out; `statuses` by number. Bytes are those of bodies."""

    requests: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    received: int = 0
    sent: int = 0

    @property
    def calls(self) -> int:
        """All requests."""
        return self.requests.total()

    def since(self, earlier: DoorCounts) -> DoorCounts:
        """Return what was counted after an earlier moment."""
        return DoorCounts(
            self.requests - earlier.requests,
            self.statuses - earlier.statuses,
            self.received - earlier.received,
            self.sent - earlier.sent,
        )


class Door:
    """`with Door(server_url) as door:` answers at `door.url` what the server answers there."""

    def __init__(self, target: str, seconds: float = 0) -> None:
        self.seconds = seconds
        self._target = urlsplit(target)
        self._lock = Lock()
        self._requests: Counter[str] = Counter()
        self._statuses: Counter[int] = Counter()
        self._received = self._sent = 0
        self._server = _Server(self)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def counts(self) -> DoorCounts:
        """Return what has been counted since the door was opened."""
        with self._lock:
            return DoorCounts(self._requests.copy(), self._statuses.copy(), self._received, self._sent)

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection to the server behind the door."""
        return http.client.HTTPConnection(str(self._target.hostname), self._target.port, timeout=TIMEOUT)

    def count(self, name: str, status: int, received: int, sent: int) -> None:
        """Count a request that has been answered."""
        with self._lock:
            self._requests[name] += 1
            self._statuses[status] += 1
            self._received += received
            self._sent += sent

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def name_of(method: str, path: str) -> str:
    """Return the name under which a request is counted: its path without ids and without a query."""
    return f"{method} {_IDS.sub('{id}', path.partition('?')[0])}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    disable_nagle_algorithm = True
    request_queue_size = 128

    def __init__(self, door: Door) -> None:
        self.door = door
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of callers that have gone away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._behind = self.server.door.connect()

    def finish(self) -> None:
        self._behind.close()
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the counts are the log."""

    def _forward(self) -> None:
        body = b"".join(self._body())
        door = self.server.door
        if door.seconds:
            time.sleep(door.seconds)
        answer, content = self._answered(body)
        door.count(name_of(self.command, self.path), answer.status, len(body), len(content))
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _answered(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        if body or self.command in ("POST", "PUT"):
            headers["Content-Length"] = str(len(body))
        try:
            self._behind.request(self.command, self.path, body or None, headers)
            answer = self._behind.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):  # the server has closed an idle connection
            self._behind.close()
            self._behind.request(self.command, self.path, body or None, headers)
            answer = self._behind.getresponse()
        return answer, answer.read()

    def _body(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            yield self.rfile.read(int(self.headers.get("Content-Length") or 0))
            return
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        with suppress(OSError):
            self.rfile.readline()

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _forward  # noqa: N815 - the base class's names
