"""`pleo-export retry`: a job that stands still goes on, and what failed is exported again in a new job."""

from __future__ import annotations

import pytest
import requests
from typer.testing import CliRunner

from cli.commands.retry import RetryOutput
from cli.errors import NoTerminal, NotNow, UsageError
from cli.main import app
from pleo_simulator.sample import NORTHGATE
from tests.system.deployed_system import DeployedSystem
from tests.system.expenses import entry_id, purchase, references
from tests.unit.cli.customers import connected, finished_export, ledger, running_export

GOOD, BAD = purchase(), purchase("dinner", account="9999")


@pytest.fixture
def finished(stack: DeployedSystem) -> str:
    """A finished job of two expenses, of which one failed."""
    return finished_export(stack, [GOOD, BAD])


def correct_in_pleo(stack: DeployedSystem) -> None:
    stack.system.service.state.put_expenses(NORTHGATE, [purchase("dinner")])


def test_given_a_finished_job_then_what_failed_goes_into_a_new_job_and_nothing_is_booked_twice(
    stack: DeployedSystem, finished: str
) -> None:
    correct_in_pleo(stack)

    done = CliRunner().invoke(app, ["retry", finished, "--yes", "--json"])
    retried = RetryOutput.model_validate_json(done.output)
    stack.system.deliver()
    stack.system.run_executions()

    assert (retried.retried, retried.exported_again) == (finished, 1)
    assert stack.system.statuses(retried.job_id) == {"successful": 1}
    assert list(stack.system.items(retried.job_id)) == [entry_id(BAD)]
    assert sorted(each.reference for each in ledger(stack).live()) == sorted(references([GOOD, BAD]))


def test_given_no_terminal_and_no_yes_then_no_job_is_created(stack: DeployedSystem, finished: str) -> None:
    done = CliRunner().invoke(app, ["retry", finished])

    assert isinstance(done.exception, NoTerminal)
    assert len(stack.system.service.state.all_jobs()) == 1


def test_given_nothing_failed_then_there_is_nothing_to_retry(stack: DeployedSystem) -> None:
    connected(stack)
    stack.system.books[NORTHGATE] = ledger(stack)
    stack.system.service.state.put_expenses(NORTHGATE, [GOOD])
    job = stack.system.export(NORTHGATE)
    stack.system.run(NORTHGATE)

    done = CliRunner().invoke(app, ["retry", job, "--yes"])

    assert isinstance(done.exception, UsageError)
    assert "nothing of it failed" in str(done.exception)


def test_given_a_job_that_nobody_has_started_then_the_company_is_woken(stack: DeployedSystem) -> None:
    connected(stack)
    stack.system.books[NORTHGATE] = ledger(stack)
    stack.system.service.state.put_expenses(NORTHGATE, [GOOD])
    job = stack.system.export(NORTHGATE)

    done = CliRunner().invoke(app, ["retry", job])
    stack.system.deliver()
    stack.system.run_executions()

    assert done.exit_code == 0, done.output
    assert f"pleo-export watch {job}" in done.output
    assert stack.system.job(job)["status"] == "completed"


def test_given_an_export_that_runs_then_it_is_left_alone(stack: DeployedSystem) -> None:
    connected(stack)
    job = running_export(stack).rsplit("-", 1)[0]

    done = CliRunner().invoke(app, ["retry", job])

    assert isinstance(done.exception, NotNow)
    assert stack.system.queued() == []


def test_given_a_paused_company_then_resume_is_named(stack: DeployedSystem, finished: str) -> None:
    stack.pauses.pause(NORTHGATE, "ada", stack.now())

    done = CliRunner().invoke(app, ["retry", finished, "--yes"])

    assert isinstance(done.exception, NotNow)
    assert f"pleo-export resume {NORTHGATE}" in str(done.exception)


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        ("another export waits", "another export of the company is not over yet"),
        ("no contra accounts", "Pleo, Settings, Accounting"),
        ("deleted in Pleo", "click Export"),
    ],
)
def test_given_pleo_refuses_a_new_job_then_it_says_what_to_do(
    stack: DeployedSystem, finished: str, cause: str, said: str
) -> None:
    company = stack.system.service.state.company(NORTHGATE)
    if cause == "another export waits":
        stack.system.export(NORTHGATE, [entry_id(GOOD)])
    elif cause == "no contra accounts":
        company.contra_accounts = frozenset()
    else:
        del company.expenses[entry_id(BAD)]

    done = CliRunner().invoke(app, ["retry", finished, "--yes"])

    assert isinstance(done.exception, NotNow | UsageError)
    assert said in str(done.exception)


def test_given_no_answer_of_pleo_then_it_says_to_look_before_retrying(stack: DeployedSystem, finished: str) -> None:
    correct_in_pleo(stack)
    stack.system.effects.on("after pleo POST /v3/export-jobs", requests.ReadTimeout())

    with stack.system.effects.of_function():
        done = CliRunner().invoke(app, ["retry", finished, "--yes"])

    assert isinstance(done.exception, NotNow)
    assert "whether there is a new job" in str(done.exception)
    assert len(stack.system.service.state.all_jobs()) == 2


def test_given_a_disconnected_company_then_its_jobs_cannot_be_retried(stack: DeployedSystem, finished: str) -> None:
    CliRunner().invoke(app, ["disconnect", NORTHGATE, "--yes"])

    done = CliRunner().invoke(app, ["retry", finished, "--yes"])

    assert isinstance(done.exception, UsageError)
    assert "is not connected any more" in str(done.exception)
    assert stack.system.queued() == []
