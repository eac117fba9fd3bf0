"""Pleo's OAuth: authorisation code with PKCE S256, rotating refresh tokens (API-1).

The user's consent is automatic: a client is registered with the company whose user "consents". Every refresh kills
the access and refresh tokens before it; a refresh token used after its end (by time or by rotation) kills the whole
authorisation, as replay protection does.

Tests let it play the sign-in services of accounting systems as well, of which some keep their refresh token
(`Returned`), and some give tokens a shorter life (`access_token_life`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from threading import RLock
from typing import Any

from pleo_simulator.clock import Clock
from pleo_simulator.credentials import ALL_SCOPES, Credential
from pleo_simulator.seeded_ids import SeededIds

Json = dict[str, Any]

CODE_LIFE = timedelta(minutes=1)
ACCESS_TOKEN_LIFE = timedelta(minutes=15)
REFRESH_TOKEN_LIFE = timedelta(days=60)
_VERIFIER = re.compile(r"[A-Za-z0-9\-_.~]{43,128}")


class Returned(Enum):
    """The refresh token in an answer to a refresh (RFC 6749, section 6). If not new, the one sent stays good."""

    NEW = "new"  # Pleo
    SAME = "same"
    NONE = "none"


class OAuthRefused(Exception):
    """Answered by the token endpoint as `{"error": ..., "error_description": ...}`."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status


@dataclass(frozen=True, slots=True)
class Client:
    id: str
    secret: str
    redirect_uris: tuple[str, ...]
    company_id: str


@dataclass
class _Authorisation:
    client: Client
    scope: str
    alive: bool = True


@dataclass
class _Code:
    authorisation: _Authorisation
    redirect_uri: str
    challenge: str
    expires: datetime


@dataclass
class _Token:
    authorisation: _Authorisation
    issued: datetime
    expires: datetime
    rotated: bool = False

    def good(self, now: datetime) -> bool:
        return self.authorisation.alive and not self.rotated and now < self.expires


class OAuth:
    def __init__(self, clock: Clock, ids: SeededIds) -> None:
        self._clock = clock
        self._ids = ids
        self.returned = Returned.NEW
        self.access_token_life: timedelta | None = None  # None: Pleo's
        self._clients: dict[str, Client] = {}
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, _Token] = {}
        self._refresh: dict[str, _Token] = {}
        self._lock = RLock()

    def register(self, client: Client) -> None:
        with self._lock:
            self._clients[client.id] = client

    def redirect_uri_is_registered(self, client_id: str, redirect_uri: str) -> bool:
        client = self._clients.get(client_id)
        return client is not None and redirect_uri in client.redirect_uris

    def authorise(
        self, client_id: str, redirect_uri: str, scope: str, response_type: str, method: str, challenge: str
    ) -> str:
        """The authorisation code. Raises OAuthRefused, which travels in the redirect."""
        if response_type != "code":
            raise OAuthRefused("unsupported_response_type", "response_type must be code")
        if method != "S256" or not challenge:
            raise OAuthRefused("invalid_request", "code_challenge_method must be S256")
        with self._lock:
            code = self._ids.token("code")
            authorisation = _Authorisation(self._clients[client_id], scope)
            self._codes[code] = _Code(authorisation, redirect_uri, challenge, self._clock.now() + CODE_LIFE)
            return code

    def authenticate(self, client_id: str, secret: str) -> Client:
        client = self._clients.get(client_id)
        if client is None or not hmac.compare_digest(client.secret, secret):
            raise OAuthRefused("invalid_client", "unknown client or wrong secret", status=401)
        return client

    def exchange(self, client: Client, code: str, redirect_uri: str, verifier: str) -> Json:
        """A code is good once, for its own client, redirect URI and verifier."""
        with self._lock:
            found = self._codes.pop(code, None)
            now = self._clock.now()
            if found is None or found.authorisation.client is not client or now >= found.expires:
                raise OAuthRefused("invalid_grant", "the code is unknown, used or expired")
            if redirect_uri != found.redirect_uri:
                raise OAuthRefused("invalid_grant", "redirect_uri differs from the authorisation's")
            if not _VERIFIER.fullmatch(verifier) or s256(verifier) != found.challenge:
                raise OAuthRefused("invalid_grant", "code_verifier does not fit the challenge")
            return self._issue(found.authorisation, now)

    def refresh(self, client: Client, refresh_token: str) -> Json:
        with self._lock:
            now = self._clock.now()
            token = self._refresh.get(refresh_token)
            if token is None or token.authorisation.client is not client:
                raise OAuthRefused("invalid_grant", "invalid_refresh_token")
            if not token.good(now):
                token.authorisation.alive = False
                raise OAuthRefused("invalid_grant", "invalid_refresh_token")
            if self.returned is Returned.NEW:
                self._rotate_out(token.authorisation)
                return self._issue(token.authorisation, now)
            answer = self._issue(token.authorisation, now)
            del self._refresh[answer.pop("refresh_token")]
            return answer | ({"refresh_token": refresh_token} if self.returned is Returned.SAME else {})

    def access_token(self, value: str) -> Credential | None:
        with self._lock:
            token = self._access.get(value)
            if token is None or not token.good(self._clock.now()):
                return None
            client = token.authorisation.client
            scopes = frozenset(token.authorisation.scope.split()) or ALL_SCOPES
            return Credential(f"oauth-{client.id}", "OAUTH2", client.company_id, scopes, client.id)

    def revoke(self, client_id: str) -> None:
        """The installation was deleted: every token of the client has ended."""
        with self._lock:
            for token in (*self._access.values(), *self._refresh.values()):
                if token.authorisation.client.id == client_id:
                    token.authorisation.alive = False

    def introspect(self, client: Client, value: str) -> Json:
        """Only for the client that obtained the token; for others it is not active."""
        with self._lock:
            token = self._access.get(value) or self._refresh.get(value)
            if token is None or token.authorisation.client is not client or not token.good(self._clock.now()):
                return {"active": False}
            urn = f"urn:pleo:company:{client.company_id}"
            return {
                "active": True,
                "sub": client.company_id,
                "iat": int(token.issued.timestamp()),
                "exp": int(token.expires.timestamp()),
                "client_id": client.id,
                "aud": ["https://external.pleo.io"],
                "iss": "https://auth.pleo.io",
                "jti": hashlib.sha256(value.encode()).hexdigest()[:32],
                "urn:pleo:params:oauth:subject_urn": urn,
            }

    def _rotate_out(self, authorisation: _Authorisation) -> None:
        for token in (*self._access.values(), *self._refresh.values()):
            if token.authorisation is authorisation:
                token.rotated = True

    def _issue(self, authorisation: _Authorisation, now: datetime) -> Json:
        access, refresh = self._ids.token("access"), self._ids.token("refresh")
        life = self.access_token_life or ACCESS_TOKEN_LIFE
        self._access[access] = _Token(authorisation, now, now + life)
        self._refresh[refresh] = _Token(authorisation, now, now + REFRESH_TOKEN_LIFE)
        return {
            "access_token": access,
            "refresh_token": refresh,
            "token_type": "Bearer",
            "expires_in": int(life.total_seconds()),
            "scope": authorisation.scope,
        }


def s256(verifier: str) -> str:
    """PKCE's challenge of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
