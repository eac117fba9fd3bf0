"""What all HTTP clients have in common: their sessions, and whether a failed request was sent."""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy

import requests
from urllib3.exceptions import NewConnectionError


class IsolatedSession(requests.Session):
    """Carries nothing from one company to another, and takes nothing from the machine it runs on: no cookies, no
    proxy, no .netrc, which would replace a credential."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))


def not_sent(failure: requests.RequestException) -> bool:
    """Whether surely nothing was sent: refused, no such host, or no connection within the time limit."""
    cause = getattr(failure.args[0] if failure.args else None, "reason", None)
    return isinstance(failure, requests.ConnectTimeout) or isinstance(cause, NewConnectionError)
