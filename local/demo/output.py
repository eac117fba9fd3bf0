"""How the demo prints. `console` is replaced by who wants to keep what it prints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from cli.wording import counted, money
from local.ledgers.books import Balance
from pleo_export.bookkeeping.money import format_amount
from pleo_export.operations.job_overview import ItemOverview
from pleo_export.operations.preview_items import ItemPreview
from pleo_export.operations.reconciliation.result import AccountProof

console = Console(highlight=False)


def heading(text: str) -> None:
    """Print the heading of a step."""
    console.print(f"\n[bold cyan]{text}[/bold cyan]")


def space() -> None:
    """Print an empty line between two things."""
    console.print()


def say(line: str) -> None:
    """Print something that was done."""
    console.print(f"[green]✓[/green] {escape(line)}", soft_wrap=True)


def agrees(what: str, found: Any, expected: Any) -> bool:
    """Print a check, and return whether what was found is what was expected."""
    mark = "[green]✓[/green]" if found == expected else "[red]✗[/red]"
    console.print(f"  {mark} {what}: {found} found, {expected} expected")
    return bool(found == expected)


@contextmanager
def waiting_for(what: str) -> Iterator[None]:
    """Show that something is under way."""
    with console.status(what):
        yield


@contextmanager
def bars() -> Iterator[Progress]:
    """Show bars that move while exports run."""
    columns = (TextColumn("  {task.description:<32}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        yield progress


def show_preview(items: Sequence[ItemPreview], names: Mapping[str, str], titles: Mapping[str, str]) -> None:
    """Print the lines of these items: account, debit and credit."""
    table = _table("account", "debit", "credit")
    for item in items:
        for document in item.documents:
            table.add_row(f"[bold]{escape(titles[item.entry_id])}[/bold], {document.document.posting_date}")
            for line in document.document.lines:
                amount = format_amount(abs(line.amount))
                sides = (amount, "") if line.amount > 0 else ("", amount)
                table.add_row(f"  {line.account} {escape(names.get(line.account, ''))}", *sides)
    console.print(table)


def title_of(item: ItemOverview) -> str:
    """Return that by which a person recognises the expense."""
    return f"{(item.supplier or 'expense').replace('_', ' ')}, {money(item.amount, item.currency)}"


def show_entries(items: Iterable[ItemOverview], receipts: Mapping[str | None, int]) -> None:
    """Print one line for each expense that has become an entry."""
    for item in items:
        files = receipts.get(item.entry_number, 0)
        told = {0: "", 1: ", receipt attached"}.get(files, f", {files} receipts attached")
        link = f", [link={item.url}][underline]link[/underline][/link]" if item.url else ""
        number = f"[bold]{item.entry_number}[/bold]"
        console.print(f"  {escape(title_of(item))} → {number}{told}{link}", soft_wrap=True)


def show_failures(items: Iterable[ItemOverview]) -> None:
    """Print what a person has to fix: each sentence once, with the expenses that it is about."""
    groups: dict[str, list[ItemOverview]] = defaultdict(list)
    for item in items:
        groups[item.reason or ""].append(item)
    for reason, failed in groups.items():
        console.print(f"  [red]✗[/red] {escape('; '.join(map(title_of, failed)))}")
        console.print(Padding(escape(reason), (0, 0, 0, 4)))


def say_refused(what: str, reason: str) -> None:
    """Print what could not be exported, and why."""
    console.print(f"  {escape(what)}: [dim]{escape(reason)}[/dim]")


def show_counts(text: str, counts: Mapping[str, int]) -> None:
    """Print how many items have each status."""
    console.print(f"{text}: [bold]{counted(counts)}[/bold]")


def show_proofs(proofs: Iterable[AccountProof]) -> None:
    """Print the sums of accounts: what Pleo was told, and what the ledger holds."""
    table = _table("account", "currency", "told to Pleo", "in the ledger", "difference")
    for each in proofs:
        sums = (f"{Decimal(amount) / 100:,.2f}" for amount in (each.told, each.ledger, each.difference))
        table.add_row(f"{each.account} {escape(each.name)}", each.currency, *sums)
    console.print(table)


def show_trial_balance(balances: Sequence[Balance]) -> None:
    """Print the sums of each account, as the ledger has them."""
    table = _table("account", "debit", "credit")
    for each in balances:
        table.add_row(f"{each.account} {escape(each.name)}", f"{each.debit:,.2f}", f"{each.credit:,.2f}")
    debit, credit = sum(each.debit for each in balances), sum(each.credit for each in balances)
    table.add_row("[bold]total[/bold]", f"[bold]{debit:,.2f}[/bold]", f"[bold]{credit:,.2f}[/bold]")
    console.print(table)


def show_left_over(columns: Sequence[str], rows: Iterable[tuple[str, Sequence[Decimal]]]) -> None:
    """Print what is left on the accounts under each method, and what should be."""
    table = _table("account", *columns)
    for account, amounts in rows:
        table.add_row(account, *(f"{amount:,.2f}" for amount in amounts))
    console.print(table)


def show_next(commands: Mapping[str, str]) -> None:
    """Print the commands to type next, each with what it is for."""
    console.print("\n[bold]next:[/bold]")
    width = max(map(len, commands))
    for command, purpose in commands.items():
        console.print(f"  {escape(command):<{width}}  [dim]{escape(purpose)}[/dim]", soft_wrap=True)


def show_times(seconds: Mapping[str, float]) -> None:
    """Print how long each step took."""
    console.print(
        "\n[dim]" + ", ".join(f"{stage} {taken:.0f} s" for stage, taken in seconds.items()) + "[/dim]", soft_wrap=True
    )


def _table(first: str, *others: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column(first, no_wrap=True)
    for column in others:
        table.add_column(column, justify="right", no_wrap=True)
    return table
