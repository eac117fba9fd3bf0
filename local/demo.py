"""The demo: a bookkeeper clicks Export, and the expenses travel through the whole system into real books.

python -m local.demo
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from local import interruption
from local.processes import ChildFailed, Interrupted, stopping
from local.stack import LocalStack
from local.tryton.ledger import Move
from pleo_simulator.every_type import LEFT_OVER, every_type
from pleo_simulator.sample import HAVN, LUMBRE, NORTHGATE
from pleo_simulator.sample_catalogue import ACCOUNTS as ACCOUNT_NAMES_BY_CODE

console = Console(highlight=False)

CHUNK = 8  # small chunks, so that there is progress to watch
PATIENCE_SECONDS = 120
ENTRIES_SHOWN = 12
FAILURES_SHOWN = 10
PAYABLES = ("2100", "2101", "2102")
ACCOUNT_NAMES = {code: f"{code} {name}" for code, name in ACCOUNT_NAMES_BY_CODE.items()}

# What each kind of expense does to the Pleo wallet (R-5b): written down once more on purpose, so that the books are
# checked against something else than the code that made them.
WALLET_DIRECTION = {
    "card_purchase": -1,
    "card_invoice": -1,
    "fee": -1,
    "refund": +1,
    "chargeback": +1,
    "cashback": +1,
    "atm_withdrawal": -1,
    "personal_spend": -1,
    "direct_reimbursement": -1,
    "wallet_topup": +1,
    "wallet_unload": -1,
    "out_of_pocket": 0,
    "mileage": 0,
    "per_diem": 0,
    "external_reimbursement": 0,
}


def main() -> int:
    try:
        return interruption.run(_demo)
    except ChildFailed as error:
        console.print(f"[red]✗[/red] {error}")
        return 1


def _demo() -> int:
    seconds: dict[str, float] = {}
    begun = time.monotonic()
    with console.status("starting the local AWS, the Pleo simulator and Tryton (the first time takes half a minute)"):
        stack = LocalStack(parameters={"ChunkSize": str(CHUNK)})
        stack.__enter__()
    try:
        seconds["everything started"] = time.monotonic() - begun
        _say(f"AWS at {stack.aws.url}, the template is deployed")
        _say(f"Pleo at {stack.pleo.url}, Tryton at {stack.books.url}")
        with _timed(seconds, "company connected"):
            for line in stack.connect(NORTHGATE):
                _say(line)
        with _timed(seconds, "job exported"):
            job = _export(stack, NORTHGATE)
        moves = stack.books.moves()
        _show_outcome(job)
        _show_entries(moves)
        right = _show_trial_balance(stack, job) & _agrees("entries", len(moves), _successful(job))
        right &= job["status"] == "completed_with_errors" and all(
            item["status"] in ("successful", "failed") for item in job["items"]
        )
        with _timed(seconds, "every type, both methods"):
            right &= _every_type(stack)
        _show_times({**stack.seconds, **seconds})
        _say_what_next()
        return 0 if right else 1
    finally:
        stack.__exit__(None, None, None)


def _export(
    stack: LocalStack, company_id: str, entry_ids: list[str] | None = None, vendor_based_bookkeeping: bool = False
) -> dict[str, Any]:
    """Click Export and watch until the job is final at Pleo."""
    clicked = stack.pleo.state.click_export(company_id, entry_ids, vendor_based_bookkeeping=vendor_based_bookkeeping)
    job_id = clicked["id"]
    _say(f"a bookkeeper clicks Export: job {job_id}")
    with Progress(
        TextColumn("  {task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    ) as progress:
        total = len(_job(stack, job_id)["items"])
        recorded = progress.add_task("recorded (or refused)", total=total)
        reported = progress.add_task("reported to Pleo", total=total)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            job = _job(stack, job_id)
            ids = [item["accountingEntryId"] for item in job["items"]]
            progress.update(recorded, completed=len(stack.deployed.results.get_many(job_id, ids)))
            progress.update(
                reported, completed=sum(item["status"] in ("successful", "failed") for item in job["items"])
            )
            if job["status"] not in ("pending", "in_progress"):
                return job
            if stopping.wait(0.1):
                raise Interrupted
    raise ChildFailed(f"the job is still {job['status']} after {PATIENCE_SECONDS} s; see .local/log/")


def _job(stack: LocalStack, job_id: str) -> dict[str, Any]:
    return next(job for job in stack.pleo.state.all_jobs() if job["id"] == job_id)


def _successful(job: dict[str, Any]) -> int:
    return sum(item["status"] == "successful" for item in job["items"])


def _show_outcome(job: dict[str, Any]) -> None:
    counts = Counter(item["status"] for item in job["items"])
    summary = ", ".join(f"{count} {status}" for status, count in sorted(counts.items(), reverse=True))
    console.print(f"\nPleo shows the job as [bold]{job['status']}[/bold]: {summary}")
    table = Table(
        "expense", "failure", "what Pleo's user reads", title="what a person has to fix", title_justify="left"
    )
    failed = [item for item in job["items"] if item["status"] == "failed"]
    for item in failed[:FAILURES_SHOWN]:
        table.add_row(item["accountingEntryId"][:8], item["failureReasonType"], item["failureReason"])
    console.print(table)
    if len(failed) > FAILURES_SHOWN:
        console.print(f"  ... and {len(failed) - FAILURES_SHOWN} more")


def _show_entries(moves: list[Move]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left", title=f"{len(moves)} entries booked")
    table.add_column("account", no_wrap=True)
    for column in ("debit", "credit", "paid in"):
        table.add_column(column, justify="right", no_wrap=True)
    for move in moves[:ENTRIES_SHOWN]:
        table.add_row(f"[bold]{move.number or 'draft'}[/bold] of {move.date}")
        for line in move.lines:
            foreign = f"{line.second_amount} {line.second_currency}" if line.second_currency else ""
            debit, credit = (f"{amount}" if amount else "" for amount in (line.debit, line.credit))
            table.add_row(f"  {line.account} {line.account_name}", debit, credit, foreign)
    console.print(table)
    if len(moves) > ENTRIES_SHOWN:
        console.print(f"  ... and {len(moves) - ENTRIES_SHOWN} more")


def _show_trial_balance(stack: LocalStack, job: dict[str, Any]) -> bool:
    """Whether the books balance, and the wallets moved by what was exported."""
    balances = stack.books.trial_balance()
    table = Table("account", title="trial balance, from Tryton", title_justify="left", show_footer=True)
    table.add_column("debit", footer=str(sum(each.debit for each in balances)), justify="right")
    table.add_column("credit", footer=str(sum(each.credit for each in balances)), justify="right")
    for each in balances:
        table.add_row(f"{each.account} {each.name}", str(each.debit), str(each.credit))
    console.print(table)
    right = _agrees("debit - credit", sum(each.debit - each.credit for each in balances), Decimal(0))
    for currency, account in (("GBP", "1900"), ("EUR", "1901")):
        wanted = wallet_movement(stack, job, currency)
        right &= _agrees(f"wallet {currency} (account {account})", _booked(stack.books.moves(), account), wanted)
    return right


def wallet_movement(stack: LocalStack, job: dict[str, Any], currency: str) -> Decimal:
    """By how much the exported items moved the Pleo wallet of the currency, computed from Pleo's side alone."""
    expenses = stack.pleo.state.company(NORTHGATE).expenses
    exported = (expenses[item["accountingEntryId"]] for item in job["items"] if item["status"] == "successful")
    cents = 0
    for item in exported:
        money = item["amount"]["inWalletCurrency"]
        if money["currency"] == currency:
            cents += WALLET_DIRECTION[item["type"]] * abs(money["value"])
    return Decimal(cents) / 100


def _booked(moves: list[Move], account: str) -> Decimal:
    """The account's balance in its own currency."""
    lines = [line for move in moves for line in move.lines if line.account == account]
    return sum(
        (line.second_amount if line.second_amount is not None else line.debit - line.credit for line in lines),
        Decimal(0),
    )


def _agrees(what: str, booked: Any, exported: Any) -> bool:
    mark = "[green]✓[/green]" if booked == exported else "[red]✗[/red]"
    console.print(f"  {mark} {what}: {booked} in the books, {exported} expected")
    return bool(booked == exported)


def _every_type(stack: LocalStack) -> bool:
    """A month with all 17 types and 6 subtypes, once as journal entries and once under accounts payable, each in books
    of its own: both must leave the same on the accounts."""
    console.print("\n[bold]a month with every type of expense, under both methods[/bold]")
    table = Table("account", title="what is left on the accounts, in their own currency", title_justify="left")
    left, right = [], True
    with stack.books.fresh() as journals, stack.books.fresh() as payables:
        for company_id, method, books in ((HAVN, "journal", journals), (LUMBRE, "accounts_payable", payables)):
            stack.connect(company_id, books)
            items = every_type(company_id, method)
            stack.pleo.state.put_expenses(company_id, items)
            job = _export(stack, company_id, [item["accountingEntryId"] for item in items], True)
            right &= _agrees(f"{method}: items exported", _successful(job), len(items))
            moves = books.moves()
            left.append({account: left_over(moves, account) for account in LEFT_OVER})
            table.add_column(method, justify="right")
    table.add_column("expected", justify="right")
    for account, cents in LEFT_OVER.items():
        wanted = Decimal(cents) / 100
        right &= all(each[account] == wanted for each in left)
        table.add_row(
            ACCOUNT_NAMES[account], *(f"{amount:.2f}" for amount in (*(each[account] for each in left), wanted))
        )
    console.print(table)
    return right


def left_over(moves: list[Move], account: str) -> Decimal:
    """The payables have an account for each supplier that wants one: they count as one."""
    family = PAYABLES if account in PAYABLES else (account,)
    return sum((_booked(moves, each) for each in family), Decimal(0))


def _show_times(seconds: dict[str, float]) -> None:
    table = Table("stage", title="how long it took", title_justify="left")
    table.add_column("seconds", justify="right")
    for stage, duration in seconds.items():
        table.add_row(stage, f"{duration:.1f}")
    console.print(table)


def _say_what_next() -> None:
    console.print("""
Where to look next
  make up              the same stack, kept running: click Export yourself
  template.yaml        the whole system on one page
  statemachine/        the job, state by state
  layers/.../workflow  what each state does
  .local/log/          what every part logged just now""")


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    seconds[stage] = time.monotonic() - begun


def _say(line: str) -> None:
    console.print(f"[green]✓[/green] {line}")


if __name__ == "__main__":
    sys.exit(main())
