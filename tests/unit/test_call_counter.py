"""The requests of one call of a function are counted by the system that they go to."""

from __future__ import annotations

import json

import pytest
import requests

from pleo_export.accounting.http import AccountingTransport
from pleo_export.call_counter import CALLS
from pleo_export.pleo.errors import PleoUnauthorized
from pleo_simulator.fault_queue import Fault
from pleo_simulator.sample import NORTHGATE
from tests.system.expenses import purchases
from tests.system.in_process_system import InProcessSystem
from tests.system.log import logged


class Answers(requests.adapters.BaseAdapter):
    """Answers with these statuses, one after the other; None is no answer."""

    def __init__(self, *statuses: int | None) -> None:
        super().__init__()
        self._statuses = list(statuses)

    def send(self, request: requests.PreparedRequest, **_: object) -> requests.Response:  # type: ignore[override]
        status = self._statuses.pop(0)
        if status is None:
            raise requests.ReadTimeout
        answer = requests.Response()
        answer.status_code, answer._content, answer.request = status, b"{}", request
        return answer

    def close(self) -> None:
        pass


def test_a_ledger_s_answers_refusals_and_silence_are_counted() -> None:
    transport = AccountingTransport("Tryton", "https://books.test", {}, sleep=lambda _: None)
    transport._session.mount("https://books.test", Answers(200, 429, None, 200))
    CALLS.take()

    transport.write("POST", "/one")
    transport.write("POST", "/two")
    transport.read("GET", "/three")

    calls = CALLS.take()["tryton"]
    assert (calls.number, calls.throttled, calls.unanswered) == (4, 1, 1)
    assert 0 <= calls.slowest <= calls.seconds
    assert CALLS.take() == {}


def test_a_function_writes_its_requests_at_its_end_and_the_next_call_begins_from_0(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, purchases(1))
    system.export(NORTHGATE)
    system.service.faults.order(Fault(effect="rate_limit", retry_after=1))

    with logged() as log:
        system.wake(NORTHGATE)
        system.wake(NORTHGATE)  # busy: asks Pleo nothing

    (line,) = [each for each in map(json.loads, log.getvalue().splitlines()) if each["message"] == "calls"]
    assert (line["system"], line["calls"], line["throttled"], line["unanswered"]) == ("pleo", 2, 1, 0)
    assert line["company_id"] == NORTHGATE


def test_a_function_that_fails_writes_its_requests_too(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, purchases(1))
    system.service.faults.order(Fault(effect="status", status=401, count=5))

    with logged() as log, pytest.raises(PleoUnauthorized):
        system.wake(NORTHGATE)

    assert [each["calls"] for each in map(json.loads, log.getvalue().splitlines()) if each["message"] == "calls"] == [1]
