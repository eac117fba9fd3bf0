"""The time that a Lambda function has left, and what fits into it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

# Reserved for what follows a call that was not answered: recording that, and raising the error.
TIME_RESERVE = timedelta(seconds=5)

TimeLeft = Callable[[], timedelta]


def unlimited() -> timedelta:
    """Return the time left outside Lambda."""
    return timedelta.max


def no_time() -> timedelta:
    """Return the time left to who waits for nothing."""
    return timedelta()


def enough_time(left: TimeLeft, call_seconds: float) -> bool:
    """Whether a call that takes up to this many seconds ends before the function does, with TIME_RESERVE to spare."""
    return left() >= timedelta(seconds=call_seconds) + TIME_RESERVE
