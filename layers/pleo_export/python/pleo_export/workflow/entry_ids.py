"""The id of an accounting entry: our key for it, and whether Pleo takes a result under it.

Our records, references and logs use one spelling of an id, and Pleo's lists may use any; a result is reported under the
spelling that Pleo sent.
"""

from __future__ import annotations

from uuid import UUID, uuid5

# The namespace of keys for ids that are not UUIDs: each has its own key, of a known length.
_NOT_A_UUID = UUID("6b1f4a52-0f4e-5d0b-9a75-2d0c6b9c7e11")


def key_of(pleo_id: object) -> str:
    """Return the canonical form of a UUID in any spelling; for anything else a UUID derived from it."""
    return _canonical(pleo_id) or str(uuid5(_NOT_A_UUID, ascii(pleo_id)))


def reportable(pleo_id: str) -> bool:
    """Return whether Pleo takes an update of this id: one that is not a UUID has the whole call refused (API-4)."""
    return _canonical(pleo_id) is not None


def _canonical(pleo_id: object) -> str | None:
    try:
        return str(UUID(str(pleo_id)))
    except ValueError:
        return None
