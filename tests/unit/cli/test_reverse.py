"""`pleo-export reverse`: what it shows before, what it asks, its JSON, and what it refuses."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner, Result

from cli.commands.reverse import ReverseOutput
from cli.errors import NoTerminal, NotNow, UsageError
from cli.main import app
from cli.stack import Stack
from pleo_simulator.sample import HAVN, NORTHGATE
from tests.system.deployed_system import DeployedSystem
from tests.system.expenses import entry_id, purchase, reference
from tests.system.fake_accounting import FakeAccountingSystem
from tests.unit.cli.customers import finished_export, ledger, running_export

GOOD, OTHER, BAD = purchase(), purchase("lunch"), purchase("dinner", account=None)
ENTRY = entry_id(GOOD)
UNKNOWN = "99999999-9999-4999-8999-999999999999"


@pytest.fixture
def job(stack: DeployedSystem, monkeypatch: pytest.MonkeyPatch) -> str:
    """A finished export of three expenses, one of which was refused."""
    monkeypatch.setattr(Stack, "services", stack.system.services)
    return finished_export(stack, [GOOD, OTHER, BAD])


def run(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, ["reverse", *arguments], input=answer)


def reversed_entries(books: FakeAccountingSystem) -> set[str]:
    """The references of the counter-entries."""
    return {each.entry.reference for each in books.documents if each.reverses is not None}


@pytest.mark.usefixtures("job")
def test_with_yes_the_expense_is_reversed_and_the_next_step_is_said(stack: DeployedSystem) -> None:
    done = run(NORTHGATE, ENTRY, "--yes")

    assert done.exit_code == 0, done.output
    number = next(each.number for each in ledger(stack).documents if each.entry.reference == reference(GOOD))
    lines = done.output.splitlines()
    assert lines[0] == f"! {ENTRY}: reverse {number} (journal entry) on 2026-03-02"
    assert lines[1].startswith(f"✓ {ENTRY}: reversed, by counter-entries ")
    assert lines[-2].startswith("next: correct the expenses in Pleo and export them again")
    assert lines[-1] == f"      pleo-export entry {NORTHGATE} {ENTRY}"
    assert reversed_entries(ledger(stack)) == {f"{reference(GOOD)}:rev"}


def test_given_a_job_then_all_that_it_booked_is_reversed_and_what_failed_is_left(
    stack: DeployedSystem, job: str
) -> None:
    done = run("--job", job, "--yes", "--json")
    output = ReverseOutput.model_validate_json(done.output)

    assert (done.exit_code, output.executed, output.company_id) == (0, True, NORTHGATE)
    assert {each.entry_id: each.outcome for each in output.entries} == {ENTRY: "reversed", entry_id(OTHER): "reversed"}
    assert all(each.reversed_at and each.reversed_by and each.reversal_ids for each in output.entries)
    assert reversed_entries(ledger(stack)) == {f"{reference(GOOD)}:rev", f"{reference(OTHER)}:rev"}


@pytest.mark.usefixtures("job")
def test_without_a_terminal_and_without_yes_it_shows_and_refuses(stack: DeployedSystem) -> None:
    done = run(NORTHGATE, ENTRY)

    assert isinstance(done.exception, NoTerminal)
    assert "--yes" in str(done.exception)
    assert f"{ENTRY}: reverse " in done.output
    assert reversed_entries(ledger(stack)) == set()


@pytest.mark.usefixtures("job")
def test_with_json_alone_it_only_shows(stack: DeployedSystem) -> None:
    done = run(NORTHGATE, ENTRY, "--json")
    output = ReverseOutput.model_validate_json(done.output)

    assert (done.exit_code, output.executed) == (0, False)
    assert [(each.entry_id, each.outcome, each.reversed_at) for each in output.entries] == [(ENTRY, "planned", None)]
    assert reversed_entries(ledger(stack)) == set()


@pytest.mark.usefixtures("job")
@pytest.mark.parametrize(("answer", "code", "count"), [("n\n", 1, 0), ("y\n", 0, 1)])
def test_a_person_at_a_terminal_is_asked(
    stack: DeployedSystem, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, count: int
) -> None:
    monkeypatch.setattr("cli.confirmation._needs_terminal", lambda _what: None)

    done = run(NORTHGATE, ENTRY, answer=answer)

    assert (done.exit_code, len(reversed_entries(ledger(stack)))) == (code, count)


@pytest.mark.usefixtures("job")
def test_given_it_again_then_there_is_nothing_to_do(stack: DeployedSystem) -> None:
    assert run(NORTHGATE, ENTRY, "--yes").exit_code == 0

    again = run(NORTHGATE, ENTRY)

    assert again.exit_code == 0
    assert f"{ENTRY}: reversed already; nothing to do" in again.output
    assert len(reversed_entries(ledger(stack))) == 1


@pytest.mark.usefixtures("job")
def test_given_an_expense_that_was_not_booked_then_it_is_refused_with_the_reason() -> None:
    done = run(NORTHGATE, entry_id(BAD), "--yes")
    output = ReverseOutput.model_validate_json(run(NORTHGATE, entry_id(BAD), "--yes", "--json").output)

    assert done.exit_code == 1
    assert "There is no record that it was booked." in done.output
    assert [each.outcome for each in output.entries] == ["refused"]


@pytest.mark.usefixtures("job")
def test_given_a_running_export_then_it_waits_for_nothing_and_reverses_nothing(stack: DeployedSystem) -> None:
    running_export(stack)

    done = run(NORTHGATE, ENTRY, "--yes")

    assert isinstance(done.exception, NotNow)
    assert reversed_entries(ledger(stack)) == set()


@pytest.mark.usefixtures("job")
def test_the_date_of_the_counter_entry_can_be_given(stack: DeployedSystem) -> None:
    assert run(NORTHGATE, ENTRY, "--on", "2026-03-31", "--yes").exit_code == 0

    (counter,) = [each for each in ledger(stack).documents if each.reverses is not None]
    assert str(counter.entry.posting_date) == "2026-03-31"


@pytest.mark.usefixtures("job")
def test_entry_shows_who_reversed_it_and_by_what(stack: DeployedSystem) -> None:
    assert run(NORTHGATE, ENTRY, "--yes").exit_code == 0
    (posting,) = stack.postings.revisions(NORTHGATE, ENTRY)

    shown = CliRunner().invoke(app, ["entry", NORTHGATE, ENTRY])

    assert shown.exit_code == 1
    assert f", reversed by {posting.reversal_ids[0]} at " in shown.output
    assert str(posting.reversed_by) in shown.output
    assert "Pleo says successful, but the document is void" in shown.output


@pytest.mark.usefixtures("job")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "name one expense"),
        ([NORTHGATE], "name one expense"),
        ([NORTHGATE, ENTRY, "--job", UNKNOWN], "not both"),
        (["--job", UNKNOWN], "was never taken up"),
        ([HAVN, ENTRY], "is not connected"),
    ],
)
def test_what_cannot_be_reversed_is_refused_with_a_sentence(arguments: list[str], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        raise run(*arguments).exception or AssertionError("accepted")


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("arguments", [["4711", ENTRY], [NORTHGATE, "4711"], ["--job", "4711"], ["--on", "tomorrow"]])
def test_what_is_no_id_or_day_ends_with_the_usage(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2
