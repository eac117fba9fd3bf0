"""The demo: a bookkeeper clicks Export, and the expenses travel through the whole system into real books.

python -m local.demo
"""

from __future__ import annotations

import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from local.pleo.sample import NORTHGATE
from local.processes import ChildFailed
from local.stack import LocalStack
from local.tryton.ledger import Move

console = Console(highlight=False)

CHUNK = 8  # small chunks, so that there is progress to watch
PATIENCE_SECONDS = 120
ENTRIES_SHOWN = 12
FAILURES_SHOWN = 10

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
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _demo()
    except KeyboardInterrupt:
        console.print("\nStopped. Nothing is left running.")
        return 130
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
        _say(f"AWS at {stack.aws.url}, stack deployed; Pleo at {stack.pleo.url}; Tryton at {stack.books.url}")
        with _timed(seconds, "company connected"):
            for line in stack.connect(NORTHGATE):
                _say(line)
        with _timed(seconds, "job exported"):
            job = _export(stack)
        moves = stack.books.moves()
        _show_outcome(job)
        _show_entries(moves)
        right = _show_trial_balance(stack, job) & _agrees("entries", len(moves), _successful(job))
        right &= job["status"] == "completed_with_errors" and all(
            item["status"] in ("successful", "failed") for item in job["items"]
        )
        _show_times({**stack.seconds, **seconds})
        _say_what_next()
        return 0 if right else 1
    finally:
        stack.__exit__(None, None, None)


def _export(stack: LocalStack) -> dict[str, Any]:
    """Click Export and watch until the job is final at Pleo."""
    job_id = stack.pleo.world.click_export(NORTHGATE)["id"]
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
            time.sleep(0.1)
    raise ChildFailed(f"the job is still {job['status']} after {PATIENCE_SECONDS} s; see .local/log/")


def _job(stack: LocalStack, job_id: str) -> dict[str, Any]:
    return next(job for job in stack.pleo.world.all_jobs() if job["id"] == job_id)


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
    table = Table("entry", "date", "account", title_justify="left", title=f"{len(moves)} entries booked")
    table.add_column("debit", justify="right")
    table.add_column("credit", justify="right")
    table.add_column("paid in", justify="right")
    for move in moves[:ENTRIES_SHOWN]:
        for number, line in enumerate(move.lines):
            foreign = f"{line.second_amount} {line.second_currency}" if line.second_currency else ""
            entry = (move.number or "draft", str(move.date)) if number == 0 else ("", "")
            debit, credit = (f"{amount}" if amount else "" for amount in (line.debit, line.credit))
            table.add_row(*entry, f"{line.account} {line.account_name}", debit, credit, foreign)
        table.add_section()
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
    expenses = stack.pleo.world.company(NORTHGATE).expenses
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


def _show_times(seconds: dict[str, float]) -> None:
    table = Table("stage", title="how long it took", title_justify="left")
    table.add_column("seconds", justify="right")
    for stage, duration in seconds.items():
        table.add_row(stage, f"{duration:.1f}")
    console.print(table)


def _say_what_next() -> None:
    console.print("""
Where to look next
  make up                        the same stack, kept running: click Export yourself, open the books, read the records
  template.yaml                  the whole system on one page
  statemachine/                  the job, state by state
  layers/.../workflow/           what each state does
  .local/log/                    what every part logged just now""")


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    seconds[stage] = time.monotonic() - begun


def _say(line: str) -> None:
    console.print(f"[green]✓[/green] {line}")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
