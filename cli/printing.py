"""Print results, tables and sentences on the operator's terminal, or whole into a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TextIO

from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.checks import CheckResult, CheckStatus, explained

WIDEST = 100_000  # columns of a line that no terminal has to show

GOOD, BAD, LEFT, SKIPPED = "[green]✓[/green]", "[red]✗[/red]", "[yellow]![/yellow]", "[dim]–[/dim]"
MARKS = {
    CheckStatus.OK: GOOD,
    CheckStatus.ACTION_NEEDED: BAD,
    CheckStatus.FAILED: BAD,
    CheckStatus.SKIPPED: SKIPPED,
}


def print_line(text: str, mark: str = "") -> None:
    """Print one line, however long: the text as it is, after a mark of this module."""
    _console().print(f"{mark} {escape(text)}" if mark else escape(text), highlight=False, soft_wrap=True)


def print_progress(text: str) -> None:
    """Print one line on standard error, while the result goes to standard output as JSON."""
    _console(sys.stderr).print(escape(text), highlight=False, soft_wrap=True)


def print_result(result: CheckResult) -> None:
    """Print the result of a check on one line: the next line is another check."""
    print_line(str(result).replace("\n", "; "), MARKS[result.status])


def print_table(columns: Iterable[str], rows: Iterable[Iterable[str]], title: str | None = None) -> None:
    """Print a table. The first column holds ids, which are never broken; in a pipe nothing is."""
    table = Table(title=title)
    for number, column in enumerate(columns):
        table.add_column(column, no_wrap=number == 0)
    for row in rows:
        table.add_row(*map(escape, row))
    _console().print(table)


def print_json(output: BaseModel) -> None:
    """Print the result of a command as JSON: times in UTC, amounts in minor units."""
    print_line(output.model_dump_json(indent=2))


def print_next(*commands: str) -> None:
    """Print which commands to type next, each with what it is for: "pleo-export watch   follow the export"."""
    print_line("")
    for number, command in enumerate(commands):
        print_line(f"{'next:' if number == 0 else '     '} {command}")


def print_error(error: Exception) -> None:
    """Print why a command was refused, one line per fault, on standard error: a pipe holds results only."""
    for line in filter(None, explained(error).splitlines()):
        _console(sys.stderr).print(f"{BAD} {escape(line)}", highlight=False, soft_wrap=True)


def _console(stream: TextIO | None = None) -> Console:
    """Return what writes to standard output or error, which tests and shells replace."""
    stream = stream or sys.stdout
    return Console(file=stream, width=None if stream.isatty() else WIDEST)
