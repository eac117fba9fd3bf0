"""Text from outside: what does not belong in it is removed once, where it enters.

without_surrogates   JSON as it is decoded: half an emoji is not valid Unicode, and stores and services refuse it
clean                what people read: names, notes, numbers of invoices
clean_code           what is looked up: codes of accounts, taxes, tags, suppliers, employees
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

LONGEST_CODE = 200  # characters; no accounting system has longer codes

_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_JOINERS = "\u200c\u200d"  # scripts and emoji need them between two characters, nowhere else
_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_IN_CODES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def clean(text: str | None) -> str:
    """Return the text without control characters, direction marks, zero-width characters and broken surrogates; line
    breaks and tabs become spaces. Empty if nothing visible is left."""
    if not text:
        return ""
    if text.isprintable():
        return " ".join(text.split())
    words = _INVISIBLE.sub("", _CONTROL.sub(" ", text)).split()
    return " ".join(visible for word in words if (visible := word.strip(_JOINERS)))


def clean_code(text: str | None) -> str | None:
    """Return the code without invisible characters; None if nothing is left.

    One that is longer than any code is cut, with an ellipsis: no search finds it, and a sentence can quote it.
    """
    return shorten(visible_code(text), LONGEST_CODE) or None


def visible_code(text: str | None) -> str:
    """Return the code without invisible characters, however long it is."""
    if not text:
        return ""
    if not text.isprintable():
        text = "".join(each for each in text if unicodedata.category(each) not in _NOT_IN_CODES)
    return text.strip()


def shorten(text: str, length: int) -> str:
    """Return at most `length` characters, with an ellipsis if something was cut off."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def without_surrogates(value: Any) -> Any:
    """Return a JSON value without lone surrogates. No known field has one in its name: such a key is dropped, with its
    value."""
    match value:
        case str():
            return value if value.isascii() else _SURROGATE.sub("", value)
        case dict():
            return {key: without_surrogates(each) for key, each in value.items() if not _SURROGATE.search(key)}
        case list():
            return [without_surrogates(each) for each in value]
        case _:
            return value
