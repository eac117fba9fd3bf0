"""`pleo-export preview`: the lines that would be booked, what would fail, the JSON, and what it refuses."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner, Result

from cli.commands.preview import PreviewOutput
from cli.errors import UsageError
from cli.main import app
from cli.stack import Stack
from pleo_simulator.sample import HAVN, NORTHGATE
from tests.system.deployed_system import DeployedSystem
from tests.system.expenses import entry_id, purchase
from tests.unit.cli.customers import connected, ledger

GOOD, BAD = purchase(), purchase("dinner", account=None, gross=12_345)
UNKNOWN = "99999999-9999-4999-8999-999999999999"


@pytest.fixture
def customer(stack: DeployedSystem, monkeypatch: pytest.MonkeyPatch) -> DeployedSystem:
    """A stack with a company that has two expenses, one of which cannot be booked."""
    monkeypatch.setattr(Stack, "services", stack.system.services)
    connected(stack)
    stack.system.books[NORTHGATE] = ledger(stack)
    stack.system.service.state.put_expenses(NORTHGATE, [GOOD, BAD])
    return stack


@pytest.fixture
def waiting(customer: DeployedSystem) -> str:
    """The id of an export that waits, of both expenses."""
    return customer.system.export(NORTHGATE)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["preview", *arguments])


def rows(output: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in output.splitlines() if line.startswith("│")]


def test_each_expense_is_shown_with_its_lines_and_the_reason_of_what_would_fail(
    customer: DeployedSystem, waiting: str
) -> None:
    shown = run(waiting)

    assert shown.exit_code == 1
    assert shown.output.splitlines()[0] == f"job {waiting} of company {NORTHGATE}: pending at Pleo, 2 expenses"
    assert ["1900", "Account 1900", "", "18.45", "", ""] in rows(shown.output)
    assert f"✗ {entry_id(BAD)}: would fail" in shown.output
    assert "has no category. Choose one on the expense in Pleo." in shown.output
    assert f"      pleo-export watch {waiting}" in shown.output.splitlines()
    assert ledger(customer).documents == []
    assert customer.system.statuses(waiting) == {"pending": 2}


@pytest.mark.usefixtures("customer")
def test_only_what_would_fail_is_shown_on_demand_and_the_totals_are_those_of_all(waiting: str) -> None:
    shown = run(waiting, "--failed")

    assert shown.exit_code == 1
    assert entry_id(GOOD) not in shown.output
    assert entry_id(BAD) in shown.output
    assert ["1900", "Account 1900", "GBP", "0.00", "18.45"] in rows(shown.output)


@pytest.mark.usefixtures("customer")
def test_the_same_is_printed_as_json_with_amounts_in_minor_units(waiting: str) -> None:
    shown = run("--company", NORTHGATE, "--json")
    output = PreviewOutput.model_validate_json(shown.output)

    assert (shown.exit_code, output.job_id, output.job_status) == (1, waiting, "pending")
    by_id = {each.entry_id: each for each in output.items}
    (document,) = by_id[entry_id(GOOD)].documents
    assert {each.account: each.amount for each in document.lines}["1900"] == -1845
    assert sum(each.amount for each in document.lines) == 0
    assert (by_id[entry_id(BAD)].documents, bool(by_id[entry_id(BAD)].reason)) == ((), True)
    wallet = next(each for each in output.accounts if each.code == "1900")
    assert (wallet.currency, wallet.first, wallet.second) == ("GBP", 0, 1845)
    only_failed = PreviewOutput.model_validate_json(run(waiting, "--failed", "--json").output)
    assert [each.entry_id for each in only_failed.items] == [entry_id(BAD)]
    assert only_failed.accounts == output.accounts


def test_given_nothing_that_would_fail_then_it_ends_with_0(customer: DeployedSystem) -> None:
    job = customer.system.export(NORTHGATE, [entry_id(GOOD)])

    assert run(job).exit_code == 0


def test_given_an_export_that_would_fail_as_a_whole_then_its_reason_is_shown(
    customer: DeployedSystem, waiting: str
) -> None:
    customer.system.service.state.company(NORTHGATE).contra_accounts = frozenset()

    shown = run(waiting)

    assert shown.exit_code == 1
    assert "✗ The export would fail as a whole:" in shown.output
    assert f"pleo-export doctor {NORTHGATE}" in shown.output


@pytest.mark.usefixtures("customer")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "name a job"),
        (["--company", NORTHGATE], "no export of company .* is waiting. Click Export in Pleo first"),
        ([UNKNOWN], "no connected company has the job"),
    ],
)
def test_what_cannot_be_previewed_is_refused_with_a_sentence(arguments: list[str], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        raise run(*arguments).exception or AssertionError("accepted")


@pytest.mark.usefixtures("customer")
def test_given_a_company_that_is_not_connected_then_the_command_says_so() -> None:
    assert "not connected" in str(run("--company", HAVN).exception)


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("arguments", [["4711"], ["--company", "4711"]])
def test_what_is_no_id_ends_with_the_usage(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2
