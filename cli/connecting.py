"""Connect a company: everything is tried before anything is stored, so that a wrong setting is refused here."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from secrets import token_urlsafe
from typing import Any

import boto3

from cli.stack import Stack
from pleo_export.accounting.connect import connect as open_books
from pleo_export.accounting.errors import AccountingError
from pleo_export.accounting.port import AccountingSystem
from pleo_export.bookkeeping.documents import Kind
from pleo_export.errors import InvalidSettings
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.credentials import credential_from_secret
from pleo_export.pleo.errors import PleoError
from pleo_export.pleo.models import Subscription
from pleo_export.pleo.webhook_sender import sent_along
from pleo_export.settings import LegacyVendors, Posting, Settings, WebhookAuthentication
from pleo_export.state.connections import Connection

EVENT = "v1.export-job.created"
SECRETS_KEPT = 2  # the one in use and the one before, while deliveries that carry it are under way
TOKEN_BYTES = 32


def connect(
    stack: Stack, settings: Settings, pleo_secret: dict[str, str], accounting_secret: dict[str, str], webhook_url: str
) -> Iterator[str]:
    """Yields a line for each step done. Raises InvalidSettings naming what to correct; then nothing is stored."""
    company_id = str(settings.company_id)
    pleo = PleoClient(stack.outputs["PleoApiUrl"], credential_from_secret(pleo_secret))
    _check_pleo(pleo, company_id)
    yield "Pleo: the key is this company's"
    system = open_books(settings.accounting_system, accounting_secret)
    _check_accounting_system(system, settings)
    yield f"{settings.accounting_system.name}: reachable, and may record entries"
    proof, token = settings.webhook_authentication, token_urlsafe(TOKEN_BYTES)
    subscription = _subscribe(pleo, webhook_url + company_id, sent_along(proof, token))
    webhook = {"webhook_secrets": pleo.subscription_secret(subscription.id)}
    if proof is not WebhookAuthentication.SIGNATURE:
        webhook["webhook_tokens"] = token
    yield f"Pleo: sends {EVENT} to {subscription.endpoint_url}, proven by {proof}"
    arn = _store_secret(stack, company_id, {"pleo": pleo_secret, "accounting_system": accounting_secret}, webhook)
    stack.connections.put(Connection(company_id, settings, arn))
    yield f"connected: company {company_id}, entries arrive {settings.posting}"


def disconnect(stack: Stack, company_id: str, webhook_url: str) -> Iterator[str]:
    """Stop polling, end the subscription, delete the secrets; keep the posting records (R-10.18)."""
    connection = stack.connections.get(company_id)
    if connection is None:
        raise InvalidSettings(f"company {company_id} is not connected; `pleo-export connections` lists those that are")
    secrets = boto3.client("secretsmanager")
    stored = json.loads(secrets.get_secret_value(SecretId=connection.secret_arn)["SecretString"])
    stack.connections.delete(company_id)
    yield "no longer polled"
    pleo = PleoClient(stack.outputs["PleoApiUrl"], credential_from_secret(stored["pleo"]))
    for subscription in pleo.subscriptions():
        if subscription.endpoint_url == webhook_url + company_id:
            pleo.delete_subscription(subscription.id)
            yield "Pleo: subscription deleted"
    secrets.delete_secret(SecretId=connection.secret_arn, ForceDeleteWithoutRecovery=True)
    yield "secrets deleted; the posting records stay, so that nothing is booked twice if the company comes back"


def _check_pleo(pleo: PleoClient, company_id: str) -> None:
    try:
        owner = pleo.introspect().company_id
    except PleoError as error:
        raise InvalidSettings(f"pleo: the credential does not work: {error}") from None
    if owner is not None and owner.lower() != company_id:
        raise InvalidSettings(f"company_id: the Pleo credential belongs to company {owner}, not to {company_id}")


def _check_accounting_system(system: AccountingSystem, settings: Settings) -> None:
    try:
        system.check()
    except AccountingError as error:
        raise InvalidSettings(f"accounting_system: {error.message}") from None
    name = settings.accounting_system.name
    if settings.posting is Posting.DRAFT and Kind.JOURNAL_ENTRY not in system.capabilities.drafts:
        raise InvalidSettings(f"posting: {name} has no draft entries; write posting: posted")
    if settings.legacy_vendors is LegacyVendors.ACCOUNTS_PAYABLE and Kind.BILL not in system.capabilities.kinds:
        raise InvalidSettings(f"legacy_vendors: {name} takes no bills; write legacy_vendors: journal")
    accounts = dict(_accounts(settings))
    dimensions = {f"dimensions.{group}": category for group, category in settings.dimensions.items()}
    try:
        unknown = [
            *_named(accounts, system.unknown_accounts(accounts.values()), f"is not an account of {name}"),
            *_named(dimensions, system.unknown_dimensions(dimensions.values()), f"is not a dimension of {name}"),
        ]
    except AccountingError as error:
        raise InvalidSettings(f"accounting_system: {error.message}") from None
    if unknown:
        raise InvalidSettings("\n".join(unknown))


def _accounts(settings: Settings) -> Iterator[tuple[str, str]]:
    """Every account code in the settings, by the path of its field."""
    for currency, code in settings.accounts.wallets.items():
        yield f"accounts.wallets.{currency}", code
    for role, code in settings.accounts.model_dump(exclude={"wallets"}, exclude_none=True).items():
        yield f"accounts.{role}", code
    for tax, code in settings.tax_accounts.items():
        yield f"tax_accounts.{tax}", code


def _named(fields: Mapping[str, str], unknown: Collection[str], problem: str) -> Iterator[str]:
    return (f"{field}: {value} {problem}" for field, value in fields.items() if value in unknown)


def _subscribe(pleo: PleoClient, endpoint_url: str, along: Mapping[str, Any]) -> Subscription:
    """The subscription to that address: ours from before, made as it is wanted now, else a new one. Two would double
    the deliveries."""
    mine = [each for each in pleo.subscriptions() if each.endpoint_url == endpoint_url]
    if not mine:
        return pleo.create_subscription(endpoint_url, [EVENT], along)
    return pleo.update_subscription(mine[0].id, endpoint_url, [EVENT], along)


def _store_secret(
    stack: Stack, company_id: str, credentials: Mapping[str, dict[str, str]], webhook: Mapping[str, str]
) -> str:
    """One write holds all of a company's secrets; those of `webhook` keep the one before. Returns the secret's ARN."""
    client = boto3.client("secretsmanager")
    name = stack.secret_name(company_id)
    stored = _stored(client, name)
    value = json.dumps({**credentials, **{kind: _kept(new, stored.get(kind, ())) for kind, new in webhook.items()}})
    try:
        return str(client.create_secret(Name=name, SecretString=value)["ARN"])
    except client.exceptions.ResourceExistsException:
        return str(client.put_secret_value(SecretId=name, SecretString=value)["ARN"])


def _kept(new: str, before: Collection[str]) -> list[str]:
    return [new, *(each for each in before if each != new)][:SECRETS_KEPT]


def _stored(client: Any, name: str) -> dict[str, Any]:
    try:
        return dict(json.loads(client.get_secret_value(SecretId=name)["SecretString"]))
    except client.exceptions.ResourceNotFoundException:
        return {}
