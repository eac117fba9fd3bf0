"""Filters of e-conomic's collections (`name$eq:Joe$and:age$lt:40`), with what is special in a value escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

MOST_VALUES = 200  # of `$in:`
_SPECIAL = re.compile(r"[$()*,\[\]]")


def literal(text: str) -> str:
    """Return a value with what the filter language uses itself escaped."""
    return _SPECIAL.sub(lambda found: f"${found[0]}", text)


def equals(name: str, value: int | str) -> str:
    """Return the condition that a property has this value."""
    return f"{name}$eq:{literal(str(value))}"


def among(name: str, values: Iterable[int | str]) -> str:
    """Return the condition that a property has one of at most MOST_VALUES values."""
    return f"{name}$in:[{','.join(literal(str(value)) for value in values)}]"


def begins(name: str, text: str) -> str:
    """Return the condition that a text begins so; case makes no difference."""
    return f"{name}$like:{literal(text)}*"


def between(name: str, first: int | date, last: int | date) -> str:
    """Return the condition that a property lies between two values, both included."""
    return both(f"{name}$gte:{first}", f"{name}$lte:{last}")


def both(*conditions: str) -> str:
    """Return the condition that all of the conditions hold."""
    return "$and:".join(conditions)


def either(conditions: Sequence[str]) -> str:
    """Return the condition that one of the conditions holds."""
    return f"({'$or:'.join(conditions)})" if len(conditions) > 1 else conditions[0]
