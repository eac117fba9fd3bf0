"""The faults between a caller and a ledger, and the control of them: what the caller sees, what the ledger did."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask, request
from flask.typing import ResponseReturnValue
from werkzeug.test import Client
from werkzeug.wrappers import Response

from ledger_simulators.base.faults import FaultMiddleware
from pleo_simulator.clock import Clock
from pleo_simulator.fault_queue import Fault

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def kept() -> list[bytes]:
    """What the ledger took in."""
    return []


@pytest.fixture
def ledger(kept: list[bytes]) -> Iterator[FaultMiddleware]:
    app = Flask("ledger")

    @app.post("/entries")
    def record() -> ResponseReturnValue:
        kept.append(request.get_data())
        return {"id": len(kept), "page": {"next": None}}

    yield FaultMiddleware(app, Clock(NINE))


def listed(answer: Response) -> Any:
    return answer.json


def post(ledger: FaultMiddleware, body: bytes = b"{}") -> Response:
    return Client(ledger).post("/entries", data=body, content_type="application/json")


def test_given_no_fault_then_request_and_answer_pass_unchanged(ledger: FaultMiddleware, kept: list[bytes]) -> None:
    answer = post(ledger, b'{"amount": 1}')

    assert (answer.status_code, answer.json) == (200, {"id": 1, "page": {"next": None}})
    assert kept == [b'{"amount": 1}']


@pytest.mark.parametrize(("effect", "entries"), [("drop_before", 0), ("drop_after", 1)])
def test_given_a_connection_that_breaks_off_then_the_ledger_did_the_work_only_if_it_broke_off_later(
    ledger: FaultMiddleware, kept: list[bytes], effect: str, entries: int
) -> None:
    ledger.faults.order(Fault.model_validate({"effect": effect}))

    with pytest.raises(ConnectionResetError):
        post(ledger)

    assert len(kept) == entries
    assert post(ledger).status_code == 200


def test_given_a_refusal_then_nothing_is_done_and_the_waiting_time_is_told(
    ledger: FaultMiddleware, kept: list[bytes]
) -> None:
    ledger.faults.order(Fault(effect="status", status=503))
    ledger.faults.order(Fault(effect="rate_limit", retry_after=7))

    unavailable, limited = post(ledger), post(ledger)

    assert (unavailable.status_code, unavailable.headers.get("Retry-After")) == (503, None)
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "7")
    assert kept == []


def test_given_the_ledgers_own_form_of_refusal_then_it_is_used(kept: list[bytes]) -> None:
    ledger = FaultMiddleware(Flask("ledger"), Clock(), lambda fault: Response("busy", fault.status))
    ledger.faults.order(Fault(effect="status", status=500))

    assert post(ledger).get_data() == b"busy"


def test_given_a_damaged_answer_then_the_work_is_done(ledger: FaultMiddleware, kept: list[bytes]) -> None:
    ledger.faults.order(Fault(effect="bad_json"))
    ledger.faults.order(Fault(effect="missing_field", field="page.next"))

    half, lacking = post(ledger), post(ledger)

    assert len(kept) == 2
    assert half.get_data() == b'{"id":1,"page":{"next":null}}\n'[:15]
    assert lacking.json == {"id": 2, "page": {}}


def test_given_a_fault_for_one_path_then_others_are_spared_and_the_log_tells_both(ledger: FaultMiddleware) -> None:
    ledger.faults.order(Fault(effect="status", path="/other"))

    assert post(ledger).status_code == 200
    assert Client(ledger).get("/other?page=2").status_code == 503
    assert [(each["path"], each["query"], each["status"], each["fault"]) for each in ledger.requests] == [
        ("/entries", "", 200, None),
        ("/other", "page=2", 503, "status"),
    ]


def test_given_the_control_api_then_faults_and_the_clock_are_set_over_http(ledger: FaultMiddleware) -> None:
    control = Client(ledger)

    assert control.post("/_sim/faults", json={"effect": "rate_limit", "retryAfter": 3, "count": 2}).status_code == 204
    assert [each["effect"] for each in listed(control.get("/_sim/faults"))] == ["rate_limit"]
    assert post(ledger).status_code == 429
    assert control.delete("/_sim/faults").status_code == 204
    assert post(ledger).status_code == 200
    assert control.post("/_sim/clock", json={"advanceSeconds": 90}).json == {"now": "2026-03-02T09:01:30.000Z"}
    assert control.get("/_sim/clock").json == {"now": "2026-03-02T09:01:30.000Z"}
    assert [each["status"] for each in listed(control.get("/_sim/requests"))] == [429, 200]
    assert control.delete("/_sim/requests").status_code == 204
    assert control.get("/_sim/requests").json == []


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/_sim/faults", {"effect": "smoke"}, "effect"),
        ("/_sim/faults", {"effect": "item_errors"}, "item_errors"),
        ("/_sim/clock", {"advanceSeconds": -1}, "advanceSeconds"),
    ],
)
def test_given_an_order_that_means_nothing_then_it_is_refused_with_what_is_wrong(
    ledger: FaultMiddleware, path: str, body: dict[str, object], named: str
) -> None:
    answer = Client(ledger).post(path, json=body)

    assert answer.status_code == 400
    assert named in answer.json["message"]  # type: ignore[index]
    assert ledger.faults.waiting() == []
