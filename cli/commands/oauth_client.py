"""Let a person authorise us at Pleo by OAuth: send them a link, and wait until the company's secret holds a grant.

The operator stores the installation's OAuth client once (`oauth-client`); the functions behind the HTTP API do the rest
(`authorisation/authorise.py`). Whoever stops waiting loses nothing: the next run finds the grant.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from cli.stack import Stack
from pleo_export.errors import Disconnected, InvalidSettings
from pleo_export.pleo.errors import PleoUnauthorized
from pleo_export.store.authorisations import INVITATION_LIFE
from pleo_export.store.secrets import Secrets

WEBHOOKS, CONNECT, CALLBACK = "/webhooks/pleo/", "/oauth/pleo/connect/", "/oauth/pleo/callback"
LOOK_AGAIN = 2  # seconds
NOTHING_YET = json.dumps({"pleo": {}, "webhook_secrets": [], "accounting_system": {}})


def authorise(stack: Stack, company_id: str, webhook_url: str) -> Iterator[str]:
    """Yields what to tell the operator. Ends when the company's secret holds a grant that works; raises InvalidSettings
    when there is no OAuth client, or nobody followed the link in time."""
    client_id, _ = Secrets(stack.client("secretsmanager")).oauth_client(stack.oauth_client_name())
    if _works(stack, company_id):
        yield "authorised before"
        return
    _make_room(stack, company_id)
    api = _api(webhook_url)
    token = stack.authorisations.invite(company_id, client_id, api + CALLBACK, stack.now())
    hours = int(INVITATION_LIFE.total_seconds() // 3600)
    yield (
        f"open this link, or send it to an Admin or Bookkeeper of the company. It is good once, for {hours} hours:\n"
        f"{api}{CONNECT}{token}"
    )
    while not _followed(stack, token):
        stack.sleep(LOOK_AGAIN)
    yield "authorised"


def store_client(stack: Stack, name: str, client_id: str, client_secret: str) -> None:
    """`name` is the provider's: pleo, or an accounting system's."""
    secrets = stack.client("secretsmanager")
    value = json.dumps({"client_id": client_id, "client_secret": client_secret})
    try:
        secrets.create_secret(Name=stack.oauth_client_name(name), SecretString=value)
    except secrets.exceptions.ResourceExistsException:
        secrets.put_secret_value(SecretId=stack.oauth_client_name(name), SecretString=value)


def callback_url(webhook_url: str) -> str:
    """What has to be registered at Pleo."""
    return _api(webhook_url) + CALLBACK


def _works(stack: Stack, company_id: str) -> bool:
    """Whether there is a grant, and Pleo takes it; its tokens may be refreshed for that."""
    stored = stack.secrets(company_id)
    if stored is None or not stored.pleo.get("refresh_token"):
        return False
    try:
        return stack.pleo(stored.pleo, company_id).introspect().company_id == company_id
    except (PleoUnauthorized, Disconnected):
        return False


def _make_room(stack: Stack, company_id: str) -> None:
    """A secret for the grant, which the function may write but not make."""
    if not stack.has_secret(company_id):
        stack.client("secretsmanager").create_secret(Name=stack.secret_name(company_id), SecretString=NOTHING_YET)


def _followed(stack: Stack, token: str) -> bool:
    invitation = stack.authorisations.invitation(token, stack.now())
    if invitation is None:
        raise InvalidSettings("nobody has followed the link in time; run the command again for a new one")
    return invitation.used


def _api(webhook_url: str) -> str:
    """The HTTP API's address, which webhooks and authorisations have in common."""
    if not webhook_url.endswith(WEBHOOKS):
        raise InvalidSettings(f"webhook_url: must end in {WEBHOOKS}, so that the address of the API is known")
    return webhook_url.removesuffix(WEBHOOKS)
