"""The rows of the table in workflow/receive_webhook.py, through the function that API Gateway calls."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from pleo_export.errors import TryAgain
from pleo_export.store.secrets import Secrets
from pleo_simulator.deliveries import sign
from pleo_simulator.sample import HAVN, NORTHGATE
from tests.system.aws import client
from tests.system.in_process_system import WEBHOOK_SECRET, WEBHOOK_TOKEN, InProcessSystem

JOB = "b1f0f1c4-6f5c-4d0e-9c57-0d6a6b3f7a10"
OTHER_SECRET = "whsec_" + base64.b64encode(b"another secret of 24 byte").decode()
OTHER_TOKEN = "another-token"


def created(company: str = NORTHGATE, **changes: Any) -> bytes:
    event = {
        "eventType": "v1.export-job.created",
        "eventId": "5f8c4a0e-6a3b-4a55-9f8c-3f1d0a8a2f11",
        "data": {"id": JOB, "companyId": company, "status": "pending", "numberOfItems": 3},
    }
    return json.dumps({**event, **changes}).encode()


def headers(
    system: InProcessSystem, body: bytes, secret: str = WEBHOOK_SECRET, age: float = 0, message_id: str = "msg_1"
) -> dict[str, str]:
    at = int((system.clock.now() - timedelta(seconds=age)).timestamp())
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": sign(secret, message_id, at, body),
    }


def api_event(body: bytes, sent: Mapping[str, str], path: Any = None, binary: bool = False) -> dict[str, Any]:
    """As API Gateway makes it, payload format 2.0."""
    return {
        "version": "2.0",
        "routeKey": "POST /webhooks/pleo/{companyId}",
        "headers": dict(sent),
        "pathParameters": {"companyId": NORTHGATE} if path is None else path,
        "body": base64.b64encode(body).decode() if binary else body.decode(),
        "isBase64Encoded": binary,
    }


def deliver(
    system: InProcessSystem, body: bytes, sent: Mapping[str, str], path: Any = None, binary: bool = False
) -> int:
    return int(system.handlers["webhook"](api_event(body, sent, path, binary), None)["statusCode"])


def replace_secrets(system: InProcessSystem, company_id: str, **changes: Any) -> None:
    """As `pleo-export connect` does; a company that is not connected yet is."""
    if system.services.connections.get(company_id) is None:
        system.connect(company_id)
    secret = {"SecretId": f"test-stack/connections/{company_id}"}
    stored = json.loads(client("secretsmanager").get_secret_value(**secret)["SecretString"])
    client("secretsmanager").put_secret_value(**secret, SecretString=json.dumps({**stored, **changes}))


@pytest.fixture
def northgate(system: InProcessSystem) -> InProcessSystem:
    system.connect(NORTHGATE)
    return system


WOKEN = [(NORTHGATE, {"companyId": NORTHGATE, "reason": "webhook"})]


@pytest.mark.parametrize("binary", [False, True])
def test_given_a_signed_event_of_a_new_job_when_it_arrives_then_its_company_is_woken(
    northgate: InProcessSystem, binary: bool
) -> None:
    body = created()
    assert deliver(northgate, body, headers(northgate, body), binary=binary) == 202
    assert northgate.queued() == WOKEN


def test_given_a_body_that_is_not_ascii_when_it_arrives_then_its_bytes_are_what_was_signed(
    northgate: InProcessSystem,
) -> None:
    body = json.dumps({**json.loads(created()), "note": "Café ☕"}, ensure_ascii=False).encode()
    assert deliver(northgate, body, headers(northgate, body)) == 202
    assert northgate.queued() == WOKEN


def test_header_names_and_the_path_may_be_in_any_case(
    northgate: InProcessSystem,
) -> None:
    company = "ABCDEFAB-1111-4111-8111-111111111111"
    northgate.connect(company.lower())
    body = created(company)
    sent = {name.title(): value for name, value in headers(northgate, body).items()}

    assert deliver(northgate, body, sent, path={"companyId": company}) == 202
    assert northgate.queued() == [(company.lower(), {"companyId": company.lower(), "reason": "webhook"})]


def test_given_the_same_message_twice_when_it_arrives_then_one_wake_up_waits(northgate: InProcessSystem) -> None:
    """`webhook-id` stays the same over Pleo's retries; the timestamp does not."""
    body = created()
    for age in (30, 0):
        assert deliver(northgate, body, headers(northgate, body, age=age)) == 202
    assert northgate.queued() == WOKEN


def test_given_two_messages_of_one_body_when_they_arrive_then_both_wake(northgate: InProcessSystem) -> None:
    body = created()
    for message_id in ("msg_1", "msg_2"):
        assert deliver(northgate, body, headers(northgate, body, message_id=message_id)) == 202
    assert northgate.queued() == 2 * WOKEN


def test_given_one_message_id_at_two_companies_when_both_arrive_then_both_are_woken(northgate: InProcessSystem) -> None:
    northgate.connect(HAVN)
    for company in (NORTHGATE, HAVN):
        body = created(company)
        assert deliver(northgate, body, headers(northgate, body), path={"companyId": company}) == 202
    assert {company for company, _ in northgate.queued()} == {NORTHGATE, HAVN}


@pytest.mark.parametrize("message_id", ["x" * 5000, "msg 1", "msg/1?a=b", "'\"<>{}~", "0", "webhook-1"])
def test_given_a_message_id_that_no_queue_takes_then_its_company_is_woken_once(
    northgate: InProcessSystem, message_id: str
) -> None:
    body = created()
    for _ in range(2):
        assert deliver(northgate, body, headers(northgate, body, message_id=message_id)) == 202
    assert northgate.queued() == WOKEN


def test_given_an_event_without_an_event_id_when_it_arrives_then_it_counts_all_the_same(
    northgate: InProcessSystem,
) -> None:
    body = created(eventId=None)
    assert deliver(northgate, body, headers(northgate, body)) == 202
    assert northgate.queued() == WOKEN


@pytest.mark.parametrize(
    "path",
    [{"companyId": HAVN}, {}, {"companyId": ""}, {"companyId": "../connections"}, {"companyId": "x" * 5000}],
)
def test_given_an_address_of_no_connected_company_when_an_event_arrives_then_it_is_refused(
    northgate: InProcessSystem, path: dict[str, str]
) -> None:
    body = created()
    assert deliver(northgate, body, headers(northgate, body), path=path) == 401
    assert northgate.queued() == []


def test_given_an_event_without_signature_when_it_arrives_then_it_is_refused(northgate: InProcessSystem) -> None:
    assert deliver(northgate, created(), {}) == 401
    assert northgate.queued() == []


def test_given_an_event_signed_by_somebody_else_when_it_arrives_then_it_is_refused(northgate: InProcessSystem) -> None:
    body = created()
    assert deliver(northgate, body, headers(northgate, body, OTHER_SECRET)) == 401
    assert northgate.queued() == []


def test_given_an_event_whose_body_was_changed_when_it_arrives_then_it_is_refused(northgate: InProcessSystem) -> None:
    assert deliver(northgate, created(), headers(northgate, created() + b" ")) == 401
    assert northgate.queued() == []


@pytest.mark.parametrize(("age", "answer"), [(299, 202), (301, 401), (-301, 401)])
def test_given_a_signed_event_of_some_age_when_it_arrives_then_five_minutes_are_the_limit(
    northgate: InProcessSystem, age: float, answer: int
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
    northgate: InProcessSystem, body: bytes
) -> None:
    """Open question 20: a correctly signed event never gets a 4xx."""
    assert deliver(northgate, body, headers(northgate, body)) == 202
    assert northgate.queued() == []


def test_given_a_signed_event_of_another_connected_company_when_it_arrives_then_nobody_is_woken(
    northgate: InProcessSystem,
) -> None:
    """One company's secret never opens another's."""
    northgate.connect(HAVN)
    body = created(HAVN)
    assert deliver(northgate, body, headers(northgate, body)) == 202
    assert northgate.queued() == []


def test_given_another_company_s_secret_when_it_signs_then_it_is_refused(northgate: InProcessSystem) -> None:
    replace_secrets(northgate, HAVN, webhook_secrets=[OTHER_SECRET])
    body = created()
    assert deliver(northgate, body, headers(northgate, body, OTHER_SECRET)) == 401
    assert northgate.queued() == []


def test_given_an_unconnected_company_then_the_answer_is_that_of_a_wrong_signature(
    northgate: InProcessSystem,
) -> None:
    body = created()
    event = api_event(body, headers(northgate, body, OTHER_SECRET))
    answers = [
        northgate.handlers["webhook"]({**event, "pathParameters": {"companyId": company}}, None)
        for company in (NORTHGATE, HAVN)
    ]
    assert answers == 2 * [{"statusCode": 401}]


# What the settings demand


BASIC = {"authorization": "Basic " + base64.b64encode(f"pleo:{WEBHOOK_TOKEN}".encode()).decode()}
HEADER = {"x-pleo-export-token": WEBHOOK_TOKEN}


@pytest.mark.parametrize(("demanded", "proof"), [("basic", BASIC), ("header", HEADER)])
def test_given_the_required_token_then_the_company_is_woken_once_per_message(
    system: InProcessSystem, demanded: str, proof: dict[str, str]
) -> None:
    system.connect(NORTHGATE, webhook_authentication=demanded)
    for sent in (proof, proof, {**proof, "webhook-id": "msg_1"}, {**proof, "webhook-id": "msg_1"}):
        assert deliver(system, created(), sent) == 202
    assert system.queued() == 2 * WOKEN


@pytest.mark.parametrize("demanded", ["signature", "basic", "header"])
def test_given_any_demand_when_nothing_or_another_proof_comes_then_it_is_refused(
    system: InProcessSystem, demanded: str
) -> None:
    system.connect(NORTHGATE, webhook_authentication=demanded)
    body = created()
    proofs = {"signature": headers(system, body), "basic": BASIC, "header": HEADER}
    others = [proof for name, proof in proofs.items() if name != demanded]
    for sent in ({}, *others, others[0] | others[1]):
        assert deliver(system, body, sent) == 401
    assert system.queued() == []


@pytest.mark.parametrize("demanded", ["basic", "header"])
@pytest.mark.parametrize("token", ["", "None", "undefined"])
def test_given_a_secret_without_tokens_when_one_is_demanded_then_nobody_gets_in(
    system: InProcessSystem, demanded: str, token: str
) -> None:
    system.connect(NORTHGATE, webhook_authentication=demanded)
    replace_secrets(system, NORTHGATE, webhook_tokens=[])
    basic = base64.b64encode(f"pleo:{token}".encode()).decode()
    sent = {"authorization": f"Basic {basic}", "x-pleo-export-token": token}
    assert deliver(system, created(), sent) == 401


@pytest.mark.parametrize(("demanded", "proof"), [("signature", None), ("basic", BASIC), ("header", HEADER)])
def test_given_secrets_just_replaced_then_the_new_ones_are_known_within_seconds(
    system: InProcessSystem, demanded: str, proof: dict[str, str] | None
) -> None:
    system.connect(NORTHGATE, webhook_authentication=demanded)
    replace_secrets(system, NORTHGATE, webhook_tokens=[OTHER_TOKEN], webhook_secrets=[OTHER_SECRET])
    now = [0.0]
    system.services.secrets = Secrets(client("secretsmanager"), clock=lambda: now[0])
    body = created()
    sent = proof or headers(system, body)
    assert deliver(system, body, sent) == 401

    replace_secrets(system, NORTHGATE, webhook_tokens=[WEBHOOK_TOKEN], webhook_secrets=[WEBHOOK_SECRET])
    now[0] = 4.9
    assert deliver(system, body, sent) == 401
    now[0] = 5
    assert deliver(system, body, sent) == 202


# Limits, before anything else


@pytest.mark.parametrize("binary", [False, True])
def test_given_a_signed_body_when_it_is_large_then_256_kib_are_the_limit(
    northgate: InProcessSystem, binary: bool
) -> None:
    for size, answer in ((256 * 1024, 202), (256 * 1024 + 1, 413), (10 * 1024 * 1024, 413)):
        body = created().ljust(size)
        assert deliver(northgate, body, headers(northgate, body), binary=binary) == answer
    assert northgate.queued() == WOKEN


def test_given_a_body_when_it_is_large_in_bytes_only_then_it_is_refused(northgate: InProcessSystem) -> None:
    body = ("☕" * 100_000).encode()
    assert deliver(northgate, body, headers(northgate, body)) == 413


@pytest.mark.parametrize(
    "more", [{"x-padding": "x" * 16_384}, {"x" * 16_384: ""}, {f"x-{number}": "" for number in range(100)}]
)
def test_given_too_many_or_too_large_headers_then_a_signed_event_is_refused(
    northgate: InProcessSystem, more: dict[str, str]
) -> None:
    body = created()
    assert deliver(northgate, body, headers(northgate, body) | more) == 431
    assert northgate.queued() == []


@pytest.mark.parametrize(
    "changed",
    [
        {"headers": None},
        {"headers": []},
        {"headers": {"webhook-id": ["msg_1"], "webhook-timestamp": 1, "webhook-signature": None}},
        {"pathParameters": None},
        {"pathParameters": [NORTHGATE]},
        {"pathParameters": {"companyId": [NORTHGATE]}},
        {"pathParameters": {"companyId": NORTHGATE + "\n"}},
        {"body": None},
        {"body": {"eventType": "v1.export-job.created"}},
        {"body": "\ud800"},
        {"body": "not base64", "isBase64Encoded": True},
        {"body": base64.b64encode(created()).decode() + "*", "isBase64Encoded": True},
        {"body": "☕", "isBase64Encoded": True},
    ],
    ids=repr,
)
def test_given_an_event_that_api_gateway_would_not_send_when_it_comes_then_it_is_refused(
    northgate: InProcessSystem, changed: dict[str, Any]
) -> None:
    body = created()
    event = api_event(body, headers(northgate, body)) | changed
    assert northgate.handlers["webhook"](event, None) == {"statusCode": 401}
    assert northgate.queued() == []


def test_given_an_event_with_nothing_in_it_when_it_comes_then_it_is_refused(northgate: InProcessSystem) -> None:
    assert northgate.handlers["webhook"]({}, None) == {"statusCode": 401}


def test_what_is_too_large_or_malformed_costs_no_call(northgate: InProcessSystem) -> None:
    body = created()
    for sent, path in (({"x": "x" * 20_000}, None), ({}, {"companyId": "x"})):
        deliver(northgate, body, sent, path=path)
    deliver(northgate, b"x" * 300_000, headers(northgate, body))
    assert northgate.effects.log == []


# What a delivery costs, and what happens when AWS is away


def test_a_delivery_costs_one_read_of_each_record_and_one_message_and_no_secret_when_warm(
    northgate: InProcessSystem,
) -> None:
    for message_id in ("msg_1", "msg_2"):
        body = created()
        deliver(northgate, body, headers(northgate, body, message_id=message_id))
    first, second = northgate.effects.log[:3], northgate.effects.log[3:]
    assert first == ["dynamodb GetItem", "secretsmanager GetSecretValue", "sqs SendMessage"]
    assert second == ["dynamodb GetItem", "sqs SendMessage"]


def test_a_flood_of_wrong_signatures_reads_the_secret_once_in_five_seconds(northgate: InProcessSystem) -> None:
    now = [0.0]
    northgate.services.secrets = Secrets(client("secretsmanager"), clock=lambda: now[0])
    body = created()
    for tenth in range(100):
        now[0] = tenth / 10
        deliver(northgate, body, headers(northgate, body, OTHER_SECRET))
    assert northgate.effects.log.count("secretsmanager GetSecretValue") == 2


@pytest.mark.parametrize(
    "moment",
    [
        "before dynamodb GetItem",
        "before secretsmanager GetSecretValue",
        "before sqs SendMessage",
        "after sqs SendMessage",
    ],
)
def test_given_aws_does_not_answer_then_pleo_s_retry_wakes_the_company_once(
    northgate: InProcessSystem, moment: str
) -> None:
    """API Gateway answers 500 for a function that raises, and Pleo delivers again."""
    northgate.effects.on(moment, EndpointConnectionError(endpoint_url="https://aws.test"))
    body = created()
    with pytest.raises(TryAgain):
        deliver(northgate, body, headers(northgate, body))

    assert deliver(northgate, body, headers(northgate, body)) == 202
    assert northgate.queued() == WOKEN
