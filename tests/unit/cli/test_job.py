"""`pleo-export job`: what became of a job, from Pleo and our records, or from our records alone."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from cli.commands.job import JobOutput
from cli.errors import UsageError
from cli.main import app
from pleo_export.failures.catalogue import remedy
from pleo_simulator.fault_queue import Fault
from pleo_simulator.sample import NORTHGATE
from tests.system.aws import client
from tests.system.deployed_system import DeployedSystem
from tests.system.expenses import entry_id, purchase, purchases
from tests.unit.cli.customers import connected, finished_export, ledger

UNKNOWN = "11111111-1111-4111-8111-111111111111"
GOOD, BAD = purchase(), purchase("dinner", account="9999", gross=12_345, supplier="Ryman")
REASON = "account_unknown: account 9999 is not in the chart of accounts"


@pytest.fixture
def finished(stack: DeployedSystem) -> str:
    """An export of two expenses, one of which was refused; the job's id."""
    return finished_export(stack, [GOOD, BAD])


def shown(*arguments: str, code: int = 1) -> str:
    done = CliRunner().invoke(app, ["job", *arguments])
    assert done.exit_code == code, done.output
    return done.output


def row(output: str, item: dict[str, object]) -> str:
    (line,) = [line for line in output.splitlines() if entry_id(item) in line and "│" in line]
    return " ".join(line.replace("│", " ").split())


def disconnect(company_id: str) -> None:
    assert CliRunner().invoke(app, ["disconnect", company_id, "--yes"]).exit_code == 0


def test_every_expense_is_shown_with_its_entry_and_link_or_with_the_reason(
    stack: DeployedSystem, finished: str
) -> None:
    output = shown(finished)

    assert output.splitlines()[:4] == [
        f"job {finished} of company {NORTHGATE}: completed_with_errors at Pleo",
        "exported 2026-11-20 12:00 UTC, started 2026-11-20 12:00 UTC, over 2026-11-20 12:00 UTC",
        "runs: 1, outcome: completed_with_errors",
        "1 successful, 1 failed",
    ]
    (document,) = ledger(stack).documents
    assert row(output, GOOD) == (
        f"{entry_id(GOOD)} 2026-03-02 Pret A Manger 18.45 GBP successful {document.number} "
        f"https://books.example/{document.id}"
    )
    assert row(output, BAD) == (
        f"{entry_id(BAD)} 2026-03-02 Ryman 123.45 GBP failed {REASON} (https://app.pleo.io/expenses/{entry_id(BAD)})"
    )
    assert f"pleo-export retry {finished}" in output


@pytest.mark.usefixtures("stack")
def test_what_to_do_is_said_once_for_all_expenses_that_need_it_with_who_can(stack: DeployedSystem) -> None:
    connected(stack, support_contact="Finance Systems")
    stack.system.books[NORTHGATE] = ledger(stack)
    bad = [purchase("one", account="9998"), purchase("two", account="9999")]
    stack.system.service.state.put_expenses(NORTHGATE, [*bad, purchase("three", account=None)])
    job = stack.system.export(NORTHGATE)
    stack.system.run(NORTHGATE)
    results = stack.results.of_job(job)
    fix = remedy(results[entry_id(bad[0])].code, "Finance Systems")

    output = shown(job)

    lines = [line for line in output.splitlines() if line.startswith("to do for")]
    assert len(lines) == 2
    assert lines[0] == f"to do for 2 expenses ({fix.who}): {fix.fix}"
    assert lines[1].startswith("to do for 1 expense (bookkeeper, in Pleo): Choose one on the expense in Pleo.")
    listed = JobOutput.model_validate_json(shown(job, "--failed", "--json"))
    assert {each.failure_code for each in listed.items} == {each.code for each in results.values()}


def test_what_to_do_is_said_however_pleo_spells_the_id(stack: DeployedSystem) -> None:
    connected(stack)
    stack.system.books[NORTHGATE] = ledger(stack)
    spelt = BAD | {"accountingEntryId": entry_id(BAD).replace("-", "")}
    stack.system.service.state.put_expenses(NORTHGATE, [GOOD, spelt])
    job = stack.system.export(NORTHGATE)
    stack.system.run(NORTHGATE)

    (failed,) = JobOutput.model_validate_json(shown(job, "--failed", "--json")).items
    assert failed.entry_id == spelt["accountingEntryId"]
    assert (failed.failure_code, failed.supplier) == ("ledger_refused", "Ryman")


@pytest.mark.usefixtures("stack")
def test_only_what_failed_is_shown_on_demand(finished: str) -> None:
    output = shown(finished, "--failed")

    assert entry_id(BAD) in output
    assert entry_id(GOOD) not in output


@pytest.mark.usefixtures("stack")
def test_the_same_is_printed_as_json_with_amounts_in_minor_units(finished: str) -> None:
    job = JobOutput.model_validate_json(shown(finished, "--json"))

    by_id = {each.entry_id: each for each in job.items}
    assert (by_id[entry_id(BAD)].amount, by_id[entry_id(BAD)].currency) == (12_345, "GBP")
    assert job.counts == {"successful": 1, "failed": 1}
    assert by_id[entry_id(GOOD)].entry_number


def test_given_a_job_that_failed_as_a_whole_then_the_reason_that_pleo_holds_is_shown(stack: DeployedSystem) -> None:
    connected(stack)
    stack.system.books[NORTHGATE] = ledger(stack)
    stack.system.service.state.put_expenses(NORTHGATE, purchases(2))
    stack.system.service.state.company(NORTHGATE).contra_accounts = frozenset()
    job = stack.system.export(NORTHGATE)
    stack.system.run(NORTHGATE)
    held = stack.system.job(job)
    assert held["status"] == "failed"

    output = shown(job)

    assert f"✗ failed as a whole: {held['failureReason']} ({held['failureReasonType']})" in output
    assert "next: correct" in output


@pytest.mark.parametrize("gone", ["disconnected", "key revoked", "unknown to Pleo"])
def test_given_a_pleo_that_cannot_be_asked_then_our_record_is_shown_and_why(
    stack: DeployedSystem, finished: str, gone: str
) -> None:
    if gone == "disconnected":
        disconnect(NORTHGATE)
    else:
        status = 401 if gone == "key revoked" else 404
        stack.system.service.faults.order(Fault(effect="status", status=status, path="/v3/export-jobs", count=9))

    output = shown(finished)

    assert f"job {finished} of company {NORTHGATE}: Pleo was not asked (" in output
    assert "1 successful, 1 failed" in output or "1 failed, 1 successful" in output
    assert "Ryman 123.45 GBP failed account_unknown" in row(output, BAD)


def test_given_no_right_to_read_payloads_or_none_left_then_the_rest_is_shown(
    stack: DeployedSystem, finished: str
) -> None:
    s3, bucket = client("s3"), stack.outputs["PayloadsBucket"]
    for each in s3.list_objects_v2(Bucket=bucket)["Contents"]:
        s3.delete_object(Bucket=bucket, Key=each["Key"])
    assert row(shown(finished), BAD).startswith(f"{entry_id(BAD)} failed {REASON}")

    s3.delete_bucket(Bucket=bucket)
    assert row(shown(finished), BAD).startswith(f"{entry_id(BAD)} failed {REASON}")


def test_given_a_job_that_waits_then_its_expenses_are_those_of_pleo(stack: DeployedSystem) -> None:
    connected(stack)
    stack.system.service.state.put_expenses(NORTHGATE, [BAD])
    job = stack.system.export(NORTHGATE)

    output = shown(job, code=0)

    assert "not started by this stack yet" in output
    assert row(output, BAD) == f"{entry_id(BAD)} 2026-03-02 Ryman 123.45 GBP pending"
    assert f"pleo-export watch {job}" in output


def test_given_a_job_that_nobody_knows_then_the_command_says_so(stack: DeployedSystem) -> None:
    connected(stack)

    done = CliRunner().invoke(app, ["job", UNKNOWN])

    assert isinstance(done.exception, UsageError)
    assert str(done.exception) == (
        f"job {UNKNOWN} is known neither to stack {stack.name!r} nor to Pleo; `pleo-export jobs` lists those there are"
    )


@pytest.mark.usefixtures("stack")
def test_given_what_is_no_id_then_the_usage_is_shown() -> None:
    done = CliRunner().invoke(app, ["job", "4711"])

    assert done.exit_code == 2
    assert "'4711' is not an id" in done.output
