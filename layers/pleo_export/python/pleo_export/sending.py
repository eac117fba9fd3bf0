"""Of a request that failed: whether it was sent at all."""

from __future__ import annotations

import requests
from urllib3.exceptions import NewConnectionError


def nothing_was_sent(failure: requests.RequestException) -> bool:
    """Whether surely nothing was sent: refused, no such host, or no connection within the time limit."""
    cause = getattr(failure.args[0] if failure.args else None, "reason", None)
    return isinstance(failure, requests.ConnectTimeout) or isinstance(cause, NewConnectionError)
