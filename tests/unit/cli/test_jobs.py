"""`pleo-export jobs`: the export jobs of all companies."""

from __future__ import annotations

from datetime import timedelta

from typer.testing import CliRunner

from cli.commands.jobs import JobsOutput
from cli.errors import UsageError
from cli.main import app
from pleo_export.failures.entry import WhoCanFix
from pleo_simulator.sample import HAVN, NORTHGATE
from tests.system.deployed_system import DeployedSystem
from tests.system.expenses import purchase, purchases
from tests.unit.cli.customers import connected, ledger


def listed(*arguments: str, code: int = 0) -> JobsOutput:
    done = CliRunner().invoke(app, ["jobs", "--json", *arguments])
    assert done.exit_code == code, done.output
    return JobsOutput.model_validate_json(done.output)


def exported(stack: DeployedSystem, company_id: str, *expenses: dict[str, object]) -> str:
    stack.system.service.state.put_expenses(company_id, list(expenses))
    stack.system.clock.advance(timedelta(minutes=5))
    return stack.system.export(company_id)


def two_companies(stack: DeployedSystem) -> tuple[str, str]:
    connected(stack)
    connected(stack, HAVN, "other_books")
    stack.system.books[NORTHGATE] = ledger(stack)
    older = exported(stack, NORTHGATE, purchase(), purchase("dinner", account="9999"))
    stack.system.run(NORTHGATE)
    return older, exported(stack, HAVN, *purchases(1, company=HAVN))


def test_the_newest_job_of_all_companies_comes_first(stack: DeployedSystem) -> None:
    older, newer = two_companies(stack)

    found = listed()

    assert [each.job_id for each in found.jobs] == [newer, older]
    assert [each.status for each in found.jobs] == ["pending", "completed_with_errors"]
    assert [(each.runs, each.outcome) for each in found.jobs] == [(0, None), (1, "completed_with_errors")]
    assert [each.counts for each in found.jobs] == [{"pending": 1}, {"successful": 1, "failed": 1}]
    assert [each.age_seconds for each in found.jobs] == [0, 300]
    shown = CliRunner().invoke(app, ["jobs"]).output
    assert older in shown
    assert f"next: pleo-export job {newer}" in shown


def test_one_company_can_be_asked_for(stack: DeployedSystem) -> None:
    older, _ = two_companies(stack)

    assert [each.job_id for each in listed("--company", NORTHGATE).jobs] == [older]
    unknown = CliRunner().invoke(app, ["jobs", "--company", "99999999-9999-4999-8999-999999999999"])
    assert isinstance(unknown.exception, UsageError)


def test_jobs_come_in_pages(stack: DeployedSystem) -> None:
    older, newer = two_companies(stack)

    first, second = listed("--limit", "1"), listed("--limit", "1", "--page", "2")

    assert [[each.job_id for each in page.jobs] for page in (first, second)] == [[newer], [older]]
    assert (first.total, second.total) == (2, 2)
    assert "pleo-export jobs --page 2" in CliRunner().invoke(app, ["jobs", "--limit", "1"]).output


def test_given_a_job_that_failed_as_a_whole_then_it_says_why(stack: DeployedSystem) -> None:
    connected(stack)
    stack.system.books[NORTHGATE] = ledger(stack)
    stack.system.service.state.company(NORTHGATE).contra_accounts = frozenset()
    job = exported(stack, NORTHGATE, *purchases(1))
    stack.system.run(NORTHGATE)

    (found,) = listed().jobs

    held = stack.system.job(job)
    assert (found.failure_type, found.failure) == (held["failureReasonType"], held["failureReason"])
    assert found.failure
    assert found.who in list(WhoCanFix)
    assert f"{found.failure} ({found.failure_type}, {found.who})" in CliRunner().invoke(app, ["jobs"]).output


def test_given_a_company_whose_key_is_refused_then_the_others_are_listed(stack: DeployedSystem) -> None:
    _, newer = two_companies(stack)
    del stack.system.service.credentials._keys[f"plp_{NORTHGATE}"]

    found = listed(code=1)

    assert [each.job_id for each in found.jobs] == [newer]
    assert [each.company_id for each in found.not_asked] == [NORTHGATE]
    assert "Pleo does not accept the credential" in found.not_asked[0].reason


def test_given_no_company_or_no_job_then_it_says_what_to_do(stack: DeployedSystem) -> None:
    assert "pleo-export connect" in CliRunner().invoke(app, ["jobs"]).output

    connected(stack)
    assert "click Export in Pleo" in CliRunner().invoke(app, ["jobs"]).output
