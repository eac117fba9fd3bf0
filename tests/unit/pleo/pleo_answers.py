"""Answers of Pleo, and a client whose Pleo is a table of them in memory: no socket, no sleep."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import requests
import responses
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError, NewConnectionError

from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.credentials import ApiKey

PLEO = "https://external.pleo.io"
API_KEY = "plp_never-to-be-seen"
JOB = "3f0c7c3e-6d5c-4c8e-9a53-0a1f5f2f7b10"
COMPANY = "11111111-1111-4111-8111-111111111111"


def refused_connection() -> requests.ConnectionError:
    """As the HTTP library raises it when nothing listens (tests/contract proves the shape on a real port)."""
    reason = NewConnectionError(HTTPConnection("external.pleo.io"), "Connection refused")
    return requests.ConnectionError(MaxRetryError(HTTPConnectionPool("external.pleo.io"), "/?company_id=x", reason))


def dropped_connection() -> requests.ConnectionError:
    return requests.ConnectionError("Connection aborted. Remote end closed connection without response")


def job_json(job_id: str = JOB, **changed: Any) -> dict[str, Any]:
    return {
        "id": job_id,
        "companyId": COMPANY,
        "status": "pending",
        "createdAt": "2026-03-01T09:00:00Z",
        "isInteractive": True,
        "numberOfItems": 2,
        "vendorBasedBookkeeping": False,
        "expiresIn": 3600,
        **changed,
    }


def item_json(entry_id: str, **changed: Any) -> dict[str, Any]:
    return {"accountingEntryId": entry_id, "exportJobId": JOB, "status": "pending", **changed}


def page_json(data: list[Any], next_cursor: str | None = None) -> dict[str, Any]:
    pagination: dict[str, Any] = {
        "hasNextPage": next_cursor is not None,
        "hasPreviousPage": False,
        "currentRequestPagination": {"parameters": {}},
    }
    return {"data": data, "pagination": pagination | ({"endCursor": next_cursor} if next_cursor else {})}


@dataclass
class Pleo:
    """`answers` takes the answers to come; `slept` holds the pauses the client took, in seconds."""

    answers: responses.RequestsMock
    slept: list[float] = field(default_factory=list)

    @property
    def client(self) -> PleoClient:
        return PleoClient(PLEO, ApiKey(API_KEY), sleep=self.slept.append, jitter=lambda: 1.0)

    def will(self, method: str, path: str, **answer: Any) -> None:
        """One more answer to this method and path; in the order given, the last one stays."""
        self.answers.add(method, PLEO + path, **answer)

    def asked(self) -> list[requests.PreparedRequest]:
        return [call.request for call in self.answers.calls]
