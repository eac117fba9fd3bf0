"""Injects the queued faults between the caller and the application, and writes the request log."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pleo_simulator.clock import timestamp
from pleo_simulator.damaged_answers import cut_short, half_of, without_field
from pleo_simulator.fault_queue import Fault
from pleo_simulator.jobs import item_error
from pleo_simulator.service import PleoService

Json = dict[str, Any]


@dataclass
class _Answer:
    """The application's response, held back so that a fault can change or drop it."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        else:
            self.body += message.get("body", b"")

    async def send(self, send: Send) -> None:
        kept = [(name, value) for name, value in self.headers if name != b"content-length"]
        if self.status != 204:  # which must not have one
            kept.append((b"content-length", str(len(self.body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": kept})
        await send({"type": "http.response.body", "body": self.body})


class FaultMiddleware:
    """ASGI middleware, outermost. Requests to the control API are neither logged nor disturbed."""

    def __init__(self, app: ASGIApp, service: PleoService) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_sim"):
            await self._app(scope, receive, send)
            return
        fault = self._service.faults.take(scope["method"], scope["path"])
        answer = await self._answer(scope, await _read(receive), fault)
        self._log(scope, answer, fault)
        if answer is None:
            await _hang_up(receive, send)
        else:
            await answer.send(send)

    async def _answer(self, scope: Scope, body: bytes, fault: Fault | None) -> _Answer | None:
        """None: hang up."""
        if fault is None:
            return await self._work(scope, body)
        await asyncio.sleep(fault.delay_ms / 1000)
        if fault.effect == "drop_before":
            return None
        if fault.effect in ("status", "rate_limit"):
            return _refusal(fault)
        if fault.effect == "item_errors":
            return await self._refuse_items(scope, body, fault)
        answer = await self._work(_first_page(scope) if fault.effect == "page_again" else scope, body)
        if fault.effect == "bad_json":
            answer.body = half_of(answer.body)
        elif fault.effect == "missing_field":
            answer.body = without_field(answer.body, fault.field)
        elif fault.effect == "list_cut":
            answer.body = cut_short(answer.body)
        return None if fault.effect == "drop_after" else answer

    async def _work(self, scope: Scope, body: bytes) -> _Answer:
        answer = _Answer()
        await self._app(scope, _replay(body), answer.take)
        return answer

    async def _refuse_items(self, scope: Scope, body: bytes, fault: Fault) -> _Answer:
        """Keep the refused updates from Pleo's state; the answer names them under `errors`."""
        updates = json.loads(body)
        refused = set(fault.entry_ids or [each["accountingEntryId"] for each in updates[: fault.items]])
        kept = [each for each in updates if each["accountingEntryId"] not in refused]
        answer = await self._work(_with_length(scope, rest := json.dumps(kept).encode()), rest)
        if answer.status == 200:
            content = json.loads(answer.body)
            sent = [each["accountingEntryId"] for each in updates if each["accountingEntryId"] in refused]
            content["errors"] += [item_error(each, fault.error_type, "Simulated fault.") for each in sent]
            answer.body = json.dumps(content).encode()
        return answer

    def _log(self, scope: Scope, answer: _Answer | None, fault: Fault | None) -> None:
        log: deque[Json] = self._service.requests
        log.append(
            {
                "at": timestamp(self._service.clock.now()),
                "method": scope["method"],
                "path": scope["path"],
                "query": scope["query_string"].decode(),
                "status": None if answer is None else answer.status,
                "fault": None if fault is None else fault.effect,
            }
        )


async def _read(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body", False):
            return body


def _replay(body: bytes) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive


def _first_page(scope: Scope) -> Scope:
    query = [(name, value) for name, value in parse_qsl(scope["query_string"].decode()) if name != "after"]
    return {**scope, "query_string": urlencode(query).encode()}


def _with_length(scope: Scope, body: bytes) -> Scope:
    headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
    return {**scope, "headers": [*headers, (b"content-length", str(len(body)).encode())]}


def _refusal(fault: Fault) -> _Answer:
    status, error_type = (
        (429, "TOO_MANY_REQUESTS") if fault.effect == "rate_limit" else (fault.status, "SIMULATED_FAULT")
    )
    headers = [(b"content-type", b"application/json;charset=UTF-8")]
    if fault.retry_after is not None:
        headers.append((b"retry-after", str(fault.retry_after).encode()))
    return _Answer(status, headers, json.dumps({"type": error_type, "message": "Simulated fault."}).encode())


async def _hang_up(receive: Receive, send: Send) -> None:
    """Close the connection without a byte. ASGI has no word for it: uvicorn's `send` is a method of the object that
    holds the connection. Elsewhere (in process) the caller sees ConnectionResetError."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("simulated fault")
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
