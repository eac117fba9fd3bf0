"""Invite a person to authorise us, at Pleo or at an accounting system, and wait until they have.

A person gets a link; the functions behind the HTTP API do the rest (`authorisation/authorise.py`), until the company's
secret holds a grant. An operator who stops waiting loses nothing: the next run finds the grant.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from cli.errors import NotNow, UsageError
from cli.stack import Stack
from pleo_export.accounting.settings import AccountingSettings
from pleo_export.store.authorisations import INVITATION_LIFE, PLEO
from pleo_export.store.secrets import Secrets

WEBHOOKS = "/webhooks/pleo/"
LOOK_AGAIN = 2  # seconds
NOTHING_YET = json.dumps({"pleo": {}, "webhook_secrets": [], "accounting_system": {}})


@dataclass(frozen=True)
class Invited:
    """Who is invited for what. `who` are those who may agree there; the names are for the page that they see.
    `settings` are the accounting system's, where that is to be authorised, else None. `scopes` are what is asked for
    beside what every connection needs."""

    company_id: str
    who: str
    company_name: str = ""
    accounting_system: str = ""
    settings: AccountingSettings | None = None
    scopes: tuple[str, ...] = ()

    @property
    def provider(self) -> str:
        """The name of the service, as in addresses and secrets."""
        return self.settings.name if self.settings else PLEO


def oauth_client(stack: Stack, provider: str) -> tuple[str, str]:
    """Return id and secret of our client at the provider. Raises Misconfigured when there is none."""
    return Secrets(stack.client("secretsmanager")).oauth_client(stack.oauth_client_name(provider))


def invite(stack: Stack, invited: Invited, webhook_url: str) -> Iterator[str]:
    """Yield what to tell the operator. Ends when the company's secret holds a new grant.

    Raises Misconfigured when there is no OAuth client, NotNow when nobody followed the link in time.
    """
    client_id, _ = oauth_client(stack, invited.provider)
    _make_room(stack, invited.company_id)
    token = stack.authorisations.invite(
        invited.company_id,
        client_id,
        callback_url(webhook_url, invited.provider),
        stack.now(),
        invited.company_name,
        invited.accounting_system,
        settings=invited.settings.model_dump(mode="json") if invited.settings else None,
        scopes=invited.scopes,
    )
    hours = int(INVITATION_LIFE.total_seconds() // 3600)
    yield (
        f"open this link, or send it to {invited.who} of the company. It is good once, for {hours} hours:\n"
        f"{_address(webhook_url, invited.provider)}/connect/{token}"
    )
    while not _followed(stack, token):
        stack.sleep(LOOK_AGAIN)
    yield "authorised"


def callback_url(webhook_url: str, provider: str = PLEO) -> str:
    """Return the redirect URL that has to be registered at the provider. Raises UsageError where the address of the API
    is not known."""
    return f"{_address(webhook_url, provider)}/callback"


def _address(webhook_url: str, provider: str) -> str:
    """Return our pages for the provider. The HTTP API has them beside the webhooks."""
    if not webhook_url.endswith(WEBHOOKS):
        raise UsageError(f"--webhook-url must end in {WEBHOOKS}, so that the address of the API is known")
    return f"{webhook_url.removesuffix(WEBHOOKS)}/oauth/{provider}"


def _make_room(stack: Stack, company_id: str) -> None:
    """Create a secret for the grant, which the function may write but not create."""
    if not stack.has_secret(company_id):
        stack.store_secret(stack.secret_name(company_id), NOTHING_YET)


def _followed(stack: Stack, token: str) -> bool:
    invitation = stack.authorisations.invitation(token, stack.now())
    if invitation is None:
        raise NotNow("nobody has followed the link in time; run the command again for a new one")
    return invitation.used
