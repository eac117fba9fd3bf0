"""`pleo-export disconnect`: remove what Pleo holds of us, our records and secrets, but not the posting records
(R-10.18).

The connection goes first, so that nothing starts any more, and the secret last, since the rest needs it: the next
run finishes what one has left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

from cli.checks import Check, CheckResult, CheckStatus, run
from cli.connection_steps import NO_INSTALLATION
from cli.errors import ActionNeeded, CheckFailed, NotNow, UsageError
from cli.options import DEFAULT_STACK, CompanyId, StackName, WebhookUrl
from cli.printing import print_result
from cli.stack import Stack
from pleo_export import code_version
from pleo_export.errors import Disconnected, InvalidSettings
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.errors import PleoForbidden, PleoNotFound, PleoUnauthorized

NO_CREDENTIAL = (PleoUnauthorized, PleoForbidden, Disconnected)
OWNER = "disconnect-"  # of the lease: nothing starts meanwhile


@dataclass
class Disconnecting:
    """What the steps work on. `pleo` is None when there is no credential any more."""

    stack: Stack
    company_id: str
    endpoint_url: str
    pleo: PleoClient | None


def command(company_id: CompanyId, stack: StackName = DEFAULT_STACK, webhook_url: WebhookUrl = "") -> None:
    """Disconnect a company. What was booked stays known, so that nothing is ever booked twice."""
    deployed = Stack.named(stack)
    for result in disconnect(deployed, company_id, deployed.webhook_url(webhook_url)):
        print_result(result)


def disconnect(stack: Stack, company_id: str, webhook_url: str) -> Iterator[CheckResult]:
    """Disconnect the company and yield what was done, and what is left to do by hand.

    Raises UsageError for a company that is not connected, NotNow while an export runs, and CheckFailed when it has to
    be run again.
    """
    if not (stack.connections.exists(company_id) or stack.has_secret(company_id)):
        raise UsageError(f"company {company_id} is not connected; `pleo-export connections` lists those that are")
    owner = _hold(stack, company_id)
    try:
        leaving = Disconnecting(stack, company_id, webhook_url + company_id, _pleo(stack, company_id))
        results = list(run(STEPS, leaving))
    finally:
        stack.leases.release(company_id, owner)
    yield from (each for each in results if each.status is not CheckStatus.SKIPPED)
    if any(each.status is CheckStatus.FAILED for each in results):
        raise CheckFailed("Not all is undone yet. Run disconnect again: it continues from here.")


def _hold(stack: Stack, company_id: str) -> str:
    """Take the company's lease, so that no export starts."""
    lease, owner = stack.leases.get(company_id), f"{OWNER}{uuid4()}"
    mine = lease is not None and lease.owner.startswith(OWNER)
    if (stack.busy(company_id) and not mine) or not stack.leases.take(company_id, owner, stack.now(), replacing=lease):
        raise NotNow(f"an export of company {company_id} is running; disconnect it when that is over")
    return owner


def _pleo(stack: Stack, company_id: str) -> PleoClient | None:
    try:
        secrets = stack.secrets(company_id)
        return stack.pleo(secrets.pleo, company_id) if secrets else None
    except InvalidSettings:
        return None


def connection(leaving: Disconnecting) -> str:
    """Delete our record, so that nothing starts any more."""
    stack = leaving.stack
    stack.connections.delete(leaving.company_id)
    facts = {"code_version": code_version()}
    stack.company_events.add(leaving.company_id, "disconnected", stack.caller, stack.now(), facts)
    return "deleted: no longer polled, its books are free; the posting records stay, so that nothing is booked twice"


def subscription(leaving: Disconnecting) -> str:
    """Delete Pleo's subscriptions to our address."""
    by_hand = (
        f"Pleo does not accept the stored credential: its subscription to {leaving.endpoint_url} is left, if there is "
        "one. Connect the company with a new API key and disconnect it again, or delete it with Pleo's API"
    )
    if leaving.pleo is None:
        raise ActionNeeded(by_hand)
    try:
        ours = [each for each in leaving.pleo.subscriptions() if each.endpoint_url == leaving.endpoint_url]
        for each in ours:
            _delete(leaving.pleo, each.id)
    except NO_CREDENTIAL:
        raise ActionNeeded(by_hand) from None
    return f"{len(ours) or 'none to be'} deleted"


def _delete(pleo: PleoClient, subscription_id: str) -> None:
    try:
        pleo.delete_subscription(subscription_id)
    except PleoNotFound:
        return


def installation(leaving: Disconnecting) -> str:
    """Delete the installation at Pleo, which ends the OAuth tokens as well."""
    if leaving.pleo is None:
        return "not deleted, without a credential"
    try:
        leaving.pleo.delete_installation()
    except (*NO_INSTALLATION, *NO_CREDENTIAL):
        return "none to be deleted"
    return "deleted"


def secrets(leaving: Disconnecting) -> str:
    """Delete the company's secret."""
    stack, company_id = leaving.stack, leaving.company_id
    if not stack.has_secret(company_id):
        return "none to be deleted"
    stack.client("secretsmanager").delete_secret(
        SecretId=stack.secret_name(company_id), ForceDeleteWithoutRecovery=True
    )
    return "deleted"


STEPS = (
    Check("connection", connection),
    Check("webhook subscription", subscription, needs=("connection",)),
    Check("installation", installation, needs=("connection",)),
    Check("secrets", secrets, needs=("connection", "webhook subscription", "installation")),
)
