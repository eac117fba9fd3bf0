"""Stands in for the compiled half of awslambdaric, which exists for Linux only: the calls of Lambda's Runtime API.

`prepare` puts it into the base image of other systems. awslambdaric imports it as `runtime_client`.
"""

from __future__ import annotations

import http.client
import os
from typing import Any

_connection: list[http.client.HTTPConnection] = []


def initialize_client(_user_agent: str) -> None:
    """Open the connection to the Runtime API, kept for the life of the function."""
    _connection[:] = [http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])]


def next() -> tuple[bytes, dict[str, Any]]:
    """Wait for the next invocation: its event, and its headers."""
    event, headers = _call("GET", "next")
    return event, {**headers, "Lambda-Runtime-Deadline-Ms": int(headers["Lambda-Runtime-Deadline-Ms"])}


def post_invocation_result(request_id: str, result: str | bytes, content_type: str, *_: object) -> None:
    """Answer the invocation."""
    _call("POST", f"{request_id}/response", result, content_type)


def post_error(request_id: str, error: str | bytes, *_: object) -> None:
    """Report that the handler raised an error."""
    _call("POST", f"{request_id}/error", error)


def _call(
    method: str, path: str, body: str | bytes | None = None, content_type: str = "application/json"
) -> tuple[bytes, dict[str, str]]:
    (connection,) = _connection
    content = body.encode() if isinstance(body, str) else body
    connection.request(method, f"/2018-06-01/runtime/invocation/{path}", content, {"Content-Type": content_type})
    reply = connection.getresponse()
    return reply.read(), dict(reply.getheaders())
