"""What a proof promises, whatever is signed: nothing that Pleo did not send is believed (promise 8)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pleo_export.pleo.webhook_authentication import (
    NotFromPleo,
    WebhookAuthentication,
    authenticate,
    subscription_credentials,
    verify,
)
from pleo_simulator.deliveries import sign

NAMES = ("webhook-id", "webhook-timestamp", "webhook-signature")
TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True)
class SignedRequest:
    secret: str
    id: str
    timestamp: str
    signature: str
    body: bytes

    @property
    def sent(self) -> datetime:
        return datetime.fromtimestamp(int(self.timestamp), UTC)

    def believed(self, *secrets: str, now: datetime | None = None) -> bool:
        headers = dict(zip(NAMES, (self.id, self.timestamp, self.signature), strict=True))
        try:
            verify(secrets or [self.secret], headers, self.body, now or self.sent)
        except NotFromPleo:
            return False
        return True


SECRETS = st.binary(min_size=24, max_size=64).map(lambda key: "whsec_" + b64encode(key).decode())
IDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="."), min_size=1, max_size=40)
MOMENTS = st.integers(10**6, 10**10)


def signed(secret: str, message_id: str, at: int, body: bytes) -> SignedRequest:
    return SignedRequest(secret, message_id, str(at), sign(secret, message_id, at, body), body)


DELIVERIES = st.builds(signed, SECRETS, IDS, MOMENTS, st.binary(max_size=100))


def flips(text: bytes) -> Iterator[bytes]:
    for place in range(8 * len(text)):
        flipped = bytearray(text)
        flipped[place // 8] ^= 1 << place % 8
        yield bytes(flipped)


def text_flips(text: str) -> Iterator[str]:
    return (flipped.decode("latin-1") for flipped in flips(text.encode()))


def flipped(delivery: SignedRequest) -> Iterator[SignedRequest]:
    """The delivery with each of its bits flipped, one at a time."""
    yield from (replace(delivery, body=body) for body in flips(delivery.body))
    yield from (replace(delivery, id=message_id) for message_id in text_flips(delivery.id))
    yield from (replace(delivery, timestamp=timestamp) for timestamp in text_flips(delivery.timestamp))
    yield from (replace(delivery, signature=signature) for signature in text_flips(delivery.signature))


@settings(max_examples=100, derandomize=True, database=None, deadline=None)
@given(DELIVERIES)
def test_any_flipped_bit_of_body_id_timestamp_or_signature_is_refused(delivery: SignedRequest) -> None:
    """At least 440 flips for each of 100 deliveries: more than 40,000 cases."""
    assert delivery.believed()
    believed = [each for each in flipped(delivery) if each.believed(delivery.secret, now=delivery.sent)]
    assert believed == []


@settings(derandomize=True, database=None)
@given(DELIVERIES, st.binary(min_size=1, max_size=20))
def test_any_bytes_added_to_or_cut_from_the_body_are_refused(delivery: SignedRequest, extra: bytes) -> None:
    longer = [delivery.body + extra, extra + delivery.body]
    shorter = [delivery.body[:end] for end in range(len(delivery.body))]
    assert not any(replace(delivery, body=body).believed() for body in longer + shorter if body != delivery.body)


@settings(derandomize=True, database=None)
@given(DELIVERIES, st.lists(SECRETS, max_size=3))
def test_only_the_secret_that_signed_opens_and_does_so_beside_any_others(
    delivery: SignedRequest, others: list[str]
) -> None:
    assume(delivery.secret not in others)
    assert delivery.believed(*others, delivery.secret)
    assert delivery.believed(delivery.secret, *others)
    assert not (others and delivery.believed(*others))


@settings(derandomize=True, database=None)
@given(DELIVERIES, st.timedeltas(-2 * TOLERANCE, 2 * TOLERANCE))
def test_a_delivery_is_believed_within_five_minutes_of_its_timestamp_to_the_microsecond(
    delivery: SignedRequest, age: timedelta
) -> None:
    instant = timedelta(microseconds=1)
    for each in (age, TOLERANCE, -TOLERANCE, TOLERANCE + instant, -TOLERANCE - instant):
        assert delivery.believed(now=delivery.sent + each) is (abs(each) <= TOLERANCE)


@settings(derandomize=True, database=None)
@given(SECRETS, IDS, MOMENTS, st.lists(MOMENTS.map(str) | IDS, max_size=4).map(".".join))
def test_what_was_signed_is_believed_only_in_the_parts_in_which_it_was_signed(
    secret: str, message_id: str, at: int, body: str
) -> None:
    delivery = signed(secret, message_id, at, body.encode())
    parts = f"{message_id}.{at}.{body}".split(".")
    for end in range(2, len(parts) - 1):
        moved = replace(
            delivery, id=".".join(parts[:end]), timestamp=parts[end], body=".".join(parts[end + 1 :]).encode()
        )
        if moved.timestamp.isdigit():
            assert not moved.believed()


@pytest.mark.parametrize("proof", [WebhookAuthentication.BASIC, WebhookAuthentication.HEADER])
@settings(max_examples=20, derandomize=True, database=None)
@given(token=IDS)
def test_any_flipped_bit_of_a_token_is_refused(proof: WebhookAuthentication, token: str) -> None:
    asked = subscription_credentials(proof, token)
    if proof is WebhookAuthentication.HEADER:
        ((name, value),) = asked["customHeaders"].items()
        lead = ""
    else:
        credentials = asked["endpointAuth"]["credentials"]
        name, lead = "Authorization", "Basic "
        value = b64encode(f"{credentials['username']}:{credentials['password']}".encode()).decode()
    now = datetime.fromtimestamp(0, UTC)
    assert authenticate(proof, [token], {name: lead + value}, b"", now) == ""
    for wrong in text_flips(value):
        with pytest.raises(NotFromPleo):
            authenticate(proof, [token], {name: lead + wrong}, b"", now)
