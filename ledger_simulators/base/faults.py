"""The faults of a ledger's simulator: those of the Pleo simulator, as WSGI middleware.

Ordered by `FaultMiddleware.faults.order(Fault(...))`, or over HTTP by `POST /_sim/faults`, as at Pleo.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from http import HTTPStatus
from io import BytesIO
from threading import Event
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from ledger_simulators.base.control_api import control_app
from pleo_simulator.clock import Clock, timestamp
from pleo_simulator.damaged_answers import half_of, without_field
from pleo_simulator.fault_queue import Fault, FaultQueue

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Json = dict[str, Any]
Refusal = Callable[[Fault], Response]
REQUESTS_KEPT = 10_000


class LedgerFaults(FaultQueue):
    """The queue of the faults that a ledger can have: all but `item_errors`, which only Pleo's updates can."""

    def order(self, fault: Fault) -> None:
        """Queue a fault. Raises ValueError for `item_errors`."""
        if fault.effect == "item_errors":
            raise ValueError("item_errors is a fault of Pleo; a ledger refuses a document for what is in it")
        super().order(fault)


def gateway_refusal(fault: Fault) -> Response:
    """Answer a fault `status` or `rate_limit` as a gateway does that stands in front of a ledger."""
    status = HTTPStatus.TOO_MANY_REQUESTS if fault.effect == "rate_limit" else HTTPStatus(fault.status)
    page = f"<html><head><title>{status} {status.phrase}</title></head></html>"
    answer = Response(page, status, content_type="text/html")
    if fault.retry_after is not None:
        answer.headers["Retry-After"] = str(fault.retry_after)
    return answer


class FaultMiddleware:
    """WSGI middleware, outermost: injects the queued faults, logs the requests, serves `/_sim`.

    `refusal` answers the faults `status` and `rate_limit` in the ledger's own form. Requests below `/_sim` are neither
    logged nor disturbed. `requests` is the log, the newest last.
    """

    def __init__(self, app: WSGIApplication, clock: Clock, refusal: Refusal = gateway_refusal) -> None:
        self._app = app
        self._refusal = refusal
        self._closed = Event()
        self.clock = clock
        self.faults = LedgerFaults()
        self.requests: deque[Json] = deque(maxlen=REQUESTS_KEPT)
        self._control = control_app(clock, self.faults, self.requests)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request. Raises ConnectionResetError where the fault is to hang up."""
        if environ["PATH_INFO"].startswith("/_sim"):
            return self._control(environ, start_response)
        fault = self.faults.take(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        # Read whole before anything else: a connection that is closed on unread bytes is reset, which clients report
        # in another way than an answer.
        environ["wsgi.input"] = BytesIO(body := _body(environ))
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        answer = self._answer(environ, fault)
        self._log(environ, answer, fault)
        if answer is None:
            raise ConnectionResetError("simulated fault")
        return answer(environ, start_response)

    def close(self) -> None:
        """End the delays that are under way, since the server is to stop."""
        self._closed.set()

    def _answer(self, environ: WSGIEnvironment, fault: Fault | None) -> Response | None:
        """Return None to hang up."""
        if fault is None:
            return Response.from_app(self._app, environ, buffered=True)
        if fault.delay_ms:
            self._closed.wait(fault.delay_ms / 1000)
        if fault.effect == "drop_before":
            return None
        if fault.effect in ("status", "rate_limit"):
            return self._refusal(fault)
        answer = Response.from_app(self._app, environ, buffered=True)
        if fault.effect == "bad_json":
            answer.set_data(half_of(answer.get_data()))
        elif fault.effect == "missing_field":
            answer.set_data(without_field(answer.get_data(), fault.field))
        return None if fault.effect == "drop_after" else answer

    def _log(self, environ: WSGIEnvironment, answer: Response | None, fault: Fault | None) -> None:
        self.requests.append(
            {
                "at": timestamp(self.clock.now()),
                "method": environ["REQUEST_METHOD"],
                "path": environ["PATH_INFO"],
                "query": environ.get("QUERY_STRING", ""),
                "status": None if answer is None else answer.status_code,
                "fault": None if fault is None else fault.effect,
            }
        )


def _body(environ: WSGIEnvironment) -> bytes:
    """Read what was sent: to its end if the server knows where that is, else as many bytes as announced."""
    source = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        return bytes(source.read())
    return bytes(source.read(int(environ.get("CONTENT_LENGTH") or 0)))
