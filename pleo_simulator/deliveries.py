"""Signed webhook deliveries, retried on Svix's schedule (API-7).

The clock here is the receiver's, not the simulated one: a receiver checks the age of `webhook-timestamp` against real
time, so moving Pleo's clock must not make a delivery stale.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Condition, Thread
from typing import Any

import requests

from pleo_simulator.clock import Clock, timestamp
from pleo_simulator.errors import Refused
from pleo_simulator.seeded_ids import SeededIds
from pleo_simulator.subscriptions import Subscription, Subscriptions

Json = dict[str, Any]
Send = Callable[[str, Mapping[str, str], bytes], int]

SVIX_SCHEDULE = (0, 5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600)
"""Seconds before each attempt, counted from the one before."""
ATTEMPT_TIMEOUT = 15


def sign(secret: str, message_id: str, at: int, body: bytes) -> str:
    """`webhook-signature` of Standard Webhooks: the key is what follows `whsec_`, base64-decoded."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{at}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def send_over_http(url: str, headers: Mapping[str, str], body: bytes) -> int:
    answer = requests.post(url, data=body, headers=dict(headers), timeout=ATTEMPT_TIMEOUT, allow_redirects=False)
    return answer.status_code


@dataclass
class Delivery:
    """One message to one subscription. `id` is `webhook-id`, the same over all attempts. `state`: waiting, delivered,
    given_up. `attempts` hold the moment and what came of it: a status, or an error's name."""

    id: str
    subscription: Subscription
    event_type: str
    body: bytes
    due: datetime
    state: str = "waiting"
    attempts: list[tuple[datetime, int | str]] = field(default_factory=list)

    def as_json(self) -> Json:
        return {
            "id": self.id,
            "subscriptionId": self.subscription.id,
            "url": self.subscription.request["endpointUrl"],
            "eventType": self.event_type,
            "body": self.body.decode(),
            "state": self.state,
            "due": timestamp(self.due),
            "attempts": [{"at": timestamp(at), "outcome": outcome} for at, outcome in self.attempts],
        }


class Deliveries:
    """`run_due` does what is due now and never waits; `start` does so in a background thread. `scale` stretches or
    compresses the schedule (0: retries follow at once)."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        ids: SeededIds,
        clock: Clock,
        send: Send = send_over_http,
        scale: float = 1.0,
    ) -> None:
        self.scale = scale
        self._subscriptions = subscriptions
        self._ids = ids
        self._clock = clock
        self._send = send
        self._all: list[Delivery] = []
        self._changed = Condition()
        self._thread: Thread | None = None
        self._running = False

    def announce(self, company_id: str, event_type: str, data: Json) -> None:
        """Queue the event for every active subscription of the company to it."""
        for subscription in self._subscriptions.listening(company_id, event_type):
            event = {"data": data, "eventType": event_type, "eventId": self._ids.uuid("event")}
            self._queue(subscription, event_type, json.dumps(event).encode())

    def announce_job(self, company_id: str, job: Json) -> None:
        fields = ("id", "companyId", "createdAt", "createdBy", "expiresIn", "numberOfItems", "status")
        self.announce(company_id, "v1.export-job.created", {name: job[name] for name in fields})

    def announce_vendor(self, company_id: str, vendor: Json) -> None:
        fields = (
            "id",
            "companyId",
            "name",
            "country",
            "registrationNumber",
            "taxRegistrationNumber",
            "code",
            "state",
            "defaultCurrency",
            "createdBy",
            "createdAt",
            "updatedAt",
            "deletedAt",
        )
        self.announce(company_id, "v1.vendor.created", {name: vendor[name] for name in fields})

    def resend(self, delivery_id: str) -> None:
        """The same message again: at-least-once delivery, made visible."""
        with self._changed:
            delivery = next((each for each in self._all if each.id == delivery_id), None)
            if delivery is None:
                raise Refused(404, "DELIVERY_NOT_FOUND", "Delivery not found.")
            delivery.state, delivery.due = "waiting", self._clock.now()
            self._changed.notify_all()

    def all(self) -> list[Json]:
        with self._changed:
            return [each.as_json() for each in self._all]

    def run_due(self) -> None:
        while (delivery := self._take_due()) is not None:
            self._attempt(delivery)

    def start(self) -> None:
        self._running = True
        self._thread = Thread(target=self._work, name="pleo-deliveries", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._running = False
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(ATTEMPT_TIMEOUT)

    def _queue(self, subscription: Subscription, event_type: str, body: bytes) -> None:
        message_id = "msg_" + self._ids.raw("message", 14).hex()[:27]
        with self._changed:
            self._all.append(Delivery(message_id, subscription, event_type, body, self._clock.now()))
            self._changed.notify_all()

    def _take_due(self) -> Delivery | None:
        """The next due delivery, marked `sending` so that no other caller takes it too."""
        with self._changed:
            now = self._clock.now()
            due = [each for each in self._all if each.state == "waiting" and each.due <= now]
            if not due:
                return None
            first = min(due, key=lambda each: each.due)
            first.state = "sending"
            return first

    def _attempt(self, delivery: Delivery) -> None:
        subscription, now = delivery.subscription, self._clock.now()
        outcome: int | str = "subscription is gone or inactive"
        if subscription.active:
            try:
                outcome = self._send(subscription.request["endpointUrl"], self._headers(delivery, now), delivery.body)
            except requests.RequestException as error:
                outcome = type(error).__name__
        with self._changed:
            delivery.attempts.append((now, outcome))
            made = len(delivery.attempts)
            if isinstance(outcome, int) and 200 <= outcome < 300:
                delivery.state = "delivered"
            elif not subscription.active or made >= len(SVIX_SCHEDULE):
                delivery.state = "given_up"
            else:
                delivery.state = "waiting"
                delivery.due = now + timedelta(seconds=SVIX_SCHEDULE[made] * self.scale)
            self._changed.notify_all()

    def _headers(self, delivery: Delivery, now: datetime) -> dict[str, str]:
        """The signature's own headers win over custom ones of the same name."""
        request, at = delivery.subscription.request, int(now.timestamp())
        headers: dict[str, str] = {"Content-Type": "application/json"} | request.get("customHeaders", {})
        auth = request.get("endpointAuth", {})
        if auth.get("type") == "BASIC":
            credentials = auth.get("credentials", {})
            pair = f"{credentials.get('username', '')}:{credentials.get('password', '')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return headers | {
            "webhook-id": delivery.id,
            "webhook-timestamp": str(at),
            "webhook-signature": sign(delivery.subscription.secret, delivery.id, at, delivery.body),
        }

    def _work(self) -> None:
        while self._running:
            self.run_due()
            with self._changed:
                if self._running:
                    self._changed.wait(self._seconds_to_next())

    def _seconds_to_next(self) -> float | None:
        waiting = [each.due for each in self._all if each.state == "waiting"]
        return max(0.0, (min(waiting) - self._clock.now()).total_seconds()) if waiting else None
