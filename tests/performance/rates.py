"""How many export items the core parses and books in a second, on one processor.

    python -m tests.performance.rates [--profile] [--write]

Processor time, chunk by chunk as RecordItems works, each chunk's least of several passes: what else the machine does in
between takes no part in it. The collector is set as in a function that has started. `--profile` shows where it goes,
`--write` puts the rates into docs/performance.md.
"""

from __future__ import annotations

import cProfile
import gc
import pstats
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from textwrap import fill
from typing import TypeVar

from pleo_export.batches import in_batches
from pleo_export.bookkeeping.book import TextLimits, book
from pleo_export.bookkeeping.export_item import ExportItem, parse_export_item
from pleo_export.settings import parse_settings
from pleo_simulator.sample import NORTHGATE
from tests.performance.machine import this_machine
from tests.performance.report.page import PERFORMANCE, WIDTH
from tests.performance.written_part import replaced
from tests.system.expenses import purchases
from tests.system.in_process_system import settings

COMMAND = "python -m tests.performance.rates --write"
ITEMS = 2_000
CHUNK = 50
PASSES = 15
T = TypeVar("T")

LIMITS = TextLimits(64, text=200, memo=200)
COMPANY = parse_settings(settings(NORTHGATE))


@dataclass(frozen=True)
class Rate:
    """Items a second, and the target of issue 14."""

    name: str
    items: float
    target: float


def rates(count: int = ITEMS) -> Iterator[Rate]:
    """Measure so many card purchases of one line with tax, without receipts."""
    raw = purchases(count)
    parsed = [parse_export_item(each) for each in raw]
    gc.collect()
    gc.freeze()
    yield Rate("export items parsed, a second", _rate(raw, parse_export_item), 5_000)
    yield Rate("export items booked, a second", _rate(parsed, _book), 20_000)
    gc.unfreeze()


def _book(item: ExportItem) -> None:
    book(item, COMPANY, f"pleo:{item.accounting_entry_id}", LIMITS)


def _rate(items: Sequence[T], work: Callable[[T], object]) -> float:
    chunks = list(in_batches(items, CHUNK))
    least = [min(_seconds(chunk, work) for _ in range(PASSES)) for chunk in chunks]
    return len(items) / sum(least)


def _seconds(chunk: Sequence[T], work: Callable[[T], object]) -> float:
    begun = time.process_time()
    for item in chunk:
        work(item)
    return time.process_time() - begun


def _profile(items: Sequence[T], work: Callable[[T], object]) -> None:
    profile = cProfile.Profile()
    profile.enable()
    _seconds(items, work)
    profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(20)


def main(*, profile: bool, write: bool) -> None:
    lines = [fill(f"Measured on {datetime.now(UTC):%Y-%m-%d}: {this_machine()}.", WIDTH), ""]
    for rate in rates():
        mark = "✓" if rate.items >= rate.target else "✗"
        lines.append(f"- {rate.name}: {rate.items:,.0f} {mark} (target: {rate.target:,.0f})")
    print("\n".join(lines))  # noqa: T201
    if write:
        PERFORMANCE.write_text(replaced(PERFORMANCE.read_text(), COMMAND, "\n".join(lines)))
    if profile:
        raw = purchases(ITEMS)
        _profile(raw, parse_export_item)
        _profile([parse_export_item(each) for each in raw], _book)


if __name__ == "__main__":
    main(profile="--profile" in sys.argv[1:], write="--write" in sys.argv[1:])
