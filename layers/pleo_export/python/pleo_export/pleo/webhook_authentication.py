"""The check that a webhook comes from Pleo, by one of the three methods that Pleo offers (API-7, R-10.12).

| Method    | What Pleo sends                                       | What it proves                    |
|-----------|-------------------------------------------------------|-----------------------------------|
| signature | an HMAC over id, timestamp and body, by Pleo's secret | who sent it, that it is unchanged |
| basic     | our token, as the password of Basic authentication    | who sent it                       |
| header    | our token, in a header of its own                     | who sent it                       |

A company's settings demand exactly one of them. Basic and header are for the case that Pleo's signature turns out not
to be the Standard Webhooks that we assume: open question 18.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from pleo_export.errors import InvalidSettings, PleoExportError

TOLERANCE_SECONDS = 300  # either way; open question 18
SIGNATURE_VERSION = "v1"
USERNAME = "pleo"
TOKEN_HEADER = "x-pleo-export-token"  # noqa: S105 - a header's name


class WebhookAuthentication(StrEnum):
    """What proves to us that a webhook comes from Pleo (R-10.12)."""

    SIGNATURE = "signature"
    BASIC = "basic"
    HEADER = "header"


class NotFromPleo(PleoExportError):
    """A message that is not proven to come from Pleo: do not read it. `reason` is a constant sentence, safe to log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def authenticate(
    method: WebhookAuthentication,
    secrets: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> str:
    """Return `webhook-id`, the same over all retries of one message; "" if none is sent, which a signature forbids.

    `secrets` (several while one is replaced) are Pleo's signing secrets for a signature, our tokens otherwise. Raises
    NotFromPleo unless the message was authenticated with one of them, and InvalidSettings as `verify`.
    """
    if method is WebhookAuthentication.SIGNATURE:
        return verify(secrets, headers, body, now)
    sent = _lowered(headers)
    given = _token(method, sent)
    if (timestamp := _header(sent, "webhook-timestamp")) is not None:
        _check_age(timestamp, now)
    _compare([given], [_as_sent(method, token) for token in secrets], "token mismatch")
    return _message_id(sent) or ""


def verify(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Return `webhook-id` of a signed message.

    Header names may come in any case. Raises NotFromPleo unless one of `secrets` (`whsec_…`) signed these bytes within
    five minutes of `now`, and InvalidSettings for a secret of ours that is not base64.
    """
    sent = _lowered(headers)
    message_id = _required(_message_id(sent), "webhook-id")
    timestamp = _required(_header(sent, "webhook-timestamp"), "webhook-timestamp")
    given = _signatures(_required(_header(sent, "webhook-signature"), "webhook-signature"))
    _check_age(timestamp, now)
    expected = [_signature(secret, message_id, timestamp, body) for secret in secrets]
    _compare(given, expected, "signature mismatch")
    return message_id


def subscription_credentials(method: WebhookAuthentication, token: str) -> dict[str, Any]:
    """Return the fields of a webhook subscription that make Pleo send our token with each message; none for a
    signature."""
    match method:
        case WebhookAuthentication.SIGNATURE:
            return {}
        case WebhookAuthentication.BASIC:
            return {"endpointAuth": {"type": "BASIC", "credentials": {"username": USERNAME, "password": token}}}
        case WebhookAuthentication.HEADER:
            return {"customHeaders": {TOKEN_HEADER: token}}


def credential_headers(
    method: WebhookAuthentication, secret: str, message_id: str, body: bytes, now: datetime
) -> dict[str, str]:
    """Return the headers with which Pleo would send these bytes, to test our own address. Raises InvalidSettings as
    `verify`."""
    timestamp = str(int(now.timestamp()))
    known = {"webhook-id": message_id, "webhook-timestamp": timestamp}
    match method:
        case WebhookAuthentication.SIGNATURE:
            signature = _signature(secret, message_id, timestamp, body).decode()
            return {**known, "webhook-signature": f"{SIGNATURE_VERSION},{signature}"}
        case WebhookAuthentication.BASIC:
            return {**known, "authorization": f"Basic {_as_sent(method, secret).decode()}"}
        case WebhookAuthentication.HEADER:
            return {**known, TOKEN_HEADER: secret}


def _signature(secret: str, message_id: str, timestamp: str, body: bytes) -> bytes:
    return b64encode(hmac.digest(_key(secret), f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256))


def _compare(given: Sequence[bytes], expected: Sequence[bytes], reason: str) -> None:
    """Compare all before deciding: the time it takes must not show which one matched."""
    matches = [hmac.compare_digest(one, other) for one in expected for other in given]
    if not any(matches):
        raise NotFromPleo(reason)


def _token(method: WebhookAuthentication, sent: Mapping[str, str]) -> bytes:
    if method is WebhookAuthentication.HEADER:
        return _required(_header(sent, TOKEN_HEADER), TOKEN_HEADER).encode()
    scheme, _, credentials = _required(_header(sent, "authorization"), "authorization").partition(" ")
    if scheme.lower() != "basic":
        raise NotFromPleo("malformed header authorization")
    return credentials.strip().encode()


def _as_sent(method: WebhookAuthentication, token: str) -> bytes:
    return b64encode(f"{USERNAME}:{token}".encode()) if method is WebhookAuthentication.BASIC else token.encode()


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _header(sent: Mapping[str, str], name: str) -> str | None:
    value = sent.get(name, "").strip()
    if not value.isascii():
        raise NotFromPleo(f"malformed header {name}")
    return value or None


def _required(value: str | None, name: str) -> str:
    if value is None:
        raise NotFromPleo(f"missing header {name}")
    return value


def _message_id(sent: Mapping[str, str]) -> str | None:
    """Return the id. It must not hold a full stop, which joins what is signed: a part of the body could pass for the
    timestamp."""
    message_id = _header(sent, "webhook-id")
    if message_id is not None and "." in message_id:
        raise NotFromPleo("malformed header webhook-id")
    return message_id


def _check_age(timestamp: str, now: datetime) -> None:
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise NotFromPleo("malformed header webhook-timestamp")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        raise NotFromPleo("stale timestamp")


def _signatures(header: str) -> list[bytes]:
    entries = (entry.partition(",") for entry in header.split(" "))
    found = [signature.encode() for version, _, signature in entries if version == SIGNATURE_VERSION and signature]
    if not found:
        raise NotFromPleo("malformed header webhook-signature")
    return found


def _key(secret: str) -> bytes:
    try:
        key = b64decode(secret.strip().removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not key:
        raise InvalidSettings("webhook_secrets: not a secret of Pleo's (whsec_ and base64); fetch it again")
    return key
