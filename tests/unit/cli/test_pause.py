"""`pleo-export pause` and `resume`: exports of a company wait, and everybody sees it."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from cli.commands.connections import ConnectionsOutput
from cli.errors import NoTerminal, UsageError
from cli.main import app
from pleo_simulator.sample import NORTHGATE
from tests.system.deployed_system import DeployedSystem
from tests.system.expenses import purchases
from tests.unit.cli.customers import connected, examined, ledger, problems


def run(*command: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, list(command))
    assert done.exit_code == code, done.output
    return done.output


def test_a_paused_company_exports_nothing_until_it_is_resumed(stack: DeployedSystem) -> None:
    connected(stack)
    stack.system.books[NORTHGATE] = ledger(stack)
    stack.system.service.state.put_expenses(NORTHGATE, purchases(1))

    run("pause", NORTHGATE, "--yes", "--reason", "new chart of accounts")
    job = stack.system.export(NORTHGATE)
    stack.system.poll()
    assert stack.system.deliver() == ["paused"]
    assert stack.system.job(job)["status"] == "pending"

    run("resume", NORTHGATE, "--yes")
    stack.system.deliver()
    stack.system.run_executions()
    assert stack.system.job(job)["status"] == "completed"


def test_who_has_paused_and_why_is_shown_and_kept(stack: DeployedSystem) -> None:
    connected(stack)
    run("pause", NORTHGATE, "--yes", "--reason", "new chart of accounts")

    (company,) = ConnectionsOutput.model_validate_json(run("connections", "--json")).connections
    assert company.paused
    assert company.paused.by.startswith("arn:aws:")
    assert company.paused.reason == "new chart of accounts"
    assert "new chart of accounts" in run("connections")
    assert "`pleo-export resume" in problems(examined(stack))["pause"]
    with stack.system.effects.of_function():
        assert "paused since" in run("doctor", NORTHGATE, code=1)

    run("resume", NORTHGATE, "--yes")
    assert [each.action for each in stack.pauses.history(NORTHGATE)] == ["paused", "resumed"]
    assert problems(examined(stack)) == {}


def test_connecting_again_leaves_the_pause(stack: DeployedSystem) -> None:
    connected(stack)
    run("pause", NORTHGATE, "--yes")

    connected(stack, posting="draft")

    assert stack.pauses.get(NORTHGATE)


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_nothing_changes_without_an_answer(stack: DeployedSystem, command: str) -> None:
    connected(stack)
    if command == "resume":
        run("pause", NORTHGATE, "--yes")
    before = stack.pauses.get(NORTHGATE)

    done = CliRunner().invoke(app, [command, NORTHGATE])

    assert isinstance(done.exception, NoTerminal)
    assert stack.pauses.get(NORTHGATE) == before


def test_what_changes_nothing_is_refused(stack: DeployedSystem) -> None:
    not_connected = CliRunner().invoke(app, ["pause", NORTHGATE, "--yes"])
    connected(stack)
    not_paused = CliRunner().invoke(app, ["resume", NORTHGATE, "--yes"])
    run("pause", NORTHGATE, "--yes")
    twice = CliRunner().invoke(app, ["pause", NORTHGATE, "--yes"])

    for done, said in ((not_connected, "not connected"), (not_paused, "not paused"), (twice, "paused already")):
        assert isinstance(done.exception, UsageError)
        assert said in str(done.exception)
