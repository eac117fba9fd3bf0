"""A provider's revocation endpoint (RFC 7009): a token is made invalid, and with a refresh token the whole grant."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import requests

from pleo_export import __version__
from pleo_export.oauth.token_endpoint import (
    CONNECT_SECONDS,
    READ_SECONDS,
    ClientRefused,
    NoAnswer,
    OAuthClient,
    in_the_header,
)


@dataclass(frozen=True, slots=True)
class RevocationEndpoint:
    """One provider's revocation endpoint."""

    url: str
    client: OAuthClient
    session: requests.Session

    def revoke(self, refresh_token: str) -> None:
        """End the grant of the token; harmless where it has ended: the provider answers 200 to any token. Raises
        OAuthError: repeating it is safe."""
        try:
            answer = self.session.post(
                self.url,
                data={"token": refresh_token, "token_type_hint": "refresh_token"},
                headers={"Accept": "application/json", "User-Agent": f"pleo-export/{__version__}"},
                auth=in_the_header(self.client),
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
            )
            status = answer.status_code
        except requests.RequestException as failure:
            raise NoAnswer(f"no answer of the revocation endpoint ({type(failure).__name__})") from None
        if status // 100 == 2:
            return
        if status // 100 == 4 and status not in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS):
            raise ClientRefused(f"the token was not revoked ({status})")
        raise NoAnswer(f"the token may not be revoked ({status})")
