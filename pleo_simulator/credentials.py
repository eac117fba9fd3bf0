"""Who is calling: API keys and OAuth access tokens (API-1)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass

from pleo_simulator.errors import Refused

EXPORT_SCOPES = frozenset({"export-jobs:read", "export-jobs:write", "export-items:read"})
LIST_SCOPES = frozenset(  # question 39
    {f"{name}:{right}" for name in ("tag-group", "tax-codes", "accounts", "vendors") for right in ("read", "write")}
    | {"companies:read", "employees:read"}
)
ALL_SCOPES = EXPORT_SCOPES | LIST_SCOPES


@dataclass(frozen=True, slots=True)
class Credential:
    """`id` counts requests and stands in the log; it is not the secret. `method` is API_KEY or OAUTH2."""

    id: str
    method: str
    company_id: str
    scopes: frozenset[str] = ALL_SCOPES
    client_id: str | None = None

    def must_have(self, scope: str | None) -> None:
        if scope is not None and scope not in self.scopes:
            raise Refused(403, "FORBIDDEN", f"The credential lacks the scope {scope}.")


class Credentials:
    """Knows the API keys; asks `access_token` (OAuth) about bearer tokens."""

    def __init__(self, access_token: Callable[[str], Credential | None]) -> None:
        self._keys: dict[str, Credential] = {}
        self._access_token = access_token

    def add_key(self, key: str, company_id: str, scopes: frozenset[str] = ALL_SCOPES) -> None:
        """A key belongs to one company and sees nothing of the others."""
        self._keys[key] = Credential(f"key-{len(self._keys) + 1}", "API_KEY", company_id, scopes)

    def identify(self, authorization: str | None) -> Credential:
        """Raises Refused 401 for anything but a known key (Basic, empty password) or a live token (Bearer)."""
        kind, _, value = (authorization or "").partition(" ")
        found = None
        if kind.lower() == "basic":
            username, password = parse_basic(value)
            found = self._keys.get(username) if password == "" else None
        elif kind.lower() == "bearer":
            found = self._access_token(value.strip())
        if found is None:
            raise Refused(401, "UNAUTHORIZED", "The credential is missing, wrong, expired or revoked.")
        return found


def parse_basic(value: str) -> tuple[str, str]:
    """Username and password; two empty strings when it is not Basic at all."""
    try:
        username, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return username, password
