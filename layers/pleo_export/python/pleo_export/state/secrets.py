"""The secrets of a connection: one secret per company, JSON, kept in Secrets Manager.

{"pleo": {"api_key": ...} or {"access_token": ...}, "webhook_secrets": ["whsec_..."], "accounting_system": {...}}

With `webhook_authentication: basic` or `header` also "webhook_tokens": [...]: ours, which Pleo sends along. Of both
lists the first is in use, the others are still believed (`pleo.webhook_sender`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pleo_export.errors import InvalidSettings

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager.client import SecretsManagerClient

FRESH_SECONDS = 60  # a warm function sees a changed secret within a minute


@dataclass(frozen=True, repr=False)
class ConnectionSecrets:
    pleo: Mapping[str, str]
    webhook_secrets: tuple[str, ...]
    accounting_system: Mapping[str, str]
    webhook_tokens: tuple[str, ...] = ()


class Secrets:
    def __init__(self, client: SecretsManagerClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._fresh: dict[str, tuple[float, ConnectionSecrets]] = {}

    def get(self, arn: str, fresh_seconds: float = FRESH_SECONDS) -> ConnectionSecrets:
        """As they were at most `fresh_seconds` ago. Raises InvalidSettings when the secret is not the JSON object
        described above."""
        known = self._fresh.get(arn)
        if known and self._clock() - known[0] < fresh_seconds:
            return known[1]
        secrets = _parse(self._client.get_secret_value(SecretId=arn)["SecretString"])
        self._fresh[arn] = (self._clock(), secrets)
        return secrets


def _parse(text: str) -> ConnectionSecrets:
    try:
        value: Any = json.loads(text)
        return ConnectionSecrets(
            pleo=dict(value["pleo"]),
            webhook_secrets=tuple(value["webhook_secrets"]),
            accounting_system=dict(value["accounting_system"]),
            webhook_tokens=tuple(value.get("webhook_tokens", ())),
        )
    except (ValueError, KeyError, TypeError):
        raise InvalidSettings(
            "the connection's secret is not complete: it needs pleo, webhook_secrets and accounting_system; "
            "run `pleo-export connect` again"
        ) from None
