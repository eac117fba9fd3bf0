"""What all HTTP clients have in common: their sessions, the time they have, and whether a failed request was sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from http.cookiejar import DefaultCookiePolicy

import requests
from urllib3.exceptions import NewConnectionError

# Kept free of a function's time for what follows a call that was not answered: noting it, and the error's way out.
TIME_RESERVE = timedelta(seconds=5)

TimeLeft = Callable[[], timedelta]


def unlimited() -> timedelta:
    """The time left outside of Lambda."""
    return timedelta.max


def enough_time(left: TimeLeft, call_seconds: float) -> bool:
    """Whether a call that may take so long ends before the function does."""
    return left() >= timedelta(seconds=call_seconds) + TIME_RESERVE


def new_session() -> requests.Session:
    """Carries nothing from one company to another, and takes nothing from the machine it runs on: no cookies, no
    proxy, no .netrc, which would replace a credential."""
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


def nothing_was_sent(failure: requests.RequestException) -> bool:
    """Whether surely nothing was sent: refused, no such host, or no connection within the time limit."""
    cause = getattr(failure.args[0] if failure.args else None, "reason", None)
    return isinstance(failure, requests.ConnectTimeout) or isinstance(cause, NewConnectionError)
