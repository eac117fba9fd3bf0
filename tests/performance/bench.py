"""What a job costs, against the budgets of the design: counts and ratios of one run (`make bench`).

    python -m tests.performance.bench [--quick]

Counts are exact, times are rates of this machine. A budget that is missed is marked with ✗; the exit status stays 0,
since a slow machine is no fault. The records lie in the simulation's table: moto's copies all of itself in each
transaction, so that a job of 2,000 items took gigabytes and did not end.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from rich.console import Console
from rich.table import Table

from pleo_export.bookkeeping.book import TextLimits, book
from pleo_export.bookkeeping.export_item import parse_export_item
from pleo_export.settings import parse_settings
from pleo_simulator.sample import NORTHGATE
from tests.performance.imports import BUDGET, FUNCTIONS, RUNS, measure_start
from tests.simulation import fake_aws as cloud
from tests.simulation.fault_injection import FaultInjector
from tests.system.asl import StateFailed
from tests.system.expenses import purchases
from tests.system.in_process_system import in_process_system, settings

SIZES = (50, 500, 2_000)
QUICK_SIZES = (50, 150)
ITEMS_TIMED = 2_000
CHUNK = 50
QUICK_STARTS = 2  # the first compiles
console = Console(highlight=False)


@dataclass(frozen=True)
class Cost:
    """What was counted or measured. Within `budget` is at most it, or at least it for a `rate`."""

    value: float
    budget: float | None = None
    rate: bool = False
    digits: int = 0

    def __str__(self) -> str:
        text = f"{self.value:,.{self.digits}f}"
        if self.budget is None:
            return text
        kept = self.value >= self.budget if self.rate else self.value <= self.budget
        mark = "[green]✓[/green]" if kept else "[red]✗[/red]"
        return f"{mark} {text} ({'at least' if self.rate else 'at most'} {self.budget:,.{self.digits}f})"


class CountedTable(cloud.Table):
    """The table in memory, without faults; counts items written or deleted, as DynamoDB bills them."""

    def __init__(self, injector: FaultInjector) -> None:
        super().__init__(injector)
        self.written: list[dict[str, Any]] = []

    def writes(self) -> tuple[int, int]:
        """Those of the job's items, and all others: its own, its lease's."""
        of_items = sum(each["pk"].startswith("ENTRY#") or each["sk"].startswith("ITEM#") for each in self.written)
        return of_items, len(self.written) - of_items

    def put_item(self, **given: Any) -> dict[str, Any]:
        self.written.append(given["Item"])
        return super().put_item(**given)

    def update_item(self, **given: Any) -> dict[str, Any]:
        self.written.append(given["Key"])
        return super().update_item(**given)

    def delete_item(self, **given: Any) -> dict[str, Any]:
        self.written.append(given["Key"])
        return super().delete_item(**given)

    def batch_write_item(self, **given: Any) -> dict[str, Any]:
        self.written += [each["PutRequest"]["Item"] for each in given["RequestItems"][self.name]]
        return super().batch_write_item(**given)

    def transact_write_items(self, **given: Any) -> dict[str, Any]:
        self.written += [each["Put"]["Item"] for each in given["TransactItems"] if "Put" in each]
        return super().transact_write_items(**given)

    def release(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """The state machine's own `deleteItem`, of a lease."""
        key = {name: value["S"] for name, value in parameters["Key"].items()}
        me = parameters["ExpressionAttributeValues"][":me"]["S"]
        self.written.append(key)
        if self.records.get((key["pk"], key["sk"]), {}).get("owner") != me:
            raise StateFailed("DynamoDB.ConditionalCheckFailedException", "")
        del self.records[key["pk"], key["sk"]]
        return {}


def main(quick: bool) -> None:
    os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"
    rates = Table("", "", title="on this machine", title_justify="left")
    for name, cost in (*_rates(ITEMS_TIMED), *_imports(QUICK_STARTS if quick else RUNS)):
        rates.add_row(name, str(cost))
    console.print(rates)
    sizes = QUICK_SIZES if quick else SIZES
    runs = [_job(size) for size in sizes]
    table = Table("", *(f"{size:,} items" for size in sizes), title="one export job", title_justify="left")
    for name in runs[0]:
        table.add_row(name, *(str(run[name]) for run in runs))
    console.print(table)


def _job(size: int) -> dict[str, Cost]:
    begun = time.perf_counter()
    console.print(f"an export job of {size:,} items ...", end=" ")
    with in_process_system() as system:
        table = CountedTable(FaultInjector(Random(0), system.clock))
        vars(system.services)["table"] = table
        vars(system)["_delete_item"] = table.release
        system.connect(NORTHGATE, purchases(size))
        job = system.export(NORTHGATE)
        system.run(NORTHGATE)
        if system.statuses(job) != {"successful": size}:
            raise RuntimeError(f"the job went wrong: {system.statuses(job)}")
        console.print(f"{time.perf_counter() - begun:.1f} s")
        chunks, pages = math.ceil(size / CHUNK), math.ceil(size / 100)
        log = system.effects.log
        pleo = sum(each.startswith("pleo ") for each in log) - 1  # the next wake-up's look for a further job
        of_items, others = table.writes()
        if not of_items:
            raise RuntimeError("no write was counted: the functions did not use the table that counts")
        books = sum(each in ("books check", "books find_many") for each in log) + chunks  # one record_many per chunk
        return {
            "state transitions": Cost(system.transitions, 14 + 4 * chunks),
            "calls to Pleo": Cost(pleo, 6 + 2 * pages + math.ceil(size / 50)),
            "calls to the books": Cost(books, 1 + 2 * chunks),
            "DynamoDB writes per item": Cost(of_items / size, 3, digits=2),
            "DynamoDB writes besides": Cost(others),
        }


def _rates(count: int) -> Iterator[tuple[str, Cost]]:
    items = purchases(count)
    company = parse_settings(settings(NORTHGATE))
    limits = TextLimits(64, text=200, memo=200)
    begun = time.perf_counter()
    parsed = [parse_export_item(item) for item in items]
    read = time.perf_counter()
    for item in parsed:
        book(item, company, f"pleo:{item.accounting_entry_id}", limits)
    booked = time.perf_counter()
    yield "export items parsed, a second", Cost(count / (read - begun))
    yield "export items booked, a second", Cost(count / (booked - read), 5_000, rate=True)


def _imports(runs: int) -> Iterator[tuple[str, Cost]]:
    for name in FUNCTIONS:
        start = measure_start(name, runs)
        yield f"import of {name} beyond boto3 ({start.boto3:.0f} ms), ms", Cost(start.took, BUDGET)


if __name__ == "__main__":
    main("--quick" in sys.argv[1:])
