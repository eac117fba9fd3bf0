"""The token endpoints of Pleo and of accounting systems, each with the client that belongs there, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from pleo_export.accounting.registry import oauth_of
from pleo_export.errors import InvalidSettings
from pleo_export.oauth.revocation import RevocationEndpoint
from pleo_export.oauth.token_endpoint import OAuthClient, TokenEndpoint

if TYPE_CHECKING:
    import requests

    from pleo_export.accounting.settings import AccountingSettings

Clock = Callable[[], datetime]
IdAndSecret = tuple[str, str]


def of_pleo(auth_url: str, client: IdAndSecret, session: requests.Session, clock: Clock) -> TokenEndpoint:
    """Return Pleo's."""
    return TokenEndpoint(f"{auth_url}/oauth/token", OAuthClient(*client), session, clock)


def has_own_client(settings: AccountingSettings) -> bool:
    """Return whether the company has a client of its own there, so that no person authorises ours. Raises
    InvalidSettings for a system that takes no OAuth tokens."""
    return not oauth_of(settings.name).by_a_person


def of_ledger(
    settings: AccountingSettings, client: IdAndSecret, session: requests.Session, clock: Clock
) -> TokenEndpoint:
    """Return the accounting system's, for the installation's client. Raises InvalidSettings."""
    return TokenEndpoint(oauth_of(settings.name).addresses(settings).token, OAuthClient(*client), session, clock)


def of_own_client(
    settings: AccountingSettings, section: Mapping[str, str], session: requests.Session, clock: Clock
) -> TokenEndpoint:
    """Return the accounting system's, for the client in the company's secret. Raises InvalidSettings."""
    try:
        client = OAuthClient(section["client_id"], section["client_secret"])
    except KeyError as missing:
        raise InvalidSettings(f"the secret of {settings.name} has no {missing}; run `pleo-export connect`") from None
    oauth = oauth_of(settings.name)
    return TokenEndpoint(oauth.addresses(settings).token, client, session, clock, " ".join(oauth.scopes))


def revocation_of(
    settings: AccountingSettings, client: IdAndSecret, session: requests.Session
) -> RevocationEndpoint | None:
    """Return where grants of the accounting system are revoked; None where they cannot be. Raises InvalidSettings."""
    url = oauth_of(settings.name).addresses(settings).revoke
    return RevocationEndpoint(url, OAuthClient(*client), session) if url else None
