"""The product, deployed on the local AWS as it is, behind doors that count."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from local.processes import ChildFailed, Interrupted, stopping
from local.stack import LocalStack, settings_of
from pleo_simulator.sample import NORTHGATE
from tests.performance.counting.aws import CountedAws
from tests.performance.counting.door import Door
from tests.performance.measurement import Measurement, RunId, measurement
from tests.performance.runs.company import expenses, ids
from tests.performance.runs.servers import PLEO_SECONDS, Ledger

NAME = "bench"
QUIET_SECONDS = 1.0
STALLED_SECONDS = 150  # more than a minute's limit of a ledger takes
LIMIT_SECONDS = 900
# Only what is measured happens: nothing that a schedule begins.
SCHEDULES = dict.fromkeys(("PollSchedule", "ReconcileSchedule", "MappingSchedule"), "rate(1 day)")


class CountedStack(LocalStack):
    """The local stack with a door in front of Pleo, and an account that counts."""

    aws: CountedAws

    def __init__(self, **parameters: str) -> None:
        super().__init__(NAME, account=CountedAws, parameters={**SCHEDULES, **parameters})

    def _deploy(self) -> None:
        self.pleo_door = self._stack.enter_context(Door(self.pleo.url, PLEO_SECONDS))
        self.aws = self._stack.enter_context(CountedAws(self.name))
        url = self.pleo_door.url
        self.outputs = self.aws.deploy(PleoApiUrl=url, PleoAuthUrl=url, ReceiptHosts=url, **self._parameters)

    def connect_to(self, ledger: Ledger) -> None:
        """Connect the company to a ledger, behind its door."""
        self.connect(NORTHGATE, ledger.books, accounting_system=ledger.settings["accounting_system"])


def run_product(
    stack: CountedStack, ledger: Ledger, run: RunId, progress: Callable[[int], None] = lambda _: None
) -> Measurement:
    """Export so many items, and return what was counted. `progress` is told how many are done. Raises ChildFailed if
    that fails, or takes too long."""
    items = expenses(f"product-{ledger.name}-{run.items}-{run.receipts}", run.items, receipts=run.receipts)
    stack.pleo.state.put_expenses(NORTHGATE, items)
    before = stack.pleo_door.counts(), ledger.door.counts(), stack.aws.counts()
    begun = moved = time.perf_counter()
    done = 0
    job_id = str(stack.pleo.state.click_export(NORTHGATE, ids(items))["id"])
    while (job := stack.pleo.state.get_job(NORTHGATE, job_id))["status"] in ("pending", "in_progress"):
        pause(moved)
        if (now := _done(stack, job_id)) > done:
            done, moved = now, time.perf_counter()
            progress(done)
    seconds = time.perf_counter() - begun
    _until_quiet(stack)
    if job["status"] != "completed":
        raise ChildFailed(f"the job of {run.items} items ended as {job['status']}; see .local/log/")
    after = stack.pleo_door.counts(), ledger.door.counts(), stack.aws.counts()
    pleo, books, aws = (now.since(then) for now, then in zip(after, before, strict=True))  # type: ignore[attr-defined]
    return measurement(run, seconds, pleo, books, aws, f"{stack.name}-")


def pause(since: float) -> None:
    if stopping.wait(0.05):
        raise Interrupted
    if time.perf_counter() - since > STALLED_SECONDS:
        raise ChildFailed(f"nothing has happened for {STALLED_SECONDS} s; see .local/log/")


def _done(stack: CountedStack, job_id: str) -> int:
    job = stack.pleo.state._jobs[job_id]
    return sum(each.status in ("successful", "failed") for each in list(job.items.values()))


def _until_quiet(stack: CountedStack) -> None:
    """Wait until no function has been called for a moment: the execution is over, and what it woke up as well."""
    seen, since, begun = -1, time.perf_counter(), time.perf_counter()
    while time.perf_counter() - since < QUIET_SECONDS:
        pause(begun)
        if (now := len(stack.aws.invocations())) != seen:
            seen, since = now, time.perf_counter()


def company_settings(ledger: Ledger, company_id: str) -> dict[str, Any]:
    """Return the settings of a company that is connected to the ledger behind its door."""
    return {**settings_of(company_id, ledger.books), **ledger.settings}
