"""Webhook subscriptions: records, secrets and the log of their changes (API-7)."""

from __future__ import annotations

import base64
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from threading import RLock
from typing import Any
from urllib.parse import urlsplit

from pleo_simulator.clock import Clock, timestamp
from pleo_simulator.errors import Refused, bad_request
from pleo_simulator.paging import PageRequest, paginate
from pleo_simulator.seeded_ids import SeededIds

Json = dict[str, Any]

EVENT_TYPES = ("v1.export-job.created", "v1.vendor.created")


@dataclass
class Subscription:
    """`request` is the body of the last POST or PUT; the secret stays the same over a PUT (question 22)."""

    id: str
    company_id: str
    secret: str
    request: Json
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None

    @property
    def active(self) -> bool:
        return self.deleted_at is None and self.status == "ACTIVE"

    @property
    def status(self) -> str:
        return str(self.request.get("status", "ACTIVE"))

    def as_json(self) -> Json:
        return self.request | {
            "id": self.id,
            "status": self.status,
            "createdAt": timestamp(self.created_at),
            "updatedAt": timestamp(self.updated_at),
        }


class Subscriptions:
    """A subscription belongs to the company of the credential that made it; others get 404."""

    def __init__(self, clock: Clock, ids: SeededIds) -> None:
        self._clock = clock
        self._ids = ids
        self._records: dict[str, Subscription] = {}
        self._activities: list[Json] = []
        self._lock = RLock()

    def create(self, caller: str, request: Json) -> Json:
        _check(request)
        with self._lock:
            now = self._clock.now()
            secret = "whsec_" + base64.b64encode(self._ids.raw("webhook-secret", 24)).decode()
            record = Subscription(self._ids.uuid("subscription"), caller, secret, request, now, now)
            self._records[record.id] = record
            self._log(record, "CREATE", now)
            return record.as_json()

    def search(
        self, caller: str, page: PageRequest, status: str | None = None, event_types: Collection[str] | None = None
    ) -> Json:
        def wanted(row: Json) -> bool:
            return status in (None, row["status"]) and (not event_types or bool({*event_types} & {*row["eventTypes"]}))

        with self._lock:
            rows = [each.as_json() for each in self._records.values() if _visible(each, caller)]
        return paginate(rows, page, lambda row: str(row["id"]), wanted)

    def get(self, caller: str, subscription_id: str) -> Json:
        with self._lock:
            return self._find(caller, subscription_id).as_json()

    def replace(self, caller: str, subscription_id: str, request: Json) -> Json:
        _check(request)
        with self._lock:
            record = self._find(caller, subscription_id)
            record.request = request
            record.updated_at = self._clock.now()
            self._log(record, "UPDATE", record.updated_at)
            return record.as_json()

    def delete(self, caller: str, subscription_id: str) -> None:
        with self._lock:
            record = self._find(caller, subscription_id)
            record.deleted_at = self._clock.now()
            self._log(record, "DELETE", record.deleted_at)

    def secret(self, caller: str, subscription_id: str) -> str:
        with self._lock:
            return self._find(caller, subscription_id).secret

    def activities(
        self, caller: str, subscription_id: str, page: PageRequest, operation_types: Collection[str] | None = None
    ) -> Json:
        """Stays readable after the deletion, or its last entry could never be seen."""
        with self._lock:
            record = self._records.get(subscription_id)
            if record is None or record.company_id != caller:
                raise _not_found()
            rows = [each for each in self._activities if each["subscriptionId"] == subscription_id]
        return paginate(
            rows,
            page,
            lambda row: str(row["id"]),
            lambda row: not operation_types or row["operationType"] in operation_types,
        )

    def listening(self, company_id: str, event_type: str) -> list[Subscription]:
        with self._lock:
            return [
                each
                for each in self._records.values()
                if each.active and each.company_id == company_id and event_type in each.request["eventTypes"]
            ]

    def _find(self, caller: str, subscription_id: str) -> Subscription:
        record = self._records.get(subscription_id)
        if record is None or not _visible(record, caller):
            raise _not_found()
        return record

    def _log(self, record: Subscription, operation: str, now: datetime) -> None:
        self._activities.append(
            {
                "id": self._ids.uuid("activity"),
                "subscriptionId": record.id,
                "operationType": operation,
                "description": f"Subscription {operation.lower()}d",
                "actorUrn": f"urn:pleo:company:{record.company_id}",
                "createdAt": timestamp(now),
            }
        )


def _visible(record: Subscription, caller: str) -> bool:
    return record.deleted_at is None and record.company_id == caller


def _not_found() -> Refused:
    return Refused(404, "SUBSCRIPTION_NOT_FOUND", "The subscription record could not be found.")


def _check(request: Json) -> None:
    """Pleo wants HTTPS; plain HTTP is for receivers on one's own machine."""
    url = urlsplit(request["endpointUrl"])
    if url.scheme not in ("http", "https") or not url.hostname:
        raise bad_request("endpointUrl must be an http(s) URL.")
    if len(request["eventTypes"]) != len(set(request["eventTypes"])):
        raise bad_request("eventTypes must be unique.")
    unknown = sorted(set(request["eventTypes"]) - set(EVENT_TYPES))
    if unknown or not request["eventTypes"]:
        raise bad_request(f"eventTypes must be of {', '.join(EVENT_TYPES)}; got {', '.join(unknown) or 'none'}.")
