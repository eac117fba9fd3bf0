"""`pleo-export logs`: the lines of all functions about one job, in order."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from cli.commands.logs import LogsOutput
from cli.main import app
from pleo_simulator.sample import NORTHGATE
from tests.system.aws import client
from tests.system.deployed_system import LOG_GROUP, DeployedSystem
from tests.system.expenses import purchases
from tests.system.log import logged
from tests.unit.cli.customers import connected, ledger


@pytest.fixture
def finished(stack: DeployedSystem) -> str:
    """A finished job, whose log lines CloudWatch keeps in two streams, the later ones first."""
    connected(stack)
    stack.system.books[NORTHGATE] = ledger(stack)
    stack.system.service.state.put_expenses(NORTHGATE, purchases(2))
    job = stack.system.export(NORTHGATE)
    with logged() as log:
        stack.system.run(NORTHGATE)
    lines = [*log.getvalue().splitlines(), '{"message": "of another job", "job_id": "2"}', f"Task timed out {job}"]
    begun = int(stack.now().timestamp() * 1000)
    for name, numbers in (("late", range(3, len(lines))), ("early", range(3))):
        client("logs").create_log_stream(logGroupName=LOG_GROUP, logStreamName=name)
        events = [{"timestamp": begun + 1000 * number, "message": lines[number]} for number in numbers]
        client("logs").put_log_events(logGroupName=LOG_GROUP, logStreamName=name, logEvents=events)
    return job


def test_the_lines_of_all_functions_are_shown_oldest_first(finished: str) -> None:
    done = CliRunner().invoke(app, ["logs", finished])

    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0].startswith("2026-11-20 12:00:")
    assert "Z  INFO  dispatch  execution started" in lines[0]
    assert [line.split("  ")[0] for line in lines[:-2]] == sorted(line.split("  ")[0] for line in lines[:-2])
    assert any("complete_job  job finished" in line for line in lines)
    assert lines[-3].endswith(f"Task timed out {finished}")
    assert "of another job" not in done.output
    assert lines[-1] == f"next: pleo-export job {finished}"


def test_the_same_is_printed_as_json(finished: str) -> None:
    done = CliRunner().invoke(app, ["logs", finished, "--json"])

    logs = LogsOutput.model_validate_json(done.output)
    assert logs.lines[0].function == "dispatch"
    assert logs.lines[0].details["attempt"] == 1


def test_given_no_line_then_that_is_said(stack: DeployedSystem) -> None:
    connected(stack)
    stack.system.service.state.put_expenses(NORTHGATE, purchases(1))
    job = stack.system.export(NORTHGATE)

    assert "no function has logged anything" in CliRunner().invoke(app, ["logs", job]).output


def test_following_ends_with_the_job_and_repeats_no_line(finished: str) -> None:
    once, followed = (CliRunner().invoke(app, ["logs", finished, *more]).output for more in ([], ["--follow"]))

    assert followed == once
