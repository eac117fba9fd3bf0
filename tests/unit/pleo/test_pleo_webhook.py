from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pleo_export.errors import InvalidSettings
from pleo_export.pleo.webhook import Ignored, JobCreated, SignatureInvalid, parse_event, verify

# The published vector of the scheme (pleo-api 7); mind the space in the body.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
SENT = datetime.fromtimestamp(1614265330, UTC)
SIGNATURE = HEADERS["webhook-signature"]
OTHER_SECRET = "whsec_" + base64.b64encode(b"another secret of 24 byte").decode()
WRONG_SIGNATURE = "v1," + base64.b64encode(bytes(32)).decode()

COMPANY = "11111111-1111-4111-8111-111111111111"
JOB = "3f0c7c3e-6d5c-4c8e-9a53-0a1f5f2f7b10"
EVENT = "5b2f9c3a-0000-4000-8000-00000000000e"


def verified(**changed: Any) -> bool:
    """Whether the vector, changed in one place, is still believed."""
    case: dict[str, Any] = {"secrets": [SECRET], "headers": HEADERS, "body": BODY, "now": SENT} | changed
    try:
        verify(**case)
    except SignatureInvalid:
        return False
    return True


def sign(secret: str, headers: Mapping[str, str], body: bytes) -> str:
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def test_the_known_vector_is_accepted() -> None:
    verify([SECRET], HEADERS, BODY, SENT)


@pytest.mark.parametrize("spell", [str.upper, str.title])
def test_given_header_names_in_another_case_when_verified_then_they_are_found(spell: Any) -> None:
    assert verified(headers={spell(name): value for name, value in HEADERS.items()})


@pytest.mark.parametrize(
    "signatures",
    [
        f"{SIGNATURE} {WRONG_SIGNATURE}",
        f"{WRONG_SIGNATURE} {SIGNATURE}",
        f"v1a,{WRONG_SIGNATURE[3:]} {SIGNATURE}",
        f"{SIGNATURE} v2,something-newer",
    ],
)
def test_given_several_signatures_when_one_of_v1_is_right_then_it_is_accepted(signatures: str) -> None:
    assert verified(headers=HEADERS | {"webhook-signature": signatures})


@pytest.mark.parametrize("secrets", [[SECRET, OTHER_SECRET], [OTHER_SECRET, SECRET], [SECRET.removeprefix("whsec_")]])
def test_given_a_secret_being_replaced_when_either_signed_then_it_is_accepted(secrets: list[str]) -> None:
    assert verified(secrets=secrets)


@pytest.mark.parametrize(("seconds", "accepted"), [(300, True), (-300, True), (301, False), (-301, False)])
def test_five_minutes_are_tolerated_either_way(seconds: int, accepted: bool) -> None:
    assert verified(now=SENT + timedelta(seconds=seconds)) is accepted


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"webhook-id": ""}, "missing header webhook-id"),
        ({"webhook-timestamp": ""}, "missing header webhook-timestamp"),
        ({"webhook-signature": " "}, "missing header webhook-signature"),
        ({"webhook-id": "msg_ü"}, "malformed header webhook-id"),
        ({"webhook-timestamp": "yesterday"}, "malformed header webhook-timestamp"),
        ({"webhook-timestamp": "-1614265330"}, "malformed header webhook-timestamp"),
        ({"webhook-timestamp": "1614265330.0"}, "malformed header webhook-timestamp"),
        ({"webhook-timestamp": "9" * 5000}, "malformed header webhook-timestamp"),
        ({"webhook-timestamp": "١٦١٤٢٦٥٣٣٠"}, "malformed header webhook-timestamp"),
        ({"webhook-signature": SIGNATURE.removeprefix("v1,")}, "malformed header webhook-signature"),
        ({"webhook-signature": SIGNATURE.replace("v1", "v2")}, "malformed header webhook-signature"),
        ({"webhook-signature": "v1,"}, "malformed header webhook-signature"),
        ({"webhook-timestamp": "1614265000"}, "stale timestamp"),
        ({"webhook-timestamp": "1614265331"}, "signature mismatch"),
        ({"webhook-id": "msg_another"}, "signature mismatch"),
        ({"webhook-signature": WRONG_SIGNATURE}, "signature mismatch"),
        # The vector as one of Pleo's pages prints it, with the slash missing.
        ({"webhook-signature": SIGNATURE.replace("/", "")}, "signature mismatch"),
    ],
)
def test_each_refusal_says_which(changed: dict[str, str], reason: str) -> None:
    with pytest.raises(SignatureInvalid) as refusal:
        verify([SECRET], HEADERS | changed, BODY, SENT)

    assert refusal.value.reason == reason
    assert str(refusal.value) == reason


@pytest.mark.parametrize("secrets", [[], [OTHER_SECRET]])
def test_given_no_secret_that_fits_when_verified_then_it_is_refused(secrets: list[str]) -> None:
    with pytest.raises(SignatureInvalid, match="signature mismatch"):
        verify(secrets, HEADERS, BODY, SENT)


@pytest.mark.parametrize("broken", ["", "whsec_", "whsec_not base64!", SECRET + "!", "whsec_ü"])
def test_given_a_secret_of_ours_that_cannot_be_one_when_verified_then_the_setting_is_named(broken: str) -> None:
    with pytest.raises(InvalidSettings, match="webhook_secrets") as refusal:
        verify([SECRET, broken], HEADERS, BODY, SENT)

    assert SECRET not in str(refusal.value)


def test_given_an_empty_key_when_someone_signs_with_it_then_it_is_not_believed() -> None:
    forged = HEADERS | {"webhook-signature": sign("whsec_", HEADERS, BODY)}

    with pytest.raises(InvalidSettings):
        verify(["whsec_"], forged, BODY, SENT)


@given(body=st.binary(min_size=1, max_size=200), data=st.data())
def test_any_tampered_byte_of_a_signed_body_is_refused(body: bytes, data: st.DataObject) -> None:
    headers = HEADERS | {"webhook-signature": sign(SECRET, HEADERS, body)}
    assert verified(headers=headers, body=body)
    place = data.draw(st.integers(0, len(body) - 1))
    flip = data.draw(st.integers(1, 255))

    tampered = body[:place] + bytes([body[place] ^ flip]) + body[place + 1 :]

    assert not verified(headers=headers, body=tampered)


@given(name=st.sampled_from(sorted(HEADERS)), data=st.data())
def test_any_tampered_character_of_a_header_is_refused(name: str, data: st.DataObject) -> None:
    value = HEADERS[name]
    place = data.draw(st.integers(0, len(value) - 1))
    other = data.draw(st.characters(exclude_characters=value[place]))

    tampered = value[:place] + other + value[place + 1 :]

    assert not verified(headers=HEADERS | {name: tampered})


@given(
    extra=st.binary(min_size=1, max_size=20),
    at_end=st.booleans(),
)
def test_anything_added_to_a_signed_body_is_refused(extra: bytes, at_end: bool) -> None:
    assert not verified(body=BODY + extra if at_end else extra + BODY)


@given(headers=st.dictionaries(st.sampled_from(sorted(HEADERS)), st.text()), body=st.binary())
def test_whatever_comes_is_refused_in_one_way_only(headers: dict[str, str], body: bytes) -> None:
    assert not verified(headers=headers, body=body)


def event(**changed: Any) -> dict[str, Any]:
    data = {"id": JOB, "companyId": COMPANY, "status": "pending", "expiresIn": 3600}
    return {"eventType": "v1.export-job.created", "eventId": EVENT, "data": data} | changed


def parsed(value: Any) -> JobCreated | Ignored:
    return parse_event(json.dumps(value).encode())


@pytest.mark.parametrize(
    "name", ["v1.export-job.created", "v1.export.job-created", "v2.export-job.created", "export-job.created"]
)
def test_given_the_event_in_any_of_its_spellings_when_parsed_then_a_job_was_created(name: str) -> None:
    assert parsed(event(eventType=name)) == JobCreated(company_id=COMPANY, job_id=JOB, event_id=EVENT)


def test_given_the_body_under_payload_when_parsed_then_it_is_the_same() -> None:
    assert parsed({"headers": {}, "payload": event()}) == parsed(event())


def test_given_ids_in_upper_case_when_parsed_then_they_are_in_lower_case() -> None:
    assert parsed(event(data={"id": JOB.upper(), "companyId": COMPANY}, eventId=EVENT.upper())) == parsed(event())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"eventType": NaN}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not an event"),
        (b'"v1.export-job.created"', "not an event"),
        (b"{}", "event type 'None'"),
        (b'{"eventType": ["v1.export-job.created"]}', """event type "['v1.export-job.created']\""""),
        (b'{"eventType": "v1.vendor.created"}', "event type 'v1.vendor.created'"),
        (b'{"eventType": "export-job.completed"}', "event type 'export-job.completed'"),
        (b'{"eventType": "v1.export-job.created"}', "data.companyId, data.id, eventId: not a UUID"),
        (
            b'{"eventType": "v1.export-job.created", "data": [1]}',
            "data.companyId, data.id, eventId: not a UUID",
        ),
    ],
)
def test_given_nothing_for_us_when_parsed_then_it_is_ignored_and_says_why(body: bytes, reason: str) -> None:
    assert parse_event(body) == Ignored(reason)


@pytest.mark.parametrize("wrong", [None, 7, "", "1", "{" + JOB + "}", JOB.replace("-", ""), "urn:uuid:" + JOB, [JOB]])
def test_given_an_id_that_is_not_a_uuid_when_parsed_then_the_field_is_named(wrong: Any) -> None:
    assert parsed(event(eventId=wrong)) == Ignored("eventId: not a UUID")
    assert parsed(event(data={"id": wrong, "companyId": COMPANY})) == Ignored("data.id: not a UUID")
    assert parsed(event(data={"id": JOB, "companyId": wrong})) == Ignored("data.companyId: not a UUID")


def test_given_an_endless_event_type_when_ignored_then_the_reason_is_short() -> None:
    ignored = parsed(event(eventType="x" * 10_000))

    assert isinstance(ignored, Ignored)
    assert len(ignored.reason) < 100


ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([JOB, "v1.export-job.created"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["payload", "eventType", "eventId", "data", "id", "companyId"]), inner)
    ),
    max_leaves=10,
)


@given(ANY_JSON.map(lambda value: json.dumps(value).encode()) | st.binary())
def test_whatever_pleo_signs_is_read_without_an_error(body: bytes) -> None:
    assert isinstance(parse_event(body), JobCreated | Ignored)
