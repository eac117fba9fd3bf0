"""The event in a webhook of Pleo's (API-7): only a hint that a company may have work (R-1.11), or a new vendor.

`webhook_authentication` comes first: nothing is parsed before it is proven to come from Pleo.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pleo_export.pleo.strict_json import parse

SUBSCRIBED_EVENT = "v1.export-job.created"
VENDOR_EVENT = "v1.vendor.created"  # where vendors are synced
# The spellings in Pleo's pages (C11); all mean the same.
JOB_CREATED_EVENTS = frozenset(
    {SUBSCRIBED_EVENT, "v1.export.job-created", "v2.export-job.created", "export-job.created"}
)
_EVENT_TYPE = re.compile(r"[a-z0-9.-]{1,60}")


@dataclass(frozen=True, slots=True)
class JobCreated:
    """A person clicked Export. Ids are UUIDs in lower case."""

    company_id: str
    job_id: str


@dataclass(frozen=True, slots=True)
class VendorCreated:
    """A person made a vendor that the ledger does not have. Ids are UUIDs in lower case."""

    company_id: str
    vendor_id: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event that does not concern us; answer it with 2xx all the same (open question 20)."""

    reason: str


def subscribed_events(*, vendors: bool) -> list[str]:
    """Return the events to subscribe to; `vendors`: whether the company's vendors are synced."""
    return [SUBSCRIBED_EVENT, VENDOR_EVENT] if vendors else [SUBSCRIBED_EVENT]


def parse_event(body: bytes) -> JobCreated | VendorCreated | Ignored:
    """Return the event in an authenticated body. Never raises: Pleo sent it, so it must not be refused."""
    try:
        event = parse(body)
    except ValueError:
        return Ignored("not JSON")
    if isinstance(event, dict) and isinstance(event.get("payload"), dict):
        event = event["payload"]  # open question 19
    if not isinstance(event, dict):
        return Ignored("not an event")
    kind = event.get("eventType")
    if not isinstance(kind, str) or not _EVENT_TYPE.fullmatch(kind):
        return Ignored("no event type")  # what was sent instead must not reach the log
    if kind not in JOB_CREATED_EVENTS | {VENDOR_EVENT}:
        return Ignored(f"event type {kind!r}")
    data = event.get("data")
    return _created(VendorCreated if kind == VENDOR_EVENT else JobCreated, data if isinstance(data, dict) else {})


def _created(
    event: type[JobCreated] | type[VendorCreated], data: Mapping[str, Any]
) -> JobCreated | VendorCreated | Ignored:
    found = {"data.companyId": _uuid(data.get("companyId")), "data.id": _uuid(data.get("id"))}
    wrong = [name for name, value in found.items() if value is None]
    if wrong:
        return Ignored(f"{', '.join(wrong)}: not a UUID")
    company_id, created_id = (str(value) for value in found.values())
    return event(company_id, created_id)


def _uuid(value: Any) -> str | None:
    """Return the UUID if it is in its 36-character form: `UUID` also takes braces and bare hexadecimals."""
    try:
        canonical = str(UUID(value))
    except (ValueError, TypeError, AttributeError):
        return None
    return canonical if value.lower() == canonical else None
