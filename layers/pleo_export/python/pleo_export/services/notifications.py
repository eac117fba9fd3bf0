"""The ways in which people are told of a job with failures: a topic of SNS, and a webhook signed as Standard Webhooks.

Both are of the installation (template.yaml): the topic always, the webhook where an address is given. Its secret is in
Secrets Manager.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from botocore.config import Config

from pleo_export.pleo.webhook_authentication import WebhookAuthentication, credential_headers

if TYPE_CHECKING:
    import requests
    from mypy_boto3_secretsmanager.client import SecretsManagerClient

CONNECT_SECONDS, READ_SECONDS = 3, 5
TRIES = 2  # of a publication; the webhook is sent once, and its receiver knows a message again by its id


@dataclass(frozen=True, slots=True)
class Notification:
    """What is told: to people as subject and text, to programs as `data` of this `type`. `id` stays the same however
    often one is sent."""

    id: str
    at: datetime
    type: str
    subject: str
    text: str
    data: Mapping[str, Any]

    def as_json(self) -> str:
        """Return the body of the webhook."""
        return json.dumps({"type": self.type, "timestamp": self.at.astimezone(UTC).isoformat(), "data": self.data})


class WebhookNotTaken(Exception):
    """The receiver of the webhook has answered with another status than 2xx."""


class Notifier(Protocol):
    """One way of telling. `channel` names it in metrics."""

    @property
    def channel(self) -> str:
        """The name of the way."""

    def send(self, told: Notification) -> None:
        """Send it once. Raises whatever AWS and the network raise."""


@dataclass(frozen=True)
class TopicNotifier:
    """Publishes to a topic of SNS, by its ARN; `type` is an attribute that a subscription can filter by."""

    topic: str
    sns: Any  # a client of SNS
    channel: str = "topic"

    def send(self, told: Notification) -> None:
        """Publish it."""
        attributes: Any = {"type": {"DataType": "String", "StringValue": told.type}}
        self.sns.publish(TopicArn=self.topic, Subject=told.subject, Message=told.text, MessageAttributes=attributes)


@dataclass(frozen=True)
class WebhookNotifier:
    """Posts to an address, signed with the secret of that name."""

    url: str
    secret: str
    secrets: SecretsManagerClient
    http: requests.Session
    channel: str = "webhook"

    def send(self, told: Notification) -> None:
        """Post it. Raises WebhookNotTaken for another answer than 2xx."""
        body = told.as_json().encode()
        secret = self.secrets.get_secret_value(SecretId=self.secret)["SecretString"]
        signed = credential_headers(WebhookAuthentication.SIGNATURE, secret, told.id, body, told.at)
        answer = self.http.post(
            self.url,
            data=body,
            headers={"Content-Type": "application/json", **signed},
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
        )
        if not answer.ok or answer.is_redirect:
            raise WebhookNotTaken(str(answer.status_code))


def notifiers(
    topic: str, url: str, secret: str, client: Callable[..., Any], http: requests.Session
) -> Sequence[Notifier]:
    """Return the ways of telling that this installation has: `topic` is an ARN, `secret` the name of the secret that
    signs what is posted to `url`; each is empty where there is none. `client` makes a client of an AWS service."""
    chosen: list[Notifier] = []
    if topic:
        limits = Config(
            connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"total_max_attempts": TRIES}
        )
        chosen.append(TopicNotifier(topic, client("sns", config=limits)))
    if url and secret:
        chosen.append(WebhookNotifier(url, secret, client("secretsmanager"), http))
    return chosen
