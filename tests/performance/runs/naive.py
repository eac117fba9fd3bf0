"""The naive reference, deployed on an account of its own on the local AWS."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from local.aws import LocalAws
from local.ledgers.books import ACCOUNTS
from local.processes import ChildFailed
from local.tryton.ledger import Ledger as TrytonBooks
from tests.performance import naive
from tests.performance.counting.aws import CountedAws
from tests.performance.measurement import Measurement, RunId, measurement
from tests.performance.runs.floor import new_job
from tests.performance.runs.product import CountedStack, pause
from tests.performance.runs.servers import Ledger

PROJECT = Path(naive.__file__).parent
COMPANY = "0c4f7d52-8e61-4f39-a1b7-92d5c6e7f8a9"
KEY = "plp_naive"
STATE_BYTES = 256 * 1024
HISTORY_EVENTS = 25_000
QUOTAS = "https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"


def naive_account(ledger: Ledger) -> CountedAws:
    """Return the account that the reference is deployed on, to be entered."""
    return CountedAws(f"bench-naive-{ledger.name}", project=PROJECT)


def deploy_naive(aws: LocalAws, stack: CountedStack, ledger: Ledger) -> str:
    """Deploy the reference with its connections, and return its state machine."""
    outputs = aws.deploy(PleoUrl=stack.pleo_door.url, PleoKey=KEY, Ledger=json.dumps(settings_of_naive(ledger)))
    return outputs["StateMachineArn"]


def settings_of_naive(ledger: Ledger) -> dict[str, Any]:
    """Return what the reference has to know of the ledger."""
    books, url = ledger.books, ledger.door.url
    if not isinstance(books, TrytonBooks):
        system = ledger.settings["accounting_system"]
        return {"url": url, "tenant": system["tenant"], "token": books.secret["access_token"]}
    accounts = books.rpc.search_read("account.account", [["type", "!=", None]], ["code"])
    periods = books.rpc.search_read("account.period", [["type", "=", "standard"]], ["start_date"])
    (journal,) = books.rpc.search_read("account.journal", [["code", "=", "EXP"]], ["code"])
    return {
        "url": url,
        "database": books.database,
        "token": books.token,
        "company": books.company,
        "journal": journal["id"],
        "tax_account": ACCOUNTS["input_tax"],
        "accounts": {row["code"]: row["id"] for row in accounts},
        "periods": {row["start_date"].strftime("%Y-%m"): row["id"] for row in periods},
    }


def run_naive(aws: CountedAws, machine: str, stack: CountedStack, ledger: Ledger, run: RunId) -> Measurement:
    """Export so many items, and return what was counted; for more than a quota of AWS allows, which one it is. Raises
    ChildFailed if it fails."""
    job_id = new_job(stack, COMPANY, KEY, run)
    states = aws.client("stepfunctions")
    before = stack.pleo_door.counts(), ledger.door.counts(), aws.counts()
    begun = moved = time.perf_counter()
    execution = states.start_execution(stateMachineArn=machine, input=json.dumps({"jobId": job_id}))["executionArn"]
    refused, invoked = None, 0
    while states.describe_execution(executionArn=execution)["status"] == "RUNNING":
        pause(moved)
        if (now := len(aws.invocations())) > invoked:
            invoked, moved = now, time.perf_counter()
            if refused := beyond_state(states.get_execution_history(executionArn=execution, maxResults=20)["events"]):
                states.stop_execution(executionArn=execution)
                stack.pleo.state.cancel(job_id)  # else Pleo starts no other of the company
                return Measurement(run, refused=refused)
    seconds = time.perf_counter() - begun
    if (status := states.describe_execution(executionArn=execution)["status"]) != "SUCCEEDED":
        raise ChildFailed(f"the naive reference has {status}; see .local/log/")
    after = stack.pleo_door.counts(), ledger.door.counts(), aws.counts()
    pleo, books, counts = (now.since(then) for now, then in zip(after, before, strict=True))  # type: ignore[attr-defined]
    if counts.events > HISTORY_EVENTS:
        return Measurement(run, refused=f"{counts.events:,} events of history, of {HISTORY_EVENTS:,}")
    return measurement(run, seconds, pleo, books, counts, f"{aws.name}-")


def beyond_state(events: list[dict[str, Any]]) -> str | None:
    """Return which quota the payloads in the state exceed, if they do: AWS ends the execution then."""
    largest = max((len(text.encode()) for each in events for text in _outputs(each)), default=0)
    return f"{largest / 1024:,.0f} KB of state, of {STATE_BYTES // 1024} KB" if largest > STATE_BYTES else None


def _outputs(event: dict[str, Any]) -> list[str]:
    details = [value for value in event.values() if isinstance(value, dict)]
    return [str(each[name]) for each in details for name in ("output", "input") if each.get(name)]
