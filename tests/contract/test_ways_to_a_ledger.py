"""The way to a ledger's simulator in process, held to the way over the network: the same answers and the same errors.

A connector tells by the error whether a write may have arrived, so a way that raised another one would hide a defect.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from werkzeug.wrappers import Request, Response

from ledger_simulators.base.faults import FaultMiddleware
from ledger_simulators.base.server import LedgerServer
from pleo_export.accounting.errors import OutcomeUnknown, Unavailable
from pleo_export.accounting.http import AccountingTransport
from pleo_export.http.delivery import not_sent
from pleo_export.http.session import IsolatedSession
from pleo_simulator.clock import Clock
from pleo_simulator.fault_queue import Fault
from tests.system import fake_network, wsgi_adapter
from tests.system.wsgi_adapter import TimedOut, Unsent, WsgiAdapter, cut_off, session_through

IN_PROCESS = "http://ledger.test:8080"
Way = Callable[[Any], Any]


@Request.application
def mirror(request: Request) -> Response:
    """Answer with what arrived."""
    if request.path == "/short":
        answer = Response("ten bytes.")
        answer.headers["Content-Length"] = "20"
        return answer
    if request.path == "/none":
        return Response(status=204)
    seen = [request.method, request.path, request.query_string.decode(), request.content_type or ""]
    seen += [request.headers.get("X-Key", ""), str(len(request.get_data()))]
    return Response("|".join(seen), 201, {"X-Seen": "yes"})


@contextmanager
def in_process(app: Any) -> Iterator[tuple[requests.Session, str]]:
    yield session_through(WsgiAdapter(app), IsolatedSession()), IN_PROCESS


@contextmanager
def over_the_network(app: Any) -> Iterator[tuple[requests.Session, str]]:
    with LedgerServer(app) as server, IsolatedSession() as session:
        yield session, server.url


ways = pytest.mark.parametrize("way", [in_process, over_the_network])


class Streamed:
    """A body that is read while it is sent."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._size = size

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        yield self.read()

    def read(self, size: int = -1, /) -> bytes:
        taken = self._left if size < 0 else min(size, self._left)
        self._left -= taken
        return b"x" * taken


@ways
@pytest.mark.parametrize(
    ("method", "path", "body", "seen"),
    [
        ("GET", "/a%20b?page=2&where=x%3D1", None, "GET|/a b|page=2&where=x%3D1||k|0"),
        ("PUT", "/entries", b'{"a": 1}', "PUT|/entries||text/plain|k|8"),
        ("POST", "/files/caf%C3%A9.pdf", Streamed, "POST|/files/café.pdf||text/plain|k|9000"),
        ("DELETE", "/entries/1", None, "DELETE|/entries/1|||k|0"),
    ],
)
def test_given_a_request_then_the_ledger_sees_all_of_it_and_the_caller_all_of_the_answer(
    way: Way, method: str, path: str, body: Any, seen: str
) -> None:
    headers = {"X-Key": "k"} | ({"Content-Type": "text/plain"} if body else {})
    with way(mirror) as (session, url):
        answer = session.request(method, url + path, data=body(9000) if body is Streamed else body, headers=headers)

    assert (answer.status_code, answer.headers["X-Seen"], answer.text) == (201, "yes", seen)


@ways
def test_given_an_answer_without_a_body_then_there_is_none(way: Way) -> None:
    with way(mirror) as (session, url):
        assert (session.get(f"{url}/none").status_code, session.get(f"{url}/none").content) == (204, b"")
        assert session.head(f"{url}/x").content == b""


@ways
@pytest.mark.parametrize("effect", ["drop_before", "drop_after"])
def test_given_a_ledger_that_hangs_up_then_it_is_a_connection_error_that_may_have_arrived(
    way: Way, effect: str
) -> None:
    app = FaultMiddleware(mirror, Clock())
    app.faults.order(Fault.model_validate({"effect": effect}))
    with way(app) as (session, url), pytest.raises(requests.ConnectionError) as broken:
        session.post(f"{url}/entries", data=b"x")

    assert type(broken.value) is requests.ConnectionError
    assert not not_sent(broken.value)


@ways
def test_given_an_answer_that_ends_too_early_then_it_is_no_answer(way: Way) -> None:
    with way(mirror) as (session, url), pytest.raises(requests.exceptions.ChunkedEncodingError):
        session.get(f"{url}/short")


def nobody_there(_: Any, __: Any) -> Any:
    raise Unsent


def silence(_: Any, forward: Callable[[], Any]) -> Any:
    forward()
    raise TimedOut


def test_given_nobody_who_listens_then_both_ways_say_that_nothing_was_sent() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(requests.ConnectionError) as real:
            IsolatedSession().post(f"http://127.0.0.1:{unused.getsockname()[1]}/", data=b"x")
    session = session_through(WsgiAdapter(mirror, nobody_there), IsolatedSession())
    with pytest.raises(requests.ConnectionError) as ours:
        session.post(IN_PROCESS, data=b"x")

    assert type(real.value) is type(ours.value)
    assert not_sent(real.value)
    assert not_sent(ours.value)


def test_given_a_ledger_that_answers_too_late_then_both_ways_raise_the_same() -> None:
    app = FaultMiddleware(mirror, Clock())
    app.faults.order(Fault(effect="delay", delay_ms=60_000))
    with LedgerServer(app) as server, IsolatedSession() as session, pytest.raises(requests.RequestException) as real:
        session.post(f"{server.url}/", data=b"x", timeout=(5, 0.05))
    with pytest.raises(requests.RequestException) as ours:
        session_through(WsgiAdapter(mirror, silence), IsolatedSession()).post(IN_PROCESS, data=b"x")

    assert type(real.value) is type(ours.value) is requests.ReadTimeout


@pytest.mark.parametrize(
    ("crossing", "outcome"),
    [
        (nobody_there, Unavailable),
        (silence, OutcomeUnknown),
        (lambda _, forward: cut_off(forward()), OutcomeUnknown),
    ],
    ids=["unsent", "timed out", "cut off"],
)
def test_given_a_transport_with_a_ready_session_then_a_write_ends_as_its_crossing_says(
    crossing: fake_network.Crossing, outcome: type[Exception]
) -> None:
    session = session_through(WsgiAdapter(mirror, crossing), IsolatedSession())
    transport = AccountingTransport("Ledger", IN_PROCESS, {"X-Key": "k"}, session=session)

    with pytest.raises(outcome):
        transport.write("POST", "/entries", b"x")


def test_given_a_transport_with_a_ready_session_then_the_credential_goes_with_every_call() -> None:
    session = session_through(WsgiAdapter(mirror, wsgi_adapter.straight), IsolatedSession())
    transport = AccountingTransport("Ledger", IN_PROCESS, {"X-Key": "k"}, session=session)

    assert transport.read("GET", "/a").content == b"GET|/a|||k|0"
    assert transport.write("PUT", "/b", b"x").content == b"PUT|/b|||k|1"
