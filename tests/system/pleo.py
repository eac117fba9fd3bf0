"""The Pleo simulator without a socket: requests that go straight into its application."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import fields, replace
from functools import cache
from typing import Any
from unittest import mock
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import BaseAdapter
from starlette.types import ASGIApp, Message, Scope
from urllib3 import HTTPHeaderDict, HTTPResponse

from pleo_simulator.clock import Clock
from pleo_simulator.server import build_app
from pleo_simulator.service import PleoService, build_service
from tests.system.effects import Effects

URL = "https://pleo.test"


@cache
def _application() -> tuple[PleoService, ASGIApp]:
    service = build_service()
    return service, build_app(service)


def fresh_pleo(clock: Clock) -> tuple[PleoService, ASGIApp]:
    """Return a Pleo that nobody has used yet, and its application: built once per process, since that takes as long
    as a test, and joined to the new Pleo by giving each of its parts the new one's state."""
    served, app = _application()
    fresh = build_service(clock)
    for part in fields(PleoService):
        if part.name != "requests":
            getattr(served, part.name).__dict__ = getattr(fresh, part.name).__dict__
    served.requests.clear()
    return replace(fresh, requests=served.requests), app


class InProcess(BaseAdapter):
    """A transport of requests, whose calls are effects that something can go wrong with.

    The application runs in the caller's thread, to its end, without an event loop: changes of threads, of which
    Starlette's own client makes a dozen for each request, would take longer than the request.
    """

    def __init__(self, app: ASGIApp, effects: Effects) -> None:
        super().__init__()
        self._app = app
        self._effects = effects

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        effect = f"pleo {request.method} {request.path_url}"
        self._effects.before(effect)
        with mock.patch("anyio.to_thread.run_sync", _at_once):
            raw = _answered(self._app, request)
        self._effects.after(effect)
        return requests.adapters.HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        """Nothing is open."""


async def _at_once(function: Callable[..., Any], *args: Any, **_: Any) -> Any:
    return function(*args)


def _answered(app: ASGIApp, request: requests.PreparedRequest) -> HTTPResponse:
    """What it raises, for example when it hangs up, is raised here. Whatever waits for something fails."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": _body(request)}

    async def send(message: Message) -> None:
        sent.append(message)

    running = app(_scope(request), receive, send)
    try:
        while True:
            running.send(None)  # type: ignore[attr-defined]
    except StopIteration:
        pass
    start, *rest = sent
    return HTTPResponse(
        body=io.BytesIO(b"".join(message.get("body", b"") for message in rest)),
        headers=HTTPHeaderDict((name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]),
        status=start["status"],
        preload_content=False,
        decode_content=False,
    )


def _scope(request: requests.PreparedRequest) -> Scope:
    """As a server makes it of what arrives."""
    url = urlsplit(str(request.url))
    path, _, query = request.path_url.partition("?")
    headers = {"host": url.netloc, **{str(name).lower(): value for name, value in request.headers.items()}}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": unquote(path),
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.encode("latin-1"), _bytes(value)) for name, value in headers.items()],
        "client": ("127.0.0.1", 50_000),
        "server": (url.hostname, url.port or 443),
    }


def _body(request: requests.PreparedRequest) -> bytes:
    return _bytes(request.body or b"")


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
