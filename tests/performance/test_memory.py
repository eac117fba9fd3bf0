"""A function's memory is flat in the size of the job (a budget of CONTRIBUTING.md)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.expenses import purchase

SCRIPT = Path(__file__).with_name("fetching.py")


def peak(items: int) -> int:
    """In kB, of a process that fetches so many items."""
    item = json.dumps(purchase(note="A note of some length. " * 10))
    command = [sys.executable, str(SCRIPT), str(items)]
    answer = subprocess.run(command, input=item, capture_output=True, text=True, check=True)
    return int(answer.stdout.splitlines()[-1])


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_given_twenty_times_the_items_then_fetching_needs_less_than_a_fifth_more_memory() -> None:
    assert peak(10_000) < 1.2 * peak(500)
