"""Pleo's webhooks: is it Pleo who calls, and what happened? (pleo-api 7)

Verify the raw bytes first, parse afterwards. A parsed event is only a hint that a company may have work (R-1.11).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pleo_export.errors import InvalidSettings, PleoExportError
from pleo_export.pleo.strict_json import parse

# Standard Webhooks is assumed, as the headers and the sample show: open question 18 (pleo-api 11).
TOLERANCE_SECONDS = 300
SIGNATURE_VERSION = "v1"

SUBSCRIBED_EVENT = "v1.export-job.created"
# The spellings that Pleo's pages use for it (C11); all mean the same.
JOB_CREATED_EVENTS = frozenset(
    {SUBSCRIBED_EVENT, "v1.export.job-created", "v2.export-job.created", "export-job.created"}
)


class SignatureInvalid(PleoExportError):
    """Not proven to come from Pleo: touch nothing of it. `reason` is a constant sentence, safe to log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def verify(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Raises SignatureInvalid unless one of `secrets` (`whsec_…`, several while one is replaced) signed these bytes
    within five minutes of `now`. Header names may come in any case. InvalidSettings for a secret of ours that is
    not base64.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp, signatures = (
        _header(lowered, name) for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    )
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise SignatureInvalid("malformed header webhook-timestamp")
    given = _signatures(signatures)
    if not given:
        raise SignatureInvalid("malformed header webhook-signature")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        raise SignatureInvalid("stale timestamp")

    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = [b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)) for secret in secrets]
    # All are compared before the verdict: how long it takes must not tell which one matched.
    matches = [hmac.compare_digest(one, other) for one in expected for other in given]
    if not any(matches):
        raise SignatureInvalid("signature mismatch")


def _header(lowered: Mapping[str, str], name: str) -> str:
    value = lowered.get(name, "").strip()
    if not value:
        raise SignatureInvalid(f"missing header {name}")
    if not value.isascii():
        raise SignatureInvalid(f"malformed header {name}")
    return value


def _signatures(header: str) -> list[bytes]:
    entries = (entry.partition(",") for entry in header.split(" "))
    return [signature.encode() for version, _, signature in entries if version == SIGNATURE_VERSION and signature]


def _key(secret: str) -> bytes:
    try:
        key = b64decode(secret.strip().removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not key:
        raise InvalidSettings("webhook_secrets: not a secret of Pleo's (whsec_ and base64); fetch it again")
    return key


@dataclass(frozen=True, slots=True)
class JobCreated:
    """Somebody clicked Export. Ids are UUIDs in lower case."""

    company_id: str
    job_id: str
    event_id: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing for us; answer 2xx all the same (open question 20, pleo-api 11)."""

    reason: str


def parse_event(body: bytes) -> JobCreated | Ignored:
    """Read a verified body. Never raises: whatever it is, Pleo signed it and must not be refused."""
    try:
        event = parse(body)
    except ValueError:
        return Ignored("not JSON")
    if isinstance(event, dict) and isinstance(event.get("payload"), dict):
        event = event["payload"]  # open question 19 (pleo-api 11)
    if not isinstance(event, dict):
        return Ignored("not an event")
    kind = event.get("eventType")
    if not isinstance(kind, str) or kind not in JOB_CREATED_EVENTS:
        return Ignored(f"event type {str(kind)[:60]!r}")
    data = event.get("data")
    return _job_created(event, data if isinstance(data, dict) else {})


def _job_created(event: Mapping[str, Any], data: Mapping[str, Any]) -> JobCreated | Ignored:
    found = {
        "data.companyId": _uuid(data.get("companyId")),
        "data.id": _uuid(data.get("id")),
        "eventId": _uuid(event.get("eventId")),
    }
    wrong = [name for name, value in found.items() if value is None]
    if wrong:
        return Ignored(f"{', '.join(wrong)}: not a UUID")
    company_id, job_id, event_id = (str(value) for value in found.values())
    return JobCreated(company_id, job_id, event_id)


def _uuid(value: Any) -> str | None:
    """In its 36-character form only: `UUID` also takes braces and bare hexadecimals."""
    try:
        canonical = str(UUID(value))
    except (ValueError, TypeError, AttributeError):
        return None
    return canonical if value.lower() == canonical else None
