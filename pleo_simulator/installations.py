"""Installations of applications for companies: what Pleo's marketplace shows (API-8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import RLock
from typing import Any

from pleo_simulator.clock import Clock, timestamp
from pleo_simulator.credentials import Credential
from pleo_simulator.errors import Refused, bad_request
from pleo_simulator.seeded_ids import SeededIds

Json = dict[str, Any]


@dataclass
class Installation:
    id: str
    application_id: str
    company_id: str
    created_at: datetime
    updated_at: datetime
    status: str
    metadata: Json
    error_code: str | None = None

    def as_json(self) -> Json:
        facts = {
            "id": self.id,
            "applicationId": self.application_id,
            "resource": f"urn:pleo:company:{self.company_id}",
            "status": self.status,
            "metadata": self.metadata,
            "createdAt": timestamp(self.created_at),
            "updatedAt": timestamp(self.updated_at),
        }
        return facts | ({"errorCode": self.error_code} if self.error_code else {})


class Installations:
    """One per company and OAuth client, or one for the API keys of a company. Consent makes that of an OAuth client;
    deleting it kills the client's tokens (`revoke`)."""

    def __init__(self, clock: Clock, ids: SeededIds, revoke: Callable[[str], None]) -> None:
        self._clock = clock
        self._ids = ids
        self._revoke = revoke
        self._records: dict[tuple[str, str | None], Installation] = {}
        self._lock = RLock()

    def get(self, caller: Credential) -> Json:
        with self._lock:
            return self._find(caller).as_json()

    def create(self, caller: Credential, status: str, metadata: Json) -> Json:
        with self._lock:
            if _key(caller) in self._records:
                raise bad_request("There is an installation already.")
            return self._new(caller, status, metadata).as_json()

    def replace(self, caller: Credential, status: str, error_code: str | None, metadata: Json | None) -> Json:
        with self._lock:
            record = self._find(caller)
            record.status, record.error_code = status, error_code
            record.metadata = record.metadata if metadata is None else metadata
            record.updated_at = self._clock.now()
            return record.as_json()

    def activate(self, caller: Credential) -> Json:
        if caller.client_id is None:
            raise bad_request("Only an installation by OAuth is activated so.")
        return self.replace(caller, "ACTIVATED", None, None)

    def delete(self, caller: Credential) -> None:
        with self._lock:
            self._find(caller)
            del self._records[_key(caller)]
        if caller.client_id is not None:
            self._revoke(caller.client_id)

    def _find(self, caller: Credential) -> Installation:
        record = self._records.get(_key(caller))
        if record is None and caller.client_id is not None:
            record = self._new(caller, "AUTHORIZED", {})
        if record is None:
            raise Refused(404, "INSTALLATION_NOT_FOUND", "There is no installation.")  # question 29
        return record

    def _new(self, caller: Credential, status: str, metadata: Json) -> Installation:
        now, made_of = self._clock.now(), self._ids.uuid
        made = Installation(
            made_of("installation"), made_of("application"), caller.company_id, now, now, status, metadata
        )
        self._records[_key(caller)] = made
        return made


def _key(caller: Credential) -> tuple[str, str | None]:
    return caller.company_id, caller.client_id
