from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pleo_export.errors import InvalidSettings
from pleo_export.pleo.webhook_authentication import (
    NotFromPleo,
    WebhookAuthentication,
    authenticate,
    subscription_credentials,
    verify,
)
from pleo_simulator.deliveries import sign

# The published vector of the scheme (API-7); mind the space in the body.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
SENT = datetime.fromtimestamp(1614265330, UTC)
SIGNATURE = HEADERS["webhook-signature"]
OTHER_SECRET = "whsec_" + b64encode(b"another secret of 24 byte").decode()
WRONG_SIGNATURE = "v1," + b64encode(bytes(32)).decode()

TOKEN, OTHER_TOKEN = "our-token", "the-token-before"
# What Pleo sends along by what a company's settings demand.
WITH_TOKEN = {
    WebhookAuthentication.BASIC: {"Authorization": "Basic " + b64encode(b"pleo:our-token").decode()},
    WebhookAuthentication.HEADER: {"X-Pleo-Export-Token": TOKEN},
}


def verified(**changed: Any) -> bool:
    """Whether the vector, changed in one place, is still accepted."""
    case: dict[str, Any] = {"secrets": [SECRET], "headers": HEADERS, "body": BODY, "now": SENT} | changed
    try:
        verify(**case)
    except NotFromPleo:
        return False
    return True


# A signature


def test_the_known_vector_is_accepted_and_its_id_returned() -> None:
    assert verify([SECRET], HEADERS, BODY, SENT) == HEADERS["webhook-id"]


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


@pytest.mark.parametrize(("seconds", "accepted"), [(300, True), (-300, True), (300.001, False), (-300.001, False)])
def test_five_minutes_are_tolerated_either_way(seconds: float, accepted: bool) -> None:
    assert verified(now=SENT + timedelta(seconds=seconds)) is accepted


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"webhook-id": ""}, "missing header webhook-id"),
        ({"webhook-timestamp": ""}, "missing header webhook-timestamp"),
        ({"webhook-signature": " "}, "missing header webhook-signature"),
        ({"webhook-id": "msg_ü"}, "malformed header webhook-id"),
        ({"webhook-id": "msg.1"}, "malformed header webhook-id"),
        ({"webhook-timestamp": "yesterday"}, "malformed header webhook-timestamp"),
        ({"webhook-timestamp": "-1614265330"}, "malformed header webhook-timestamp"),
        ({"webhook-timestamp": "1614265330.0"}, "malformed header webhook-timestamp"),
        ({"webhook-timestamp": "9" * 5000}, "malformed header webhook-timestamp"),
        ({"webhook-timestamp": "١٦١٤٢٦٥٣٣٠"}, "malformed header webhook-timestamp"),
        ({"webhook-timestamp": "9" * 12}, "stale timestamp"),
        ({"webhook-timestamp": "0"}, "stale timestamp"),
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
    with pytest.raises(NotFromPleo) as refusal:
        verify([SECRET], HEADERS | changed, BODY, SENT)

    assert refusal.value.reason == reason
    assert str(refusal.value) == reason


def test_given_a_signed_body_that_holds_a_timestamp_when_its_parts_are_shifted_then_it_is_refused() -> None:
    """`id.timestamp.body` is signed: with a full stop in the id, an old delivery could be given a new timestamp."""
    old, new = "1614265330", "1614999999"
    signature = sign(SECRET, "msg_1", int(old), f"x.{new}.y".encode())

    shifted = {"webhook-id": f"msg_1.{old}.x", "webhook-timestamp": new, "webhook-signature": signature}

    assert not verified(headers=shifted, body=b"y", now=datetime.fromtimestamp(int(new), UTC))


@pytest.mark.parametrize("secrets", [[], [OTHER_SECRET]])
def test_given_no_secret_that_fits_when_verified_then_it_is_refused(secrets: list[str]) -> None:
    with pytest.raises(NotFromPleo, match="signature mismatch"):
        verify(secrets, HEADERS, BODY, SENT)


@pytest.mark.parametrize("broken", ["", "whsec_", "whsec_not base64!", SECRET + "!", "whsec_ü"])
def test_given_a_secret_of_ours_that_cannot_be_one_when_verified_then_the_setting_is_named(broken: str) -> None:
    with pytest.raises(InvalidSettings, match="webhook_secrets") as refusal:
        verify([SECRET, broken], HEADERS, BODY, SENT)

    assert SECRET not in str(refusal.value)


def test_given_a_signature_with_an_empty_key_then_it_is_refused() -> None:
    forged = HEADERS | {"webhook-signature": sign("whsec_", HEADERS["webhook-id"], 1614265330, BODY)}

    with pytest.raises(InvalidSettings):
        verify(["whsec_"], forged, BODY, SENT)


# A token of ours


@pytest.mark.parametrize("demanded", WITH_TOKEN)
@pytest.mark.parametrize("tokens", [[TOKEN], [TOKEN, OTHER_TOKEN], [OTHER_TOKEN, TOKEN]])
def test_given_one_of_our_tokens_when_pleo_sends_it_along_then_no_signature_is_needed(
    demanded: WebhookAuthentication, tokens: list[str]
) -> None:
    assert authenticate(demanded, tokens, WITH_TOKEN[demanded], BODY, SENT) == ""
    assert authenticate(demanded, tokens, HEADERS | WITH_TOKEN[demanded], b"changed", SENT) == HEADERS["webhook-id"]


@pytest.mark.parametrize("demanded", WITH_TOKEN)
def test_what_pleo_is_asked_to_send_along_is_what_is_demanded(demanded: WebhookAuthentication) -> None:
    asked = subscription_credentials(demanded, TOKEN)
    credentials = asked.get("endpointAuth", {}).get("credentials", {})
    basic = b64encode(f"{credentials.get('username')}:{credentials.get('password')}".encode()).decode()
    sent = asked.get("customHeaders") or {"authorization": f"Basic {basic}"}

    assert authenticate(demanded, [TOKEN], sent, BODY, SENT) == ""


def test_a_signature_needs_no_credentials_in_the_subscription() -> None:
    assert subscription_credentials(WebhookAuthentication.SIGNATURE, TOKEN) == {}


@pytest.mark.parametrize(
    ("demanded", "sent", "reason"),
    [
        ("basic", {}, "missing header authorization"),
        ("basic", {"authorization": "Basic"}, "token mismatch"),
        (
            "basic",
            {"authorization": "Bearer " + b64encode(b"pleo:our-token").decode()},
            "malformed header authorization",
        ),
        ("basic", {"authorization": "Basic pleo:our-token"}, "token mismatch"),
        ("basic", {"authorization": "Basic " + b64encode(b"pleo:our-toke").decode()}, "token mismatch"),
        ("basic", {"authorization": "Basic " + b64encode(b"else:our-token").decode()}, "token mismatch"),
        ("basic", {"authorization": "Basic ü"}, "malformed header authorization"),
        ("basic", {"x-pleo-export-token": TOKEN}, "missing header authorization"),
        ("header", {}, "missing header x-pleo-export-token"),
        ("header", {"x-pleo-export-token": " "}, "missing header x-pleo-export-token"),
        ("header", {"x-pleo-export-token": TOKEN + "x"}, "token mismatch"),
        ("header", {"x-pleo-export-token": TOKEN.upper()}, "token mismatch"),
        ("header", {"x-pleo-export-token": f"{TOKEN},{TOKEN}"}, "token mismatch"),
        ("header", WITH_TOKEN[WebhookAuthentication.BASIC], "missing header x-pleo-export-token"),
        ("header", {"x-pleo-export-token": TOKEN, "webhook-timestamp": "1614265000"}, "stale timestamp"),
        ("header", {"x-pleo-export-token": TOKEN, "webhook-timestamp": "now"}, "malformed header webhook-timestamp"),
        ("header", {"x-pleo-export-token": TOKEN, "webhook-id": "msg.1"}, "malformed header webhook-id"),
    ],
)
def test_a_wrong_token_or_what_else_is_wrong_is_refused(demanded: str, sent: dict[str, str], reason: str) -> None:
    with pytest.raises(NotFromPleo) as refusal:
        authenticate(WebhookAuthentication(demanded), [TOKEN], sent, BODY, SENT)

    assert refusal.value.reason == reason


@pytest.mark.parametrize("demanded", WITH_TOKEN)
def test_given_a_token_is_demanded_when_only_a_good_signature_comes_then_it_is_refused(
    demanded: WebhookAuthentication,
) -> None:
    with pytest.raises(NotFromPleo, match="missing header"):
        authenticate(demanded, [SECRET], HEADERS, BODY, SENT)


@pytest.mark.parametrize("demanded", WITH_TOKEN)
def test_given_a_signature_is_demanded_when_only_a_token_comes_then_it_is_refused(
    demanded: WebhookAuthentication,
) -> None:
    with pytest.raises(NotFromPleo, match="missing header"):
        authenticate(WebhookAuthentication.SIGNATURE, [SECRET], WITH_TOKEN[demanded], BODY, SENT)


@given(
    demanded=st.sampled_from(WebhookAuthentication),
    headers=st.dictionaries(
        st.sampled_from([*HEADERS, "authorization", "x-pleo-export-token"]), st.text() | st.just("Basic x")
    ),
    body=st.binary(),
    secrets=st.sampled_from([[], [SECRET], [SECRET, OTHER_SECRET]]),
)
def test_whatever_comes_is_refused_in_one_way_only(
    demanded: WebhookAuthentication, headers: dict[str, str], body: bytes, secrets: list[str]
) -> None:
    with pytest.raises(NotFromPleo):
        authenticate(demanded, secrets, headers, body, SENT)
