"""The lists of a ledger that documents are checked with: read once, and kept while the chunks of a job follow one
another in one environment.

A job's first chunk reads them again, and so does a connector before it refuses something for what it has not read
itself: a person may have corrected it meanwhile. What was withdrawn meanwhile the ledger refuses itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

KEPT_SECONDS = 120
MOST_LEDGERS = 8  # of which lists are in memory

T = TypeVar("T")


Held = dict[str, tuple[float, Any]]


class KeptLists:
    """The lists of one ledger as one connector uses them, each for so many `seconds`. `held`, by name and with the time
    of reading in seconds, may be that of connectors before it."""

    def __init__(self, held: Held | None = None, seconds: float = KEPT_SECONDS) -> None:
        self._held: Held = {} if held is None else held
        self._seconds = seconds
        self._opened = time.monotonic()

    def get(self, name: str, read: Callable[[], T]) -> T:
        """Return the list, which is read unless it was within these seconds."""
        held = self._held.get(name)
        if held is None or time.monotonic() - held[0] > self._seconds:
            begun = time.monotonic()
            held = self._held[name] = begun, read()
        found: T = held[1]
        return found

    def __contains__(self, name: str) -> bool:
        """Whether the list is held, however long since."""
        return name in self._held

    def forget(self, name: str) -> None:
        """Read the list again when it is needed next."""
        self._held.pop(name, None)

    def forget_all(self) -> None:
        """Read each list again when it is needed next."""
        self._held.clear()

    def forget_earlier(self) -> bool:
        """Read again what a connector before this one has read, and return whether anything was."""
        old = [name for name, (begun, _) in self._held.items() if begun < self._opened]
        for name in old:
            del self._held[name]
        return bool(old)


class _WithLists(Protocol):
    lists: KeptLists


class kept_property(Generic[T]):  # noqa: N801 - a decorator, as cached_property
    """A property that is read once and held in the `lists` of its object, which others may share."""

    def __init__(self, read: Callable[[Any], T]) -> None:
        self._read = read
        self.__doc__ = read.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        """Name the list by its class and property."""
        self.name = f"{owner.__name__}.{name}"

    def __get__(self, instance: _WithLists, owner: type) -> T:
        """Return the list."""
        return instance.lists.get(self.name, lambda: self._read(instance))


_LEDGERS: dict[tuple[str, ...], Held] = {}


def lists_of(*ledger: str) -> KeptLists:
    """Return the lists of the ledger of that address, name and credential, which all connectors to it share."""
    if ledger not in _LEDGERS and len(_LEDGERS) >= MOST_LEDGERS:
        _LEDGERS.clear()
    return KeptLists(_LEDGERS.setdefault(ledger, {}))


def forget_all_lists() -> None:
    """Read the lists of all ledgers again when they are needed next."""
    for each in _LEDGERS.values():
        each.clear()
