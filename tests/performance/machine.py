"""What a figure was measured on, so that two of them can be compared: how fast and how busy the machine was."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass

TURNS = 1_000_000
RUNS = 7


@dataclass(frozen=True)
class Machine:
    """`loop` is the processor time of a loop that does the same everywhere, in ms, the least of seven. It grows with
    what else runs: that takes cache, and where two processors are one core's, cycles."""

    python: str
    processors: int
    load: float
    loop: float

    def __str__(self) -> str:
        return (
            f"Python {self.python}, {self.processors} processors, load average {self.load:.1f}, a loop of a million "
            f"turns in {self.loop:.0f} ms"
        )


def this_machine() -> Machine:
    """Measure the machine as it is now."""
    load, _, _ = os.getloadavg()
    return Machine(platform.python_version(), os.cpu_count() or 1, load, min(_loop() for _ in range(RUNS)))


def _loop() -> float:
    begun = time.process_time()
    total = 0
    for turn in range(TURNS):
        total += turn * turn
    return (time.process_time() - begun) * 1000
