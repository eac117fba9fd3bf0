"""What the counters count."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.performance.counting import emulator
from tests.performance.counting.door import name_of
from tests.performance.runs.naive import beyond_state


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    emulator.dynamodb.clear()
    yield
    emulator.dynamodb.clear()


def answering(units: float | None, status: int = 200) -> Any:
    asked: list[dict[str, Any]] = []

    def work(data: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        asked.append(data)
        body: dict[str, Any] = {} if units is None else {"ConsumedCapacity": {"CapacityUnits": units}}
        return status, {}, json.dumps(body | {"Attributes": "é"}).encode()

    work.asked = asked  # type: ignore[attr-defined]
    return work


def test_requests_are_named_without_ids_and_query() -> None:
    path = "/v3/export-jobs/1f0e9f3a-2a1c-4a6e-9a8f-0d6a6b3f7a10/items?limit=100"

    assert name_of("GET", path) == "GET /v3/export-jobs/{id}/items"
    assert name_of("POST", "/books/rest/model/account.move/17/post") == "POST /books/rest/model/account.move/{id}/post"


def test_an_operation_is_named_by_its_target_or_by_who_signed_for_what() -> None:
    signed = {"authorization": "AWS4-HMAC-SHA256 Credential=test/20261127/eu-west-1/s3/aws4_request, SignedHeaders=a"}

    assert emulator.operation_of("POST", "/", {"x-amz-target": "AmazonSQS.SendMessage"}) == ("sqs", "SendMessage")
    assert emulator.operation_of("PUT", "/bucket/key", signed) == ("s3", "PUT")
    assert emulator.operation_of("POST", "/_aws/execute-api/a/$default/x", {}) == ("apigateway", "POST")


def test_units_are_those_that_the_answer_names_and_the_caller_does_not_see_them() -> None:
    work = answering(2.0)

    _, _, body = emulator.counted("PutItem", work)({"Item": {}})

    assert work.asked[0]["ReturnConsumedCapacity"] == "TOTAL"
    assert emulator.dynamodb == {"items written": 1, "write units": 2.0}
    assert json.loads(body) == {"Attributes": "é"}


def test_a_write_that_is_refused_is_paid_for_as_well() -> None:
    items: dict[str, Any] = {"TransactItems": [{"Put": {}}, {"Put": {}}, {"ConditionCheck": {}}]}

    emulator.counted("TransactWriteItems", answering(None, 400))(items)

    assert emulator.dynamodb == {"items written": 2, "write units": 4}


def test_reads_write_nothing() -> None:
    emulator.counted("Query", answering(0.5))({})

    assert emulator.dynamodb["read units"] == 0.5
    assert emulator.dynamodb["items written"] == 0


def test_a_state_beyond_256_kilobytes_is_noticed() -> None:
    event = {"type": "TaskSucceeded", "taskSucceededEventDetails": {"output": "x" * 256 * 1024}}

    assert beyond_state([event]) is None
    event["taskSucceededEventDetails"]["output"] += "x"  # type: ignore[index]
    assert beyond_state([event]) == "256 KB of state, of 256 KB"
