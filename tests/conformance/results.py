"""How many tests of the suite each connector passes, kept from a run in `results.json`.

`python -m tests.docs.connectors --run` runs the suite and writes them; the table in docs/connector.md shows them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEPT = Path(__file__).with_name("results.json")
WRITE_TO = "CONFORMANCE_RESULTS"  # the environment variable with the path of a run's results
CONNECTOR, REFUSED = "connector", "refused"  # what a test's report says of it


@dataclass(frozen=True)
class Result:
    """Of `passed` tests, `refused` ended with a clean refusal of what the connector has declared that it cannot do."""

    passed: int
    refused: int
    failed: int = 0


def kept() -> dict[str, Result]:
    """The results of the last run that was kept, by the connector's name."""
    return {name: Result(**counts) for name, counts in json.loads(KEPT.read_text()).items()}


class Counts:
    """The results of a run, test by test."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {}

    def add(self, said: Mapping[str, object], outcome: str) -> None:
        counts = self._counts.setdefault(str(said[CONNECTOR]), Counter())
        counts[outcome] += 1
        counts[REFUSED] += REFUSED in said

    def write(self) -> None:
        if path := os.environ.get(WRITE_TO):
            results = {
                name: asdict(Result(each["passed"], each[REFUSED], each["failed"]))
                for name, each in sorted(self._counts.items())
            }
            Path(path).write_text(json.dumps(results, indent=2) + "\n")


def run() -> None:
    """Run the suite, and keep the results. Raises CalledProcessError where a test fails."""
    command = [sys.executable, "-m", "pytest", "-n0", "-q", "tests/conformance"]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, WRITE_TO: str(KEPT)})
