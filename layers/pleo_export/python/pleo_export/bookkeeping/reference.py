"""The lifelong key of an expense in the accounting system (R-5c.13): derived, never random."""

from __future__ import annotations

import base64
import hashlib
from uuid import UUID

_SHORT_LENGTH = 20


def reference(company_id: UUID | str, entry_id: UUID | str, revision: int = 1, *, max_length: int) -> str:
    """Return `pleo:<entry id>`, with `:r2` and so on for later revisions (R-8.1), if it fits `max_length` characters;
    else 20 characters of base32 (100 bits of a hash of company, entry and revision).

    The same arguments always give the same reference. Raises ValueError for an id that is not a UUID, a revision below
    1 or a field of fewer than 20 characters.
    """
    if revision < 1 or max_length < _SHORT_LENGTH:
        raise ValueError(f"no reference for revision {revision} in {max_length} characters")
    company, entry = UUID(str(company_id)), UUID(str(entry_id))
    readable = f"pleo:{entry}" + (f":r{revision}" if revision > 1 else "")
    if len(readable) <= max_length:
        return readable
    return _short(f"{company}:{entry}:{revision}")


def payment_reference(reference: str, max_length: int) -> str:
    """Return the key of the payment that is booked with the document `reference`: the same with `:pay` if that fits
    `max_length` characters, else 20 characters of a hash. Never the key of another item's document."""
    readable = f"{reference}:pay"
    return readable if len(readable) <= max_length else _short(readable)


def reversal_reference(reference: str, max_length: int) -> str:
    """Return the key of the entry that undoes the document `reference`: the same with `:rev` if that fits `max_length`
    characters, else 20 characters of a hash. Never the key of another item's document."""
    readable = f"{reference}:rev"
    return readable if len(readable) <= max_length else _short(readable)


def trial_reference(company_id: UUID | str, max_length: int) -> str:
    """Return the key of the entry that tests a connection: one per company, so that one left behind is found again."""
    readable = f"pleo-test:{UUID(str(company_id))}"
    return readable if len(readable) <= max_length else _short(readable)


def _short(key: str) -> str:
    return base64.b32encode(hashlib.sha256(key.encode()).digest()).decode()[:_SHORT_LENGTH]
