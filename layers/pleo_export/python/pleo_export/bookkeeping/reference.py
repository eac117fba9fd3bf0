"""The lifelong key of an expense in the accounting system (R-5c.13): derived, never random."""

from __future__ import annotations

import base64
import hashlib
import re
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

MARK = "pleo:"  # what every readable reference begins with
_SHORT_LENGTH = 20
_READABLE = re.compile(
    MARK + r"(?P<entry>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?::r(?P<revision>[1-9]\d*))?(?::(?P<rest>.+))?"
)


class ReferenceRole(StrEnum):
    """What the document of a reference is to its expense. DERIVED: an entry that the connector made beside it."""

    DOCUMENT = "document"
    PAYMENT = "payment"
    DERIVED = "derived"


class ReferenceParts(NamedTuple):
    """What a readable reference says. It names no company: the ledger that holds it is connected to one only."""

    entry_id: str
    revision: int
    role: ReferenceRole


def reference_parts(reference: str) -> ReferenceParts | None:
    """Return what a reference says; None for a hash, and for what is not one of ours."""
    found = _READABLE.fullmatch(reference)
    if found is None:
        return None
    roles = {None: ReferenceRole.DOCUMENT, "pay": ReferenceRole.PAYMENT}
    role = roles.get(found["rest"], ReferenceRole.DERIVED)
    return ReferenceParts(found["entry"], int(found["revision"] or 1), role)


def reference(company_id: UUID | str, entry_id: UUID | str, revision: int = 1, *, max_length: int) -> str:
    """Return `pleo:<entry id>`, with `:r2` and so on for later revisions (R-8.1), if it fits `max_length` characters;
    else 20 characters of base32 (100 bits of a hash of company, entry and revision).

    The same arguments always give the same reference. Raises ValueError for an id that is not a UUID, a revision below
    1 or a field of fewer than 20 characters.
    """
    if revision < 1 or max_length < _SHORT_LENGTH:
        raise ValueError(f"no reference for revision {revision} in {max_length} characters")
    company, entry = UUID(str(company_id)), UUID(str(entry_id))
    readable = f"{MARK}{entry}" + (f":r{revision}" if revision > 1 else "")
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
