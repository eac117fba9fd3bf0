"""The credential of an accounting system, however it signs in: a key or a login, a client of the customer's own, or a
grant that a person gives, for one of the companies that it covers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cli.credentials import accounting_credential
from cli.errors import CheckFailed, NotNow, UsageError
from cli.invitations import Invited, invite
from cli.prompts import Choice, Terminal
from cli.stack import Stack
from pleo_export.accounting.descriptor import Connector
from pleo_export.accounting.errors import AuthenticationFailed
from pleo_export.accounting.ledger_oauth import LedgerOAuth, Tenant
from pleo_export.accounting.registry import CONNECTORS
from pleo_export.accounting.settings import AccountingSettings
from pleo_export.errors import Disconnected, InvalidSettings
from pleo_export.oauth.grant import NOT_YET, Grant, grant_in
from pleo_export.oauth.token_endpoint import ClientRefused, GrantEnded, OAuthError
from pleo_export.services.token_endpoints import of_own_client
from pleo_export.services.tokens import MARGIN
from pleo_export.store.connections import Connection
from pleo_export.store.secrets import ConnectionSecrets

Secret = Mapping[str, str]
Opened = tuple[AccountingSettings, Secret]


@dataclass(frozen=True)
class LedgerSignIn:
    """Signs in to the accounting system of one company. `say` shows a line; `invites`: whether a person may be invited
    to authorise us, for which the command then waits."""

    stack: Stack
    company_id: str
    person: Terminal
    say: Callable[[str], None]
    webhook_url: str
    company_name: str = ""
    invites: bool = True

    def credential(self, settings: AccountingSettings, stored: ConnectionSecrets | None) -> Opened:
        """Return the settings, with the company that was chosen, and the credential. Raises NoTerminal (something is
        missing, and nobody can be asked), UsageError (a person has to authorise us first), and as `invite` does."""
        connector = CONNECTORS[settings.name]
        if connector.oauth is None:
            return settings, accounting_credential(connector, stored, self.person)
        if not connector.oauth.by_a_person:
            given = accounting_credential(connector, stored, self.person)
            return settings, own_client_token(self.stack, settings, given, stored)
        granted = self._granted(connector, settings, stored)
        if granted is None:
            granted = self._authorised(connector, settings)
        else:
            self.say(f"{connector.title}: authorised before")
        return self._with_company(connector, connector.oauth, settings, granted), granted

    def _granted(
        self, connector: Connector, settings: AccountingSettings, stored: ConnectionSecrets | None
    ) -> Secret | None:
        """Return the stored grant, refreshed where its token ends soon; None if it is not good for these settings."""
        section = stored.accounting_system if stored else {}
        connection = self._connection(connector)
        try:
            grant = grant_in(section)
            if grant is None or not grant.refresh_token:
                return None
            if connection:
                section = self.stack.services.accounting_secret(connection)
            elif self.stack.now() >= grant.expires_at - MARGIN["accounting_system"]:
                return None  # only the connected are refreshed
            oauth = connector.oauth
            if oauth is None or oauth.tenant_field is None:
                return section
            chosen = oauth.tenant(settings)
            covered = {each.id.lower() for each in connector.tenants(section["access_token"], settings)}
            return section if covered and (chosen is None or chosen.lower() in covered) else None
        except (AuthenticationFailed, Disconnected, InvalidSettings):
            return None

    def _connection(self, connector: Connector) -> Connection | None:
        """Return the connection, if it is to the same accounting system and its settings still fit."""
        found = self.stack.connections.get(self.company_id)
        same = found is not None and _raw_settings(found).get("name") == connector.name
        return found if same else None

    def _authorised(self, connector: Connector, settings: AccountingSettings) -> Secret:
        if not self.invites:
            raise UsageError(f"{connector.title} is authorised by a person, who gets a link: run it again with --oauth")
        invited = Invited(
            self.company_id,
            f"somebody who may administer {connector.title}",
            self.company_name,
            connector.title,
            settings,
        )
        for line in invite(self.stack, invited, self.webhook_url):
            self.say(f"{connector.title}: {line}")
        stored = self.stack.secrets(self.company_id)
        if stored is None:
            raise CheckFailed("the company's secret is gone; run connect again")
        return stored.accounting_system

    def _with_company(
        self, connector: Connector, oauth: LedgerOAuth, settings: AccountingSettings, granted: Secret
    ) -> AccountingSettings:
        """Return the settings with the company that is meant: theirs, the one from before, the only one, or a
        choice."""
        field = oauth.tenant_field
        if field is None or oauth.tenant(settings) is not None:
            return settings
        covered = {each.id: each for each in connector.tenants(granted["access_token"], settings)}
        connection = self._connection(connector)
        before = str(_raw_settings(connection).get(field)) if connection else ""
        tenant = covered.get(before) or self._chosen(connector, covered)
        self.say(
            f"{connector.title}: the company is {tenant.name}. Keep it in the settings file, under accounting_system:\n"
            f"  {field}: {tenant.id}"
        )
        return connector.settings.model_validate(settings.model_dump(mode="json") | {field: tenant.id})

    def _chosen(self, connector: Connector, covered: Mapping[str, Tenant]) -> Tenant:
        if not covered:
            raise CheckFailed(f"the authorisation covers no company of {connector.title}; authorise again")
        if len(covered) == 1:
            return next(iter(covered.values()))
        choices = [Choice(each.id, each.name) for each in covered.values()]
        self.say(f"{connector.title}: the authorisation covers " + ", ".join(f"{c.label} ({c.value})" for c in choices))
        while True:
            answer = self.person.choose(f"Company of {connector.title}", choices, None)
            found = [each for each in covered.values() if answer in (each.id, each.name)]
            if len(found) == 1:
                return found[0]
            self.say(f"✗ {answer}: choose one of them by its id")


def own_client_token(
    stack: Stack, settings: AccountingSettings, given: Secret, stored: ConnectionSecrets | None
) -> Secret:
    """Return the secret with a token that the customer's own client got: the stored one, if it is the same client's and
    good for a while. Raises CheckFailed (the client is refused), NotNow (the service does not answer)."""
    before = stored.accounting_system if stored else {}
    client = {name: given.get(name, "") for name in ("client_id", "client_secret")}
    grant = grant_in(given)
    same = all(before.get(name) == value for name, value in client.items())
    if same and grant and stack.now() < grant.expires_at - MARGIN["accounting_system"]:
        return given
    title = CONNECTORS[settings.name].title
    try:
        new = of_own_client(settings, client, stack.http, stack.now).renew(Grant("", "", NOT_YET))
    except (ClientRefused, GrantEnded) as error:
        raise CheckFailed(f"{title} refuses the client id or its secret ({error}). Correct them, and connect") from None
    except OAuthError as error:
        raise NotNow(f"the sign-in service of {title} does not answer ({error}); try again in a minute") from None
    return {**given, **new.as_secret()}


def fresh_credential(stack: Stack, connection: Connection, stored: ConnectionSecrets) -> Secret:
    """Return the stored credential, refreshed where it is a grant whose token ends soon; as it is where that fails, so
    that the accounting system says what is wrong with it."""
    if grant_in(stored.accounting_system) is None:
        return stored.accounting_system
    try:
        return stack.services.accounting_secret(connection)
    except AuthenticationFailed:
        return stored.accounting_system


def _raw_settings(connection: Connection) -> Mapping[str, Any]:
    found: Mapping[str, Any] = connection.raw_settings.get("accounting_system", {})
    return found
