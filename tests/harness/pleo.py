"""The Pleo simulator without a socket: requests that go straight into its application."""

from __future__ import annotations

import io
from typing import Any

import requests
from requests.adapters import BaseAdapter
from starlette.testclient import TestClient
from starlette.types import ASGIApp
from urllib3 import HTTPResponse

from tests.harness.effects import Effects

URL = "https://pleo.test"


class InProcess(BaseAdapter):
    """A transport of requests, whose calls are effects that something can go wrong with."""

    def __init__(self, app: ASGIApp, effects: Effects) -> None:
        super().__init__()
        self._client = TestClient(app, base_url=URL, raise_server_exceptions=True)
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
        self._client.close()
