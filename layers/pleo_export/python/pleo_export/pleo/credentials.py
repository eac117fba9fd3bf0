"""The credential of a connection to Pleo: an API key or an OAuth access token (API-1).

Both are `auth` objects of requests. Their repr never shows the secret. When Pleo answers 401, the transport asks the
credential to `renew` itself: an access token becomes invalid before its end as soon as another worker has refreshed
(R-10.3).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import requests
from requests.auth import AuthBase

from pleo_export.errors import InvalidSettings

SCOPES = ("export-jobs:read", "export-jobs:write", "export-items:read")  # all that we need

# Takes the access token that Pleo has refused; returns another one to try, or None if there is none.
TokenAfterRefusal = Callable[[str], str | None]


@dataclass(frozen=True)
class ApiKey(AuthBase):
    """An API key, sent by HTTP Basic: the key is the user name, the password is empty."""

    key: str = field(repr=False)

    def __post_init__(self) -> None:
        _refuse_unprintable("api_key", self.key)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the Authorization header."""
        request.headers["Authorization"] = "Basic " + b64encode(f"{self.key}:".encode()).decode("ascii")
        return request

    def renew(self) -> bool:
        """Return False: an API key has no replacement."""
        return False


@dataclass
class BearerToken(AuthBase):
    """An OAuth access token, opaque to us (R-10.7). Without `token_after_refusal` it cannot be renewed."""

    access_token: str = field(repr=False)
    token_after_refusal: TokenAfterRefusal | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        _refuse_unprintable("access_token", self.access_token)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the Authorization header."""
        request.headers["Authorization"] = f"Bearer {self.access_token}"
        return request

    def renew(self) -> bool:
        """Replace the access token by another one, and return whether there was one to try."""
        token = self.token_after_refusal(self.access_token) if self.token_after_refusal else None
        if token is None:
            return False
        _refuse_unprintable("access_token", token)
        self.access_token = token
        return True


Credential = ApiKey | BearerToken


def credential_from_secret(
    secret: Mapping[str, str], token_after_refusal: TokenAfterRefusal | None = None
) -> Credential:
    """Return the credential of a connection's secret. Raises InvalidSettings, which names the field and never shows its
    value."""
    given = [name for name in ("api_key", "access_token") if secret.get(name)]
    if given == ["api_key"]:
        return ApiKey(secret["api_key"])
    if given == ["access_token"]:
        return BearerToken(secret["access_token"], token_after_refusal if secret.get("refresh_token") else None)
    raise InvalidSettings(
        f"pleo: {'both api_key and access_token are given' if given else 'api_key is missing'}; "
        "give api_key (for example plp_…) or, for an OAuth connection, access_token"
    )


def _refuse_unprintable(name: str, value: str) -> None:
    # A line break would end up in the HTTP library's own error, which quotes the whole header.
    if not isinstance(value, str) or not re.fullmatch(r"[!-~]+", value):
        raise InvalidSettings(f"pleo.{name}: must be printable characters without spaces or line breaks")
