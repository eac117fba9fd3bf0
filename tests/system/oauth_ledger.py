"""Ledgers that sign in with OAuth, in the place of the one that takes a key; the Pleo simulator plays their sign-in
service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

from pleo_export.accounting.descriptor import CredentialField
from pleo_export.accounting.ledger_oauth import LedgerGrant, LedgerOAuth, Tenant
from pleo_export.accounting.registry import CONNECTORS
from tests.system.pleo import URL

BY_A_PERSON = LedgerOAuth(
    token_url=f"{URL}/oauth/token",
    authorize_url=f"{URL}/oauth/authorize",
    revoke_url=f"{URL}/oauth/token/revoke",
    scopes=("offline_access", "accounting"),
)
BY_ITS_OWN_CLIENT = LedgerOAuth(
    token_url=f"{URL}/oauth/token", scopes=("https://api.test/.default",), grant=LedgerGrant.CLIENT_CREDENTIALS
)
OWN_CLIENT = (CredentialField("client_id", "Client id"), CredentialField("client_secret", "Client secret"))


class Granted:
    """What the grants of a ledger cover, in the place of a connector's module: `tenants` is what it lists."""

    tenants_now: Sequence[Tenant] = ()
    released: list[str]

    def __init__(self) -> None:
        self.asked_with: list[str] = []
        self.released = []

    def tenants(self, access_token: str, settings: Any) -> Sequence[Tenant]:
        self.asked_with.append(access_token)
        return self.tenants_now

    def release(self, access_token: str, settings: Any) -> None:
        self.asked_with.append(access_token)
        self.released.append(settings.database)
        self.tenants_now = [each for each in self.tenants_now if each.id != settings.database]


@contextmanager
def ledger_with(oauth: LedgerOAuth, **changes: Any) -> Iterator[None]:
    """Let Tryton sign in like that; `changes` are further fields of its descriptor."""
    with mock.patch.dict(CONNECTORS, {"tryton": replace(CONNECTORS["tryton"], oauth=oauth, **changes)}):
        yield


@contextmanager
def ledger_of_several_companies(granted: Granted) -> Iterator[None]:
    """A ledger whose grants cover some of its companies; Tryton's setting `database` names the one that is meant."""
    import sys  # noqa: PLC0415 - only to stand in for a module

    name = "tests.system.oauth_ledger.granted"
    with (
        mock.patch.dict(sys.modules, {name: granted}),
        ledger_with(replace(BY_A_PERSON, tenant_field="database"), module=name, title="Orchard"),
    ):
        yield
