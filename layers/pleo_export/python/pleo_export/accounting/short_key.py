"""The key of a document in fields that are too short for its reference."""

from __future__ import annotations

import base64
import hashlib

BEGINNING = "PX"
LENGTH = 20


def short_key(reference: str) -> str:
    """Return 20 characters that stand for the reference: always the same, and never those of another one."""
    digest = base64.b32encode(hashlib.sha256(reference.encode(errors="surrogatepass")).digest()).decode()
    return BEGINNING + digest[: LENGTH - len(BEGINNING)]
