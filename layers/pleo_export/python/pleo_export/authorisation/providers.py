"""Where a person authorises us: at Pleo, or at an accounting system. What differs between them, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from pleo_export.accounting.descriptor import Connector
from pleo_export.accounting.registry import CONNECTORS, oauth_of
from pleo_export.authorisation import replies
from pleo_export.authorisation.pages import Reply
from pleo_export.errors import InvalidSettings
from pleo_export.oauth.token_endpoint import TokenEndpoint
from pleo_export.pleo.credentials import SCOPES, BearerToken
from pleo_export.services.services import Services
from pleo_export.store.authorisations import PLEO, Invitation
from pleo_export.store.secrets import GrantOwner

if TYPE_CHECKING:
    from pleo_export.accounting.settings import AccountingSettings


class Provider(Protocol):
    """A service at which a person authorises us."""

    @property
    def title(self) -> str:
        """What people call it."""

    @property
    def grant_owner(self) -> GrantOwner:
        """The part of the company's secret that the tokens go to."""

    @property
    def scopes(self) -> Sequence[str]:
        """What we ask to be allowed."""

    def authorize_url(self, services: Services) -> str:
        """Return the address where the person consents."""

    def endpoint(self, company_id: str, services: Services) -> TokenEndpoint:
        """Return where the code is exchanged. Raises Misconfigured."""

    def refusal(self, access_token: str, invitation: Invitation, services: Services) -> Reply | None:
        """Return the page that says why these tokens are not for the company of the invitation; None if they are.
        Raises PleoExportError if the provider does not tell."""

    def connected(self, invitation: Invitation) -> Reply:
        """Return the page at the end."""


@dataclass(frozen=True)
class PleoProvider:
    """Pleo: tokens are for the company that the person consented for (API-1). `of_lists` are the scopes of the lists
    that its settings keep in step; others are not asked for."""

    title: ClassVar[str] = "Pleo"
    grant_owner: ClassVar[GrantOwner] = "pleo"
    of_lists: tuple[str, ...] = ()

    @property
    def scopes(self) -> Sequence[str]:
        """What we ask to be allowed."""
        return (*SCOPES, *self.of_lists)

    def authorize_url(self, services: Services) -> str:
        """Return the address where the person consents."""
        return f"{services.pleo_auth_url}/oauth/authorize"

    def endpoint(self, company_id: str, services: Services) -> TokenEndpoint:
        """Return where the code is exchanged."""
        return services.token_endpoint(company_id, self.grant_owner)

    def refusal(self, access_token: str, invitation: Invitation, services: Services) -> Reply | None:
        """Compare the company. Tokens of another one are not revoked: Pleo documents no revocation of a token (RFC
        7009), and deleting the installation with it ends all tokens of the client, which may be another customer's."""
        owner = services.pleo_with(BearerToken(access_token)).introspect().company_id
        return None if owner == invitation.company_id else replies.ANOTHER_COMPANY

    def connected(self, invitation: Invitation) -> Reply:
        """Return the page at the end."""
        return replies.connected_to_pleo(invitation)


@dataclass(frozen=True)
class LedgerProvider:
    """An accounting system. A grant may cover several of its companies: which one is meant stands in the settings, or
    is chosen by the operator afterwards."""

    connector: Connector
    settings: AccountingSettings
    grant_owner: ClassVar[GrantOwner] = "accounting_system"

    @property
    def title(self) -> str:
        """What people call it."""
        return self.connector.title

    @property
    def scopes(self) -> Sequence[str]:
        """What we ask to be allowed."""
        return oauth_of(self.connector.name).scopes

    def authorize_url(self, services: Services) -> str:
        """Return the address where the person consents."""
        return oauth_of(self.connector.name).addresses(self.settings).authorize

    def endpoint(self, company_id: str, services: Services) -> TokenEndpoint:
        """Return where the code is exchanged."""
        return services.token_endpoint(company_id, self.grant_owner, self.settings)

    def refusal(self, access_token: str, invitation: Invitation, services: Services) -> Reply | None:
        """Look for the company of the settings among those of the grant."""
        oauth = oauth_of(self.connector.name)
        if oauth.tenant_field is None:
            return None
        granted = {each.id.lower() for each in self.connector.tenants(access_token, self.settings)}
        chosen = oauth.tenant(self.settings)
        if not granted:
            return replies.no_company(self.title)
        return None if chosen is None or chosen.lower() in granted else replies.another_ledger(self.title)

    def connected(self, invitation: Invitation) -> Reply:
        """Return the page at the end."""
        return replies.connected_to_ledger(invitation, self.title)


def provider_of(invitation: Invitation) -> Provider:
    """Return the provider of the invitation. Raises InvalidSettings if its settings do not fit this version."""
    if invitation.provider == PLEO:
        return PleoProvider(invitation.scopes)
    connector = CONNECTORS.get(invitation.provider)
    if connector is None or connector.oauth is None or not connector.oauth.by_a_person:
        raise InvalidSettings(f"{invitation.provider}: nobody can authorise us there")
    return LedgerProvider(connector, connector.settings.model_validate(dict(invitation.settings)))


def title_of(provider: str) -> str:
    """Return what people call the provider of that name, whatever a request says it is."""
    return CONNECTORS[provider].title if provider in CONNECTORS else PleoProvider.title
