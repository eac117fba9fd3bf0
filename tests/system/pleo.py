"""The Pleo simulator without a socket: requests that go straight into its application."""

from __future__ import annotations

import io
from dataclasses import fields, replace
from functools import cache
from typing import Any

import requests
from requests.adapters import BaseAdapter
from starlette.testclient import TestClient
from starlette.types import ASGIApp
from urllib3 import HTTPResponse

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
    """A Pleo that nobody has used yet, and its application: built once per process, since that takes as long as a
    test, and joined to the new Pleo by giving each of its parts the new one's state."""
    served, app = _application()
    fresh = build_service(clock)
    for part in fields(PleoService):
        if part.name != "requests":
            getattr(served, part.name).__dict__ = getattr(fresh, part.name).__dict__
    served.requests.clear()
    return replace(fresh, requests=served.requests), app


class InProcess(BaseAdapter):
    """A transport of requests, whose calls are effects that something can go wrong with."""

    def __init__(self, app: ASGIApp, effects: Effects) -> None:
        super().__init__()
        self._client = TestClient(app, base_url=URL, raise_server_exceptions=True)
        self._client.__enter__()  # one event loop for all requests
        self._effects = effects

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        effect = f"pleo {request.method} {request.path_url}"
        self._effects.before(effect)
        answer = self._client.request(
            str(request.method),
            str(request.url),
            content=request.body,
            headers=dict(request.headers),
            follow_redirects=False,
        )
        self._effects.after(effect)
        raw = HTTPResponse(
            body=io.BytesIO(answer.content),
            headers=dict(answer.headers),
            status=answer.status_code,
            preload_content=False,
            decode_content=False,
        )
        return requests.adapters.HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        self._client.__exit__()
