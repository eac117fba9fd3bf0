"""Which charts there are: dollars, calls, time, and growth with the size of a job."""

from __future__ import annotations

from tests.performance.measurement import Measurement
from tests.performance.prices import SERVICES
from tests.performance.report.charts import Bar, Chart
from tests.performance.results import Results, calls_of


def figures(results: Results) -> dict[str, Chart]:
    """Return the charts by the name of their file; those for which nothing was measured are left out."""
    finished = [each for each in results.runs if not each.refused]
    plain = [each for each in finished if not each.run.receipts]
    made = {
        "dollars": _dollars(results, [each for each in finished if each.run.program != "floor"]),
        "calls": _calls(finished),
        "time": _time(plain),
        "memory": _memory([each for each in plain if each.run.program == "product"]),
    }
    return {name: chart for name, chart in made.items() if chart.bars}


def _name(run: Measurement) -> str:
    receipts = ", receipts" if run.run.receipts else ""
    return f"{run.run.program}, {run.run.ledger} {run.run.items:,}{receipts}"


def _dollars(results: Results, runs: list[Measurement]) -> Chart:
    bars = []
    for run in runs:
        costs = results.prices.costs(run)
        parts = tuple(1000 * costs[service] / run.run.items for service in SERVICES)
        bars.append(Bar(_name(run), parts, f"${sum(parts):.4f}"))
    subtitle = f"list prices of {results.prices.region}, {results.prices.dated}; from what was counted"
    return Chart("Dollars for 1,000 items at AWS", subtitle, bars, tuple(SERVICES.values()))


def _calls(runs: list[Measurement]) -> Chart:
    bars = [
        Bar(
            _name(run),
            (1000 * (run.pleo - run.files) / run.run.items, 1000 * run.ledger / run.run.items),
            f"{1000 * calls_of(run) / run.run.items:,.0f}",
        )
        for run in runs
    ]
    return Chart("Calls for 1,000 items", "counted at the doors of Pleo and of the ledger", bars, ("Pleo", "ledger"))


def _time(runs: list[Measurement]) -> Chart:
    bars = [Bar(_name(run), (run.per_item,), f"{run.per_item:,.0f} ms") for run in runs]
    return Chart("Wall time of an item", "without receipts; from the click in Pleo to the job's end", bars)


def _memory(runs: list[Measurement]) -> Chart:
    bars = [Bar(_name(run), (run.peak_mb,), f"{run.peak_mb:,.0f} MB") for run in runs]
    return Chart("Peak memory of one function", "the most that one invocation held, of all functions", bars)
