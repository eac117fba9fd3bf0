"""The server that ledgers run on: many requests at once, connections that break off, and nothing left at the end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, RemoteDisconnected
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from ledger_simulators.base.faults import FaultMiddleware
from ledger_simulators.base.known import LEDGERS
from ledger_simulators.base.server import LedgerServer
from pleo_simulator.clock import Clock
from pleo_simulator.fault_queue import Fault

pytestmark = pytest.mark.enable_socket
LIMIT = 10  # seconds


@Request.application
def echo(request: Request) -> Response:
    return Response(f"{request.method} {request.path} {len(request.get_data())}")


def ask(server: LedgerServer, method: str = "GET", path: str = "/", body: Any = None) -> bytes:
    there = HTTPConnection("127.0.0.1", server.port, timeout=LIMIT)
    try:
        there.request(method, path, body)
        return there.getresponse().read()
    finally:
        there.close()


def test_given_an_application_then_it_is_served_on_a_free_port_with_bodies_of_any_form() -> None:
    with LedgerServer(echo) as first, LedgerServer(echo) as second:
        assert first.url == f"http://127.0.0.1:{first.port}"
        assert first.port != second.port
        assert ask(first, "PUT", "/a", b"x" * 100_000) == b"PUT /a 100000"
        assert ask(second, "POST", "/b", iter([b"chunk", b"ed"])) == b"POST /b 7"


def test_given_requests_that_wait_for_each_other_then_they_are_served_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=LIMIT)

    def meet(environ: Any, start_response: Any) -> Iterable[bytes]:
        both.wait()
        return Response("met")(environ, start_response)

    with LedgerServer(meet) as server, ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: ask(server), range(2))) == [b"met", b"met"]


@pytest.mark.parametrize("effect", ["drop_before", "drop_after"])
def test_given_a_fault_that_hangs_up_then_the_caller_gets_no_byte_and_the_server_goes_on(effect: str) -> None:
    app = FaultMiddleware(echo, Clock())
    app.faults.order(Fault.model_validate({"effect": effect}))
    with LedgerServer(app) as server:
        with pytest.raises((RemoteDisconnected, ConnectionResetError)):
            ask(server, "POST", "/", b"x" * 100_000)
        assert ask(server) == b"GET / 0"


def test_given_the_end_then_no_thread_is_left_of_idle_connections_or_delayed_answers() -> None:
    app = FaultMiddleware(echo, Clock())
    app.faults.order(Fault(effect="delay", delay_ms=600_000))
    before = set(threading.enumerate())
    server = LedgerServer(app)
    with ThreadPoolExecutor(1) as pool, socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT):
        with server:
            late = pool.submit(ask, server)
            while app.faults.waiting():
                threading.Event().wait(0.005)
        assert late.result(LIMIT) == b"GET / 0"

    assert [each for each in threading.enumerate() if each not in before] == []
    with pytest.raises(ConnectionRefusedError):
        ask(server)


def test_given_a_port_in_use_then_it_is_an_error_like_any_other() -> None:
    with LedgerServer(echo) as server, pytest.raises(OSError):
        LedgerServer(echo, server.port)


def test_each_ledger_goes_by_the_name_that_its_maker_uses() -> None:
    assert list(LEDGERS) == ["xero", "e-conomic", "business-central"]
