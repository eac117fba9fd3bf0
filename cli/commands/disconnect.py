"""`pleo-export disconnect`: remove what Pleo holds of us, our records and secrets, but not the posting records
(R-10.18).

The connection goes first, so that nothing starts any more, and the secret last, since the rest needs it: the next
run finishes what one has left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

from cli.check_output import StepOutput, step_output
from cli.checks import Check, CheckResult, CheckStatus, run
from cli.confirmation import confirm_by_name
from cli.connection_steps import NO_INSTALLATION
from cli.ended_grants import HeldGrant, end_grant, held_grant
from cli.errors import ActionNeeded, CheckFailed, NotNow, not_connected
from cli.options import DEFAULT_STACK, AsJson, CompanyId, StackName, WebhookUrl, Yes
from cli.output_model import OutputModel
from cli.printing import print_json, print_next, print_result
from cli.stack import RECOVERY_DAYS, Stack
from pleo_export import code_version
from pleo_export.errors import Disconnected, InvalidSettings
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.errors import PleoForbidden, PleoNotFound, PleoUnauthorized

NO_CREDENTIAL = (PleoUnauthorized, PleoForbidden, Disconnected)
OWNER = "disconnect-"  # of the lease: nothing starts meanwhile


@dataclass
class Disconnecting:
    """What the steps work on. `pleo` is None when there is no credential any more, `ledger` where no person has
    authorised us at the accounting system."""

    stack: Stack
    company_id: str
    endpoint_url: str
    pleo: PleoClient | None
    ledger: HeldGrant | None


class DisconnectOutput(OutputModel):
    """What was done, step by step, and what is left to do by hand."""

    stack: str
    company_id: str
    steps: tuple[StepOutput, ...]


def command(
    company_id: CompanyId,
    yes: Yes = False,
    as_json: AsJson = False,
    stack: StackName = DEFAULT_STACK,
    webhook_url: WebhookUrl = "",
) -> None:
    """Disconnect a company. What was booked stays known, so that nothing is ever booked twice.

    Its credentials can be restored for 7 days: connecting again does that.
    """
    deployed = Stack.named(stack)
    if not _is_known(deployed, company_id):
        raise not_connected(company_id)
    confirm_by_name(
        f"Company {company_id} of stack {deployed.name} will be disconnected, and exports no more. Pleo's "
        f"subscription, our connection and, after {RECOVERY_DAYS} days, its credentials are deleted.",
        company_id,
        yes=yes,
    )
    steps = []
    for result in disconnect(deployed, company_id, deployed.webhook_url(webhook_url)):
        steps.append(step_output(result))
        if not as_json:
            print_result(result)
    if as_json:
        print_json(DisconnectOutput(stack=deployed.name, company_id=company_id, steps=tuple(steps)))
    else:
        print_next("pleo-export connect SETTINGS_FILE   within 7 days restores the credentials")


def _is_known(stack: Stack, company_id: str) -> bool:
    return stack.connections.exists(company_id) or stack.has_secret(company_id)


def disconnect(stack: Stack, company_id: str, webhook_url: str) -> Iterator[CheckResult]:
    """Disconnect the company and yield what was done, and what is left to do by hand.

    Raises UsageError for a company that is not connected, NotNow while an export runs, and CheckFailed when it has to
    be run again.
    """
    if not _is_known(stack, company_id):
        raise not_connected(company_id)
    owner = _hold(stack, company_id)
    try:
        ledger = held_grant(stack, company_id)  # while the connection is there: without it nothing is refreshed
        leaving = Disconnecting(stack, company_id, webhook_url + company_id, _pleo(stack, company_id), ledger)
        results = list(run(STEPS_WITH_GRANT if ledger else STEPS, leaving))
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
    """Delete our record, so that nothing starts any more, and the pause, which must not outlast it unseen."""
    stack, company_id = leaving.stack, leaving.company_id
    stack.connections.delete(company_id)
    facts = {"code_version": code_version()}
    stack.company_events.add(company_id, "disconnected", stack.caller, stack.now(), facts)
    if stack.pauses.get(company_id):
        stack.pauses.resume(company_id, stack.caller, stack.now())
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


def ledger_authorisation(leaving: Disconnecting) -> str:
    """End what a person has allowed us at the accounting system."""
    return "none" if leaving.ledger is None else end_grant(leaving.stack, leaving.ledger)


def secrets(leaving: Disconnecting) -> str:
    """Delete the company's secret."""
    stack, company_id = leaving.stack, leaving.company_id
    if not stack.has_secret(company_id):
        return "none to be deleted"
    stack.delete_secret(stack.secret_name(company_id))
    return f"deleted; connecting again within {RECOVERY_DAYS} days restores them"


STEPS = (
    Check("connection", connection),
    Check("webhook subscription", subscription, needs=("connection",)),
    Check("installation", installation, needs=("connection",)),
    Check("secrets", secrets, needs=("connection", "webhook subscription", "installation")),
)
LEDGER = "authorisation at the accounting system"
STEPS_WITH_GRANT = (*STEPS[:-1], Check(LEDGER, ledger_authorisation, needs=("connection",)), STEPS[-1])
