"""How a connection proves itself to Pleo: an API key or an OAuth access token (API-1).

Both are `auth` objects of requests. Their repr never shows the secret. When Pleo answers 401, the transport asks the
credential to `renew` itself: an access token dies before its end as soon as any other worker has refreshed (R-10.3).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import requests
from requests.auth import AuthBase

from pleo_export.errors import InvalidSettings

SCOPES = ("export-jobs:read", "export-jobs:write", "export-items:read")  # all that we call for

# Given the access token that Pleo has refused: another one to try, or None if there is none.
Successor = Callable[[str], str | None]


@dataclass(frozen=True)
class ApiKey(AuthBase):
    """HTTP Basic: the key is the user name, the password is empty."""

    key: str = field(repr=False)

    def __post_init__(self) -> None:
        _refuse_unprintable("api_key", self.key)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = "Basic " + b64encode(f"{self.key}:".encode()).decode("ascii")
        return request

    def renew(self) -> bool:
        """There is no other."""
        return False


@dataclass
class BearerToken(AuthBase):
    """An OAuth access token, opaque to us (R-10.7). Without a `successor` it cannot be renewed."""

    access_token: str = field(repr=False)
    successor: Successor | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        _refuse_unprintable("access_token", self.access_token)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.access_token}"
        return request

    def renew(self) -> bool:
        """Whether there is another token to try from now on."""
        token = self.successor(self.access_token) if self.successor else None
        if token is None:
            return False
        _refuse_unprintable("access_token", token)
        self.access_token = token
        return True


Credential = ApiKey | BearerToken


def credential_from_secret(secret: Mapping[str, str], successor: Successor | None = None) -> Credential:
    """The credential of a connection's secret. Raises InvalidSettings, naming the field and never its value."""
    given = [name for name in ("api_key", "access_token") if secret.get(name)]
    if given == ["api_key"]:
        return ApiKey(secret["api_key"])
    if given == ["access_token"]:
        return BearerToken(secret["access_token"], successor if secret.get("refresh_token") else None)
    raise InvalidSettings(
        f"pleo: {'both api_key and access_token are given' if given else 'api_key is missing'}; "
        "give api_key (for example plp_…) or, for an OAuth connection, access_token"
    )


def _refuse_unprintable(name: str, value: str) -> None:
    # A line break would end up in the HTTP library's own error, which quotes the whole header.
    if not isinstance(value, str) or not re.fullmatch(r"[!-~]+", value):
        raise InvalidSettings(f"pleo.{name}: must be printable characters without spaces or line breaks")
