"""`pleo-export oauth-client`: store our OAuth client; and authorise with it at Pleo (`connect --oauth`)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Annotated

import typer
from pydantic import Field

from cli.confirmation import confirm
from cli.errors import UsageError
from cli.invitations import Invited, callback_url, invite, oauth_client
from cli.options import DEFAULT_STACK, AsJson, StackName, WebhookUrl, Yes
from cli.output_model import OutputModel
from cli.printing import GOOD, print_json, print_line, print_next
from cli.prompts import terminal
from cli.stack import Stack
from pleo_export.accounting.registry import CONNECTORS
from pleo_export.errors import Disconnected
from pleo_export.pleo.errors import PleoUnauthorized
from pleo_export.store.authorisations import PLEO


class OauthClientOutput(OutputModel):
    """Where the client is stored."""

    stack: str
    provider: str
    secret: str = Field(description="The name of the secret.")
    redirect_url: str | None = Field(description="What has to be registered for the client there.")


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
    url = _redirect_url(address, provider)
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
        at = CONNECTORS[provider].title if provider in CONNECTORS else "Pleo"
        print_line(f"at {at} the client needs this redirect URL: {url}")
        print_next("pleo-export connect SETTINGS_FILE --oauth")


def authorise(
    stack: Stack,
    company_id: str,
    webhook_url: str,
    company_name: str = "",
    accounting_system: str = "",
    scopes: tuple[str, ...] = (),
) -> Iterator[str]:
    """Yield what to tell the operator. Ends when the company's secret holds a grant of Pleo that works, and covers the
    `scopes` beside those of every connection. The two names are for the page that the person sees. Raises as `invite`
    does."""
    oauth_client(stack, PLEO)
    if _works(stack, company_id, scopes):
        yield "authorised before"
        return
    invited = Invited(company_id, "an Admin or Bookkeeper", company_name, accounting_system, scopes=scopes)
    yield from invite(stack, invited, webhook_url)


def store_client(stack: Stack, name: str, client_id: str, client_secret: str) -> None:
    """Store the client. `name` is the provider's: pleo, or an accounting system's."""
    value = json.dumps({"client_id": client_id, "client_secret": client_secret})
    stack.store_secret(stack.oauth_client_name(name), value)


def _works(stack: Stack, company_id: str, scopes: tuple[str, ...]) -> bool:
    """Return whether there is a grant that Pleo accepts and that covers the scopes, as far as Pleo tells; its tokens
    may be refreshed for that."""
    stored = stack.secrets(company_id)
    if stored is None or not stored.pleo.get("refresh_token"):
        return False
    try:
        found = stack.pleo(stored.pleo, company_id).introspect()
    except (PleoUnauthorized, Disconnected):
        return False
    given = found.scope.split()
    return found.company_id == company_id and (not given or set(scopes) <= set(given))


def _redirect_url(webhook_url: str, provider: str) -> str | None:
    """Return what has to be registered for our client; None where no person is sent back to us. Raises UsageError for
    an accounting system that takes no client of ours."""
    connector = CONNECTORS.get(provider)
    if connector is not None and (connector.oauth is None or not connector.oauth.by_a_person):
        raise UsageError(
            f"{connector.title} takes no OAuth client of ours: `pleo-export connect` asks for its credential"
        )
    return callback_url(webhook_url, provider) if connector or provider == PLEO else None
