"""The simulator of e-conomic takes new suppliers as its old API does."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger_simulators.economic.app import create_app
from ledger_simulators.economic.ledger import APP_SECRET, GRANT
from ledger_simulators.economic.sample import sample_ledger
from pleo_simulator.clock import Clock

HEADERS = {"X-AppSecretToken": APP_SECRET, "X-AgreementGrantToken": GRANT}
SUPPLIER = {
    "name": "Harbour Print",
    "currency": "GBP",
    "supplierGroup": {"supplierGroupNumber": 1},
    "paymentTerms": {"paymentTermsNumber": 1},
    "vatZone": {"vatZoneNumber": 1},
}


@pytest.fixture
def client() -> FlaskClient:
    clock = Clock()
    app = create_app(sample_ledger(clock), clock)
    app.testing = True
    return app.test_client()


def added(client: FlaskClient, **changes: Any) -> Any:
    sent = {name: value for name, value in {**SUPPLIER, **changes}.items() if value is not None}
    return client.post("/suppliers", json=sent, headers=HEADERS)


def test_a_supplier_gets_the_next_number_or_the_one_that_is_sent_once(client: FlaskClient) -> None:
    assert added(client).get_json()["supplierNumber"] == 9006
    assert added(client, supplierNumber=900_000_001).status_code == 201
    assert added(client, supplierNumber=900_000_001).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"name": None},
        {"currency": None},
        {"paymentTerms": None},
        {"vatZone": {"vatZoneNumber": 99}},
        {"supplierGroup": {"supplierGroupNumber": 99}},
        {"name": "n" * 256},
        {"supplierNumber": 1_000_000_000},
        {"vatNumber": "GB1"},
    ],
    ids=str,
)
def test_what_is_missing_unknown_or_too_long_is_refused(client: FlaskClient, change: dict[str, Any]) -> None:
    answer = added(client, **change)
    assert (answer.status_code, answer.get_json()["errorCode"]) == (400, "E04300")
