"""A real connector before its ledger's simulator, in this process: no socket, no pause, and a crossing between them.

Each address `https://<host>.test` is one ledger; `ledgers_in_process()` takes the place of the network for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

from ledger_simulators.base.known import LEDGERS, sample_ledger
from pleo_export.accounting.http import AccountingTransport
from pleo_export.accounting.kept_lists import forget_all_lists
from pleo_export.accounting.port import AccountingSystem
from pleo_export.accounting.registry import CONNECTORS
from pleo_export.accounting.settings import AccountingSettings
from pleo_export.call_budget import CallBudget
from pleo_export.function_time import TimeLeft
from pleo_export.http.session import IsolatedSession
from pleo_export.number_sequence import NumberSequence
from pleo_simulator.clock import Clock
from tests.system.fake_network import Answer, Crossing, Request
from tests.system.held_documents import Held
from tests.system.ledger_faces.face import LedgerFace
from tests.system.wsgi_adapter import WsgiAdapter, session_through, straight

_HOSTS: dict[str, LedgerInProcess] = {}


def ready() -> list[str]:
    """Return the ledgers that have both a connector and a simulator."""
    return [name for name in LEDGERS if name in CONNECTORS and find_spec(f"ledger_simulators.{LEDGERS[name]}.app")]


def face_of(name: str) -> LedgerFace:
    """Return how tests look into the ledger of that name."""
    face: LedgerFace = import_module(f"tests.system.ledger_faces.{LEDGERS[name]}").FACE
    return face


@dataclass
class LedgerInProcess:
    """One company's ledger. `host` tells it from others; `sleep` is called instead of pausing."""

    name: str
    host: str
    clock: Clock
    crossing: Crossing = straight
    sleep: Callable[[float], None] = lambda seconds: None
    jitter: Callable[[], float] = lambda: 1.0
    reading: bool = field(default=False, init=False)  # whether the request under way only reads

    def __post_init__(self) -> None:
        self.face = face_of(self.name)
        self.ledger: Any = sample_ledger(self.name, self.clock)
        app = import_module(f"ledger_simulators.{LEDGERS[self.name]}.app").create_app(self.ledger, self.clock)
        app.testing = True  # a defect of the simulator fails the test, and is no answer 500
        self.adapter = WsgiAdapter(app, self._cross)
        _HOSTS[urlsplit(self.url).netloc] = self
        forget_all_lists()  # of a ledger that had this address in another test

    @property
    def url(self) -> str:
        """The address that goes into the company's settings."""
        return f"https://{self.host}.test"

    @property
    def connection(self) -> Mapping[str, Any]:
        """The settings of a company that is connected to it."""
        return self.face.profile.connection(self.ledger, self.url)

    @property
    def secret(self) -> Mapping[str, str]:
        """What the ledger lets us in with."""
        return self.face.profile.secret(self.ledger)

    def connect(self, time_left: TimeLeft, budget: CallBudget, numbers: NumberSequence | None) -> AccountingSystem:
        """Return a connector that has looked nothing up yet."""
        settings = self._settings()
        return CONNECTORS[settings.name].connect(settings, self.secret, time_left, budget, numbers)

    def documents(self) -> Sequence[Held]:
        """Return all that carry a reference of ours."""
        return self.face.documents(self.ledger)

    def _cross(self, request: Request, forward: Callable[[], Answer]) -> Answer:
        """Look up the crossing at each request: it may be replaced at any time."""
        return self.crossing(request, forward)

    def _settings(self) -> AccountingSettings:
        given = self.connection["accounting_system"]
        return CONNECTORS[given["name"]].settings.model_validate(given)


@contextmanager
def ledgers_in_process() -> Iterator[None]:
    """Lead every connector's requests to a ledger of this process, by the host of its address."""
    usual, read = AccountingTransport.__init__, AccountingTransport.read

    def made(self: AccountingTransport, system: str, base_url: str, headers: Any, **options: Any) -> None:
        ledger = _HOSTS[urlsplit(base_url).netloc]
        options |= {"session": session_through(ledger.adapter, IsolatedSession())}
        options |= {"sleep": ledger.sleep, "jitter": ledger.jitter}
        self._in_process = ledger  # type: ignore[attr-defined]
        usual(self, system, base_url, headers, **options)

    def only_read(self: AccountingTransport, *given: Any, **options: Any) -> Any:
        ledger: LedgerInProcess = self._in_process  # type: ignore[attr-defined]
        before, ledger.reading = ledger.reading, True
        try:
            return read(self, *given, **options)
        finally:
            ledger.reading = before

    with (
        mock.patch.object(AccountingTransport, "__init__", made),
        mock.patch.object(AccountingTransport, "read", only_read),
    ):
        try:
            yield
        finally:
            _HOSTS.clear()
