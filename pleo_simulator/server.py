"""The simulator on a port of the loopback interface."""

from __future__ import annotations

import socket
import time
from threading import Thread
from types import TracebackType
from typing import Literal, Self

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from pleo_simulator.accounting_entries_api import accounting_entry_routes
from pleo_simulator.accounts_api import account_routes
from pleo_simulator.assumptions import Assumptions
from pleo_simulator.clock import Clock
from pleo_simulator.companies_api import company_routes
from pleo_simulator.control_api import control_routes
from pleo_simulator.errors import Refused, bad_request
from pleo_simulator.export_api import export_routes
from pleo_simulator.fault_middleware import FaultMiddleware
from pleo_simulator.http import PleoJson
from pleo_simulator.installations_api import installation_routes
from pleo_simulator.oauth import OAuthRefused
from pleo_simulator.oauth_api import oauth_routes
from pleo_simulator.page import page_routes
from pleo_simulator.pleo_state import PleoState
from pleo_simulator.sample import load_sample
from pleo_simulator.service import PleoService, build_service
from pleo_simulator.subscriptions_api import subscription_routes
from pleo_simulator.tags_api import tag_routes
from pleo_simulator.tax_codes_api import tax_code_routes
from pleo_simulator.vendors_api import vendor_routes

Data = Literal["sample", "empty"]
START_TIMEOUT = 10.0


def build_app(service: PleoService) -> ASGIApp:
    app = FastAPI(title="Pleo simulator", openapi_url=None)
    parts = (export_routes, accounting_entry_routes, subscription_routes, installation_routes, oauth_routes)
    lists = (tag_routes, account_routes, tax_code_routes, vendor_routes, company_routes)
    for routes in (*parts, *lists, control_routes, page_routes):
        app.include_router(routes(service))

    @app.exception_handler(Refused)
    def refused(_: Request, error: Refused) -> Response:
        content = {"type": error.error_type, "message": error.message}
        return PleoJson(content, error.status, headers=error.headers)

    @app.exception_handler(OAuthRefused)
    def oauth_refused(_: Request, error: OAuthRefused) -> Response:
        return JSONResponse({"error": error.error, "error_description": error.description}, error.status)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        return refused(request, bad_request(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"))

    @app.exception_handler(HTTPException)
    def unknown(request: Request, error: HTTPException) -> Response:
        name = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(error.status_code, "ERROR")
        return refused(request, Refused(error.status_code, name, str(error.detail)))

    return FaultMiddleware(app, service)


class Simulator:
    """`with Simulator() as sim:` serves on a free port (or `port`) of 127.0.0.1 until the block ends.

    `sim.url` is the address, `sim.state` the state, `sim.service` everything else. `clock` moves by
    `sim.service.clock.advance`; `seed` makes ids and secrets repeatable. On the address `also` it can be reached too.
    """

    def __init__(
        self,
        data: Data = "empty",
        port: int = 0,
        host: str = "127.0.0.1",
        clock: Clock | None = None,
        seed: int = 0,
        retry_scale: float = 1.0,
        assumptions: Assumptions | None = None,
        also: str | None = None,
    ) -> None:
        self.service = build_service(clock, seed, retry_scale, assumptions)
        if data == "sample":
            load_sample(self.service)
        self._sockets = [_bound(host, port)]
        if also not in (None, host):
            self._sockets.append(_bound(str(also), self.port))
        config = uvicorn.Config(
            build_app(self.service), log_level="critical", lifespan="off", ws="none", http="h11", loop="asyncio"
        )
        self._server = uvicorn.Server(config)
        self._thread = Thread(target=self._server.run, kwargs={"sockets": self._sockets}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://{self._sockets[0].getsockname()[0]}:{self.port}"

    @property
    def port(self) -> int:
        return int(self._sockets[0].getsockname()[1])

    @property
    def state(self) -> PleoState:
        return self.service.state

    def __enter__(self) -> Self:
        self._thread.start()
        self.service.deliveries.start()
        deadline = time.monotonic() + START_TIMEOUT
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the Pleo simulator did not start")
            time.sleep(0.005)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self.service.deliveries.stop()
        self._thread.join(START_TIMEOUT)
        for each in self._sockets:
            each.close()


def _bound(host: str, port: int) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((host, port))
    return made
