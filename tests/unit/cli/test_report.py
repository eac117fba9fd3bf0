"""`pleo-export report`: what becomes of a job and a month in a page, its JSON, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from cli.stack import Stack
from pleo_export.accounting.errors import Unavailable
from pleo_simulator.sample import NORTHGATE
from tests.system.deployed_system import DeployedSystem
from tests.system.expenses import entry_id, purchase, reference
from tests.system.fake_accounting import FakeAccountingSystem
from tests.system.in_process_system import InProcessSystem

GOOD, BAD = purchase(), purchase("dinner", account="9999", gross=12_345, supplier="Ryman")
UNKNOWN = "11111111-1111-4111-8111-111111111110"


@pytest.fixture
def books(system: InProcessSystem, stack: DeployedSystem, monkeypatch: pytest.MonkeyPatch) -> FakeAccountingSystem:
    """Of a company that has exported two expenses, one of which was refused."""
    assert stack.system is system
    monkeypatch.setattr(Stack, "services", system.services)
    return system.connect(NORTHGATE, [GOOD, BAD])


@pytest.fixture
def job(books: FakeAccountingSystem, system: InProcessSystem) -> str:
    job = system.export(NORTHGATE)
    system.run(NORTHGATE)
    return job


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["report", *arguments])


def content(*arguments: str) -> Any:
    printed = run(*arguments, "--json")
    assert printed.exit_code == 0, printed.output
    return json.loads(printed.stdout)


def test_a_job_becomes_a_page(job: str, tmp_path: Path) -> None:
    page = tmp_path / "report.html"

    printed = run(job, "-o", str(page))

    assert printed.exit_code == 0, printed.output
    assert f"{page}: 1 exported, 1 failed" in printed.stdout
    text = page.read_text()
    assert "Pret A Manger" in text
    assert "Everything that Pleo was told is in the ledger" in text


def test_each_expense_has_the_lines_of_the_ledger_or_what_to_fix_and_who_can(
    job: str, books: FakeAccountingSystem
) -> None:
    entries = {each["entry_id"]: each for each in content(job)["entries"]}

    (document,) = entries[entry_id(GOOD)]["documents"]
    (held,) = books.documents
    assert document["name"] == held.number
    assert [(line["account"], line["debit"], line["credit"]) for line in document["lines"]] == [
        (line.account, max(line.amount, 0), max(-line.amount, 0)) for line in held.entry.lines
    ]
    failed = entries[entry_id(BAD)]
    assert (failed["code"], failed["who"]) == ("ledger_refused", "bookkeeper, in the accounting system")
    assert "9999" in failed["reason"]
    assert failed["fix"]


def test_a_month_has_the_expenses_of_all_its_jobs_once(job: str, system: InProcessSystem) -> None:
    again = system.export(NORTHGATE, [entry_id(BAD)])
    system.run(NORTHGATE)

    entries = content(NORTHGATE, "--month", "2026-03")["entries"]

    assert again != job
    assert sorted(each["entry_id"] for each in entries) == sorted([entry_id(GOOD), entry_id(BAD)])
    assert content(NORTHGATE, "--month", "2026-04")["entries"] == []


def test_a_deleted_entry_is_said_in_the_report_and_on_the_terminal(
    job: str, books: FakeAccountingSystem, tmp_path: Path
) -> None:
    books.delete(reference(GOOD))

    printed = run(job, "-o", str(tmp_path / "report.html"))

    assert f"pleo-export reconcile --job {job}" in printed.stdout
    found = content(job)["reconciliation"]
    assert found["counts"]["missing"] == 1
    assert "not in the ledger any more" in found["findings"][0]["explanation"]


def test_a_ledger_that_does_not_answer_leaves_the_rest_of_the_report(job: str, system: InProcessSystem) -> None:
    system.effects.on("before books", Unavailable("The ledger cannot be reached."), times=1000)

    with system.effects.of_function():
        (good,) = [each for each in content(job)["entries"] if each["status"] == "exported"]

    assert good["supplier"] == "Pret A Manger"
    assert good["documents"] is None


def test_a_file_that_is_there_is_replaced_only_by_who_says_so(job: str, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("mine")

    assert run(job, "-o", str(page)).exit_code == 1
    assert page.read_text() == "mine"
    assert run(job, "-o", str(page), "--yes").exit_code == 0
    assert page.read_text() != "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([UNKNOWN], "is known neither to stack"),
        ([UNKNOWN, "--month", "2026-01"], "is not connected"),
        ([UNKNOWN, "--month", "January"], "'January' is not a month such as 2026-01"),
        (["job"], "is not an id"),
    ],
)
@pytest.mark.usefixtures("books")
def test_what_cannot_be_reported_is_refused_with_a_sentence(arguments: list[str], said: str) -> None:
    printed = run(*arguments)

    assert printed.exit_code in (1, 2)
    assert said in f"{printed.output}{printed.exception}"


@pytest.mark.parametrize("folder", ["", "nowhere/report.html"])
def test_a_file_that_cannot_be_written_is_named(job: str, folder: str, tmp_path: Path) -> None:
    printed = run(job, "-o", str(tmp_path / folder))

    assert printed.exit_code == 1
    assert "--output" in f"{printed.output}{printed.exception}"


def test_what_the_nightly_check_has_found_is_in_the_report(
    job: str, books: FakeAccountingSystem, system: InProcessSystem, tmp_path: Path
) -> None:
    assert content(job)["mapping"] is None
    system.subscribe(NORTHGATE)
    books.ledger.lists.close_account("2250")
    system.check_mapping(NORTHGATE)

    mapping = content(job)["mapping"]

    assert mapping["number"] == 1
    (finding,) = mapping["findings"]
    assert finding["told"].startswith("Account 2250 is closed in Tryton.")
    assert finding["who"] == "bookkeeper, in the accounting system"
    page = tmp_path / "report.html"
    run(job, "-o", str(page))
    assert "What the next exports will fail for" in page.read_text()
    assert finding["told"] in page.read_text()
