"""The one back-off of all HTTP clients: doubled from try to try, with equal jitter.

tenacity was weighed: what decides whether a try may follow (was it sent, does it have an effect, is there time left)
is not in it, and what remains of it is this function (docs/adr/0010-libraries-weighed.md).
"""

from __future__ import annotations

from collections.abc import Callable

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0  # seconds


def pause_after(attempt: int, jitter: Callable[[], float]) -> float:
    """Return how many seconds to wait after the failed `attempt` (1, 2, ...): between half and all of its pause.
    `jitter` returns a number from 0 to 1."""
    return min(FIRST_PAUSE * 2.0 ** (attempt - 1), LONGEST_PAUSE) * (1 + jitter()) / 2
