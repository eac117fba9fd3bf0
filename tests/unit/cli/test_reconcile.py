"""`pleo-export reconcile`: what it prints, its JSON, its exit code, and what it refuses."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from cli.stack import Stack
from pleo_export.errors import PleoExportError
from pleo_simulator.sample import NORTHGATE
from tests.system.deployed_system import DeployedSystem
from tests.system.expenses import entry_id, purchases, reference
from tests.system.fake_accounting import FakeAccountingSystem
from tests.system.in_process_system import InProcessSystem

EXPENSES = purchases(3)
MONTH = ["--from", "2026-03-01", "--to", "2026-03-31"]


@pytest.fixture
def books(system: InProcessSystem, stack: DeployedSystem, monkeypatch: pytest.MonkeyPatch) -> FakeAccountingSystem:
    """Of a company whose three expenses have been exported."""
    assert stack.system is system
    monkeypatch.setattr(Stack, "services", system.services)
    books = system.connect(NORTHGATE, EXPENSES)
    system.export(NORTHGATE)
    system.run(NORTHGATE)
    return books


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["reconcile", *arguments])


@pytest.mark.usefixtures("books")
def test_given_a_month_that_agrees_then_it_is_proven_with_the_sums_of_each_account() -> None:
    printed = run(NORTHGATE, *MONTH)

    assert printed.exit_code == 0
    assert "3 matched, 0 missing, 0 extra, 0 different, 0 unknown" in printed.stdout
    (wallet,) = (line for line in printed.stdout.splitlines() if "wallet" in line)
    assert [cell.strip() for cell in wallet.split("│")[1:-1]] == [
        *("1900", "Account 1900", "wallet", "GBP", "-55.35", "-55.35", "0.00")
    ]
    assert "no right to read accounting entries" in printed.stdout


def test_given_a_deleted_document_then_it_is_listed_with_what_to_type_next(books: FakeAccountingSystem) -> None:
    books.delete(reference(EXPENSES[1]))
    key = entry_id(EXPENSES[1])

    printed = run(NORTHGATE, *MONTH)

    assert printed.exit_code == 1
    assert "missing: Pleo was told that it is booked" in printed.stdout
    assert "J2 is not in the ledger any more." in printed.stdout
    assert printed.stdout.splitlines()[-1].startswith(f"next: pleo-export entry {NORTHGATE} {key}")


def test_given_json_then_amounts_are_minor_units_and_each_reason_has_a_code(books: FakeAccountingSystem) -> None:
    books.ledger.recategorise(reference(EXPENSES[0]), "6300", "6400")

    printed = run(NORTHGATE, *MONTH, "--json")

    result = json.loads(printed.stdout)
    assert printed.exit_code == 1
    assert (result["since"], result["until"], result["proven"]) == ("2026-03-01", "2026-03-31", False)
    assert result["counts"] == {"matched": 2, "missing": 0, "extra": 0, "different": 1, "unknown": 0}
    (different,) = (each for each in result["entries"] if each["pile"] == "different")
    assert [each["cause"] for each in different["reasons"]] == ["accounts"]
    assert {"account": "6300", "tax": "GB20", "amount": 1537} in different["booked"][0]["amounts"]
    assert {"account": "6400", "tax": "GB20", "amount": 1537} in different["held"][0]["amounts"]
    assert {each["account"]: each["difference"] for each in result["proofs"] if each["difference"]} == {
        "6300": -1537,
        "6400": 1537,
    }


def test_given_a_job_then_its_entries_are_reconciled(system: InProcessSystem, books: FakeAccountingSystem) -> None:
    job = system.service.state.all_jobs()[0]["id"]

    printed = run("--job", job)

    assert printed.exit_code == 0
    assert f"job {job}" in printed.stdout
    assert len(books.documents) == 3


@pytest.mark.usefixtures("books")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([NORTHGATE], "name what to reconcile"),
        ([NORTHGATE, "--from", "2026-03-01"], "name what to reconcile"),
        ([NORTHGATE, "--from", "2026-03-31", "--to", "2026-03-01"], "is before --from"),
        ([NORTHGATE, *MONTH, "--job", NORTHGATE], "or --job alone"),
        (["--job", NORTHGATE], "was never taken up"),
        (["33333333-3333-4333-8333-333333333333", *MONTH], "is not connected"),
    ],
)
def test_given_a_wrong_use_then_a_sentence_says_so(arguments: list[str], sentence: str) -> None:
    printed = run(*arguments)

    assert isinstance(printed.exception, PleoExportError)
    assert sentence in str(printed.exception)


@pytest.mark.parametrize("arguments", [["north", *MONTH], ["--job", "4711"]])
def test_given_what_is_no_id_then_the_form_of_one_is_shown(arguments: list[str]) -> None:
    printed = run(*arguments)

    assert printed.exit_code == 2
    assert "is not an id such as" in " ".join(printed.output.split())


def test_given_a_date_of_another_form_then_its_form_is_shown() -> None:
    printed = run(NORTHGATE, "--from", "March", "--to", "2026-03-31")

    assert printed.exit_code == 2
    assert "%Y-%m-%d" in printed.output
