"""Xero's OAuth: codes, access tokens of thirty minutes, refresh tokens that are used once, and connections."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from ledger_simulators.xero.books import ACCESS_TIME, XeroBooks, XeroGrant
from ledger_simulators.xero.wire import Json
from pleo_simulator.clock import Clock, timestamp

REFRESH_TIME = timedelta(days=60)
CODE_TIME = timedelta(minutes=5)
SCOPES = frozenset(
    {
        *("offline_access", "accounting.settings.read", "accounting.banktransactions", "accounting.manualjournals"),
        *("accounting.invoices", "accounting.payments", "accounting.attachments", "accounting.contacts"),
    }
)


class XeroIdentityRefused(Exception):
    """What OAuth says no with: `invalid_grant`, `invalid_client`, ..."""


@dataclass
class XeroIdentity:
    """One app, with client id and secret, and its organisations."""

    clock: Clock
    books: XeroBooks
    client_id: str = "XEROSIMULATOR0000000000000000000"
    client_secret: str = "xero-simulator-secret"
    connections: list[Json] = field(default_factory=list)
    _access: dict[str, XeroGrant] = field(default_factory=dict)
    _refresh: dict[str, XeroGrant] = field(default_factory=dict)
    _codes: dict[str, tuple[XeroGrant, str]] = field(default_factory=dict)

    def connect(self) -> None:
        """Connect the organisation to the app, as its owner does."""
        if not self.connections:
            made: Json = {"id": self.books.ids.uuid("connection"), "authEventId": self.books.ids.uuid("event")}
            made |= {"tenantId": self.books.tenant, "tenantType": "ORGANISATION"}
            made |= {"tenantName": self.books.organisation["Name"], "createdDateUtc": timestamp(self.clock.now())}
            self.connections.append({**made, "updatedDateUtc": made["createdDateUtc"]})

    def disconnect(self, connection: str) -> bool:
        """End a connection; False if there is none with that id."""
        kept = [each for each in self.connections if each["id"] != connection]
        found = len(kept) < len(self.connections)
        self.connections = kept
        return found

    def authorize(self, redirect: str, scopes: Iterable[str], state: str) -> str:
        """Return where the browser goes after its owner has agreed. The organisation is connected."""
        self.connect()
        code = self.books.ids.token("code")
        self._codes[code] = (XeroGrant(frozenset(scopes), self._in(CODE_TIME)), redirect)
        return f"{redirect}?{urlencode({'code': code, 'scope': ' '.join(scopes), 'state': state})}"

    def token(self, form: Json, client: tuple[str, str]) -> Json:
        """Return a new grant. Raises XeroIdentityRefused."""
        if client != (self.client_id, self.client_secret):
            raise XeroIdentityRefused("invalid_client")
        kept: Any
        match form.get("grant_type"):
            case "authorization_code":
                kept, redirect = self._codes.pop(form.get("code", ""), (None, ""))
                if redirect != form.get("redirect_uri"):
                    kept = None
            case "refresh_token":
                kept = self._refresh.pop(form.get("refresh_token", ""), None)
            case _:
                raise XeroIdentityRefused("unsupported_grant_type")
        if kept is None or kept.ends <= self._in(timedelta()):
            raise XeroIdentityRefused("invalid_grant")
        return self.grant(kept.scopes)

    def grant(self, scopes: Iterable[str] = SCOPES) -> Json:
        """Return a grant, as if a person had just agreed."""
        self.connect()
        access, refresh = self._jwt(frozenset(scopes)), self.books.ids.token("refresh")
        self._access[access] = XeroGrant(frozenset(scopes), self._in(ACCESS_TIME))
        self._refresh[refresh] = XeroGrant(frozenset(scopes), self._in(REFRESH_TIME))
        return {
            "access_token": access,
            "expires_in": int(ACCESS_TIME.total_seconds()),
            "token_type": "Bearer",
            "refresh_token": refresh,
            "scope": " ".join(sorted(scopes)),
        }

    def revoke(self, token: str) -> None:
        """End a grant, and the connections that were made with it."""
        if self._refresh.pop(token, None):
            self._access.clear()
            self.connections.clear()

    def scopes(self, token: str) -> frozenset[str] | None:
        """Return what an access token may; None if it has ended or was never given."""
        kept = self._access.get(token)
        return kept.scopes if kept and kept.ends > self._in(timedelta()) else None

    def _in(self, span: timedelta) -> float:
        return (self.clock.now() + span).timestamp()

    def _jwt(self, scopes: frozenset[str]) -> str:
        head = {"alg": "RS256", "typ": "JWT"}
        claims = {"scope": sorted(scopes), "exp": int(self._in(ACCESS_TIME)), "jti": self.books.ids.uuid("token")}
        return ".".join(
            base64.urlsafe_b64encode(part).decode().rstrip("=")
            for part in (json.dumps(head).encode(), json.dumps(claims).encode(), self.books.ids.raw("signature", 32))
        )
