"""Webhook deliveries of the simulated Pleo: signature, schedule, headers."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from pleo_simulator.clock import Clock
from pleo_simulator.deliveries import SVIX_SCHEDULE, Deliveries, sign
from pleo_simulator.paging import PageRequest
from pleo_simulator.seeded_ids import SeededIds
from pleo_simulator.subscriptions import Subscriptions

COMPANY = "11111111-1111-4111-8111-111111111111"
JOB = {
    "id": "77777777-7777-4777-8777-777777777777",
    "companyId": COMPANY,
    "createdAt": "2026-03-02T09:00:00.000Z",
    "createdBy": None,
    "expiresIn": 3600,
    "numberOfItems": 2,
    "status": "pending",
    "lastUpdatedAt": None,
}


class Receiver:
    """Answers with `statuses` in turn, then 200. An exception among them is raised."""

    def __init__(self, *statuses: int | Exception) -> None:
        self.statuses = list(statuses)
        self.received: list[tuple[str, dict[str, str], bytes]] = []

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        self.received.append((url, dict(headers), body))
        outcome = self.statuses.pop(0) if self.statuses else 200
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class Post:
    def __init__(self, receiver: Receiver, **subscription: Any) -> None:
        self.clock = Clock(datetime(2026, 3, 2, 9, tzinfo=UTC))
        self.receiver = receiver
        self.subscriptions = Subscriptions(self.clock, SeededIds())
        request = {"endpointUrl": "https://in.example.com/hook", "eventTypes": ["v1.export-job.created"]}
        self.id = self.subscriptions.create(COMPANY, request | subscription)["id"]
        self.deliveries = Deliveries(self.subscriptions, SeededIds(), self.clock, receiver)

    def announce(self) -> None:
        self.deliveries.announce_job(COMPANY, JOB)
        self.deliveries.run_due()


def test_the_signature_is_that_of_pleos_own_example() -> None:
    signature = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )

    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_given_a_new_job_then_one_signed_message_with_the_jobs_snapshot_arrives() -> None:
    post = Post(Receiver())

    post.announce()

    ((url, headers, body),) = post.receiver.received
    event = json.loads(body)
    assert url == "https://in.example.com/hook"
    assert event["eventType"] == "v1.export-job.created"
    assert event["data"] == {key: value for key, value in JOB.items() if key != "lastUpdatedAt"}
    secret = post.subscriptions.secret(COMPANY, post.id)
    at = int(headers["webhook-timestamp"])
    assert at == int(post.clock.now().timestamp())
    assert headers["webhook-signature"] == sign(secret, headers["webhook-id"], at, body)


def test_given_a_receiver_that_always_fails_then_attempts_follow_svix_and_end() -> None:
    post = Post(Receiver(*[500] * 20))
    begun = post.clock.now()

    post.announce()
    for seconds in SVIX_SCHEDULE[1:]:
        post.clock.advance(timedelta(seconds=seconds - 1))
        before = len(post.receiver.received)
        post.deliveries.run_due()
        assert len(post.receiver.received) == before
        post.clock.advance(timedelta(seconds=1))
        post.deliveries.run_due()
    post.clock.advance(timedelta(days=5))
    post.deliveries.run_due()

    (delivery,) = post.deliveries.all()
    assert delivery["state"] == "given_up"
    assert len(delivery["attempts"]) == len(SVIX_SCHEDULE) == 8
    assert delivery["attempts"][0]["at"] == begun.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.mark.parametrize("fault", [500, 302, 404, requests.ConnectionError(), requests.Timeout()])
def test_given_a_failed_attempt_then_the_retry_carries_the_same_id_and_body_and_a_fresh_timestamp(
    fault: int | Exception,
) -> None:
    post = Post(Receiver(fault))
    post.announce()

    post.clock.advance(timedelta(seconds=5))
    post.deliveries.run_due()

    (_, first, body), (_, second, again) = post.receiver.received
    assert (first["webhook-id"], body) == (second["webhook-id"], again)
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 5
    assert first["webhook-signature"] != second["webhook-signature"]
    assert post.deliveries.all()[0]["state"] == "delivered"


def test_given_scale_zero_then_retries_follow_at_once() -> None:
    post = Post(Receiver(500, 500))
    post.deliveries.scale = 0

    post.announce()

    assert [attempt["outcome"] for attempt in post.deliveries.all()[0]["attempts"]] == [500, 500, 200]


def test_given_custom_headers_and_basic_then_they_travel_but_cannot_forge_the_signature() -> None:
    post = Post(
        Receiver(),
        customHeaders={"x-team": "finance", "webhook-id": "forged"},
        endpointAuth={"type": "BASIC", "credentials": {"username": "pleo", "password": "s3"}},
    )

    post.announce()

    ((_, headers, _),) = post.receiver.received
    assert headers["x-team"] == "finance"
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"pleo:s3").decode()
    assert headers["webhook-id"].startswith("msg_")


def test_given_an_inactive_deleted_or_foreign_subscription_then_nothing_is_sent() -> None:
    inactive = Post(Receiver(), status="INACTIVE")
    inactive.announce()
    deleted = Post(Receiver())
    deleted.subscriptions.delete(COMPANY, deleted.id)
    deleted.announce()
    foreign = Post(Receiver())
    foreign.deliveries.announce("22222222-2222-4222-8222-222222222222", "v1.export-job.created", {})
    foreign.deliveries.run_due()

    for post in (inactive, deleted, foreign):
        assert post.receiver.received == []
        assert post.deliveries.all() == []


def test_given_a_subscription_deleted_between_attempts_then_the_retry_is_given_up() -> None:
    post = Post(Receiver(500))
    post.announce()
    post.subscriptions.delete(COMPANY, post.id)

    post.clock.advance(timedelta(seconds=5))
    post.deliveries.run_due()

    assert len(post.receiver.received) == 1
    assert post.deliveries.all()[0]["state"] == "given_up"


def test_given_a_delivered_message_when_resent_then_the_same_message_arrives_twice() -> None:
    post = Post(Receiver())
    post.announce()

    post.deliveries.resend(post.deliveries.all()[0]["id"])
    post.deliveries.run_due()

    (_, first, body), (_, second, again) = post.receiver.received
    assert (first["webhook-id"], body) == (second["webhook-id"], again)


def test_given_a_put_then_the_secret_stays_and_the_change_is_logged() -> None:
    post = Post(Receiver())
    secret = post.subscriptions.secret(COMPANY, post.id)
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 24

    request = {"endpointUrl": "https://new.example.com", "eventTypes": ["v1.vendor.created"]}
    post.subscriptions.replace(COMPANY, post.id, request)
    post.subscriptions.delete(COMPANY, post.id)

    log = post.subscriptions.activities(COMPANY, post.id, PageRequest())["data"]
    assert [each["operationType"] for each in log] == ["CREATE", "UPDATE", "DELETE"]
