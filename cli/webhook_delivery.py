"""Our own webhook address, tried as Pleo would use it."""

from __future__ import annotations

import json
from uuid import uuid4

from cli.stack import Stack
from pleo_export.errors import InvalidSettings
from pleo_export.pleo.webhook_authentication import credential_headers
from pleo_export.settings import Settings
from pleo_export.store.secrets import ConnectionSecrets

TRIAL = json.dumps({"eventType": "pleo-export.trial", "data": {}}).encode()  # an event that means nothing to anybody
ACCEPTED = 202


def answers(stack: Stack, url: str, settings: Settings, secrets: ConnectionSecrets) -> str:
    """Raises InvalidSettings when a proven delivery is not taken."""
    demanded = settings.webhook_authentication
    known = secrets.webhook_credentials(demanded)
    if not known:
        raise InvalidSettings(f"no secret is stored for webhook_authentication: {demanded}; run connect again")
    headers = credential_headers(demanded, known[0], f"msg_{uuid4().hex}", TRIAL, stack.now())
    status = stack.deliver(url, {"content-type": "application/json", **headers}, TRIAL)
    if status == ACCEPTED:
        return f"takes deliveries at {url}"
    meaning = "does not know the company, or its secret" if status == 401 else "is not the deployed webhook, or is ill"
    raise InvalidSettings(f"{url} answers {status} to a good delivery: what answers there {meaning}; see its log")
