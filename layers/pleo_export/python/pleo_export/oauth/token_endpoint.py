"""A provider's token endpoint (RFC 6749), and what its answers mean.

    OAuthError
    ├── GrantEnded       the grant is revoked or expired, or its refresh token was used before: a person must authorise
    ├── ClientRefused    our client, or the form of our request: the operator must correct a setting
    ├── NotNow           nothing was done, for certain
    └── NoAnswer         sent, and no proper answer came: the tokens may have been replaced, and the new ones lost

Every request is sent once. Repeating one is the caller's decision: a refresh token that was replaced must never be
used again, since the provider may revoke the whole grant for it (R-10.4). One exception: if the provider refuses our
client, it has not looked at the grant yet, so the request is sent once more with the client's secret in the other of
the two places that RFC 6749 2.3.1 names.

An answer to a refresh may leave out what does not change (RFC 6749 5.1 and 6): the refresh token, and the scope, which
we never narrow and therefore do not read.
"""

from __future__ import annotations

import json
import math
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import requests

from pleo_export import __version__
from pleo_export.errors import PleoExportError
from pleo_export.http.delivery import not_sent
from pleo_export.oauth.grant import Grant

CONNECT_SECONDS, READ_SECONDS = 3, 10
# Seconds; open question 26: `expires_in` is trusted, and Pleo has always sent it. As long as Pleo's tokens are
# valid: a shorter time would store more versions of a secret in a day than Secrets Manager keeps (services/tokens.py).
DEFAULT_LIFE = 900
LONGEST_LIFE = 365 * 86_400  # seconds; a token with a later end is renewed after this time


class OAuthError(PleoExportError):
    """The provider gave no tokens. The message is ours, with its error code and HTTP status: never a token."""


class GrantEnded(OAuthError):
    """The grant is revoked or expired, or its refresh token was used before: a person must authorise again."""


class ClientRefused(OAuthError):
    """The provider refuses our client, or the form of our request: the operator must correct a setting."""


class NotNow(OAuthError):
    """Nothing was done, for certain; the same request may be sent later."""


class NoAnswer(OAuthError):
    """The request was sent and no proper answer came: the tokens may have been replaced, and the new ones lost."""


# Pleo's code for an ended grant is not certain: a peer client looks for this text anywhere in the answer (API-1).
ENDED = ("invalid_grant", "invalid_refresh_token")
Authentication = Callable[[requests.PreparedRequest], requests.PreparedRequest]
CODE = re.compile(r"[a-z_]{1,40}")
# Error codes that say more than the status of a client error.
BY_CODE: Mapping[str, type[OAuthError]] = {
    "temporarily_unavailable": NotNow,
    "slow_down": NotNow,
    "server_error": NoAnswer,
}
# HTTP status, or its hundreds for all others of its class -> what any other answer means.
BY_STATUS: Mapping[int, type[OAuthError]] = {
    408: NoAnswer,
    429: NotNow,
    3: ClientRefused,  # a redirect: the address is not the endpoint's
    4: ClientRefused,
    5: NoAnswer,
}


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """Our client at the provider: one per installation."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """One provider's token endpoint. `clock` returns UTC; `scope` is asked for where a client gets tokens for itself.
    Every method raises OAuthError."""

    url: str
    client: OAuthClient
    session: requests.Session
    clock: Callable[[], datetime]
    scope: str = ""

    def exchange(self, code: str, redirect_uri: str, verifier: str) -> Grant:
        """Return the grant for an authorisation code. Call it at once: how long a code is valid is open question 26."""
        return self._ask(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect_uri,
                "code_verifier": verifier,
            }
        )

    def refresh(self, refresh_token: str) -> Grant:
        """Return new tokens.

        Unless the answer names the same refresh token or none, all earlier tokens are invalid as soon as the provider
        has answered (R-10.3).
        """
        return self._ask({"grant_type": "refresh_token", "refresh_token": refresh_token}, refresh_token)

    def renew(self, grant: Grant) -> Grant:
        """Return new tokens for the grant: by its refresh token, or where it has none by our client alone (RFC 6749,
        4.4)."""
        if grant.refresh_token:
            return self.refresh(grant.refresh_token)
        return self._ask({"grant_type": "client_credentials", "scope": self.scope}, None)

    def _ask(self, form: Mapping[str, str], kept: str | None = "") -> Grant:
        """Return the grant; `kept` is the refresh token that stays valid if the answer names none, and None where
        there is none."""
        asked_at = self.clock()
        credentials = {"client_id": self.client.id, "client_secret": self.client.secret}
        answer = self._post({**form, **credentials}, _in_the_form)
        if isinstance(answer, requests.Response) and _client_unproven(answer):
            answer = self._post(form, in_the_header(self.client))
        outcome = answer if isinstance(answer, OAuthError) else _meaning(answer, asked_at, kept)
        if isinstance(outcome, Grant):
            return outcome
        raise outcome  # not in an `except`: its cause would show the form

    def _post(self, form: Mapping[str, str], auth: Authentication) -> requests.Response | OAuthError:
        try:
            return self.session.post(
                self.url,
                data=dict(form),
                headers={"Accept": "application/json", "User-Agent": f"pleo-export/{__version__}"},
                auth=auth,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
            )
        except requests.RequestException as failure:
            error: type[OAuthError] = NotNow if not_sent(failure) else NoAnswer
            return error(f"no answer of the token endpoint ({type(failure).__name__})")


def in_the_header(client: OAuthClient) -> Authentication:
    """Return what adds the client's id and secret, encoded as in a form and then as HTTP Basic requires."""

    def add(request: requests.PreparedRequest) -> requests.PreparedRequest:
        pair = f"{quote_plus(client.id)}:{quote_plus(client.secret)}"
        request.headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        return request

    return add


def _in_the_form(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Add nothing: the client's secret is in the form (API-1), and a .netrc must not add to that."""
    return request


def _client_unproven(answer: requests.Response) -> bool:
    """Whether the provider has refused our client, and so has looked at nothing else."""
    content = _json(answer.content)
    error, _ = _refusal(answer.status_code, content)
    unexplained = answer.status_code == 401 and not content.get("error")
    return error is ClientRefused and (_code(content) == "invalid_client" or unexplained)


def _meaning(answer: requests.Response, asked_at: datetime, kept: str | None) -> Grant | OAuthError:
    content = _json(answer.content)
    if answer.status_code == 200 and (grant := _grant(content, asked_at, kept)):
        kind = content.get("token_type")
        if kind is not None and str(kind).lower() != "bearer":
            return ClientRefused("its tokens are of another type than Bearer")
        return grant
    error, text = _refusal(answer.status_code, content)
    return error(text)


def _json(content: bytes) -> dict[str, Any]:
    try:
        read = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _grant(content: Mapping[str, Any], asked_at: datetime, kept: str | None) -> Grant | None:
    access = content.get("access_token")
    refresh = "" if kept is None else content.get("refresh_token") or kept
    if not (isinstance(access, str) and access and isinstance(refresh, str) and (refresh or kept is None)):
        return None
    return Grant(access, refresh, asked_at.astimezone(UTC) + timedelta(seconds=_life(content.get("expires_in"))))


def _life(expires_in: object) -> int:
    """Return the access token's life in seconds. Some providers send it as text."""
    try:
        if isinstance(expires_in, bool) or not isinstance(expires_in, int | float | str):
            return DEFAULT_LIFE
        seconds = float(expires_in)
    except (ValueError, OverflowError):
        return DEFAULT_LIFE
    return int(min(seconds, LONGEST_LIFE)) if math.isfinite(seconds) and seconds >= 1 else DEFAULT_LIFE


def _code(content: Mapping[str, Any]) -> str:
    error = str(content.get("error", "")).lower()
    return error if CODE.fullmatch(error) else "no code"  # anything else might repeat a token


def _refusal(status: int, content: Mapping[str, Any]) -> tuple[type[OAuthError], str]:
    """Return the error that the answer means, and its message. Some providers send an error with status 200."""
    code = _code(content)
    words = f"{content.get('error')} {content.get('error_description')} {content.get('message')}".lower()
    text = f"{code} ({status})"
    status = 400 if status == 200 and content.get("error") else status
    if status // 100 == 4 and any(ended in words for ended in ENDED):
        return GrantEnded, text
    if status // 100 == 4 and code in BY_CODE:
        return BY_CODE[code], text
    return BY_STATUS.get(status) or BY_STATUS.get(status // 100) or NoAnswer, text
