"""A provider's token endpoint (RFC 6749), and what its answers mean.

    OAuthError
    ├── GrantEnded       the grant is revoked or expired, or its refresh token was used before: a person must authorise
    ├── ClientRefused    our client, or how we ask: the operator's setting
    ├── NotNow           surely nothing was done
    └── NoAnswer         sent, and no proper answer came: the tokens may have been replaced, and the new ones be lost

Every request is sent once. Repeating one is the caller's decision: a refresh token that was replaced must never be
used again, since the provider may revoke the whole grant for it (R-10.4).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from pleo_export import __version__
from pleo_export.errors import PleoExportError
from pleo_export.oauth.grant import Grant
from pleo_export.sending import nothing_was_sent

CONNECT_SECONDS, READ_SECONDS = 3, 10
UNSAID_LIFE = 600  # seconds; open question 26 (pleo-api 11): `expires_in` is trusted, and Pleo has always sent it


class OAuthError(PleoExportError):
    """The message is ours, with the provider's error code and HTTP status: never a token."""


class GrantEnded(OAuthError):
    pass


class ClientRefused(OAuthError):
    pass


class NotNow(OAuthError):
    pass


class NoAnswer(OAuthError):
    pass


# Pleo's word for an ended grant is not certain: a peer client looks for this text, wherever it stands (pleo-api 1).
ENDED = ("invalid_grant", "invalid_refresh_token")
CODE = re.compile(r"[a-z_]{1,40}")
# HTTP status, or its hundreds for all others of its class -> what any other answer means.
BY_STATUS: Mapping[int, type[OAuthError]] = {
    408: NoAnswer,
    429: NotNow,
    3: ClientRefused,  # not the endpoint's address
    4: ClientRefused,
    5: NoAnswer,
}


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """Who we are to the provider: one client per installation."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """`clock` gives UTC. Every method raises OAuthError."""

    url: str
    client: OAuthClient
    session: requests.Session
    clock: Callable[[], datetime]

    def exchange(self, code: str, redirect_uri: str, verifier: str) -> Grant:
        """An authorisation code for a grant, at once: how long a code lives is open question 26 (pleo-api 11)."""
        return self._ask(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect_uri,
                "code_verifier": verifier,
            }
        )

    def refresh(self, refresh_token: str) -> Grant:
        """New tokens. All earlier ones are dead as soon as the provider has answered (R-10.3)."""
        return self._ask({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def _ask(self, form: Mapping[str, str]) -> Grant:
        asked_at = self.clock()
        try:
            answer = self.session.post(
                self.url,
                data={**form, "client_id": self.client.id, "client_secret": self.client.secret},
                headers={"Accept": "application/json", "User-Agent": f"pleo-export/{__version__}"},
                auth=_in_the_form,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
            )
        except requests.RequestException as failure:
            error: type[OAuthError] = NotNow if nothing_was_sent(failure) else NoAnswer
            text = f"no answer of the token endpoint ({type(failure).__name__})"
        else:
            content = _json(answer.content)
            if answer.status_code == 200 and (grant := _grant(content, asked_at)):
                return grant
            error, text = _refusal(answer.status_code, content)
        raise error(text)  # not in the `except`: its cause would show the form


def _in_the_form(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """The client's secret goes in the form (pleo-api 1); a .netrc adds nothing to that."""
    return request


def _json(content: bytes) -> dict[str, Any]:
    try:
        read = json.loads(content)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _grant(content: Mapping[str, Any], asked_at: datetime) -> Grant | None:
    access, refresh, life = (content.get(name) for name in ("access_token", "refresh_token", "expires_in"))
    if not (isinstance(access, str) and access and isinstance(refresh, str) and refresh):
        return None
    seconds = life if isinstance(life, int) else UNSAID_LIFE
    return Grant(access, refresh, asked_at.astimezone(UTC) + timedelta(seconds=seconds))


def _refusal(status: int, content: Mapping[str, Any]) -> tuple[type[OAuthError], str]:
    error = str(content.get("error", ""))
    code = error if CODE.fullmatch(error) else "no code"  # anything else might repeat a token
    said = f"{error} {content.get('error_description')} {content.get('message')}"
    if status // 100 == 4 and any(word in said for word in ENDED):
        return GrantEnded, f"{code} ({status})"
    return BY_STATUS.get(status) or BY_STATUS.get(status // 100) or NoAnswer, f"{code} ({status})"
