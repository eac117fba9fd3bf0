"""A stretch of network in a test's hands: it sees each request to a server, and may keep it, or its answer, back."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """`sender` is the port at the other end of its connection."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    sender: int


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Lost(Exception):
    """The connection breaks off; the sender gets no answer."""


# Gets a request and what forwards it. Returns the answer that the sender sees, or raises Lost.
Crossing: TypeAlias = Callable[[Request, Callable[[], Answer]], Answer]

_OF_A_CONNECTION = frozenset({"connection", "content-length", "transfer-encoding", "date", "server"})


@contextmanager
def network(target: str, crossing: Crossing) -> Iterator[str]:
    """Serve a way to `target` that leads through `crossing`, and yield its address."""

    class Forwarder(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = Request(self.command, self.path, dict(self.headers), body, self.client_address[1])
            try:
                answer = crossing(request, lambda: _ask(target, request))
            except Lost:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers:
                if name.lower() not in _OF_A_CONNECTION:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_DELETE = do_POST  # noqa: N815 - http.server's name

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Forwarder) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _ask(target: str, request: Request) -> Answer:
    with closing(http.client.HTTPConnection(urlsplit(target).netloc)) as there:
        there.request(request.method, request.path, request.body, request.headers)
        reply = there.getresponse()
        return Answer(reply.status, reply.getheaders(), reply.read())
