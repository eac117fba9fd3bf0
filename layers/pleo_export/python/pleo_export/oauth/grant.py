"""An OAuth grant, as a section of a connection's secret holds it.

{"access_token": ..., "refresh_token": ..., "expires_at": "2026-11-20T12:15:00+00:00"}

Where the section holds a client of its own (`client_id` and `client_secret`), tokens are got with that alone: there is
no refresh token, and before the first time no access token.

Tokens are opaque (R-10.7). Where one must be named, its fingerprint is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from pleo_export.errors import InvalidSettings

NOT_YET = datetime(1970, 1, 1, tzinfo=UTC)  # before the first access token


@dataclass(frozen=True, slots=True)
class Grant:
    """The tokens of one authorisation. `expires_at` is the access token's end, UTC; the end of the refresh token is not
    known. `refresh_token` is "" where a client gets tokens for itself."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime

    def as_secret(self) -> dict[str, str]:
        """Return the section of the connection's secret."""
        return {
            "access_token": self.access_token,
            "refresh_token": self.refresh_token,
            "expires_at": self.expires_at.astimezone(UTC).isoformat(),
        }


def grant_in(section: Mapping[str, str]) -> Grant | None:
    """Return the grant; None if the section holds something else: an API key, or a token without a refresh token.

    Raises InvalidSettings, which names the field and never shows its value.
    """
    own_client = bool(section.get("client_secret"))
    if not section.get("refresh_token") and not own_client:
        return None
    if own_client and not section.get("access_token"):
        return Grant("", "", NOT_YET)
    try:
        expires_at = datetime.fromisoformat(section["expires_at"])
        if expires_at.tzinfo is None:
            raise ValueError
        return Grant(section["access_token"], "" if own_client else section["refresh_token"], expires_at)
    except (KeyError, ValueError, TypeError):
        raise InvalidSettings(
            "refresh_token: needs an access_token and its end as expires_at (2026-11-20T12:15:00+00:00); connect again"
        ) from None


def fingerprint(token: str) -> str:
    """Return a hash (SHA-256, hex) that tells two tokens apart and reveals neither."""
    return sha256(token.encode()).hexdigest()
