"""What the simulation's faults are on the wire to a ledger, for a connector that only sees requests and answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest
import requests
from flask import Flask

from pleo_export.accounting.errors import (
    AuthenticationFailed,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
)
from pleo_export.http.delivery import not_sent
from pleo_export.http.session import IsolatedSession
from pleo_simulator.clock import Clock
from tests.simulation.fault_injection import FaultInjector, FunctionCall
from tests.simulation.simulated_connector import ConnectedLedger
from tests.system.effects import Killed
from tests.system.fake_accounting import NoProof
from tests.system.fake_network import Answer
from tests.system.held_documents import Held
from tests.system.in_process_system import NOON
from tests.system.wsgi_adapter import WsgiAdapter, session_through

ENTRY = "0e000000-1111-4111-8111-111111111111"


class OneFault(FaultInjector):
    """Raises an error at a moment, instead of drawing one."""

    def __init__(self, moment: str = "", error: BaseException | None = None) -> None:
        super().__init__(Random(0), Clock(NOON))
        self.calls.append(FunctionCall("record_items", "company", "job-1", None, NOON + timedelta(minutes=4)))
        self.planned, self.moments = (moment, error), []  # type: tuple[str, BaseException | None], list[str]

    def before(self, effect: str) -> None:
        self._at(f"before {effect}")

    def after(self, effect: str) -> None:
        self._at(f"after {effect}")

    def _at(self, moment: str) -> None:
        self.moments.append(moment)
        planned, error = self.planned
        if error is not None and moment.startswith(planned):
            raise error


class SmallLedger:
    """Stands for a ledger in this process: it counts what it took."""

    def __init__(self) -> None:
        self.reading = False
        self.crossing: Any = None
        self.sleep: Any = None
        self.jitter: Any = None
        self.face: Any = self
        self.held: list[Held] = []
        self.app = Flask("small")

        @self.app.post("/entries")
        def record() -> dict[str, int]:
            self.held.append(held(str(len(self.held))))
            return {"entries": len(self.held)}

    def documents(self) -> list[Held]:
        return list(self.held)

    def refused(self, _: Any) -> Answer:
        return Answer(400, [("Content-Type", "application/json")], b'{"reason": "its own words"}')


def held(id_: str) -> Any:
    return type("Document", (), {"id": id_, "contents": (), "reference": f"pleo:{ENTRY}"})()


@pytest.fixture
def ledger() -> Iterator[SmallLedger]:
    yield SmallLedger()


def send(ledger: SmallLedger, injector: FaultInjector, body: bytes = b"{}") -> requests.Response:
    connected = ConnectedLedger(ledger, injector)  # type: ignore[arg-type]
    connected.poisonous.add("poison")
    session = session_through(WsgiAdapter(ledger.app, ledger.crossing), IsolatedSession())
    with connected.during("record_many"):
        return session.post("https://ledger.test/entries", data=body)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RateLimited("slow down", retry_after=30), 429),
        (AuthenticationFailed("no"), 401),
        (PermissionDenied("no"), 403),
        (NoProof("503"), 503),
        (NoProof("429 of a gateway"), 429),
    ],
)
@pytest.mark.parametrize("moment", ["before books record", "after books record"])
def test_given_a_fault_that_is_an_answer_then_the_ledger_did_the_work_only_before_it(
    ledger: SmallLedger, error: Exception, status: int, moment: str
) -> None:
    answer = send(ledger, OneFault(moment, error))

    assert answer.status_code == status
    assert len(ledger.held) == moment.startswith("after")


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (OutcomeUnknown("?"), requests.ReadTimeout),
        (NoProof("an empty answer"), requests.ConnectionError),
        (Unavailable("away"), requests.ConnectionError),
        (ValueError("what nobody foresaw"), ValueError),
        (Killed(), Killed),
    ],
)
def test_given_a_fault_that_leaves_no_answer_then_the_connector_sees_what_a_network_shows(
    ledger: SmallLedger, error: BaseException, raised: type[BaseException]
) -> None:
    with pytest.raises(raised) as seen:
        send(ledger, OneFault("before books record", error))

    assert not_sent(seen.value) == isinstance(error, Unavailable)  # type: ignore[arg-type]
    assert ledger.held == []


def test_given_a_refusal_before_the_work_then_it_is_the_ledgers_own(ledger: SmallLedger) -> None:
    answer = send(ledger, OneFault("before books record", Rejected("no")))

    assert (answer.status_code, answer.json(), ledger.held) == (400, {"reason": "its own words"}, [])


def test_given_a_refusal_after_the_work_then_the_answer_is_lost_since_no_api_refuses_what_it_did(
    ledger: SmallLedger,
) -> None:
    with pytest.raises(requests.ReadTimeout):
        send(ledger, OneFault("after books record", Rejected("no")))

    assert len(ledger.held) == 1


def test_given_a_cut_off_answer_then_it_breaks_off_while_it_is_read(ledger: SmallLedger) -> None:
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        send(ledger, OneFault("after books record", NoProof("a cut-off answer")))

    assert len(ledger.held) == 1


def test_given_a_poisonous_entry_then_the_connector_fails_as_nobody_foresaw(ledger: SmallLedger) -> None:
    with pytest.raises(ValueError, match="foresaw"):
        send(ledger, OneFault(), b'{"text": "POISON"}')

    assert ledger.held == []


def test_given_a_request_that_stays_under_way_then_it_arrives_later_and_counts_for_its_job(
    ledger: SmallLedger,
) -> None:
    injector, later = OneFault(), []
    injector.rate, injector.left = 1.0, 1
    injector.random.seed(1)  # its function is not killed
    injector.later = lambda seconds, what, do: later.append(do)

    answer = send(ledger, injector)
    assert (answer.status_code, len(ledger.held)) == (503, 0)
    later[0]()
    assert len(ledger.held) == 1


def test_given_a_request_then_its_effect_is_named_for_what_the_port_is_asked(ledger: SmallLedger) -> None:
    injector = OneFault()

    send(ledger, injector)
    ledger.reading = True
    send(ledger, injector)

    assert injector.moments[::2] == ["before books record POST /entries", "before books read POST /entries"]
