"""Ledgers that sign in with OAuth, in the place of the one that takes a key; the Pleo simulator plays their sign-in
service."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl

import requests

from pleo_export.accounting.descriptor import CredentialField
from pleo_export.accounting.ledger_oauth import LedgerGrant, LedgerOAuth, Tenant
from pleo_export.accounting.registry import CONNECTORS
from pleo_simulator.clock import Clock
from pleo_simulator.credentials import parse_basic
from tests.system.pleo import URL

LOGIN = "https://login.ledger.test"

BY_A_PERSON = LedgerOAuth(
    token_url=f"{URL}/oauth/token",
    authorize_url=f"{URL}/oauth/authorize",
    revoke_url=f"{URL}/oauth/token/revoke",
    scopes=("offline_access", "accounting"),
)
BY_ITS_OWN_CLIENT = LedgerOAuth(
    token_url=f"{LOGIN}/oauth2/v2.0/token",
    scopes=("https://api.test/.default",),
    grant=LedgerGrant.CLIENT_CREDENTIALS,
)
OWN_CLIENT = (CredentialField("client_id", "Client id"), CredentialField("client_secret", "Client secret"))


class OwnClients(requests.adapters.BaseAdapter):
    """A sign-in service that gives tokens to clients alone, as Microsoft Entra does: for an hour, with no refresh
    token. `clients` are the secrets by id."""

    LIFE = timedelta(seconds=3_599)

    def __init__(self, clock: Clock, **clients: str) -> None:
        super().__init__()
        self.clients, self._clock = clients, clock
        self.given: dict[str, datetime] = {}
        self.asked: list[dict[str, str]] = []
        self.faults: list[int | requests.RequestException] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        form = dict(parse_qsl(str(request.body)))
        self.asked.append(form)
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, requests.RequestException):
            raise fault
        if fault:
            return _answer(request, fault, {"error": "temporarily_unavailable" if fault == 503 else "server_error"})
        if request.url != BY_ITS_OWN_CLIENT.token_url or form.get("grant_type") != "client_credentials":
            return _answer(request, 400, {"error": "unsupported_grant_type"})
        if form.get("scope") != "https://api.test/.default":
            return _answer(request, 400, {"error": "invalid_scope"})
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        if basic := str(request.headers.get("Authorization", "")).removeprefix("Basic "):
            client_id, secret = parse_basic(basic)
        if client_id not in self.clients or self.clients[client_id] != secret:
            described = "AADSTS7000215: Invalid client secret provided."
            return _answer(request, 401, {"error": "invalid_client", "error_description": described})
        token = f"token-{len(self.given) + 1}"
        self.given[token] = self._clock.now() + self.LIFE
        answer = {"token_type": "Bearer", "expires_in": 3_599, "ext_expires_in": 3_599, "access_token": token}
        return _answer(request, 200, answer)

    def good(self, token: str) -> bool:
        """Whether the ledger accepts the token now."""
        return token in self.given and self._clock.now() < self.given[token]

    def close(self) -> None:
        pass


def _answer(request: requests.PreparedRequest, status: int, content: object) -> requests.Response:
    made = requests.Response()
    made.status_code, made._content, made.request = status, json.dumps(content).encode(), request
    return made


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
def ledger_with(oauth: LedgerOAuth | None, **changes: Any) -> Iterator[None]:
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
