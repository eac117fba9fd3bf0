"""Where a connector may send a secret: over an encrypted connection, or nowhere beyond this machine.

The types of settings that hold such addresses are in `accounting/settings.py`.
"""

from __future__ import annotations

from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
ONLY_HERE = "only for a simulator on this machine: write http://127.0.0.1 and a port, or leave it out"


def is_loopback(url: str) -> bool:
    """Return whether what is sent there does not leave the machine."""
    parts = urlsplit(url)
    return parts.hostname in LOOPBACK and not parts.username and not parts.password
