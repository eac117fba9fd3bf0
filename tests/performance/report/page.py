"""The part of `docs/performance.md` that the benchmark writes, between its markers; JSON and charts beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill

from local.aws import ROOT
from tests.performance.report.charts import svg
from tests.performance.report.figures import figures
from tests.performance.report.rows import ROWS, cell, mark, of_table, title_of, told
from tests.performance.results import Results
from tests.performance.written_part import replaced

DOCS = ROOT / "docs"
PAGE = "performance.md"
PERFORMANCE = DOCS / PAGE
COMMAND = "make bench WRITE=1"
WIDTH = 100  # of prose
CAPTIONS = {
    "dollars": "Dollars for 1,000 items at AWS, by service: product and naive reference",
    "calls": "Calls for 1,000 items to Pleo and to the ledger: product, floor and naive reference",
    "time": "Milliseconds of wall time for an item: product, floor and naive reference",
    "memory": "Megabytes that one invocation of a function holds at most, by size of the job",
}


def write(results: Results, folder: Path = DOCS) -> list[Path]:
    """Write JSON, charts and the part of the page. Returns the files. Raises ValueError if the page has no markers."""
    page = folder / PAGE
    text = replaced(page.read_text(), COMMAND, "\n".join(lines(results)))
    files = {page: text, folder / "performance.json": json.dumps(results.as_json(), indent=1) + "\n"}
    files |= {folder / f"performance-{name}.svg": svg(chart) for name, chart in figures(results).items()}
    for path, content in files.items():
        path.write_text(content)
    return list(files)


def lines(results: Results) -> Iterator[str]:
    """Return the part of the page."""
    for title, value in results.conditions.items():
        yield fill(f"- {title}: {value}", WIDTH, subsequent_indent="  ", break_on_hyphens=False)
    yield ""
    for name in figures(results):
        yield f"![{CAPTIONS[name]}](performance-{name}.svg)\n"
    for ledger in results.ledgers:
        for receipts in (False, True):
            yield from _table(results, ledger, receipts=receipts)
    yield "### Budgets\n"
    for ledger in results.as_json()["budgets"]:
        yield f"{ledger}:\n"
        for budget in results.budgets(ledger):
            yield f"- {mark(budget)} {told(budget)}"
        yield ""
    yield from _prices(results)


def _table(results: Results, ledger: str, *, receipts: bool) -> Iterator[str]:
    runs = of_table(results, ledger, receipts=receipts)
    if not runs:
        return
    yield f"### {ledger}, {'one receipt an item' if receipts else 'without receipts'}\n"
    finished = [each for each in runs if not each.refused]
    yield f"| | {' | '.join(title_of(each.run) for each in finished)} |"
    yield "|---" * (len(finished) + 1) + "|"
    for row in ROWS:
        cells = [cell(row, each, results) for each in finished]
        if any(cells):
            yield f"| {row.title} | {' | '.join(cells)} |"
    yield ""
    for each in runs:
        if each.refused:
            yield fill(f"AWS ends {title_of(each.run)}: {each.refused}.", WIDTH) + "\n"


def _prices(results: Results) -> Iterator[str]:
    yield f"### Prices of {results.prices.region}, {results.prices.dated}\n"
    yield fill(results.prices.note, WIDTH) + "\n"
    yield "| | US dollars | for each |\n|---|---|---|"
    for price in results.prices.prices.values():
        usd = f"{price.usd:.10f}".rstrip("0")
        yield f"| [{price.what}]({price.page}) | {usd} | {price.per:,} |"
