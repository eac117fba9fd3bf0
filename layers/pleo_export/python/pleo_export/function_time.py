"""The time that a function of Lambda has left, and what fits into it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

# Kept free of a function's time for what follows a call that was not answered: noting it, and the error's way out.
TIME_RESERVE = timedelta(seconds=5)

TimeLeft = Callable[[], timedelta]


def unlimited() -> timedelta:
    """The time left outside of Lambda."""
    return timedelta.max


def enough_time(left: TimeLeft, call_seconds: float) -> bool:
    """Whether a call that may take so long ends before the function does."""
    return left() >= timedelta(seconds=call_seconds) + TIME_RESERVE
