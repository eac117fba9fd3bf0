"""`pleo-export oauth-client`: store our OAuth client; and authorise with it at Pleo (`connect --oauth`).

A person of the company gets a link; the functions behind the HTTP API do the rest (`authorisation/authorise.py`), until
the company's secret holds a grant. An operator who stops waiting loses nothing: the next run finds the grant.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Annotated

import typer
from pydantic import Field

from cli.confirmation import confirm
from cli.errors import NotNow, UsageError
from cli.options import DEFAULT_STACK, AsJson, StackName, WebhookUrl, Yes
from cli.output_model import OutputModel
from cli.printing import GOOD, print_json, print_line, print_next
from cli.prompts import terminal
from cli.stack import Stack
from pleo_export.errors import Disconnected
from pleo_export.pleo.errors import PleoUnauthorized
from pleo_export.store.authorisations import INVITATION_LIFE
from pleo_export.store.secrets import Secrets

WEBHOOKS, CONNECT, CALLBACK = "/webhooks/pleo/", "/oauth/pleo/connect/", "/oauth/pleo/callback"
LOOK_AGAIN = 2  # seconds
NOTHING_YET = json.dumps({"pleo": {}, "webhook_secrets": [], "accounting_system": {}})


class OauthClientOutput(OutputModel):
    """Where the client is stored."""

    stack: str
    provider: str
    secret: str = Field(description="The name of the secret.")
    redirect_url: str | None = Field(description="What has to be registered for the client at Pleo.")


def command(
    provider: Annotated[str, typer.Argument(help="Where it is registered: pleo, or an accounting system.")] = "pleo",
    yes: Yes = False,
    as_json: AsJson = False,
    stack: StackName = DEFAULT_STACK,
    webhook_url: WebhookUrl = "",
) -> None:
    """Store the id and secret of this installation's OAuth client.

    They come from OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET, or are asked for. One that is stored already is replaced
    only after a question, or with --yes.
    """
    deployed, person = Stack.named(stack), terminal()
    address = deployed.webhook_url(webhook_url)  # first of all: it tells whether there is such a stack
    name = deployed.oauth_client_name(provider)
    url = callback_url(address) if provider == "pleo" else None
    client_id = os.environ.get("OAUTH_CLIENT_ID") or person.text("Client id", variable="OAUTH_CLIENT_ID")
    secret = os.environ.get("OAUTH_CLIENT_SECRET") or person.secret("Client secret", variable="OAUTH_CLIENT_SECRET")
    if deployed.holds(name):
        confirm(f"The OAuth client in {name} will be replaced, for all companies that use it.", yes=yes)
    store_client(deployed, provider, client_id, secret)
    if as_json:
        print_json(OauthClientOutput(stack=deployed.name, provider=provider, secret=name, redirect_url=url))
        return
    print_line(f"stored in {name}", GOOD)
    if url:
        print_line(f"at Pleo the client needs this redirect URL: {url}")
        print_next("pleo-export connect SETTINGS_FILE --oauth")


def authorise(
    stack: Stack, company_id: str, webhook_url: str, company_name: str = "", accounting_system: str = ""
) -> Iterator[str]:
    """Yield what to tell the operator. Ends when the company's secret holds a grant that works. The two names are for
    the page that the person sees.

    Raises InvalidSettings when there is no OAuth client, NotNow when nobody followed the link in time.
    """
    client_id, _ = Secrets(stack.client("secretsmanager")).oauth_client(stack.oauth_client_name())
    if _works(stack, company_id):
        yield "authorised before"
        return
    _make_room(stack, company_id)
    api = _api(webhook_url)
    token = stack.authorisations.invite(
        company_id, client_id, api + CALLBACK, stack.now(), company_name, accounting_system
    )
    hours = int(INVITATION_LIFE.total_seconds() // 3600)
    yield (
        f"open this link, or send it to an Admin or Bookkeeper of the company. It is good once, for {hours} hours:\n"
        f"{api}{CONNECT}{token}"
    )
    while not _followed(stack, token):
        stack.sleep(LOOK_AGAIN)
    yield "authorised"


def store_client(stack: Stack, name: str, client_id: str, client_secret: str) -> None:
    """Store the client. `name` is the provider's: pleo, or an accounting system's."""
    value = json.dumps({"client_id": client_id, "client_secret": client_secret})
    stack.store_secret(stack.oauth_client_name(name), value)


def callback_url(webhook_url: str) -> str:
    """Return the redirect URL that has to be registered at Pleo. Raises UsageError as `_api`."""
    return _api(webhook_url) + CALLBACK


def _works(stack: Stack, company_id: str) -> bool:
    """Return whether there is a grant that Pleo accepts; its tokens may be refreshed for that."""
    stored = stack.secrets(company_id)
    if stored is None or not stored.pleo.get("refresh_token"):
        return False
    try:
        return stack.pleo(stored.pleo, company_id).introspect().company_id == company_id
    except (PleoUnauthorized, Disconnected):
        return False


def _make_room(stack: Stack, company_id: str) -> None:
    """Create a secret for the grant, which the function may write but not create."""
    if not stack.has_secret(company_id):
        stack.store_secret(stack.secret_name(company_id), NOTHING_YET)


def _followed(stack: Stack, token: str) -> bool:
    invitation = stack.authorisations.invitation(token, stack.now())
    if invitation is None:
        raise NotNow("nobody has followed the link in time; run the command again for a new one")
    return invitation.used


def _api(webhook_url: str) -> str:
    """Return the HTTP API's address, which webhooks and authorisations have in common."""
    if not webhook_url.endswith(WEBHOOKS):
        raise UsageError(f"--webhook-url must end in {WEBHOOKS}, so that the address of the API is known")
    return webhook_url.removesuffix(WEBHOOKS)
