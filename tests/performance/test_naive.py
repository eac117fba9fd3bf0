"""The naive reference books what it is given: else a comparison with it would say nothing."""

from __future__ import annotations

import importlib.util
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger_simulators.base.known import LedgerSimulator
from local.ledgers import xero
from pleo_simulator.pleo_state import Company
from pleo_simulator.server import Simulator
from tests.performance import naive
from tests.performance.runs.company import expenses, ids
from tests.system.asl import Machine

pytestmark = pytest.mark.enable_socket
PROJECT = Path(naive.__file__).parent
COMPANY, KEY = "0c4f7d52-8e61-4f39-a1b7-92d5c6e7f8a9", "plp_naive"
STEPS = ("fetch_items", "validate_item", "map_item", "create_document", "update_item", "complete_job")


def steps() -> dict[str, Any]:
    """Return the functions of the reference, by the names that its state machine gives them."""
    found = importlib.util.spec_from_file_location("naive_app", PROJECT / "functions/steps/app.py")
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return {
        name.title().replace("_", ""): lambda event, name=name: getattr(module, name)(event, None) for name in STEPS
    }


def one_by_one(folder: Path) -> Path:
    """Return its state machine as the interpreter takes it: one item after the other, without retries."""
    machine = json.loads((PROJECT / "statemachine/export.asl.json").read_text())
    items = machine["States"]["ForEachItem"]
    items["MaxConcurrency"] = 1
    for state in (*machine["States"].values(), *items["ItemProcessor"]["States"].values()):
        state.pop("Retry", None)
    path = folder / "export.asl.json"
    path.write_text(json.dumps(machine))
    return path


def test_the_naive_reference_books_each_expense_with_its_receipt(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Simulator() as pleo, LedgerSimulator("xero") as ledger:
        items = expenses("naive", 3, receipts=True, company=COMPANY)
        pleo.state.put_company(Company(COMPANY, "naive"))
        pleo.service.credentials.add_key(KEY, COMPANY)
        pleo.state.put_expenses(COMPANY, items)
        job_id = pleo.state.click_export(COMPANY, ids(items))["id"]
        settings = {
            "url": ledger.url,
            "tenant": ledger.ledger.books.tenant,
            "token": xero.secret(ledger.ledger)["access_token"],
        }
        for name, value in {"PLEO_URL": pleo.url, "PLEO_KEY": KEY, "LEDGER": json.dumps(settings)}.items():
            monkeypatch.setenv(name, value)

        Machine(steps(), lambda _: None, definition=one_by_one(tmp_path)).run({"jobId": job_id})

        [job] = pleo.state.all_jobs()
        assert (job["status"], {each["status"] for each in job["items"]}) == ("completed", {"successful"})
        entries = xero.entries(ledger.ledger)
        assert sorted(each.reference for each in entries) == sorted(f"naive:{each}" for each in ids(items))
        assert [each.files for each in entries] == [1, 1, 1]
        spent = sum(each["amount"]["inWalletCurrency"]["value"] for each in items)
        wallet = sum(line.base for each in entries for line in each.lines if line.account == "1900")
        assert wallet == -Decimal(spent) / 100
