"""The addresses in a connector's settings: a secret leaves this machine over an encrypted connection only."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, HttpUrl

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
ONLY_HERE = "only for a simulator on this machine: write http://127.0.0.1 and a port, or leave it out"


def is_loopback(url: str) -> bool:
    """Return whether what is sent there does not leave the machine."""
    parts = urlsplit(url)
    return parts.hostname in LOOPBACK and not parts.username and not parts.password


def _loopback(url: HttpUrl) -> HttpUrl:
    if not is_loopback(str(url)):
        raise ValueError(ONLY_HERE)
    return url


def _encrypted(url: HttpUrl) -> HttpUrl:
    if url.scheme != "https" and not is_loopback(str(url)):
        raise ValueError("must begin with https://")
    return url


# The type of a connector's setting `login_url`: where its sign-in service is simulated.
LoginUrl = Annotated[HttpUrl, AfterValidator(_loopback)]
# The type of a connector's setting `api_url`: the vendor's, or a simulator's on this machine.
ApiUrl = Annotated[HttpUrl, AfterValidator(_encrypted)]
