"""`pleo-export report`: a job or a month as one page, to read, to print and to keep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.confirmation import confirm
from cli.errors import UsageError
from cli.options import DEFAULT_STACK, AsJson, StackName, Yes, an_id
from cli.printing import GOOD, LEFT, print_json, print_line, print_next
from cli.report.content import EXPORTED, FAILED, ReportOutput
from cli.report.gathering import parse_month, report_of_job, report_of_month
from cli.report.page import render
from cli.stack import Stack

__all__ = ["ReportOutput", "command"]


def command(
    target: Annotated[
        str, typer.Argument(metavar="JOB_ID", help="The export job; with --month the company's id.", parser=an_id)
    ],
    month: Annotated[str, typer.Option("--month", metavar="YYYY-MM", help="All of a company's expenses of it.")] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Default: report-<id>.html in this folder.")
    ] = None,
    as_json: AsJson = False,
    yes: Yes = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Write a report: outcome, what to fix, every expense with its lines, and the comparison with the ledger."""
    first = parse_month(month) if month else None
    deployed = Stack.named(stack)
    report = report_of_month(deployed, target, first) if first else report_of_job(deployed, target)
    if as_json:
        print_json(report)
        return
    file = output or Path(f"report-{target}{f'-{month}' if month else ''}.html")
    _write(file, report, yes=yes)
    counts = report.counts
    print_line(f"{file}: {counts[EXPORTED]} exported, {counts[FAILED]} failed", GOOD)
    if report.not_compared:
        print_line(f"not compared with the ledger: {report.not_compared}", LEFT)
    if report.reconciliation and not report.reconciliation.agrees:
        print_line("Pleo and the ledger do not agree on everything; the report says where", LEFT)
        print_next(f"pleo-export reconcile {'' if month else '--job '}{target}")


def _write(file: Path, report: ReportOutput, *, yes: bool) -> None:
    if file.is_dir():
        raise UsageError(f"--output: {file} is a folder; name a file in it")
    if file.exists():
        confirm(f"{file} is replaced.", yes=yes)
    page = render(report)
    try:
        file.write_text(page, "utf-8")
    except OSError as error:
        raise UsageError(f"--output: {file} cannot be written ({error.strerror}); name another file") from None
