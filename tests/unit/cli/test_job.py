"""`pleo-export job`: our record of a job, and what Pleo holds of it."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from cli.errors import UsageError
from cli.main import app
from pleo_simulator.sample import NORTHGATE
from tests.system.deployed_system import DeployedSystem
from tests.system.expenses import purchase
from tests.unit.cli.customers import connected, ledger

UNKNOWN = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def finished(stack: DeployedSystem) -> str:
    """An export of two expenses, one of which was refused; the job's id."""
    connected(stack)
    stack.system.books[NORTHGATE] = ledger(stack)
    stack.system.service.state.put_expenses(NORTHGATE, [purchase(), purchase("dinner", account="9999")])
    job = stack.system.export(NORTHGATE)
    stack.system.run(NORTHGATE)
    return job


def test_a_finished_job_is_shown_with_the_expenses_that_failed_and_why(stack: DeployedSystem, finished: str) -> None:
    done = CliRunner().invoke(app, ["job", finished])

    assert done.exception is None, done.output
    lines = done.output.splitlines()
    assert lines[:2] == [
        f"job {finished} of company {NORTHGATE}: {stack.system.job(finished)['status']} at Pleo",
        "runs: 1, outcome: completed_with_errors",
    ]
    assert sorted(lines[2].split(", ")) == ["1 failed", "1 successful"]
    (row,) = [line for line in lines if "account_unknown" in line]
    assert "9999" in row


def test_given_a_job_that_was_never_taken_up_then_the_command_says_so(stack: DeployedSystem) -> None:
    done = CliRunner().invoke(app, ["job", UNKNOWN])

    assert isinstance(done.exception, UsageError)
    assert str(done.exception) == f"job {UNKNOWN} was never taken up by stack {stack.name!r}"


def test_given_a_company_that_is_no_longer_connected_then_the_command_says_so(
    stack: DeployedSystem, finished: str
) -> None:
    CliRunner().invoke(app, ["disconnect", NORTHGATE])

    done = CliRunner().invoke(app, ["job", finished])

    assert isinstance(done.exception, UsageError)
    assert str(done.exception) == f"company {NORTHGATE} of that job is no longer connected"
