"""End what a person has allowed us at an accounting system, when their company is disconnected.

A person may have connected several companies of theirs, and revoking a token can end all that the person has allowed
our client. So the company is taken out of the grant first; the grant itself is revoked only if it covers no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cli.errors import ActionNeeded
from cli.invitations import oauth_client
from cli.stack import Stack
from pleo_export.accounting.descriptor import Connector
from pleo_export.accounting.errors import AccountingError, AuthenticationFailed
from pleo_export.accounting.registry import CONNECTORS
from pleo_export.accounting.settings import AccountingSettings
from pleo_export.errors import InvalidSettings, Misconfigured, TryAgain
from pleo_export.oauth.grant import grant_in
from pleo_export.oauth.token_endpoint import OAuthError
from pleo_export.services.token_endpoints import revocation_of
from pleo_export.settings import parse_settings


@dataclass(frozen=True)
class HeldGrant:
    """A grant of an accounting system, and the company that it was given for."""

    connector: Connector
    settings: AccountingSettings
    section: Mapping[str, str]

    @property
    def by_hand(self) -> str:
        """What a person has to do where we cannot."""
        title = self.connector.title
        return f"{title} may still let us in: disconnect the app there, in the settings of {title}"


def held_grant(stack: Stack, company_id: str) -> HeldGrant | None:
    """Return what a person has allowed us at the company's accounting system, with a token that is good for a while;
    None if nobody has. A company that is half disconnected is known by the history of its settings."""
    secrets, connection = stack.usable_secrets(company_id), stack.connections.get(company_id)
    latest = stack.settings_history.latest(company_id)
    raw = connection.raw_settings if connection else latest.raw_settings if latest else None
    section = secrets.accounting_system if secrets else {}
    if raw is None or not section.get("refresh_token"):
        return None
    try:
        settings = parse_settings(raw).accounting_system
        connector = CONNECTORS[settings.name]
        if connector.oauth is None or not connector.oauth.by_a_person or grant_in(section) is None:
            return None
        if connection:
            section = stack.services.accounting_secret(connection)
    except InvalidSettings:
        return None
    except (AuthenticationFailed, TryAgain, Misconfigured):
        pass  # what is stored may still do
    return HeldGrant(connector, settings, section)


def end_grant(stack: Stack, held: HeldGrant) -> str:
    """Take the company out of the grant, and revoke a grant that covers no other. Returns what was done. Raises
    ActionNeeded with what to do by hand; running it again is safe."""
    oauth = held.connector.oauth
    assert oauth is not None  # noqa: S101 - for the type checker
    token = held.section["access_token"]
    try:
        others = 0
        if oauth.tenant_field is not None:
            held.connector.release(token, held.settings)
            others = len(held.connector.tenants(token, held.settings))
        if others:
            return f"the company is taken out of it; it still covers {others} other{'s' if others > 1 else ''}"
        endpoint = revocation_of(held.settings, oauth_client(stack, held.connector.name), stack.http)
        if endpoint is None:
            raise ActionNeeded(held.by_hand)
        endpoint.revoke(held.section["refresh_token"])
    except (AccountingError, OAuthError, InvalidSettings, Misconfigured) as error:
        raise ActionNeeded(f"{held.by_hand} ({type(error).__name__})") from None
    return "ended"
