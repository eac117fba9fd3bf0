"""Check what a connection needs beyond the settings: the grants, Pleo's side, our address and the lease."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from cli.checks import Check
from cli.connection_checks import CheckedConnection
from cli.connection_steps import API_KEY, NO_INSTALLATION, check_owner, going
from cli.errors import ActionNeeded, CheckFailed
from cli.ledger_authorisation import fresh_credential
from cli.mapping_check import mapping
from cli.stack import Stack
from cli.webhook_delivery import answers
from pleo_export.pleo.models import Subscription
from pleo_export.pleo.webhook_event import SUBSCRIBED_EVENT, subscribed_events
from pleo_export.services.tokens import BETWEEN_VERSIONS, MARGIN, too_short
from pleo_export.store.grants import EndedGrant
from pleo_export.store.secrets import ConnectionSecrets, GrantOwner
from pleo_export.store.token_refreshes import RefreshStates
from pleo_export.workflow.dispatch import alive

AGAIN = "run `pleo-export connect` again"
GRANTS: tuple[GrantOwner, ...] = ("pleo", "accounting_system")


@dataclass(kw_only=True)
class StoredConnection(CheckedConnection):
    """A connection as it is stored, with what Pleo holds for it."""

    stack: Stack
    ended: Mapping[GrantOwner, EndedGrant]
    secrets: ConnectionSecrets
    endpoint_url: str

    @cached_property
    def subscriptions(self) -> list[Subscription]:
        """All that Pleo holds for the company."""
        return self.pleo.subscriptions()

    @property
    def ours(self) -> list[Subscription]:
        """Those to our address."""
        return [each for each in self.subscriptions if each.endpoint_url == self.endpoint_url]


def stored_connection(stack: Stack, company_id: str, webhook_url: str) -> StoredConnection:
    """Open the connection. Raises CheckFailed when its secret is gone, InvalidSettings when it no longer fits."""
    connection, secrets = stack.connections.get(company_id), stack.secrets(company_id)
    if connection is None or secrets is None:
        raise CheckFailed("the secret of the connection is gone: connect with its credentials")
    ledger, credential = connection.settings.accounting_system, fresh_credential(stack, connection, secrets)
    return StoredConnection(
        settings=connection.settings,
        pleo=stack.pleo(secrets.pleo, company_id),
        pleo_lists=stack.pleo_lists(secrets.pleo, company_id),
        pleo_url=stack.outputs["PleoApiUrl"],
        system=stack.accounting_system(ledger, credential),
        setup=stack.accounting_setup(ledger, credential),
        lists=stack.ledger_lists(ledger, credential),
        now=stack.now(),
        holder=stack.connections.company_using,
        busy=stack.busy(company_id),
        stack=stack,
        ended=connection.ended,
        secrets=secrets,
        endpoint_url=webhook_url + company_id,
    )


def authorisation(stored: StoredConnection) -> str:
    """Check that no grant is marked as ended: nothing is exported then."""
    ended = [f"{which} since {each.at:%Y-%m-%d} ({each.reason.rstrip('.')})" for which, each in stored.ended.items()]
    if ended:
        raise CheckFailed(f"has ended for {', '.join(ended)}. Connect the company again")
    return "no grant has ended"


def pause(stored: StoredConnection) -> str:
    """Check that exports start."""
    paused = stored.stack.pauses.get(stored.company_id)
    if paused:
        why = f" ({paused.reason})" if paused.reason else ""
        raise ActionNeeded(
            f"paused since {paused.at:%Y-%m-%d %H:%M} UTC by {paused.by}{why}: no export starts. When the reason is "
            f"gone, run `pleo-export resume {stored.company_id}`"
        )
    return "exports start"


def token_life(stored: StoredConnection) -> str:
    """Check that Secrets Manager has room for the tokens of each grant."""
    records = RefreshStates(stored.stack.table)
    refreshed = [which for which in GRANTS if stored.secrets.of(which).get("refresh_token")]
    lives = {which: timedelta(seconds=records.get(stored.company_id, which).life) for which in refreshed}
    for which, life in lives.items():
        if life and too_short(which, life):
            raise ActionNeeded(_too_short(which, life))
    told = [
        f"{which} {life.total_seconds():.0f} s" if life else f"{which} not known before its next refresh"
        for which, life in lives.items()
    ]
    return ", ".join(told) or "no tokens that are refreshed"


def _too_short(which: GrantOwner, life: timedelta) -> str:
    enough = BETWEEN_VERSIONS + MARGIN[which]
    return (
        f"access tokens of {which} live {life.total_seconds():.0f} seconds. In a busy day that makes more "
        "versions of the secret than Secrets Manager keeps (100); then new tokens cannot be stored, and the "
        f"company has to reconnect. Ask the provider for tokens of {enough.total_seconds():.0f} seconds or more"
    )


def installation(stored: StoredConnection) -> str:
    """Check the installation at Pleo."""
    try:
        found = stored.pleo.installation()
    except NO_INSTALLATION:
        if stored.introspection.auth_method == API_KEY:
            return "none; an API key works without"
        raise
    check_owner(stored, found)
    if not found.activated:
        raise CheckFailed(f"is {' '.join(filter(None, (found.status, found.error_code)))} at Pleo; {AGAIN}")
    return "activated"


def subscription(stored: StoredConnection) -> str:
    """Check that Pleo delivers this company's exports to our address, once, and nowhere else."""
    ours, url = stored.ours, stored.endpoint_url
    others = [
        each.endpoint_url
        for each in stored.subscriptions
        if each.endpoint_url != url and SUBSCRIBED_EVENT in each.event_types
    ]
    events = subscribed_events(vendors=stored.settings.sync.vendors)
    if wrong := _wrong_with(ours, url, others, events):
        raise CheckFailed(wrong)
    if others:
        raise CheckFailed(
            f"Pleo tells {', '.join(others)} of this company's exports as well. Two installations must not serve one "
            "company: disconnect the other one there"
        )
    return f"active, {going(events)} to {url}"


def _wrong_with(ours: Sequence[Subscription], url: str, others: Sequence[str], events: Sequence[str]) -> str | None:
    if not ours:
        known = "".join(f" (it has one to {each})" for each in others)
        return f"Pleo has no subscription to {url}{known}; {AGAIN}"
    if len(ours) > 1:
        return f"Pleo has {len(ours)} subscriptions to {url} and delivers everything twice; {AGAIN}"
    if not ours[0].active:
        return f"the subscription is {ours[0].status} at Pleo; {AGAIN}, which activates it"
    if missing := [each for each in events if each not in ours[0].event_types]:
        return f"the subscription leaves out {' and '.join(missing)}; {AGAIN}"
    return None


def webhook_secret(stored: StoredConnection) -> str:
    """Check that Pleo still signs with the stored secret (open question 22)."""
    current = stored.pleo.subscription_secret(stored.ours[0].id)
    if current not in stored.secrets.webhook_secrets:
        raise CheckFailed(f"Pleo signs with another secret than the stored one; {AGAIN}, which fetches it")
    return "is the stored one"


def webhook_address(stored: StoredConnection) -> str:
    """Check that our address takes a delivery."""
    return answers(stored.stack, stored.endpoint_url, stored.settings, stored.secrets)


def lease(stored: StoredConnection) -> str:
    """Check that the lease is held by nothing but a running export."""
    stack = stored.stack
    held = stack.leases.get(stored.company_id)
    if held is None:
        return "no export is running"
    if alive(held, stack.executions, stored.now):
        return f"an export is running: {held.owner}"
    raise CheckFailed(
        f"{held.owner} is over and still holds the company. The next poll continues in its place; `pleo-export poll` "
        "polls now"
    )


CHECKS = (
    Check("pause", pause),
    Check("authorisation", authorisation),
    Check("token life", token_life),
    Check("installation", installation, needs=("Pleo credential",)),
    Check("webhook subscription", subscription, needs=("Pleo credential",)),
    Check("webhook secret", webhook_secret, needs=("webhook subscription",)),
    Check("webhook address", webhook_address),
    Check("lease", lease),
    Check("mapping", mapping, needs=("Pleo scopes", "accounting system", "accounts")),
)
