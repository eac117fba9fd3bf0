"""An element of a list, whatever list it is: as the ledger offers it, and as Pleo has it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pleo_export.text import LONGEST_CODE, clean, visible_code

LONGEST_NAME = 255  # UTF-16 units, in which Pleo's service counts; of a code too
_ELLIPSIS = "…"

Fields = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class DesiredElement:
    """What the ledger offers, or offered: then it is not `active`.

    `key` is what it is matched by, `code` what an expense names. `fields` are compared with Pleo's: None clears one,
    and one that is left out stays as it is. `name` is cleaned and cut by `diff`."""

    key: str
    code: str | None
    name: str
    active: bool
    fields: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ActualElement:
    """What Pleo has. Without a `key` it never came from a ledger, and is left alone. `metadata` is sent back as it was
    read: others keep theirs there."""

    id: str
    key: str | None
    archived: bool
    created_at: datetime | None
    fields: Fields
    metadata: Mapping[str, str] = field(default_factory=dict)


def match_key(code: str | None) -> str | None:
    """Return the form in which keys are compared, regardless of case; None for a key with nothing visible in it."""
    visible = visible_code(code)
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", visible).casefold()) if visible else None


def too_long(code: str) -> bool:
    """Whether a code cannot come back from Pleo whole: an export cuts it at `text.LONGEST_CODE`."""
    return len(code) > LONGEST_CODE or _units(code) > LONGEST_NAME


def fitted_name(name: str, code: str) -> tuple[str, bool]:
    """Return the name as Pleo takes it, and whether it was cut. A name with nothing visible in it becomes the code."""
    text = clean(name) or code
    if _units(text) <= LONGEST_NAME:
        return text, False
    text = text[: LONGEST_NAME - 1]
    while _units(text) > LONGEST_NAME - 1:
        text = text[:-1]
    return text.rstrip() + _ELLIPSIS, True


def _units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)
