"""The ledgers that have a simulator, and how one is built and served.

A package of `ledger_simulators` has `sample.py` with `sample_ledger(clock)`, and `app.py` with
`create_app(ledger, clock)`; where its own refusals matter, `app.py` has `refusal(fault)` too, which answers the faults
`status` and `rate_limit` in the vendor's form.
"""

from __future__ import annotations

from importlib import import_module
from types import TracebackType
from typing import Any, Self

from ledger_simulators.base.faults import FaultMiddleware, gateway_refusal
from ledger_simulators.base.server import LedgerServer
from pleo_simulator.clock import Clock

LEDGERS = {"xero": "xero", "e-conomic": "economic", "business-central": "business_central"}


def sample_ledger(name: str, clock: Clock) -> Any:
    """Return a fresh ledger with the sample's chart. Raises KeyError for a ledger without a simulator."""
    return import_module(f"ledger_simulators.{LEDGERS[name]}.sample").sample_ledger(clock)


def create_app(name: str, ledger: Any, clock: Clock) -> FaultMiddleware:
    """Return the application that serves the ledger, with its faults around it. Raises as `sample_ledger` does."""
    module = import_module(f"ledger_simulators.{LEDGERS[name]}.app")
    return FaultMiddleware(module.create_app(ledger, clock), clock, getattr(module, "refusal", gateway_refusal))


class LedgerSimulator:
    """`with LedgerSimulator("xero") as simulator:` serves a ledger until the block ends.

    `ledger` is what it holds, to be read and changed directly: the sample, unless another is given. `faults` orders
    faults; `clock.advance` moves its time.
    """

    def __init__(
        self, name: str, port: int = 0, host: str = "127.0.0.1", clock: Clock | None = None, ledger: Any = None
    ) -> None:
        self.name = name
        self.clock = clock or Clock()
        self.ledger = sample_ledger(name, self.clock) if ledger is None else ledger
        self.app = create_app(name, self.ledger, self.clock)
        self.faults = self.app.faults
        self._server = LedgerServer(self.app, port, host)

    @property
    def url(self) -> str:
        """The address, without a slash at its end; the page for people is there."""
        return self._server.url

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)
