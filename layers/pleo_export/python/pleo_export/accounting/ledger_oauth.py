"""How an accounting system takes OAuth: constants of its connector's descriptor, and the addresses made from them.

Secrets go only to the vendor's own hosts, which stand in the descriptor. Settings may fill in a part of a path (a
tenant), and may name another login address on this machine alone, where a simulator runs: what settings say must never
decide to whom a client's secret is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlsplit

from pleo_export.accounting.addresses import ONLY_HERE, is_loopback
from pleo_export.errors import InvalidSettings

if TYPE_CHECKING:
    from pleo_export.accounting.settings import AccountingSettings


class LedgerGrant(StrEnum):
    """How tokens are got. AUTHORIZATION_CODE: a person authorises our client, whose id and secret the installation has;
    the company's secret holds the grant. CLIENT_CREDENTIALS: the company's secret holds `client_id` and `client_secret`
    of a client that the customer has registered, and there is no refresh token."""

    AUTHORIZATION_CODE = "authorization_code"
    CLIENT_CREDENTIALS = "client_credentials"


class Tenant(NamedTuple):
    """A company of the accounting system that a grant covers."""

    id: str
    name: str


class OAuthAddresses(NamedTuple):
    """Where a person authorises, and where tokens are got and revoked; "" where there is no such address."""

    authorize: str
    token: str
    revoke: str


@dataclass(frozen=True, slots=True)
class LedgerOAuth:
    """The sign-in service of an accounting system. The addresses may have a {setting} of the connector in their path.

    `tenant_field`: the setting that names one of the companies that a grant may cover; it is None until a person has
    chosen, and the connector's module has `tenants` and `release`. None where a grant is for one company."""

    token_url: str
    scopes: tuple[str, ...] = ()
    grant: LedgerGrant = LedgerGrant.AUTHORIZATION_CODE
    authorize_url: str = ""
    revoke_url: str = ""
    tenant_field: str | None = None

    def __post_init__(self) -> None:
        for url in filter(None, (self.token_url, self.authorize_url, self.revoke_url)):
            parts = urlsplit(url)
            if parts.scheme != "https" or not parts.hostname or "{" in parts.netloc:
                raise ValueError(f"{url}: write https and the vendor's host")
        if (self.grant is LedgerGrant.AUTHORIZATION_CODE) != bool(self.authorize_url):
            raise ValueError("authorize_url: needed by authorization_code, and by nothing else")

    @property
    def by_a_person(self) -> bool:
        """Whether a person authorises us there."""
        return self.grant is LedgerGrant.AUTHORIZATION_CODE

    def addresses(self, settings: AccountingSettings) -> OAuthAddresses:
        """Return the addresses for a company's settings. Raises InvalidSettings for a `login_url` elsewhere."""
        local = getattr(settings, "login_url", None)
        if local is not None and not is_loopback(str(local)):
            raise InvalidSettings(f"accounting_system.login_url: {ONLY_HERE}")
        values = {name: quote(str(value), safe="") for name, value in settings.model_dump(mode="json").items()}
        made = (_address(url, values, local) for url in (self.authorize_url, self.token_url, self.revoke_url))
        return OAuthAddresses(*made)

    def tenant(self, settings: AccountingSettings) -> str | None:
        """Return the company that the settings name; None where none is chosen yet, or where there is no choice."""
        value = getattr(settings, self.tenant_field) if self.tenant_field else None
        return None if value is None else str(value)


def _address(url: str, values: dict[str, str], local: object) -> str:
    if not url:
        return ""
    path = urlsplit(url).path.format_map(values)
    if local is None:
        return f"https://{urlsplit(url).netloc}{path}"
    return f"{str(local).rstrip('/')}{path}"
