"""What a job costs, against the budgets of the design: counts and ratios of one run (`make bench`).

    python -m tests.bench

Nothing here is timed against a limit: counts are exact, and times are printed as rates of this machine.
"""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from local.pleo.sample import NORTHGATE
from pleo_export.bookkeeping.book import TextLimits, book
from pleo_export.bookkeeping.export_item import parse_export_item
from pleo_export.settings import parse_settings
from tests.harness.aws import ROOT
from tests.harness.expenses import purchases
from tests.harness.town import settings, town

SIZES = (50, 500, 2_000)
CHUNK = 50
FUNCTIONS = sorted(handler.parent.name for handler in (ROOT / "functions").glob("*/app.py"))


def main() -> None:
    console = Console()
    rates = Table("", "", title="on this machine", title_justify="left")
    for name, value in _rates():
        rates.add_row(name, value)
    console.print(rates)
    table = Table("", "budget", *(f"{size} items" for size in SIZES), title="one export job", title_justify="left")
    runs = [_job(size) for size in SIZES]
    for name, budget in _BUDGETS.items():
        table.add_row(name, budget, *(run[name] for run in runs))
    console.print(table)


_BUDGETS = {
    "state transitions": "14 + 4 per chunk",
    "calls to Pleo": "6 + 2 ceil(N/100) + ceil(N/50)",
    "calls to the books": "a batch and a search per chunk, + 1",
    "DynamoDB writes per item": "3, and some per job",
}


def _job(size: int) -> dict[str, str]:
    with town() as world:
        world.connect(NORTHGATE, purchases(size))
        world.export(NORTHGATE)
        world.run(NORTHGATE)
        chunks, pages = math.ceil(size / CHUNK), math.ceil(size / 100)
        log = world.effects.log
        pleo = sum(each.startswith("pleo ") for each in log) - 1  # the next wake-up's look for a further job
        books = sum(each in ("books check", "books find_many") for each in log) + chunks  # one record_many per chunk
        return {
            "state transitions": f"{world.transitions} of {14 + 4 * chunks}",
            "calls to Pleo": f"{pleo} of {6 + 2 * pages + math.ceil(size / 50)}",
            "calls to the books": f"{books} of {1 + 2 * chunks}",
            "DynamoDB writes per item": f"{world.effects.dynamodb_writes() / size:.2f}",
        }


def _rates() -> Iterator[tuple[str, str]]:
    items = purchases(2_000)
    company = parse_settings(settings(NORTHGATE))
    limits = TextLimits(64, text=200, memo=200)
    begun = time.perf_counter()
    parsed = [parse_export_item(item) for item in items]
    read = time.perf_counter()
    for item in parsed:
        book(item, company, f"pleo:{item.accounting_entry_id}", limits)
    booked = time.perf_counter()
    yield "export items parsed, a second", f"{len(items) / (read - begun):,.0f}"
    yield "export items booked, a second (budget: 5,000)", f"{len(items) / (booked - read):,.0f}"
    for name in FUNCTIONS:
        yield f"import of {name} beyond boto3, ms (budget: 120)", f"{_import_time(name):.0f}"


def _import_time(function: str) -> float:
    """Milliseconds of processor time; the best of five fresh interpreters."""
    code = (
        "import time, boto3, boto3.dynamodb.conditions, sys; sys.path.insert(0, sys.argv[1]);"
        "begun = time.process_time(); import app; print((time.process_time() - begun) * 1000)"
    )
    command = [sys.executable, "-c", code, f"functions/{function}"]
    return min(float(subprocess.run(command, capture_output=True, check=True, text=True).stdout) for _ in range(5))


if __name__ == "__main__":
    main()
