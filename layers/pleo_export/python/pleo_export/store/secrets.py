"""The secrets of a connection: one secret per company, JSON, kept in Secrets Manager.

{"pleo": {"api_key": ...} or an OAuth grant (oauth/grant.py), "webhook_secrets": ["whsec_..."],
 "accounting_system": {...}, where that uses OAuth with a grant too}

With `webhook_authentication: basic` or `header` also "webhook_tokens": [...]: ours, which Pleo sends with each webhook.
Of both lists the first is in use, the others are still accepted (`pleo.webhook_authentication`).

It is written as a whole, so that no reader ever sees half of it, and by one writer at a time (`store.secret_locks`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from pleo_export.errors import InvalidSettings, Misconfigured
from pleo_export.pleo.webhook_authentication import WebhookAuthentication

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager.client import SecretsManagerClient

FRESH_SECONDS = 60  # a warm function sees a changed secret within a minute
GrantOwner = Literal["pleo", "accounting_system"]


def connection_secret(stack: str, company_id: str) -> str:
    """Return the name of a company's secret, which exists before the company is connected.

    The functions may read the secrets below this path; see template.yaml.
    """
    return f"{stack}/connections/{company_id}"


def oauth_client_secret(stack: str, provider: str) -> str:
    """Return the name of the secret with the installation's OAuth client at that provider: pleo, or an accounting
    system."""
    return f"{stack}/oauth/{provider}"


@dataclass(frozen=True, repr=False)
class ConnectionSecrets:
    """The secrets of one connection. Its repr shows none of them."""

    pleo: Mapping[str, str]
    webhook_secrets: tuple[str, ...]
    accounting_system: Mapping[str, str]
    webhook_tokens: tuple[str, ...] = ()

    def webhook_credentials(self, method: WebhookAuthentication) -> tuple[str, ...]:
        """Return the secrets that a webhook may be authenticated with: the one in use first, then those that are still
        accepted."""
        return self.webhook_secrets if method is WebhookAuthentication.SIGNATURE else self.webhook_tokens

    def of(self, grant_owner: GrantOwner) -> Mapping[str, str]:
        """Return the section of this grant owner."""
        return self.pleo if grant_owner == "pleo" else self.accounting_system

    def with_secret_of(self, grant_owner: GrantOwner, section: Mapping[str, str]) -> ConnectionSecrets:
        """Return a copy with another section for this grant owner."""
        return replace(self, pleo=section) if grant_owner == "pleo" else replace(self, accounting_system=section)


class Secrets:
    """Secrets Manager, with what was read lately. A secret is named by its ARN or its name."""

    def __init__(self, client: SecretsManagerClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._fresh: dict[str, tuple[float, ConnectionSecrets]] = {}

    def get(self, secret_id: str, fresh_seconds: float = FRESH_SECONDS) -> ConnectionSecrets:
        """Return the secrets as they were at most `fresh_seconds` ago.

        Raises InvalidSettings if the secret is not the JSON object described above.
        """
        known = self._fresh.get(secret_id)
        if known and self._clock() - known[0] < fresh_seconds:
            return known[1]
        secrets = _parse(self._client.get_secret_value(SecretId=secret_id)["SecretString"])
        self._fresh[secret_id] = (self._clock(), secrets)
        return secrets

    def put(self, secret_id: str, secrets: ConnectionSecrets) -> None:
        """Write all sections at once. The caller holds the company's lock."""
        self._fresh.pop(secret_id, None)
        self._client.put_secret_value(SecretId=secret_id, SecretString=json.dumps(asdict(secrets)))

    def oauth_client(self, secret_id: str) -> tuple[str, str]:
        """Return id and secret of the installation's OAuth client. Raises Misconfigured if there is none."""
        try:
            value = json.loads(self._client.get_secret_value(SecretId=secret_id)["SecretString"])
            return str(value["client_id"]), str(value["client_secret"])
        except (self._client.exceptions.ResourceNotFoundException, ValueError, KeyError, TypeError):
            raise Misconfigured(
                f"{secret_id}: no OAuth client is stored there; run `pleo-export oauth-client`"
            ) from None


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
