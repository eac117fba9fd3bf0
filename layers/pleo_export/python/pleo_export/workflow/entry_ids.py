"""The id of an accounting entry: our key for it, and whether Pleo can be told a result under it.

Our records, references and logs know an entry by one spelling, whatever Pleo's lists write; Pleo is told its results
under the spelling that it sent.
"""

from __future__ import annotations

from uuid import UUID, uuid5

# What is no UUID still has to be told apart, in a key of a known length.
_NO_UUID = UUID("6b1f4a52-0f4e-5d0b-9a75-2d0c6b9c7e11")


def key_of(pleo_id: object) -> str:
    """The canonical form of a UUID in any spelling; for anything else a UUID derived from it."""
    return _canonical(pleo_id) or str(uuid5(_NO_UUID, ascii(pleo_id)))


def reportable(pleo_id: str) -> bool:
    """Whether Pleo takes an update of it: one id that is no UUID has the whole call refused (API-4)."""
    return _canonical(pleo_id) is not None


def _canonical(pleo_id: object) -> str | None:
    try:
        return str(UUID(str(pleo_id)))
    except ValueError:
        return None
