"""Simulate the scenarios, two at a time; `--write` puts their figures into docs/scale.md and docs/scale.svg."""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor, as_completed

from tests.performance.months_end.figures import SCENARIOS, Figures, chart, simulate, table
from tests.performance.written_part import replaced
from tests.system.aws import ROOT

PAGE, CHART = ROOT / "docs/scale.md", ROOT / "docs/scale.svg"
COMMAND = "make months-end"


def main(write: bool, largest: int) -> None:
    """Print each scenario's figures when it is done, then all. Those above `largest` companies are left out."""
    out = sys.stdout.write
    chosen = [each for each in SCENARIOS if each.companies <= largest]
    found: dict[int, Figures] = {}
    with ProcessPoolExecutor(2) as pool:
        begun = {pool.submit(simulate, each): number for number, each in reversed(list(enumerate(chosen)))}
        for done in as_completed(begun):
            found[begun[done]] = done.result()
            out(f"{found[begun[done]]}\n")
            sys.stdout.flush()
    figures = [found[number] for number in sorted(found)]
    out(table(figures) + "\n")
    if write:
        PAGE.write_text(replaced(PAGE.read_text(), COMMAND, table(figures)))
        CHART.write_text(chart(figures))


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[1:] if each.isdecimal()]
    main("--write" in sys.argv[1:], given[0] if given else 10**9)
