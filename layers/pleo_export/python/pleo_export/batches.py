"""Cutting what is sent or read into parts that a system takes at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def in_batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of at most `size`, in their order; each is read only when it is asked for."""
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch
