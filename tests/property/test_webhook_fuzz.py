"""The webhook function itself, given anything: it answers, never with a 5xx, and queues nothing that is not proven."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pleo_simulator.deliveries import sign
from pleo_simulator.sample import HAVN, LUMBRE, NORTHGATE
from tests.property.test_webhook_signature import IDS
from tests.system.in_process_system import WEBHOOK_SECRET, WEBHOOK_TOKEN, InProcessSystem, in_process_system

OTHER_SECRET = "whsec_" + b64encode(b"another secret of 24 byte").decode()
PROOFS = ("webhook-id", "webhook-timestamp", "webhook-signature", "authorization", "x-pleo-export-token")
Json = dict[str, Any]


@pytest.fixture(scope="module")
def connected() -> Iterator[InProcessSystem]:
    """One company for each kind of proof."""
    with in_process_system() as system:
        system.connect(NORTHGATE)
        system.connect(HAVN, webhook_authentication="basic")
        system.connect(LUMBRE, webhook_authentication="header")
        yield system


def answer(system: InProcessSystem, event: Json) -> tuple[int, list[str]]:
    """The status, and the companies that were woken."""
    begun = len(system.effects.aws)
    answered = system.handlers["webhook"](event, None)
    assert list(answered) == ["statusCode"]
    calls = system.effects.aws[begun:]
    return answered["statusCode"], [call["MessageGroupId"] for name, call in calls if name == "SendMessage"]


ANY_TEXT = st.text(st.characters(), max_size=50)  # with halves of surrogate pairs, which JSON lets through
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=5,
)
COMPANIES = st.sampled_from([NORTHGATE, HAVN, LUMBRE, NORTHGATE.upper(), "44444444-4444-4444-8444-444444444444"])
NOON = "1795176000"
HEADER_VALUES = st.sampled_from([NOON, "msg_1", "v1,", "v1,x v1,y", "Basic ", "Basic cGxlbzo=", "Bearer x"]) | ANY_TEXT
HEADERS = st.dictionaries(st.sampled_from([*PROOFS, *(name.title() for name in PROOFS)]), HEADER_VALUES | ANYTHING)
BODIES = ANY_TEXT | st.binary(max_size=50).map(lambda body: b64encode(body).decode()) | ANYTHING
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "headers": HEADERS | st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=120) | ANYTHING,
        "pathParameters": COMPANIES.map(lambda company: {"companyId": company}) | ANYTHING,
        "body": BODIES,
        "isBase64Encoded": st.booleans() | ANYTHING,
        "rawPath": ANYTHING,
    },
)


@settings(max_examples=1000, derandomize=True, database=None, deadline=None)
@given(EVENTS)
def test_whatever_arrives_unproven_is_refused_and_nothing_is_queued(connected: InProcessSystem, event: Json) -> None:
    status, woken = answer(connected, event)
    assert status in (401, 413, 431)
    assert woken == []


def created(company: str) -> bytes:
    job = {"id": "b1f0f1c4-6f5c-4d0e-9c57-0d6a6b3f7a10", "companyId": company}
    return json.dumps({"eventType": "v1.export-job.created", "data": job}).encode()


SIGNED_BODIES = (
    st.binary(max_size=200) | COMPANIES.map(created) | ANYTHING.map(lambda value: json.dumps(value).encode())
)


def delivered(system: InProcessSystem, company: str, body: bytes, message_id: str) -> Json:
    """As Pleo would send it to that company, and API Gateway hand it over."""
    at = int(system.clock.now().timestamp())
    basic = b64encode(f"pleo:{WEBHOOK_TOKEN}".encode()).decode()
    signature = {"webhook-signature": sign(WEBHOOK_SECRET, message_id, at, body)}
    proof = {HAVN: {"authorization": f"Basic {basic}"}, LUMBRE: {"x-pleo-export-token": WEBHOOK_TOKEN}}
    return {
        "headers": {"webhook-id": message_id, "webhook-timestamp": str(at), **proof.get(company, signature)},
        "pathParameters": {"companyId": company},
        "body": b64encode(body).decode(),
        "isBase64Encoded": True,
    }


@settings(max_examples=300, derandomize=True, database=None, deadline=None)
@given(company=st.sampled_from([NORTHGATE, HAVN, LUMBRE]), body=SIGNED_BODIES, message_id=IDS)
def test_whatever_is_proven_is_accepted_and_wakes_its_own_company_or_nobody(
    connected: InProcessSystem, company: str, body: bytes, message_id: str
) -> None:
    status, woken = answer(connected, delivered(connected, company, body, message_id))
    assert status == 202
    named = company.encode() in body.lower() and b"v1.export-job.created" in body
    assert woken == ([company] if named else [])


@settings(max_examples=300, derandomize=True, database=None, deadline=None)
@given(
    company=st.sampled_from([NORTHGATE, HAVN, LUMBRE]),
    name=st.sampled_from(PROOFS[1:]),
    value=st.none() | HEADER_VALUES,
    age=st.integers(-1000, 1000),
)
def test_a_delivery_with_its_proof_removed_replaced_or_out_of_time_is_refused(
    connected: InProcessSystem, company: str, name: str, value: str | None, age: int
) -> None:
    event = delivered(connected, company, created(company), "msg_1")
    headers = event["headers"]
    assume(name in headers and (value or "").strip() != headers[name])
    # Where a token is the proof, a timestamp is checked only if it comes.
    assume(name != "webhook-timestamp" or company == NORTHGATE or (value or "").strip())
    stale = {"webhook-timestamp": str(int(NOON) + age)} if abs(age) > 300 else {name: value}

    event["headers"] = {key: text for key, text in {**headers, **stale}.items() if text is not None}

    assert answer(connected, event) == (401, [])


@settings(max_examples=200, derandomize=True, database=None, deadline=None)
@given(body=SIGNED_BODIES, other=SIGNED_BODIES, company=COMPANIES)
def test_a_signed_delivery_with_another_body_address_or_secret_is_refused(
    connected: InProcessSystem, body: bytes, other: bytes, company: str
) -> None:
    event = delivered(connected, NORTHGATE, body, "msg_1")
    forged = sign(OTHER_SECRET, "msg_1", int(NOON), body)
    if other != body:
        assert answer(connected, {**event, "body": b64encode(other).decode()}) == (401, [])
    if company.lower() != NORTHGATE:
        assert answer(connected, {**event, "pathParameters": {"companyId": company}}) == (401, [])
    assert answer(connected, {**event, "headers": {**event["headers"], "webhook-signature": forged}}) == (401, [])
