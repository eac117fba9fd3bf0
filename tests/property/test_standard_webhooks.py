"""`standardwebhooks`, the scheme's own package, as the independent signer: what it signs is believed, and the Pleo
simulator signs the same."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime

import pytest
import standardwebhooks
from hypothesis import given, settings
from hypothesis import strategies as st

from pleo_export.pleo.webhook_authentication import NotFromPleo, verify
from pleo_simulator.deliveries import sign
from tests.property.test_webhook_signature import IDS, MOMENTS

KEYS = st.binary(min_size=24, max_size=64)


def test_the_published_vector_is_what_the_package_signs() -> None:
    signer = standardwebhooks.Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    sent = datetime.fromtimestamp(1614265330, UTC)
    signature = signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", sent, '{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@settings(max_examples=500, derandomize=True, database=None)
@given(key=KEYS, other=KEYS, message_id=IDS, at=MOMENTS, body=st.text(), prefixed=st.booleans())
def test_what_the_package_signs_is_believed_with_its_secret_only(
    key: bytes, other: bytes, message_id: str, at: int, body: str, prefixed: bool
) -> None:
    sent = datetime.fromtimestamp(at, UTC)
    secret, wrong = (b64encode(each).decode() for each in (key, other))
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": standardwebhooks.Webhook(secret).sign(message_id, sent, body),
    }

    assert verify(["whsec_" + secret if prefixed else secret], headers, body.encode(), sent) == message_id
    assert sign(secret, message_id, at, body.encode()) == headers["webhook-signature"]
    if key != other:
        with pytest.raises(NotFromPleo):
            verify([wrong], headers, body.encode(), sent)
