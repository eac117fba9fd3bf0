"""The results of the conformance suite that docs/connector.md shows are those of all its tests."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.conformance.results import kept
from tests.docs.connectors import all_connectors

ROOT = Path(__file__).parents[3]
STALE = "run python -m tests.docs.connectors --run"


def test_the_kept_results_are_of_every_test_of_every_connector_and_none_fails() -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-n0", "tests/conformance"]
    collected = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    names = [each.name for each in all_connectors()]
    tests = Counter(re.findall(rf"\[({'|'.join(map(re.escape, names))})[-\]]", collected))

    assert tests.keys() == set(names)
    results = kept()
    assert {name: results[name].passed for name in results.keys() & tests.keys()} == dict(tests), STALE
    assert [name for name in names if results[name].failed] == [], STALE
