"""`python -m tests.golden generate` or `benchmark`."""

from __future__ import annotations

import sys
import time

from pleo_export.bookkeeping.book import book
from pleo_export.errors import ItemRejected
from tests.golden import failures
from tests.golden.cases import LIMITS, cases
from tests.golden.guide import GUIDE, guide


def generate() -> int:
    """Write the expectations that are missing, and the two pages. Existing ones are compared, never overwritten."""
    changed = 0
    for case in cases():
        text = case.as_text()
        if not case.expected.exists():
            case.expected.write_text(text)
            _say(f"new      {case.path.stem}\n{text}")
        elif case.expected.read_text() != text:
            changed += 1
            _say(f"DIFFERS  {case.path.stem}: delete {case.expected.name} if the new entry is right\n{text}")
    GUIDE.write_text(guide())
    failures.PAGE.write_text(failures.page())
    return 1 if changed else 0


def benchmark(seconds: float = 2.0) -> int:
    """Items per second on one core, over every golden item that is booked (budget: 5,000 booked a second)."""
    payloads, items = [], []
    for case in cases():
        if not isinstance(case.outcome(), ItemRejected):
            payloads.append(case)
            item = case.item()
            items.append((item, case.settings, case.party(item)))
    raw = [case.payload for case in payloads]
    parse = type(items[0][0]).model_validate
    for name, work in (
        ("parse", lambda: [parse(each) for each in raw]),
        ("book", lambda: [book(item, settings, "pleo:benchmark", LIMITS, party) for item, settings, party in items]),
    ):
        rounds, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            work()
            rounds += 1
        _say(f"{name}: {rounds * len(items) / (time.perf_counter() - start):,.0f} items a second")
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


COMMANDS = {"generate": generate, "benchmark": benchmark}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        sys.exit(f"usage: python -m tests.golden {'|'.join(COMMANDS)}")
    sys.exit(COMMANDS[sys.argv[1]]())
