"""The Pleo simulator without a socket: requests that go straight into its application."""

from __future__ import annotations

import io
from typing import Any

import requests
from requests.adapters import BaseAdapter
from starlette.testclient import TestClient
from starlette.types import ASGIApp
from urllib3 import HTTPResponse

URL = "https://pleo.test"


class InProcess(BaseAdapter):
    """A transport of requests. `before` and `after` may raise, as a network does."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__()
        self._client = TestClient(app, base_url=URL, raise_server_exceptions=True)
        self.before: Any = lambda _method, _path: None
        self.after: Any = lambda _method, _path: None

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        method, path = str(request.method), str(request.path_url)
        self.before(method, path)
        answer = self._client.request(
            method, str(request.url), content=request.body, headers=dict(request.headers), follow_redirects=False
        )
        self.after(method, path)
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
