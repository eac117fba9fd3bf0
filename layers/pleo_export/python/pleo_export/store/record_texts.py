"""Texts as records hold them: without lone surrogates, and no longer than a person reads."""

from __future__ import annotations

from collections.abc import Sequence

from pleo_export.text import shorten, without_surrogates

# Characters. A record of DynamoDB holds 400 KB; a person reads less.
LONGEST_REASON = 2_000
LONGEST_WARNING = 500
MOST_WARNINGS = 50


def few(warnings: Sequence[str]) -> list[str]:
    """Return the warnings as a record holds them: the first MOST_WARNINGS, and how many more there were."""
    kept = [storable(each, LONGEST_WARNING) for each in warnings[:MOST_WARNINGS]]
    more = len(warnings) - len(kept)
    return [*kept, f"And {more} more."] if more else kept


def storable(text: str, length: int) -> str:
    """Return the text as a record holds it, at most `length` characters."""
    return shorten(str(without_surrogates(text)), length)
