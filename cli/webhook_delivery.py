"""Try our own webhook address as Pleo would use it."""

from __future__ import annotations

import json
from uuid import uuid4

from cli.errors import CheckFailed
from cli.stack import Stack
from pleo_export.pleo.webhook_authentication import WebhookAuthentication, credential_headers
from pleo_export.settings import Settings
from pleo_export.store.secrets import ConnectionSecrets
from pleo_export.workflow.receive_webhook import RECHECK_SECONDS
from pleo_export.workflow.webhook_request import UNAUTHORIZED

TRIAL = json.dumps({"eventType": "pleo-export.trial", "data": {}}).encode()  # an event that the webhook ignores
ACCEPTED = 202


def answers(stack: Stack, url: str, settings: Settings, secrets: ConnectionSecrets) -> str:
    """Send an authenticated delivery and return that it was accepted; once more after a refusal, since a function that
    has just read the secret before takes a new one only after RECHECK_SECONDS. Raises CheckFailed when it was not."""
    method = settings.webhook_authentication
    known = secrets.webhook_credentials(method)
    if not known:
        raise CheckFailed(f"no secret is stored for webhook_authentication: {method}; run connect again")
    status = _deliver(stack, url, method, known[0])
    if status == UNAUTHORIZED:
        stack.sleep(RECHECK_SECONDS + 1)
        status = _deliver(stack, url, method, known[0])
    if status == ACCEPTED:
        return f"takes deliveries at {url}"
    meaning = (
        "does not know the company, or its secret"
        if status == UNAUTHORIZED
        else "is not the deployed webhook, or fails"
    )
    raise CheckFailed(f"{url} answers {status} to a correct delivery: what answers there {meaning}; see its log")


def _deliver(stack: Stack, url: str, method: WebhookAuthentication, credential: str) -> int:
    headers = credential_headers(method, credential, f"msg_{uuid4().hex}", TRIAL, stack.now())
    return stack.deliver(url, {"content-type": "application/json", **headers}, TRIAL)
