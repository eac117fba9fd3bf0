"""`pleo-export watch`: an export is followed until it is over, and not longer than wanted."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from cli.commands.job import JobOutput
from cli.errors import NotNow, UsageError
from cli.main import app
from pleo_simulator.sample import NORTHGATE
from tests.system.deployed_system import DeployedSystem
from tests.system.expenses import purchase, purchases
from tests.unit.cli.customers import connected, ledger


@pytest.fixture
def waiting(stack: DeployedSystem) -> str:
    """A job of two expenses, one of which will be refused."""
    connected(stack)
    stack.system.books[NORTHGATE] = ledger(stack)
    stack.system.service.state.put_expenses(NORTHGATE, [purchase(), purchase("dinner", account="9999")])
    return stack.system.export(NORTHGATE)


def runs_when_watched(stack: DeployedSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the cloud work while the operator waits between two looks."""

    def pause(_stack: DeployedSystem, seconds: float) -> None:
        stack.system.sleep(seconds)
        stack.system.run(NORTHGATE)

    monkeypatch.setattr(DeployedSystem, "sleep", pause)


@pytest.mark.parametrize("named", [True, False])
def test_a_job_is_followed_to_its_end_in_plain_lines(
    stack: DeployedSystem, waiting: str, named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs_when_watched(stack, monkeypatch)

    done = CliRunner().invoke(app, ["watch", *([waiting] if named else [])])

    assert done.exit_code == 1
    lines = done.output.splitlines()
    assert [line for line in lines if " done, " in line] == [
        "pending: 0 of 2 done, 0 failed",
        "completed_with_errors: 2 of 2 done, 1 failed",
    ]
    assert any("account_unknown" in line for line in lines)
    assert lines[-1] == f"next: pleo-export job {waiting}   every expense with its entry and link"


def test_the_end_is_printed_as_json(stack: DeployedSystem, waiting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    runs_when_watched(stack, monkeypatch)

    done = CliRunner().invoke(app, ["watch", waiting, "--json"])

    assert JobOutput.model_validate_json(done.output).counts == {"successful": 1, "failed": 1}


@pytest.mark.usefixtures("stack")
def test_given_a_job_that_does_not_end_in_time_then_it_says_how_to_look_and_to_wake_it(waiting: str) -> None:
    done = CliRunner().invoke(app, ["watch", waiting, "--timeout", "60"])

    assert isinstance(done.exception, NotNow)
    assert f"pleo-export retry {waiting}" in str(done.exception)


def test_given_nothing_is_exported_in_time_then_it_ends(stack: DeployedSystem) -> None:
    connected(stack)

    done = CliRunner().invoke(app, ["watch", "--timeout", "60"])

    assert isinstance(done.exception, NotNow)
    assert "nothing was exported within 1 min" in str(done.exception)


@pytest.mark.usefixtures("stack")
def test_given_no_company_then_there_is_nothing_to_wait_for() -> None:
    assert isinstance(CliRunner().invoke(app, ["watch"]).exception, UsageError)


def test_ctrl_c_stops_watching_and_says_that_the_export_goes_on(waiting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_stack: DeployedSystem, _seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(DeployedSystem, "sleep", interrupt)

    done = CliRunner().invoke(app, ["watch", waiting])

    assert done.exit_code == 130
    assert done.output.splitlines()[-1] == "stopped watching; the export goes on"


def test_on_a_terminal_the_job_is_shown_in_place(
    stack: DeployedSystem, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs_when_watched(stack, monkeypatch)
    monkeypatch.setattr("cli.commands.watch._at_terminal", lambda: True)

    done = CliRunner().invoke(app, ["watch", waiting])

    assert "pending: 0 of 2" not in done.output
    assert f"job {waiting} of company" in done.output


def test_given_no_failure_then_the_exit_code_is_0(stack: DeployedSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    connected(stack)
    stack.system.books[NORTHGATE] = ledger(stack)
    stack.system.service.state.put_expenses(NORTHGATE, purchases(2))
    job = stack.system.export(NORTHGATE)
    runs_when_watched(stack, monkeypatch)

    assert CliRunner().invoke(app, ["watch", job]).exit_code == 0
