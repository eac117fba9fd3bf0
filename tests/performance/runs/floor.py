"""The floor, in a process of its own, against the same servers behind the same doors."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from local.aws import ROOT, STATE
from local.processes import Child
from pleo_simulator.pleo_state import Company
from pleo_simulator.sample import NORTHGATE
from tests.performance.counting.aws import AwsCounts
from tests.performance.measurement import Measurement, RunId, measurement
from tests.performance.runs.company import expenses, ids
from tests.performance.runs.product import LIMIT_SECONDS, CountedStack, company_settings
from tests.performance.runs.servers import Ledger

COMPANY = "5b0f9c1e-3a52-4b7e-9d0a-6f1e2d3c4b5a"
KEY = "plp_floor"
SCRATCH = STATE / "run"


def run_floor(stack: CountedStack, ledger: Ledger, run: RunId) -> Measurement:
    """Export so many items in a bare loop, and return what was counted. Raises ChildFailed if that fails."""
    job_id = new_job(stack, COMPANY, KEY, run)
    given = {
        "pleo": stack.pleo_door.url,
        "key": KEY,
        "settings": {**company_settings(ledger, NORTHGATE), "company_id": COMPANY},
        "secret": dict(ledger.secret),
        "job": job_id,
    }
    path = SCRATCH / f"floor-{os.getpid()}.json"
    path.write_text(json.dumps(given))
    before = stack.pleo_door.counts(), ledger.door.counts()
    try:
        told = _output(path)
    finally:
        path.unlink()
    pleo, books = (
        now.since(then) for now, then in zip((stack.pleo_door.counts(), ledger.door.counts()), before, strict=True)
    )
    found = measurement(run, told["seconds"], pleo, books, AwsCounts())
    return Measurement(**{**vars(found), "peak_mb": told["peak_mb"], "processor_seconds": told["processor_seconds"]})


def new_job(stack: CountedStack, company: str, key: str, run: RunId) -> str:
    """Let a company that is not connected to the product export so many new expenses; return the job's id."""
    state = stack.pleo.state
    if company not in [each.id for each in state.companies()]:
        state.put_company(Company(company, run.program))
        stack.pleo.service.credentials.add_key(key, company)
    name = f"{run.program}-{run.ledger}-{run.items}-{run.receipts}"
    items = expenses(name, run.items, receipts=run.receipts, company=company)
    state.put_expenses(company, items)
    return str(state.click_export(company, ids(items))["id"])


def _output(path: Path) -> dict[str, float]:
    log = STATE / "log" / "bench-floor.log"
    command = ["/bin/sh", "-c", '"$0" -m tests.performance.floor < "$1"', sys.executable, str(path)]
    with Child(command, log=log, cwd=ROOT) as process:
        process.wait(LIMIT_SECONDS)
    told: dict[str, float] = json.loads(log.read_text().splitlines()[-1])
    return told
