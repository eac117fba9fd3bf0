"""The Export API v3, the webhook subscriptions and the installation, one method per call (API-2 to API-8).

Every method raises PleoError (see `pleo.errors`); ids are UUIDs as text. Lists are read to their last page, and no
page is expected to be full; a page is released before the next one is requested.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from pleo_export.errors import JobFailure
from pleo_export.function_time import TimeLeft, unlimited
from pleo_export.http.session import IsolatedSession
from pleo_export.pleo.credentials import Credential
from pleo_export.pleo.errors import PleoNotFound
from pleo_export.pleo.models import (
    ACTIVATED,
    UNFINISHED,
    Data,
    ExportJob,
    Installation,
    Introspection,
    ItemUpdate,
    JobEvent,
    JobItem,
    Page,
    Subscription,
    SubscriptionSecret,
    UpdateAnswer,
    shorten,
    updates_as_json,
)
from pleo_export.pleo.transport import Model, PleoTransport, Request

if TYPE_CHECKING:
    import requests

T = TypeVar("T")
Query = Sequence[tuple[str, str | int]]

PAGE_LIMIT = 100  # open question 1: the maximum is assumed; every answer may hold fewer
NOTHING: Mapping[str, Any] = {}


class PleoClient:
    """One connection to Pleo. `base_url` is https://external.pleo.io or its staging twin (API-1)."""

    def __init__(
        self,
        base_url: str,
        credential: Credential,
        *,
        session: requests.Session | None = None,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        time_left: TimeLeft = unlimited,
    ) -> None:
        self._transport = PleoTransport(base_url, credential, session or IsolatedSession(), sleep, jitter, time_left)

    # Export jobs

    def unfinished_jobs(self, company_id: str) -> list[ExportJob]:
        """Return the company's jobs that are pending or in progress, oldest first (R-1.3, R-1.5).

        Pleo's filters are checked again: another company's job must never be booked with these settings.
        """
        query = [("company_id", company_id), *(("statuses", status.value) for status in UNFINISHED)]
        jobs = [job for page in self._pages("/v3/export-jobs", query, Page[ExportJob]) for job in page]
        ours = (job for job in jobs if job.company_id.lower() == company_id.lower() and job.status in UNFINISHED)
        return sorted(ours, key=oldest_first)

    def job(self, job_id: str) -> ExportJob:
        """Return the job. Raises PleoNotFound if this credential cannot see it."""
        return self._get(_path("/v3/export-jobs/{}", job_id), Data[ExportJob]).data

    def send_event(
        self, job_id: str, event: JobEvent, failure: JobFailure | None = None, reason: str | None = None
    ) -> None:
        """Send an event that changes the job's status. 202 means accepted: read the job to see its new status (API-3).

        `failure` and `reason` go with `failed` only (C7). Raises ValueError otherwise, and PleoRefused with
        `INVALID_EXPORT_JOB_STATUS_CHANGE` if the job's status is not one that the event can follow (R-1).
        """
        if event is not JobEvent.FAILED and (failure or reason):
            raise ValueError(f"{event} carries no failure")
        body = {"jobId": job_id, "event": event.value}
        if failure:
            body["failureReasonType"] = failure.value
        if reason:
            body["failureReason"] = shorten(reason)
        self._transport.send(Request("POST", "/v3/export-job-events", body=body))

    # Items of a job

    def job_items(self, job_id: str, status: str | None = None, limit: int | None = None) -> Iterator[JobItem]:
        """Yield the items of a job with their status, page by page as the caller goes on; at most `limit` items in all
        (R-3)."""
        path = _path("/v3/export-jobs/{}/items", job_id)
        pages = self._pages(path, [("status", status)] if status else [], Page[JobItem], limit)
        return islice((item for page in pages for item in page), limit)

    def has_items(self, job_id: str, status: str) -> bool:
        """Whether any item of the job has this status, at the cost of one call."""
        return any(True for _ in self.job_items(job_id, status, limit=1))

    def export_item_pages(self, job_id: str) -> Iterator[list[dict[str, Any]]]:
        """Yield the payloads of all entries of an unfinished job, as JSON objects with fractions as Decimal (API-5).

        Raises PleoRefused: with `MISSING_CONTRA_ACCOUNTS` its message names the currencies (R-2); with
        `EXPORT_JOB_STATUS_UNPROCESSABLE` the job has finished.
        """
        return self._pages("/v3/export-items", [("job_id", job_id)], Page[dict[str, Any]])

    def update_items(self, job_id: str, updates: Sequence[ItemUpdate]) -> UpdateAnswer:
        """Report at most 100 results. A 200 can hold failures: read `errors` (R-6.1, R-6.5).

        Repeated automatically if no answer came; an update that had been carried out may then come back in `errors`.
        Raises ValueError for more than 100.
        """
        body = updates_as_json(updates)
        if not body:
            return UpdateAnswer(updated=(), errors=())
        request = Request("PUT", _path("/v3/export-jobs/{}/items", job_id), body=body)
        return self._transport.send(request).read(UpdateAnswer)

    def last_results(self, company_id: str, entry_id: str) -> JobItem | None:
        """Return what Pleo last heard about this entry, in any job; None if it was never exported (R-8.2)."""
        query = [("company_id", company_id), ("accounting_entry_id", entry_id)]
        try:
            return self._get("/v3/export-job-items", Data[JobItem], query).data
        except PleoNotFound:
            return None

    # The connection

    def introspect(self) -> Introspection:
        """Return whose credential this is and what it permits: the cheapest check of a connection (API-8)."""
        return self._get("/v1/introspect", Data[Introspection]).data

    # The installation in Pleo's marketplace (API-8). Which error says that there is none is open question 29:
    # the document promises 400 only, so PleoNotFound, PleoRefused and PleoForbidden all may.

    def installation(self) -> Installation:
        """Return the installation of the credential's application."""
        return self._get("/v1/installations/me", Installation)

    def create_installation(self) -> Installation:
        """Create the installation, active at once. For API keys; an OAuth connection gets its installation by the
        consent."""
        return self._install("POST", "/v1/installations/me", {"status": ACTIVATED})

    def update_installation(self) -> Installation:
        """Activate the installation, for API keys."""
        return self._install("PUT", "/v1/installations/me", {"status": ACTIVATED})

    def activate_installation(self) -> Installation:
        """Activate the installation, for OAuth connections."""
        return self._install("POST", "/v1/installations/me:activate")

    def delete_installation(self) -> None:
        """Delete the installation, which ends all access and refresh tokens of the connection as well. Raises
        PleoNotFound if it is gone already."""
        self._transport.send(Request("DELETE", "/v1/installations/me"))

    # Webhook subscriptions. They belong to the credential's company. PleoForbidden at set-up says that a scope is
    # missing: which one is open question 21.

    def subscriptions(self) -> list[Subscription]:
        """Return all subscriptions, active or not. List before creating: Pleo does not prevent duplicates (API-7)."""
        pages = self._pages("/v1/subscriptions", [], Page[Subscription])
        return [subscription for page in pages for subscription in page]

    def subscription(self, subscription_id: str) -> Subscription:
        """Return the subscription. Raises PleoNotFound if there is none with this id."""
        return self._get(_path("/v1/subscriptions/{}", subscription_id), Data[Subscription]).data

    def create_subscription(
        self, endpoint_url: str, event_types: Sequence[str], credentials: Mapping[str, Any] = NOTHING
    ) -> Subscription:
        """Create a subscription, active at once.

        `credentials` are those of `webhook_authentication.subscription_credentials`, sent with each delivery. After
        PleoOutcomeUnknown list before creating again.
        """
        body = {**_subscription(endpoint_url, event_types, active=True), **credentials}
        return self._transport.send(Request("POST", "/v1/subscriptions", body=body)).read(Data[Subscription]).data

    def update_subscription(
        self,
        subscription_id: str,
        endpoint_url: str,
        event_types: Sequence[str],
        credentials: Mapping[str, Any] = NOTHING,
        *,
        active: bool = True,
    ) -> Subscription:
        """Replace the whole subscription. Fetch the secret again afterwards: whether it stays the same is open question
        22."""
        body = {**_subscription(endpoint_url, event_types, active), **credentials}
        request = Request("PUT", _path("/v1/subscriptions/{}", subscription_id), body=body)
        return self._transport.send(request).read(Data[Subscription]).data

    def delete_subscription(self, subscription_id: str) -> None:
        """Delete the subscription. Raises PleoNotFound if it is gone already."""
        self._transport.send(Request("DELETE", _path("/v1/subscriptions/{}", subscription_id)))

    def subscription_secret(self, subscription_id: str) -> str:
        """Return the signing secret (`whsec_…`), which `webhook_authentication.verify` needs. It goes to the
        connection's secret and nowhere else."""
        path = _path("/v1/subscriptions/{}/secret", subscription_id)
        return self._get(path, Data[SubscriptionSecret]).data.secret_key

    # Reading

    def _get(self, path: str, model: type[Model], query: Query = ()) -> Model:
        return self._transport.send(Request("GET", path, query)).read(model)

    def _install(self, method: str, path: str, body: dict[str, str] | None = None) -> Installation:
        return self._transport.send(Request(method, path, body=body)).read(Installation)

    def _pages(self, path: str, query: Query, model: type[Page[T]], limit: int | None = None) -> Iterator[list[T]]:
        """Yield the pages of a list. Raises PleoProtocolError instead of reading for ever (R-3.9)."""
        query = [*query, ("limit", min(limit or PAGE_LIMIT, PAGE_LIMIT))]
        seen: set[str] = set()
        cursor: str | None = None
        while True:
            data, cursor = self._page(path, [*query, ("after", cursor)] if cursor else query, model, seen)
            yield data
            del data  # before the next page comes
            if cursor is None:
                return
            seen.add(cursor)

    def _page(self, path: str, query: Query, model: type[Page[T]], seen: set[str]) -> tuple[list[T], str | None]:
        """Return one page and the cursor of the next (open question 1)."""
        answer = self._transport.send(Request("GET", path, query))
        page = answer.read(model)
        if not page.pagination.has_next_page:
            return page.data, None
        cursor = page.pagination.end_cursor
        if not cursor:
            raise answer.protocol_error("pagination: hasNextPage without endCursor")
        if cursor in seen:
            raise answer.protocol_error("pagination: the cursor repeats")
        return page.data, cursor


def oldest_first(job: ExportJob) -> tuple[Any, str]:
    """Return the key that sorts jobs from the oldest. Pleo documents no sorting keys, so we sort (open question 2;
    R-1.5)."""
    return job.created_at, job.id


def _path(template: str, identifier: str) -> str:
    return template.format(quote(identifier, safe=""))


def _subscription(endpoint_url: str, event_types: Sequence[str], active: bool) -> dict[str, Any]:
    return {
        "endpointUrl": endpoint_url,
        "eventTypes": list(event_types),
        "status": "ACTIVE" if active else "INACTIVE",
    }
