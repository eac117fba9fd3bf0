"""The results as tables of a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from tests.performance.report.rows import ROWS, cell, mark, of_table, title_of, told
from tests.performance.results import Results

COLOURS = {"✓": "green", "✗": "red", "–": "yellow"}


def show(results: Results, console: Console) -> None:
    """Print a table for each ledger, with receipts and without, and the budgets."""
    for ledger in results.ledgers:
        for receipts in (False, True):
            if runs := of_table(results, ledger, receipts=receipts):
                title = f"{ledger}, {'one receipt an item' if receipts else 'without receipts'}"
                table = Table("", *(title_of(each.run) for each in runs), title=title, title_justify="left")
                for row in ROWS:
                    table.add_row(row.title, *(cell(row, each, results) for each in runs))
                console.print(table)
                for each in runs:
                    if each.refused:
                        console.print(f"  {title_of(each.run)}: AWS ends it, {each.refused}")
    for ledger, budgets in results.as_json()["budgets"].items():
        console.print(f"[bold]budgets, {ledger}[/bold]" if budgets else "")
        for budget in results.budgets(ledger):
            colour = COLOURS[mark(budget)]
            console.print(f"  [{colour}]{mark(budget)}[/{colour}] {told(budget)}")
