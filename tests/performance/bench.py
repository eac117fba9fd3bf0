"""What an export costs: the product, deployed, beside a naive reference and the floor (`make bench`).

    python -m tests.performance.bench [--quick] [--write] [--only product,xero,1000]

Everything is counted at the other side's door: `counting`. Counts are exact; times are those of this machine, and the
ratios between the programs are what counts. A budget that is missed is marked with ✗; the exit status stays 0, since a
slow machine is no fault. `.local/bench/results.json` has it all; `--write` puts it into docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from local import interruption
from local.aws import STATE
from local.ledgers.choice import books
from local.ledgers.simulated import SimulatedBooks
from tests.performance import plan
from tests.performance.imports import BUDGET, FUNCTIONS, RUNS, measure_start
from tests.performance.measurement import Measurement, RunId
from tests.performance.prices import PriceTable
from tests.performance.report import page, terminal
from tests.performance.results import Results
from tests.performance.runs.floor import run_floor
from tests.performance.runs.naive import deploy_naive, naive_account, run_naive
from tests.performance.runs.product import CountedStack, run_product
from tests.performance.runs.servers import PLEO_SECONDS, XERO_SECONDS, Ledger, behind_doors

RESULTS = STATE / "bench" / "results.json"
QUICK_STARTS = 2  # the first compiles
WARM_ITEMS = 5
STOPPED_WITHIN = 20
console = Console(highlight=False)


@dataclass
class Bench:
    """The stack with the ledgers behind their doors. The product is connected to one ledger at a time."""

    stack: CountedStack
    ledgers: dict[str, Ledger]
    progress: Progress
    connected: str = ""

    def run(self, runs: Sequence[RunId]) -> Iterator[Measurement]:
        """Measure the product and the floor first, then the naive reference, on one account for each ledger."""
        for run in (each for each in runs if each.program != "naive"):
            with self._shown(run) as advance:
                ledger = self.ledgers[run.ledger]
                _begin_a_minute(ledger)
                if run.program == "floor":
                    yield run_floor(self.stack, ledger, run)
                else:
                    self._connect(ledger)
                    yield run_product(self.stack, ledger, run, advance)
        for name, ledger in self.ledgers.items():
            if chosen := [each for each in runs if (each.program, each.ledger) == ("naive", name)]:
                with naive_account(ledger) as aws:
                    machine = deploy_naive(aws, self.stack, ledger)
                    run_naive(aws, machine, self.stack, ledger, RunId("naive", name, WARM_ITEMS))
                    for run in chosen:
                        with self._shown(run):
                            _begin_a_minute(ledger)
                            yield run_naive(aws, machine, self.stack, ledger, run)

    def _connect(self, ledger: Ledger) -> None:
        """Connect the company and export a few items, so that all functions are warm: starts are measured apart."""
        if self.connected != ledger.name:
            self.stack.connect_to(ledger)
            run_product(self.stack, ledger, RunId("product", ledger.name, WARM_ITEMS))
            self.connected = ledger.name

    @contextmanager
    def _shown(self, run: RunId) -> Iterator[partial[None]]:
        what = f"{run.program}, {run.ledger}, {run.items:,}{' with receipts' if run.receipts else ''}"
        task = self.progress.add_task(what, total=run.items)
        yield partial(_advance, self.progress, task)
        self.progress.update(task, completed=run.items)
        self.progress.stop_task(task)


def _begin_a_minute(ledger: Ledger) -> None:
    """Let a ledger with a limit forget the calls of the run before, which this one would have to wait for."""
    if isinstance(ledger.books, SimulatedBooks) and ledger.name == plan.XERO:
        ledger.books.simulator.ledger.limits._minute.clear()


def _advance(progress: Progress, task: int, done: int) -> None:
    progress.update(task, completed=done)  # type: ignore[arg-type]


def measure(runs: Sequence[RunId], progress: Progress, found: list[Measurement]) -> None:
    """Add the measurement of each run to `found`, as soon as it is there."""
    begun = time.monotonic()
    with ExitStack() as running:
        starting = progress.add_task("the stack: AWS with the template deployed, Pleo, Tryton", total=None)
        stack = running.enter_context(CountedStack())
        names = dict.fromkeys(each.ledger for each in runs)
        opened = {
            name: stack.books if name == plan.TRYTON else running.enter_context(_simulated(name)) for name in names
        }
        urls = {
            name: each.simulator.url if isinstance(each, SimulatedBooks) else stack.books.url
            for name, each in opened.items()
        }
        ledgers = running.enter_context(behind_doors(opened, urls))
        progress.update(starting, total=1, completed=1)
        bench = Bench(stack, ledgers, progress)
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        for portion in (
            [each for each in runs if each.items < plan.LARGE],
            [each for each in runs if each.items >= plan.LARGE],
        ):
            fitting = [each for each in portion if plan.fits(each, found, time.monotonic() - begun)]
            for each in bench.run(fitting):
                found.append(each)
                RESULTS.write_text(json.dumps([run.as_json() for run in found], indent=1))


def _simulated(name: str) -> SimulatedBooks:
    found = books(name)
    assert isinstance(found, SimulatedBooks)
    if name == plan.XERO:
        found.simulator.ledger.limits.seconds = XERO_SECONDS
    return found


def conditions(seconds: float, *, quick: bool) -> dict[str, str]:
    """Return under what was measured, for people."""
    return {
        "Measured": f"{datetime.now(UTC):%Y-%m-%d}, in {seconds / 60:.0f} minutes{', quick' if quick else ''}",
        "Machine": f"{os.cpu_count()} processors, Python {platform.python_version()}; one run after the other; load "
        f"of the machine at the end {os.getloadavg()[0]:.1f}",
        "AWS": "emulated on the same machine: its time is in the wall time, and it knows no network",
        "Pleo": f"simulator, {1000 * PLEO_SECONDS:.0f} ms a call, 600 calls a minute",
        "tryton": "Tryton on PostgreSQL, the real server, on the same machine",
        "xero": f"simulator, {1000 * XERO_SECONDS:.0f} ms a call, 5 at a time, 60 a minute, as Xero limits everybody",
        "Functions": "warm; architecture and speed are this machine's, memory the template's",
    }


def chosen(runs: Sequence[RunId], only: str) -> list[RunId]:
    """Return the runs whose program, ledger and number of items are among those of `only`, where it names any."""
    words = set(filter(None, only.split(",")))
    kinds = {each: [str(getattr(run, each)) for run in runs] for each in ("program", "ledger", "items")}
    wanted = {kind: words & set(values) for kind, values in kinds.items()}
    return [run for run in runs if all(not some or str(getattr(run, kind)) in some for kind, some in wanted.items())]


def main() -> int:
    """Measure, print, and write where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.performance.bench")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"
    begun = time.monotonic()
    found: list[Measurement] = []
    wanted = chosen(plan.QUICK if given.quick else plan.FULL, given.only)
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f}"), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        measure(wanted, progress, found)
    told = conditions(time.monotonic() - begun, quick=given.quick)
    if missing := [each for each in wanted if each not in [run.run for run in found]]:
        told["Not measured"] = ", ".join(f"{each.program} {each.items:,} with {each.ledger}" for each in missing)
        told["Not measured"] += f": {plan.MINUTES} minutes would be over"
    results = Results(found, PriceTable.read(), told)
    RESULTS.write_text(json.dumps(results.as_json(), indent=1))
    terminal.show(results, console)
    _show_starts(QUICK_STARTS if given.quick else RUNS)
    if given.write:
        console.print("written:", *(str(each) for each in page.write(results)))
    return 0


def _show_starts(runs: int) -> None:
    table = Table("function", "ms", title="imports beyond boto3's, in processor time", title_justify="left")
    for name in FUNCTIONS:
        start = measure_start(name, runs)
        kept = start.took <= BUDGET
        table.add_row(name, f"[{'green' if kept else 'red'}]{'✓' if kept else '✗'} {start.took:.0f}[/]")
    console.print(table)


if __name__ == "__main__":
    sys.exit(interruption.run(main, STOPPED_WITHIN))
