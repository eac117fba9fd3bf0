"""The simulator against Pleo's own OpenAPI documents: every operation, every declared answer, every field.

The documents are not part of this project. They are looked for in the folder PLEO_SPECS, else beside the checkout;
without them this module is skipped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from openapi_core import OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse
from openapi_core.exceptions import OpenAPIError

from pleo_simulator.clock import Clock
from pleo_simulator.demo import CANNOT_BE_BOOKED
from pleo_simulator.pleo_state import Company
from pleo_simulator.sample import NORTHGATE, demo_items, sample_items
from pleo_simulator.server import Simulator
from pleo_simulator.tests.contract_client import FOLDER, KEY, UNKNOWN, ContractClient, read_document

Json = dict[str, Any]

pytestmark = pytest.mark.enable_socket

EXPORT = FOLDER / "pleo-export-v3.openapi.yaml"
SUBSCRIPTIONS = FOLDER / "pleo-webhook-subscriptions.openapi.yaml"

if not (EXPORT.exists() and SUBSCRIPTIONS.exists()):
    pytest.skip("Pleo's OpenAPI documents are not here (PLEO_SPECS names their folder)", allow_module_level=True)

ITEMS = 25

NEVER_ANSWERED = {
    ("getSubscriptions", "500"),
    ("createSubscription", "500"),
    ("updateSubscription", "500"),
    ("deleteSubscription", "500"),
}
"""Faults of Pleo's own; the control API can be injected."""

NEVER_SEEN = {
    "SubscriptionModel.deletedAt",  # a deleted subscription is 404
    "SubscriptionModel.deletedBy",
}


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(clock=Clock(datetime(2026, 6, 30, 12, tzinfo=UTC))) as running:
        yield running


@pytest.fixture(scope="module")
def entry_ids(simulator: Simulator) -> list[str]:
    items = list(sample_items(NORTHGATE, ITEMS, seed=1))
    company = Company(NORTHGATE, "Northgate Studio Ltd", expenses={each["accountingEntryId"]: each for each in items})
    simulator.state.put_company(company)
    simulator.service.credentials.add_key(KEY, NORTHGATE)
    return [each["accountingEntryId"] for each in items]


@pytest.fixture(scope="module")
def export(simulator: Simulator, entry_ids: list[str]) -> ContractClient:
    """Every operation of the export document, with every answer that it declares."""
    pleo = ContractClient(read_document(EXPORT, simulator.url), simulator.url)
    create = {
        "companyId": NORTHGATE,
        "accountingEntryIds": entry_ids,
        "employeeId": UNKNOWN,
        "isInteractive": False,
        "options": {"vendorBasedBookkeeping": True},
    }
    simulator.state.company(NORTHGATE).contra_accounts = frozenset({"GBP"})
    pleo("POST", "/v3/export-jobs", json=create)
    simulator.state.company(NORTHGATE).contra_accounts = frozenset({"GBP", "EUR"})
    job = pleo("POST", "/v3/export-jobs", json=create)["data"]["id"]
    pleo("POST", "/v3/export-jobs", json=create)

    _read_everything(pleo, simulator, job, entry_ids)
    _report_everything(pleo, job, entry_ids)

    simulator.state.click_export(NORTHGATE)
    failing = pleo("GET", "/v3/export-jobs", params={"statuses": ["pending"]})["data"][0]["id"]
    pleo("POST", "/v3/export-job-events", json={"jobId": failing, "event": "started"})
    reason = {"failureReason": "Books are locked", "failureReasonType": "invalid_configuration"}
    pleo("POST", "/v3/export-job-events", json={"jobId": failing, "event": "failed", **reason})
    pleo("GET", f"/v3/export-jobs/{failing}", "/v3/export-jobs/{jobId}")
    simulator.state.click_export(NORTHGATE)
    simulator.service.clock.advance(timedelta(hours=1))
    pleo("GET", "/v3/export-jobs")
    return pleo


def _read_everything(pleo: ContractClient, simulator: Simulator, job: str, entry_ids: list[str]) -> None:
    pleo("GET", f"/v3/export-jobs/{job}", "/v3/export-jobs/{jobId}")
    pleo("GET", f"/v3/export-jobs/{UNKNOWN}", "/v3/export-jobs/{jobId}")
    pleo("GET", "/v3/export-jobs", params={"company_id": NORTHGATE, "statuses": ["pending", "in_progress"]})
    pleo("GET", "/v3/export-jobs", params={"sorting_keys": ["createdAt"], "sorting_order": ["ASC"], "offset": 0})

    items = "/v3/export-jobs/{jobId}/items"
    first = pleo("GET", f"/v3/export-jobs/{job}/items", items, params={"limit": 10, "status": "pending"})
    page = {"limit": 10, "after": first["pagination"]["endCursor"]}
    second = pleo("GET", f"/v3/export-jobs/{job}/items", items, params=page)
    pleo("GET", f"/v3/export-jobs/{job}/items", items, params={"before": second["pagination"]["startCursor"]})
    pleo("GET", f"/v3/export-jobs/{UNKNOWN}/items", items)

    everything = pleo("GET", "/v3/export-items", params={"job_id": job, "limit": 100})
    assert [each["accountingEntryId"] for each in everything["data"]] == entry_ids
    simulator.state.company(NORTHGATE).contra_accounts = frozenset({"GBP"})
    pleo("GET", "/v3/export-items", params={"job_id": job})
    simulator.state.company(NORTHGATE).contra_accounts = frozenset({"GBP", "EUR"})

    one = {"company_id": NORTHGATE, "accounting_entry_id": entry_ids[0]}
    pleo("GET", "/v3/export-job-items", params=one)
    pleo("GET", "/v3/export-job-items", params=one | {"accounting_entry_id": UNKNOWN})
    search = {"accountingEntryIds": entry_ids[:2], "status": "pending"}
    pleo("POST", "/v3/export-job-items:search", params={"company_id": NORTHGATE, "limit": 1}, json=search)


def _report_everything(pleo: ContractClient, job: str, entry_ids: list[str]) -> None:
    items = "/v3/export-jobs/{jobId}/items"
    pleo("POST", "/v3/export-job-events", json={"jobId": job, "event": "started"})
    failure = {
        "status": "failed",
        "failureReason": "Account 6999 is not in the books; change the category",
        "failureReasonType": "account_unknown",
    }
    success = {
        "status": "successful",
        "externalId": "JE-1",
        "externalUrl": "https://books.example.com/JE-1",
        "exportedAt": "2026-06-30T12:00:00Z",
    }
    reports = [{"accountingEntryId": entry_ids[0]} | failure]
    reports += [{"accountingEntryId": each} | success for each in entry_ids[1:]]
    answer = pleo(
        "PUT", f"/v3/export-jobs/{job}/items", items, json=[*reports, {"accountingEntryId": UNKNOWN} | success]
    )
    assert len(answer["data"]) == ITEMS
    assert [each["type"] for each in answer["errors"]] == ["ACCOUNTING_ENTRY_DOES_NOT_EXIST"]
    pleo("PUT", f"/v3/export-jobs/{UNKNOWN}/items", items, json=reports)
    pleo("PUT", f"/v3/export-jobs/{job}/items", items, json=[reports[0]] * 101)
    pleo("GET", f"/v3/export-jobs/{job}/items", items, params={"limit": 100})

    pleo("POST", "/v3/export-job-events", json={"jobId": job, "event": "completed_with_errors"})
    pleo("POST", "/v3/export-job-events", json={"jobId": job, "event": "started"})
    pleo("PUT", f"/v3/export-jobs/{job}/items", items, json=reports)
    pleo("GET", "/v3/export-items", params={"job_id": job})


@pytest.fixture(scope="module")
def subscriptions(simulator: Simulator, entry_ids: list[str]) -> ContractClient:
    """Every operation of the subscriptions document. Depends on `entry_ids` for the company and its key."""
    assert entry_ids
    pleo = ContractClient(read_document(SUBSCRIPTIONS, simulator.url), simulator.url)
    one = "/v1/subscriptions/{id}"
    body = {
        "endpointUrl": "https://example.com/webhook",
        "eventTypes": ["v1.export-job.created"],
        "customHeaders": {"x-team": "finance"},
        "endpointAuth": {"type": "BASIC", "credentials": {"username": "pleo", "password": "secret", "token": "t"}},
        "status": "INACTIVE",
    }
    made = pleo("POST", "/v1/subscriptions", json=body)["data"]["id"]
    pleo("POST", "/v1/subscriptions", json=body | {"eventTypes": ["v1.export.job-created"]})
    pleo("GET", f"/v1/subscriptions/{made}", one)
    pleo("GET", f"/v1/subscriptions/{made}/secret", one + "/secret")
    pleo("PUT", f"/v1/subscriptions/{made}", one, json=body | {"status": "ACTIVE"})
    pleo("PUT", f"/v1/subscriptions/{made}", one, json=body | {"endpointUrl": "nowhere"})
    pleo("PUT", f"/v1/subscriptions/{UNKNOWN}", one, json=body)
    pleo("GET", "/v1/subscriptions", params={"status": "ACTIVE", "event_types": ["v1.export-job.created"], "limit": 1})
    first = pleo("GET", "/v1/subscriptions", params={"sorting_keys": ["createdAt"], "sorting_order": ["DESC"]})
    pleo("GET", "/v1/subscriptions", params={"before": first["pagination"]["startCursor"]})
    pleo("GET", "/v1/subscriptions", params={"after": first["pagination"]["startCursor"]})
    pleo("GET", "/v1/subscriptions", params={"offset": 1})
    pleo("GET", f"/v1/subscriptions/{made}/activities", one + "/activities", params={"operation_types": ["CREATE"]})
    pleo("DELETE", f"/v1/subscriptions/{made}", one)
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/secret")):
        pleo(method, f"/v1/subscriptions/{made}{path}", one + path)
    pleo("GET", f"/v1/subscriptions/{UNKNOWN}/activities", one + "/activities")
    session = requests.Session()
    session.auth = (KEY, "")
    both = {"before": "A", "after": "A"}
    assert session.get(f"{simulator.url}/v1/subscriptions", params=both, timeout=10).status_code == 400
    pleo("GET", "/v1/subscriptions", params={"after": "A7"})
    return pleo


@pytest.mark.parametrize("name", ["export", "subscriptions"])
def test_every_operation_and_declared_answer_conforms_to_the_document(
    name: str, request: pytest.FixtureRequest
) -> None:
    pleo: ContractClient = request.getfixturevalue(name)
    declared = {
        (operation["operationId"], status)
        for methods in pleo.document["paths"].values()
        for operation in methods.values()
        for status in operation["responses"]
    }

    assert declared - pleo.answers == NEVER_ANSWERED & declared


@pytest.mark.parametrize("name", ["export", "subscriptions"])
def test_given_a_document_when_a_client_uses_all_of_it_then_every_field_was_exchanged(
    name: str, request: pytest.FixtureRequest
) -> None:
    pleo: ContractClient = request.getfixturevalue(name)
    declared = {
        f"{schema_name}.{field}"
        for schema_name, schema in pleo.document["components"]["schemas"].items()
        for field in schema.get("properties", {})
    }

    assert declared - pleo.fields == NEVER_SEEN & declared


def _sample_in_pages() -> Iterator[tuple[str, list[Json]]]:
    yield "demo", demo_items(NORTHGATE)
    yield "generated", list(sample_items(NORTHGATE, 200, seed=7))


def _validate_items(document: Json, items: list[Json]) -> None:
    answer = requests.Response()
    answer.status_code = 200
    answer.headers["Content-Type"] = "application/json;charset=UTF-8"
    pagination = {"currentRequestPagination": {"parameters": {}}, "hasNextPage": False, "hasPreviousPage": False}
    answer._content = json.dumps({"data": items, "pagination": pagination}).encode()
    request = requests.Request("GET", "http://pleo.test/v3/export-items", auth=(KEY, "")).prepare()
    OpenAPI.from_dict(document).validate_response(RequestsOpenAPIRequest(request), RequestsOpenAPIResponse(answer))


@pytest.mark.parametrize(("name", "items"), list(_sample_in_pages()), ids=("demo", "generated"))
def test_given_sample_data_when_checked_against_the_export_item_schema_then_all_of_it_is_valid(
    name: str, items: list[Json]
) -> None:
    document = read_document(EXPORT, "http://pleo.test")

    _validate_items(document, items)

    types = set(document["components"]["schemas"]["ExportItemTypeV3"]["enum"])
    sub_types = set(document["components"]["schemas"]["ExportItemSubTypeV3"]["enum"])
    assert {each["type"] for each in items} <= types
    assert {each["subType"] for each in items if "subType" in each} <= sub_types
    if name == "generated":
        assert {each["type"] for each in items} == types
        assert {each["subType"] for each in items if "subType" in each} == sub_types


def test_given_an_item_that_lacks_a_required_field_when_checked_then_it_is_refused() -> None:
    """The check above can fail."""
    spoiled = deepcopy(demo_items(NORTHGATE)[0])
    del spoiled["additionalInformation"]["reconciliationId"]

    with pytest.raises(OpenAPIError):
        _validate_items(read_document(EXPORT, "http://pleo.test"), [spoiled])


def test_the_demo_names_failures_that_pleo_knows() -> None:
    document = read_document(EXPORT, "http://pleo.test")

    assert set(CANNOT_BE_BOOKED.values()) <= set(
        document["components"]["schemas"]["ExportJobItemFailureReasonType"]["enum"]
    )
