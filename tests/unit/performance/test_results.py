"""Ratios and budgets, the table, the page and its charts."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from tests.performance import imports, plan, rates
from tests.performance.bench import chosen
from tests.performance.measurement import Measurement, RunId
from tests.performance.months_end import __main__ as months_end
from tests.performance.prices import PriceTable
from tests.performance.report import page, terminal
from tests.performance.report.charts import Bar, Chart, svg
from tests.performance.report.rows import mark, told
from tests.performance.results import Budget, Results
from tests.performance.written_part import replaced

PRICES = PriceTable.read()


def product(items: int = 1_000, **more: float) -> Measurement:
    usual = {"seconds": 11.0, "pleo": 40, "ledger": 70, "transitions": 70, "items_written": 3 * items, "peak_mb": 80}
    return Measurement(RunId("product", "xero", items), **{**usual, **more})  # type: ignore[arg-type]


FLOOR = Measurement(RunId("floor", "xero", 1_000), seconds=10, pleo=30, ledger=70)
NAIVE = Measurement(RunId("naive", "xero", 100), seconds=10, pleo=100, ledger=100, transitions=400)
REFUSED = Measurement(RunId("naive", "xero", 1_000), refused="1,762 KB of state, of 256 KB")


def results(*runs: Measurement) -> Results:
    return Results(runs, PRICES, {"Machine": "two processors"})


def budget(found: Results, word: str) -> Budget:
    return next(each for each in found.budgets("xero") if word in each.what)


def test_a_budget_that_is_missed_is_shown_as_missed() -> None:
    kept, missed = Budget("calls", 1.1, 1.1), Budget("calls", 1.11, 1.1, unit="x")

    assert (mark(kept), mark(missed), mark(Budget("calls", None, 1))) == ("✓", "✗", "–")
    assert told(missed) == "calls: 1.11x (at most 1.10x)"
    assert Budget("cheaper", 19, 20, at_least=True).kept is False


def test_ratios_are_to_the_floor_of_as_many_items() -> None:
    found = results(product(), FLOOR)

    assert budget(found, "calls").found == pytest.approx(1.1)
    assert budget(found, "wall").found == pytest.approx(1.1)
    assert budget(found, "writes").found == 3
    assert budget(results(product()), "wall").kept is None


def test_files_of_receipts_are_no_calls_to_pleos_api() -> None:
    assert budget(results(product(pleo=1_040, files=1_000), FLOOR), "calls").found == pytest.approx(1.1)


def test_the_naive_reference_is_compared_by_what_it_could_take() -> None:
    found = results(product(), NAIVE, REFUSED)

    assert budget(found, "dollars an item at").found == pytest.approx(4 / 0.07)


def test_growth_is_from_the_smallest_job_to_the_largest() -> None:
    found = results(product(100, transitions=7), product(10_000, transitions=700, peak_mb=100))

    assert budget(found, "dollars an item, from").found == pytest.approx(1)
    assert budget(found, "memory").kept is False


def test_the_table_shows_what_was_counted_and_which_quota_ended_a_run() -> None:
    console = Console(record=True, width=200)

    terminal.show(results(product(), FLOOR, REFUSED), console)

    text = console.export_text()
    assert "AWS ends it, 1,762 KB of state" in text
    assert "✗ wall time" not in text
    assert "✓ wall time" in text


def test_the_page_keeps_what_is_around_its_part(tmp_path: Path) -> None:
    begin, end = (f"<!-- Written by `{page.COMMAND}`: {each} -->" for each in ("begin", "end"))
    (tmp_path / page.PAGE).write_text(f"# Title\n\n{begin}\nold\n{end}\n\n## Starts\n")

    files = page.write(results(product(), FLOOR, NAIVE, REFUSED), tmp_path)

    text = (tmp_path / page.PAGE).read_text()
    assert text.startswith("# Title\n")
    assert text.endswith("## Starts\n")
    assert "\nold\n" not in text
    assert "AWS ends naive 1,000: 1,762 KB of state, of 256 KB." in text
    assert all((tmp_path / name).exists() for name in ("performance-dollars.svg", "performance-calls.svg"))
    assert json.loads((tmp_path / "performance.json").read_text())["budgets"]["xero"][0]["kept"] is True
    assert len(files) == len(set(files)) >= 5


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="no part"):
        replaced("# Title", page.COMMAND, "part")


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("performance.md", page.COMMAND),
        ("performance.md", imports.COMMAND),
        ("performance.md", rates.COMMAND),
        ("scale.md", months_end.COMMAND),
    ],
)
def test_each_command_has_its_part_of_a_page(file: str, command: str) -> None:
    assert "\npart\n" in replaced((page.DOCS / file).read_text(), command, "part")


def test_bars_are_as_long_as_their_parts_on_one_scale() -> None:
    drawn = ElementTree.fromstring(  # noqa: S314 - our own
        svg(Chart("A & B", "", (Bar("one", (2, 2), "4"), Bar("two", (1, 0), "1")), ("x", "y")))
    )

    bars = [each for each in drawn.iter("{http://www.w3.org/2000/svg}rect") if each.get("height") == "22"]
    widths = [float(each.get("width", 0)) for each in bars]
    assert widths[0] == widths[1] == pytest.approx(2 * widths[2], abs=0.1)
    assert len(widths) == 3


def test_a_chart_without_bars_is_refused() -> None:
    with pytest.raises(ValueError, match="without bars"):
        svg(Chart("", "", ()))


def test_some_of_the_runs_can_be_chosen_by_program_ledger_and_size() -> None:
    assert chosen(plan.FULL, "") == list(plan.FULL)
    assert chosen(plan.FULL, "product,tryton,10000") == [RunId("product", plan.TRYTON, 10_000)]


def test_a_large_run_that_would_not_end_in_time_is_left_out() -> None:
    large = RunId("product", "xero", plan.LARGE)
    measured = [product(100, seconds=1), product(1_000, seconds=50)]

    assert plan.fits(large, measured, elapsed=399)
    assert not plan.fits(large, measured, elapsed=401)
    assert plan.fits(RunId("product", "xero", 1_000), measured, elapsed=10_000)
