"""What the tables show of a run, a row for each thing that is counted: the same on the terminal and on the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.performance.measurement import Measurement, RunId
from tests.performance.results import Budget, Results


@dataclass(frozen=True)
class Row:
    """`value` reads it from a run; `in_aws`: the floor has none of it."""

    title: str
    value: Callable[[Measurement, Results], float]
    digits: int = 0
    in_aws: bool = True


ROWS = (
    Row("wall time, s", lambda run, _: run.seconds, 1, in_aws=False),
    Row("items a second", lambda run, _: run.run.items / run.seconds, 1, in_aws=False),
    Row("calls to Pleo", lambda run, _: run.pleo - run.files, in_aws=False),
    Row("calls to the ledger", lambda run, _: run.ledger, in_aws=False),
    Row("files from Pleo", lambda run, _: run.files, in_aws=False),
    Row("of the calls, refused for a limit", lambda run, _: run.retried, in_aws=False),
    Row("state transitions", lambda run, _: run.transitions),
    Row("events of history", lambda run, _: run.events),
    Row("invocations", lambda run, _: run.invocations),
    Row("of them cold starts", lambda run, _: run.cold_starts),
    Row("GB-seconds", lambda run, _: run.gb_seconds, 1),
    Row("peak memory of one, MB", lambda run, _: run.peak_mb, in_aws=False),
    Row("DynamoDB: items written", lambda run, _: run.items_written),
    Row("DynamoDB: write units", lambda run, _: run.write_units),
    Row("DynamoDB: read units", lambda run, _: run.read_units),
    Row("requests to DynamoDB", lambda run, _: _to(run, "dynamodb")),
    Row("requests to S3", lambda run, _: _to(run, "s3")),
    Row("requests to SQS", lambda run, _: _to(run, "sqs")),
    Row("requests to Secrets Manager", lambda run, _: _to(run, "secretsmanager")),
    Row("MB over the network", lambda run, _: run.bytes / 1e6, 1, in_aws=False),
    Row("dollars for 1,000 items", lambda run, results: results.prices.per_thousand(run), 5),
)


def cell(row: Row, run: Measurement, results: Results) -> str:
    """Return what stands in the table: nothing where the program has no such thing."""
    if run.refused or (row.in_aws and run.run.program == "floor"):
        return ""
    return f"{row.value(run, results):,.{row.digits}f}"


def title_of(run: RunId) -> str:
    """Return the heading of a run's column."""
    return f"{run.program} {run.items:,}"


def of_table(results: Results, ledger: str, *, receipts: bool) -> list[Measurement]:
    """Return the runs of one table: one ledger, with receipts or without; the largest last, the product first."""
    order = {"product": 0, "floor": 1, "naive": 2}
    chosen = [each for each in results.runs if (each.run.ledger, each.run.receipts) == (ledger, receipts)]
    return sorted(chosen, key=lambda each: (each.run.items, order[each.run.program]))


def told(budget: Budget) -> str:
    """Return a budget as a sentence without its mark: what was found, and what it may be."""
    if budget.found is None:
        return f"{budget.what}: not measured"
    bound = "at least" if budget.at_least else "at most"
    return f"{budget.what}: {_number(budget.found)}{budget.unit} ({bound} {_number(budget.target)}{budget.unit})"


def mark(budget: Budget) -> str:
    """Return the mark: kept, missed, not measured."""
    return {True: "✓", False: "✗", None: "–"}[budget.kept]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"


def _to(run: Measurement, service: str) -> int:
    return sum(count for name, count in run.aws.items() if name.partition(" ")[0] == service)
