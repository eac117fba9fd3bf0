"""How long a function takes to start: processor time of its imports beyond boto3's, in fresh processes.

    python -m tests.performance.imports [--causes] [FUNCTION ...]
    python -m tests.performance.imports --write      all of them, by cause, into docs/performance.md

It runs on what a function sees (the layer, its packages, Lambda's base image; bytecode is there, as the layer is built)
and is fair on a machine that does other work too: processor time, not wall time, and the least of several runs. What
else runs still takes cache and cycles, so that boto3's own import is given beside it: that is the same work each time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from textwrap import fill
from typing import Any

from rich.console import Console
from rich.table import Table

from local.aws import ROOT, STATE, prepare
from tests.performance.machine import this_machine
from tests.performance.report.page import PERFORMANCE, WIDTH
from tests.performance.written_part import replaced

COMMAND = "python -m tests.performance.imports --write"
BUDGET = 120  # ms beyond boto3, on the development machine
RUNS = 7
FUNCTIONS = sorted(handler.parent.name for handler in (ROOT / "functions").glob("*/app.py"))

# Times each module without those that it imports, by wrapping what executes them.
PROGRAM = """
import importlib._bootstrap_external as loading, json, sys, time

begun = time.process_time()
import boto3, boto3.dynamodb.conditions
boto3_took = time.process_time() - begun

own, inner = {}, []
def timed(loader):
    execute = loader.exec_module
    def exec_module(self, module):
        inner.append(0.0)
        begun = time.process_time()
        try:
            return execute(self, module)
        finally:
            took = time.process_time() - begun
            own[module.__name__] = took - inner.pop()
            if inner:
                inner[-1] += took
    loader.exec_module = exec_module

if "causes" in sys.argv:
    timed(loading.SourceFileLoader)
    timed(loading.ExtensionFileLoader)
before = len(sys.modules)
begun = time.process_time()
import app
took = time.process_time() - begun
print(json.dumps({"took": took, "boto3": boto3_took, "modules": len(sys.modules) - before, "own": own}))
"""
CAUSES = {
    "pydantic": ("pydantic", "pydantic_core", "annotated_types", "typing_inspection", "typing_extensions"),
    "requests": ("requests", "urllib3", "charset_normalizer", "idna", "certifi", "http", "simplejson"),
    "Powertools": ("aws_lambda_powertools",),
    "ours": ("pleo_export", "app"),
}


@dataclass(frozen=True)
class Start:
    """Milliseconds of processor time, of the fastest run: the function's imports, and boto3's before them. `causes` are
    the least times of each cause, in any run."""

    took: float
    boto3: float
    modules: int
    causes: dict[str, float]


def measure_start(function: str, runs: int = RUNS, *, causes: bool = False) -> Start:
    """Import the function in so many fresh processes."""
    found = [_import(function, causes) for _ in range(runs)]
    fastest = min(found, key=lambda each: float(each["took"]))
    least: Counter[str] = Counter()
    for module in fastest["own"]:
        least[_cause(module)] += min(each["own"].get(module, float("inf")) for each in found) * 1000
    return Start(fastest["took"] * 1000, min(each["boto3"] for each in found) * 1000, fastest["modules"], dict(least))


def _import(function: str, causes: bool) -> dict[str, Any]:
    layer, base_image = prepare()
    path = (ROOT / "layers/pleo_export/python", layer, base_image, ROOT / "functions" / function)
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AWS_"))},
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "PYTHONPYCACHEPREFIX": str(STATE / "bytecode"),  # the first run compiles
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",  # so that it starts as on Lambda; nothing calls it
    }
    command = [sys.executable, "-S", "-c", PROGRAM, *(["causes"] if causes else [])]
    done = subprocess.run(command, env=env, capture_output=True, check=True, text=True, timeout=120)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _cause(module: str) -> str:
    root = module.partition(".")[0]
    return next((cause for cause, names in CAUSES.items() if root in names), "others")


def main(functions: list[str], *, causes: bool, write: bool) -> None:
    console = Console(highlight=False)
    columns = [*CAUSES, "others"] if causes or write else []
    machine = this_machine()
    starts = {name: measure_start(name, causes=bool(columns)) for name in functions or FUNCTIONS}
    table = Table("function", "ms beyond boto3", "modules", *columns, "boto3, ms", title=str(machine))
    for name, start in starts.items():
        table.add_row(name, f"{_mark(start)} {start.took:.0f}", str(start.modules), *_parts(start, columns))
    console.print(table)
    if write:
        rows = [
            f"| `{name}` | {start.took:.0f} {_mark(start)} | {start.modules} | {' | '.join(_parts(start, columns))} |"
            for name, start in sorted(starts.items(), key=lambda each: each[1].took)
        ]
        heads = ["Function", "ms", "Modules", *columns, "boto3, ms"]
        lines = [
            fill(f"Measured on {datetime.now(UTC):%Y-%m-%d}: {machine}.", WIDTH),
            "",
            f"| {' | '.join(heads)} |",
            "|---" * len(heads) + "|",
            *rows,
        ]
        PERFORMANCE.write_text(replaced(PERFORMANCE.read_text(), COMMAND, "\n".join(lines)))


def _mark(start: Start) -> str:
    return "✓" if start.took <= BUDGET else "✗"


def _parts(start: Start, columns: list[str]) -> list[str]:
    return [*(f"{start.causes.get(each, 0):.0f}" for each in columns), f"{start.boto3:.0f}"]


if __name__ == "__main__":
    arguments = sys.argv[1:]
    options = {"--causes", "--write"}
    main(
        [each for each in arguments if each not in options],
        causes="--causes" in arguments,
        write="--write" in arguments,
    )
