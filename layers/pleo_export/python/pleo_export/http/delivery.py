"""Whether a failed request was sent: what decides if a write is in doubt."""

from __future__ import annotations

import requests
from urllib3.exceptions import NewConnectionError


def not_sent(failure: requests.RequestException) -> bool:
    """Return whether surely nothing was sent: refused, no such host, or no connection within the time limit."""
    cause = getattr(failure.args[0] if failure.args else None, "reason", None)
    return isinstance(failure, requests.ConnectTimeout) or isinstance(cause, NewConnectionError)
