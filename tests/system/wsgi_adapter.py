"""A WSGI application without a socket: requests that go straight into it, through a crossing in a test's hands.

The errors are those that requests raises after the same event on a network: a connector tells by them whether a write
may have arrived.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPHeaderDict, HTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError, ReadTimeoutError

from tests.system.fake_network import Answer, Crossing, Lost, Request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_POOL = HTTPConnectionPool("ledger.test")


class Unsent(Exception):
    """No connection came about: surely nothing arrived."""


class TimedOut(Exception):
    """The answer did not come within the time limit; the request may have arrived."""


def straight(_: Request, forward: Callable[[], Answer]) -> Answer:
    """Let the request and its answer pass."""
    return forward()


def cut_off(answer: Answer) -> Answer:
    """Return the answer with half of its body: the connection broke off in the middle."""
    return replace(answer, body=answer.body[: len(answer.body) // 2])


class WsgiAdapter(BaseAdapter):
    """A transport of requests that runs a WSGI application in the caller's thread.

    `crossing` gets each request and what forwards it to the application. It returns the answer that the caller sees,
    another than the application's if it likes, or raises: Unsent, Lost (the connection broke off), TimedOut. What else
    it raises reaches the caller as it is. The same happens if the application itself raises ConnectionError. An answer
    whose body is shorter than its Content-Length is a connection that broke off while the body was read.
    """

    def __init__(self, app: WSGIApplication, crossing: Crossing = straight) -> None:
        super().__init__()
        self._app = app
        self._crossing = crossing

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Return the answer. Raises requests.ConnectionError or requests.ReadTimeout, for the crossing's errors."""
        asked = Request(str(request.method), request.path_url, dict(request.headers), _body(request), 0)
        try:
            answer = self._crossing(asked, lambda: _run(self._app, asked, str(request.url)))
        except Unsent:
            refused = NewConnectionError(HTTPConnection("ledger.test"), "refused")
            raise requests.ConnectionError(MaxRetryError(_POOL, request.path_url, refused), request=request) from None
        except (Lost, ConnectionError) as error:
            if isinstance(error, requests.RequestException):
                raise
            broken = ProtocolError("Connection aborted.", ConnectionResetError())
            raise requests.ConnectionError(broken, request=request) from None
        except TimedOut:
            late = ReadTimeoutError(_POOL, request.path_url, "Read timed out.")
            raise requests.ReadTimeout(late, request=request) from None
        raw = HTTPResponse(
            body=io.BytesIO(answer.body),
            headers=HTTPHeaderDict(answer.headers),
            status=answer.status,
            preload_content=False,
            decode_content=False,
            request_method=request.method,
        )
        return HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        """Do nothing: nothing is open."""


def session_through(adapter: BaseAdapter, session: requests.Session) -> requests.Session:
    """Return the session, whose requests to any address go through the adapter."""
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def _run(app: WSGIApplication, request: Request, url: str) -> Answer:
    """Return what the application answers. What it raises is raised here."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        if exc_info:
            raise exc_info[1]
        started.append((status, headers))
        return lambda _: None

    chunks = app(_environ(request, url), start_response)
    try:
        body = b"".join(chunks)
    finally:
        if callable(close := getattr(chunks, "close", None)):
            close()
    (status, headers) = started[-1]
    if not any(name.lower() == "content-length" for name, _ in headers):
        headers = [*headers, ("Content-Length", str(len(body)))]
    return Answer(int(status.partition(" ")[0]), headers, b"" if request.method == "HEAD" else body)


def _environ(request: Request, url: str) -> dict[str, Any]:
    """Return what a server makes of a request that arrives."""
    target = urlsplit(url)
    path, _, query = request.path.partition("?")
    environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "RAW_URI": request.path,
        "REQUEST_URI": request.path,
        "QUERY_STRING": query,
        "SERVER_NAME": target.hostname or "",
        "SERVER_PORT": str(target.port or (443 if target.scheme == "https" else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": target.netloc,
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": target.scheme,
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        match name.lower():
            case "content-length" | "transfer-encoding":
                pass  # the body is whole
            case "content-type":
                environ["CONTENT_TYPE"] = text
            case other:
                environ[f"HTTP_{other.upper().replace('-', '_')}"] = text
    return environ


def _body(request: requests.PreparedRequest) -> bytes:
    """Return the whole body, also of one that is read while it is sent."""
    body: Any = request.body or b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes):
        return body
    sent: bytes = body.read() if hasattr(body, "read") else b"".join(body)
    announced = request.headers.get("Content-Length")
    if announced is not None and int(announced) != len(sent):
        raise AssertionError(f"{announced} bytes were announced, {len(sent)} are sent")
    return sent
