"""The session that every HTTP client uses."""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy

import requests


class IsolatedSession(requests.Session):
    """Carries nothing from one company to another, and takes nothing from the machine it runs on: no cookies, no
    proxy, no .netrc, which would replace a credential."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
