"""The rows of the table in workflow/receive_webhook.py, through the function that API Gateway calls."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from local.pleo.deliveries import sign
from local.pleo.sample import HAVN, NORTHGATE
from tests.harness.town import WEBHOOK_SECRET, Town

JOB = "b1f0f1c4-6f5c-4d0e-9c57-0d6a6b3f7a10"
OTHER_SECRET = "whsec_" + base64.b64encode(b"another secret of 24 byte").decode()


def created(company: str = NORTHGATE, **changes: Any) -> bytes:
    event = {
        "eventType": "v1.export-job.created",
        "eventId": "5f8c4a0e-6a3b-4a55-9f8c-3f1d0a8a2f11",
        "data": {"id": JOB, "companyId": company, "status": "pending", "numberOfItems": 3},
    }
    return json.dumps({**event, **changes}).encode()


def headers(world: Town, body: bytes, secret: str = WEBHOOK_SECRET, age: float = 0) -> dict[str, str]:
    at = int((world.clock.now() - timedelta(seconds=age)).timestamp())
    return {
        "content-type": "application/json",
        "webhook-id": "msg_1",
        "webhook-timestamp": str(at),
        "webhook-signature": sign(secret, "msg_1", at, body),
    }


def deliver(world: Town, body: bytes, sent: Mapping[str, str], path: Any = None, binary: bool = False) -> int:
    """As API Gateway does, payload format 2.0."""
    event = {
        "version": "2.0",
        "routeKey": "POST /webhooks/pleo/{companyId}",
        "headers": dict(sent),
        "pathParameters": {"companyId": NORTHGATE} if path is None else path,
        "body": base64.b64encode(body).decode() if binary else body.decode(),
        "isBase64Encoded": binary,
    }
    return int(world.handlers["webhook"](event, None)["statusCode"])


@pytest.fixture
def northgate(world: Town) -> Town:
    world.connect(NORTHGATE)
    return world


WOKEN = [(NORTHGATE, {"companyId": NORTHGATE, "reason": "webhook"})]


@pytest.mark.parametrize("binary", [False, True])
def test_given_a_signed_event_of_a_new_job_when_it_arrives_then_its_company_is_woken(
    northgate: Town, binary: bool
) -> None:
    body = created()
    assert deliver(northgate, body, headers(northgate, body), binary=binary) == 202
    assert northgate.queued() == WOKEN


def test_given_a_body_that_is_not_ascii_when_it_arrives_then_its_bytes_are_what_was_signed(northgate: Town) -> None:
    body = json.dumps({**json.loads(created()), "note": "Café ☕"}, ensure_ascii=False).encode()
    assert deliver(northgate, body, headers(northgate, body)) == 202
    assert northgate.queued() == WOKEN


def test_given_header_names_and_a_path_in_other_case_when_an_event_arrives_then_it_counts_all_the_same(
    northgate: Town,
) -> None:
    company = "ABCDEFAB-1111-4111-8111-111111111111"
    northgate.connect(company.lower())
    body = created(company)
    sent = {name.title(): value for name, value in headers(northgate, body).items()}

    assert deliver(northgate, body, sent, path={"companyId": company}) == 202
    assert northgate.queued() == [(company.lower(), {"companyId": company.lower(), "reason": "webhook"})]


def test_given_the_same_event_twice_when_it_arrives_then_one_message_waits(northgate: Town) -> None:
    body = created()
    for _ in range(2):
        assert deliver(northgate, body, headers(northgate, body)) == 202
    assert northgate.queued() == WOKEN


@pytest.mark.parametrize(
    "path",
    [{"companyId": HAVN}, {}, {"companyId": ""}, {"companyId": "../connections"}, {"companyId": "x" * 5000}],
)
def test_given_an_address_of_no_connected_company_when_an_event_arrives_then_it_is_refused(
    northgate: Town, path: dict[str, str]
) -> None:
    body = created()
    assert deliver(northgate, body, headers(northgate, body), path=path) == 401
    assert northgate.queued() == []


def test_given_an_event_without_signature_when_it_arrives_then_it_is_refused(northgate: Town) -> None:
    assert deliver(northgate, created(), {}) == 401
    assert northgate.queued() == []


def test_given_an_event_signed_by_somebody_else_when_it_arrives_then_it_is_refused(northgate: Town) -> None:
    body = created()
    assert deliver(northgate, body, headers(northgate, body, OTHER_SECRET)) == 401
    assert northgate.queued() == []


def test_given_an_event_whose_body_was_changed_when_it_arrives_then_it_is_refused(northgate: Town) -> None:
    assert deliver(northgate, created(), headers(northgate, created() + b" ")) == 401
    assert northgate.queued() == []


@pytest.mark.parametrize(("age", "answer"), [(299, 202), (301, 401), (-301, 401)])
def test_given_a_signed_event_of_some_age_when_it_arrives_then_five_minutes_are_the_limit(
    northgate: Town, age: float, answer: int
) -> None:
    body = created()
    assert deliver(northgate, body, headers(northgate, body, age=age)) == answer
    assert len(northgate.queued()) == (answer == 202)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        created(eventType="v1.vendor.created"),
        created(data={"id": JOB}),
        created(company="northgate"),
        created(company=HAVN),
    ],
    ids=["empty", "cut off", "a list", "another event", "no company", "no uuid", "a company that is not connected"],
)
def test_given_a_signed_event_that_is_not_for_us_when_it_arrives_then_it_is_accepted_and_dropped(
    northgate: Town, body: bytes
) -> None:
    """Open question 20: a correctly signed event never gets a 4xx."""
    assert deliver(northgate, body, headers(northgate, body)) == 202
    assert northgate.queued() == []


def test_given_one_subscription_for_two_companies_when_an_event_arrives_then_the_company_in_it_is_woken(
    northgate: Town,
) -> None:
    northgate.connect(HAVN)
    body = created(HAVN)
    assert deliver(northgate, body, headers(northgate, body)) == 202
    assert northgate.queued() == [(HAVN, {"companyId": HAVN, "reason": "webhook"})]
