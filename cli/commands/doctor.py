"""Every check that connecting makes, at any time, and those of what has been connected since.

It changes nothing but for the test entry, which it takes back, and keeps out of the way of a running export.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from botocore.exceptions import ClientError

from cli.checks import ActionNeeded, Check, CheckResult, CheckStatus, explained, run
from cli.commands.connect import API_KEY, NO_INSTALLATION, check_owner
from cli.connection_checks import CHECKS as COMMON
from cli.connection_checks import CheckedConnection
from cli.stack import Stack
from cli.webhook_delivery import answers
from pleo_export.errors import InvalidSettings, PleoExportError
from pleo_export.pleo.models import Subscription
from pleo_export.pleo.webhook_event import SUBSCRIBED_EVENT
from pleo_export.services.tokens import BETWEEN_VERSIONS, MARGIN, too_short
from pleo_export.store.connections import EndedGrant
from pleo_export.store.secrets import ConnectionSecrets, GrantOwner
from pleo_export.store.token_refreshes import RefreshStates
from pleo_export.workflow.dispatch import alive

AGAIN = "run `pleo-export connect` again"


@dataclass(kw_only=True)
class Connected(CheckedConnection):
    stack: Stack
    ended: Mapping[GrantOwner, EndedGrant]
    secrets: ConnectionSecrets
    endpoint_url: str

    @cached_property
    def subscriptions(self) -> list[Subscription]:
        return self.pleo.subscriptions()

    @property
    def ours(self) -> list[Subscription]:
        return [each for each in self.subscriptions if each.endpoint_url == self.endpoint_url]


def examine_company(stack: Stack, company_id: str, webhook_url: str) -> Iterator[CheckResult]:
    """Raises InvalidSettings if the company is not connected."""
    if not stack.connections.exists(company_id):
        raise InvalidSettings(f"company {company_id} is not connected; `pleo-export connections` lists those that are")
    try:
        connected = _connected(stack, company_id, webhook_url)
    except (PleoExportError, ClientError) as error:
        yield CheckResult(
            "settings", CheckStatus.FAILED, f"{explained(error)}. Correct the settings file, then {AGAIN}"
        )
        return
    yield CheckResult("settings", CheckStatus.OK, "fit this version")
    yield from run((*COMMON, *OWN), connected)


def examine_stack(stack: Stack) -> Iterator[CheckResult]:
    """What all companies share."""
    return run(SHARED, stack)


def _connected(stack: Stack, company_id: str, webhook_url: str) -> Connected:
    connection, secrets = stack.connections.get(company_id), stack.secrets(company_id)
    if connection is None or secrets is None:
        raise InvalidSettings("the secret of the connection is gone: connect with its credentials")
    return Connected(
        settings=connection.settings,
        pleo=stack.pleo(secrets.pleo, company_id),
        system=stack.accounting_system(connection.settings.accounting_system, secrets.accounting_system),
        setup=stack.accounting_setup(connection.settings.accounting_system, secrets.accounting_system),
        now=stack.now(),
        holder=stack.connections.company_using,
        busy=stack.busy(company_id),
        stack=stack,
        ended=connection.ended,
        secrets=secrets,
        endpoint_url=webhook_url + company_id,
    )


def authorisation(connected: Connected) -> str:
    """Whether we have marked a grant as ended: nothing is exported then."""
    ended = [f"{which} since {each.at:%Y-%m-%d} ({each.reason.rstrip('.')})" for which, each in connected.ended.items()]
    if ended:
        raise InvalidSettings(f"has ended for {', '.join(ended)}. Connect the company again")
    return "no grant has ended"


def token_life(connected: Connected) -> str:
    """Whether Secrets Manager can keep up with the tokens of each grant."""
    records, lives = RefreshStates(connected.stack.table), []
    grants: tuple[GrantOwner, ...] = ("pleo", "accounting_system")
    for which in grants:
        if not connected.secrets.of(which).get("refresh_token"):
            continue
        life = timedelta(seconds=records.get(connected.company_id, which).life)
        if life and too_short(which, life):
            enough = BETWEEN_VERSIONS + MARGIN[which]
            raise ActionNeeded(
                f"access tokens of {which} live {life.total_seconds():.0f} seconds. In a busy day that makes more "
                "versions of the secret than Secrets Manager keeps (100); then new tokens cannot be stored, and the "
                "company has to reconnect. "
                f"Ask the provider for tokens of {enough.total_seconds():.0f} seconds or more"
            )
        lives.append(f"{which} {life.total_seconds():.0f} s" if life else f"{which} not known before its next refresh")
    return ", ".join(lives) or "no tokens that are refreshed"


def installation(connected: Connected) -> str:
    try:
        found = connected.pleo.installation()
    except NO_INSTALLATION:
        if connected.introspection.auth_method == API_KEY:
            return "none; an API key works without"
        raise
    check_owner(connected, found)
    if not found.activated:
        raise InvalidSettings(f"is {' '.join(filter(None, (found.status, found.error_code)))} at Pleo; {AGAIN}")
    return "activated"


def subscription(connected: Connected) -> str:
    ours, url = connected.ours, connected.endpoint_url
    others = [
        each for each in connected.subscriptions if each.endpoint_url != url and SUBSCRIBED_EVENT in each.event_types
    ]
    if not ours:
        known = "".join(f" (it has one to {each.endpoint_url})" for each in others)
        raise InvalidSettings(f"Pleo has no subscription to {url}{known}; {AGAIN}")
    if len(ours) > 1:
        raise InvalidSettings(f"Pleo has {len(ours)} subscriptions to {url} and delivers everything twice; {AGAIN}")
    if not ours[0].active:
        raise InvalidSettings(f"the subscription is {ours[0].status} at Pleo; {AGAIN}, which activates it")
    if SUBSCRIBED_EVENT not in ours[0].event_types:
        raise InvalidSettings(f"the subscription leaves out {SUBSCRIBED_EVENT}; {AGAIN}")
    if others:
        urls = ", ".join(each.endpoint_url for each in others)
        raise InvalidSettings(
            f"Pleo tells {urls} of this company's exports as well. Two installations must not serve one company: "
            "disconnect the other one there"
        )
    return f"active, {SUBSCRIBED_EVENT} goes to {url}"


def webhook_secret(connected: Connected) -> str:
    """Whether Pleo still signs with what is stored (open question 22)."""
    current = connected.pleo.subscription_secret(connected.ours[0].id)
    if current not in connected.secrets.webhook_secrets:
        raise InvalidSettings(f"Pleo signs with another secret than the stored one; {AGAIN}, which fetches it")
    return "is the stored one"


def webhook_address(connected: Connected) -> str:
    return answers(connected.stack, connected.endpoint_url, connected.settings, connected.secrets)


def lease(connected: Connected) -> str:
    stack = connected.stack
    held = stack.leases.get(connected.company_id)
    if held is None:
        return "no export is running"
    if alive(held, stack.executions, connected.now):
        return f"an export is running: {held.owner}"
    raise InvalidSettings(
        f"{held.owner} is over and still holds the company. The next poll goes on in its place; `pleo-export poll` "
        "polls now"
    )


def dead_letters(stack: Stack) -> str:
    name = "ApproximateNumberOfMessages"
    queue = stack.outputs["FailedQueueUrl"]
    answer = stack.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=[name])
    if count := int(answer["Attributes"][name]):
        raise InvalidSettings(
            f"{count} wake-ups failed five times each: `pleo-export redrive` says why, and sends them again"
        )
    return "none"


def schedule(stack: Stack) -> str:
    name = stack.outputs["PollScheduleName"]
    found = stack.client("scheduler").get_schedule(Name=name)
    if found["State"] != "ENABLED":
        raise InvalidSettings(f"the schedule {name} is {found['State']}: enable it, or lost webhooks stay lost")
    return f"runs at {found['ScheduleExpression']}"


OWN = (
    Check("authorisation", authorisation),
    Check("token life", token_life),
    Check("installation", installation, needs=("Pleo credential",)),
    Check("webhook subscription", subscription, needs=("Pleo credential",)),
    Check("webhook secret", webhook_secret, needs=("webhook subscription",)),
    Check("webhook address", webhook_address),
    Check("lease", lease),
)
SHARED = (
    Check("dead letters", dead_letters),
    Check("poll", schedule),
)
