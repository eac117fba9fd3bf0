"""Carry out the steps of connecting a company, after all its checks: Pleo's side first, then our records."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from secrets import token_urlsafe
from typing import Any
from uuid import uuid4

from cli.checks import Check
from cli.connection_checks import CheckedConnection
from cli.errors import ActionNeeded, CheckFailed, NotNow
from cli.stack import Stack
from cli.sync_requests import lists_to_sync, send, sync_request
from cli.webhook_delivery import answers
from pleo_export import code_version
from pleo_export.accounting.lists import LedgerList
from pleo_export.errors import InvalidSettings
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.errors import PleoForbidden, PleoNotFound, PleoRefused
from pleo_export.pleo.models import Installation, Subscription
from pleo_export.pleo.webhook_authentication import WebhookAuthentication, subscription_credentials
from pleo_export.pleo.webhook_event import subscribed_events
from pleo_export.store.secrets import GrantOwner

Secret = Mapping[str, str]

SECRETS_KEPT = 2  # the one in use and the one before, while deliveries that carry it are under way
TOKEN_BYTES = 32
NO_INSTALLATION = (PleoForbidden, PleoNotFound, PleoRefused)  # open question 29
API_KEY = "API_KEY"


@dataclass(kw_only=True)
class NewConnection(CheckedConnection):
    """What the steps work on.

    `credentials` are the parts of the company's secret by name; those of `kept` are the stored ones, which may be
    refreshed meanwhile. `webhook` are the parts that subscribing brings.
    """

    stack: Stack
    credentials: Mapping[GrantOwner, Secret]
    kept: Collection[GrantOwner]
    endpoint_url: str
    webhook: dict[str, str] = field(default_factory=dict)

    @cached_property
    def synced(self) -> tuple[LedgerList, ...]:
        """The lists to sync once connected."""
        return lists_to_sync(self.stack, self.company_id, self.settings.sync)


def installation(connecting: NewConnection) -> str:
    """Activate the installation, a feature of Pleo's marketplace. OAuth needs one; a standalone API key does not."""
    pleo = connecting.pleo
    if connecting.introspection.auth_method != API_KEY:
        found = pleo.installation()
        return _active(connecting, found if found.activated else pleo.activate_installation())
    try:
        return _active(connecting, _installed_by_key(pleo))
    except NO_INSTALLATION as error:
        return f"none (Pleo answers {error.status}); an API key works without"


def _installed_by_key(pleo: PleoClient) -> Installation:
    try:
        found = pleo.installation()
    except NO_INSTALLATION:
        return pleo.create_installation()
    return found if found.activated else pleo.update_installation()


def _active(connecting: NewConnection, found: Installation) -> str:
    check_owner(connecting, found)
    if not found.activated:
        raise CheckFailed(f"Pleo leaves the installation {found.status} {found.error_code or ''}".rstrip())
    return "activated"


def check_owner(checked: CheckedConnection, found: Installation) -> None:
    """Check whose installation it is. Raises InvalidSettings for one of another company."""
    if found.company_id not in (None, checked.company_id):
        raise InvalidSettings(
            f"company_id: the installation at Pleo is of company {found.company_id}, not of {checked.company_id}"
        )


def subscription(connecting: NewConnection) -> str:
    """Subscribe our address: change the subscription from before, or make one. Two would double the deliveries."""
    method, token = connecting.settings.webhook_authentication, token_urlsafe(TOKEN_BYTES)
    events = subscribed_events(vendors=connecting.settings.sync.vendors)
    made = _subscribe(connecting.pleo, connecting.endpoint_url, events, subscription_credentials(method, token))
    connecting.webhook = {"webhook_secrets": connecting.pleo.subscription_secret(made.id)}
    if method is not WebhookAuthentication.SIGNATURE:
        connecting.webhook["webhook_tokens"] = token
    return f"{going(events)} to {made.endpoint_url}, authenticated by {method}"


def going(events: Sequence[str]) -> str:
    """Return which events go to an address, up to the address."""
    return f"{' and '.join(events)} {'go' if len(events) > 1 else 'goes'}"


def _subscribe(
    pleo: PleoClient, endpoint_url: str, events: Sequence[str], credentials: Mapping[str, Any]
) -> Subscription:
    ours = [each for each in pleo.subscriptions() if each.endpoint_url == endpoint_url]
    for double in ours[1:]:
        pleo.delete_subscription(double.id)
    if not ours:
        return pleo.create_subscription(endpoint_url, events, credentials)
    return pleo.update_subscription(ours[0].id, endpoint_url, events, credentials)


def connection(connecting: NewConnection) -> str:
    """Store the secret, then the connection: a connection that is stored can be used."""
    stack, company_id, owner = connecting.stack, connecting.company_id, f"connect-{uuid4()}"
    if not stack.secret_locks.take(company_id, owner, stack.now()):
        raise NotNow("the company's secret is being changed, for example by a refresh; wait a minute")
    try:
        arn = _store_secret(connecting)
    finally:
        stack.secret_locks.release(company_id, owner)
    settings, now = connecting.settings.model_dump(mode="json"), stack.now()
    version = stack.settings_history.next(company_id, settings, stack.caller, code_version(), now)
    stack.connections.put(version, arn, connecting.ledger_id)
    facts: dict[str, str | int] = {"settings_version": version.version, "code_version": code_version()}
    stack.company_events.add(company_id, "connected", stack.caller, now, facts)
    return f"company {company_id} is connected, entries arrive {connecting.settings.posting}"


def first_sync(connecting: NewConnection) -> str:
    """Ask for a sync of the chosen lists. Later changes are found by the schedule."""
    send(connecting.stack, sync_request(connecting.company_id, connecting.synced, "connect"))
    return f"asked for; `pleo-export doctor {connecting.company_id}` shows when the lists are in step"


def webhook_address(connecting: NewConnection) -> str:
    """Try the address. Exports work without it, by the poll."""
    stored = connecting.stack.secrets(connecting.company_id)
    if stored is None:
        raise ActionNeeded("the secret is gone already; run connect again")
    try:
        return answers(connecting.stack, connecting.endpoint_url, connecting.settings, stored)
    except CheckFailed as error:
        raise ActionNeeded(f"{error}. Until then the poll finds the jobs, within five minutes") from None


def _store_secret(connecting: NewConnection) -> str:
    """Store all of a company's secrets in one write and return the ARN. The webhook's former secret stays valid."""
    stack, name = connecting.stack, connecting.stack.secret_name(connecting.company_id)
    stored = _stored(stack.client("secretsmanager"), name)
    credentials = {which: stored[which] for which in connecting.kept}
    webhook = {kind: _kept(new, stored.get(kind, ())) for kind, new in connecting.webhook.items()}
    return stack.store_secret(name, json.dumps({**connecting.credentials, **credentials, **webhook}))


def _kept(new: str, before: Collection[str]) -> list[str]:
    return [new, *(each for each in before if each != new)][:SECRETS_KEPT]


def _stored(client: Any, name: str) -> dict[str, Any]:
    try:
        return dict(json.loads(client.get_secret_value(SecretId=name)["SecretString"]))
    except (client.exceptions.ResourceNotFoundException, client.exceptions.InvalidRequestException):
        return {}  # none, or one that is deleted


STEPS = (
    Check("installation", installation),
    Check("webhook subscription", subscription, needs=("installation",)),
    Check("connection", connection, needs=("installation", "webhook subscription")),
    Check("webhook address", webhook_address, needs=("connection",)),
)
FIRST_SYNC = Check("first sync", first_sync, needs=("connection",))
