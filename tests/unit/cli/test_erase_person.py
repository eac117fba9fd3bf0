"""What is held of a person is found, and what no law requires to be kept is erased. Nothing of others is touched."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.commands.erase_person import account, erase, eraser_of
from cli.errors import NotNow, UsageError
from cli.main import app
from pleo_export.operations.erase_person import ERASED, PersonalData, SoughtPerson
from pleo_simulator.sample import NORTHGATE
from tests.system.aws import client
from tests.system.deployed_system import DeployedSystem
from tests.system.expenses import entry_id, purchase
from tests.unit.cli.customers import running_export

AMELIA, TOM = "Amelia Hartley", "Tom Okafor"
Json = dict[str, Any]


@pytest.fixture
def job(stack: DeployedSystem) -> str:
    """A job with expenses of two people, one chunk each, and a sentence that names the first."""
    stack.system.services._environment["CHUNK_SIZE"] = "1"
    hers, his = purchase("hers", user=AMELIA, account=None), purchase("his", user=TOM)
    stack.system.connect(NORTHGATE, [hers, his])
    job = stack.system.export(NORTHGATE)
    stack.system.run(NORTHGATE)
    key = {"pk": f"JOB#{job}", "sk": f"ITEM#{entry_id(hers)}"}
    stack.table.update_item(
        Key=key,
        UpdateExpression="SET reason = :reason, warnings = :warnings",
        ExpressionAttributeValues={
            ":reason": f"There is no supplier for {AMELIA} (employee {code_of(hers)}); see AMELIA HARTLEY.",
            ":warnings": [f"{TOM} shares the ride.", f"Guest: {AMELIA}."],
        },
    )
    return job


def code_of(item: Json) -> str:
    return str(item["user"]["code"])


def hers() -> Json:
    return purchase("hers", user=AMELIA, account=None)


def files(stack: DeployedSystem) -> list[str]:
    bucket = stack.outputs["PayloadsBucket"]
    found = client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])
    return [client("s3").get_object(Bucket=bucket, Key=each["Key"])["Body"].read().decode() for each in found]


def found(stack: DeployedSystem, person: SoughtPerson) -> PersonalData:
    return eraser_of(stack, NORTHGATE, person).find(person)


def erased(stack: DeployedSystem, person: SoughtPerson) -> int:
    eraser = eraser_of(stack, NORTHGATE, person)
    return erase(stack, eraser, person, eraser.find(person))


def texts(stack: DeployedSystem, job: str) -> tuple[str, list[str]]:
    record = stack.table.get_item(Key={"pk": f"JOB#{job}", "sk": f"ITEM#{entry_id(hers())}"})["Item"]
    return record["reason"], record["warnings"]


@pytest.mark.parametrize("field", ["id", "code"])
def test_by_the_employees_id_or_number_the_expenses_are_found_and_by_them_the_name_in_sentences(
    stack: DeployedSystem, job: str, field: str
) -> None:
    person = SoughtPerson(employee_id=str(hers()["user"][field]))

    data = found(stack, person)

    assert (len(data.payload_keys), data.expenses, data.names) == (1, 1, (AMELIA,))
    assert [each["sk"] for each in data.results] == [f"ITEM#{entry_id(hers())}"]
    assert erased(stack, person) == 0
    (left,) = files(stack)
    assert AMELIA not in left
    assert TOM in left
    reason, warnings = texts(stack, job)
    assert reason.startswith(f"There is no supplier for {ERASED} (employee ")
    assert reason.endswith(f"see {ERASED}.")
    assert (ERASED in reason.partition("employee ")[2].partition(")")[0]) is (field == "code")
    assert warnings == [f"{TOM} shares the ride.", f"Guest: {ERASED}."]


def test_nothing_is_changed_by_looking_and_a_second_time_there_is_nothing_left(stack: DeployedSystem, job: str) -> None:
    person = SoughtPerson(employee_id=code_of(hers()))
    before = stack.table.scan()["Items"], files(stack)
    found(stack, person)
    assert (stack.table.scan()["Items"], files(stack)) == before

    erased(stack, person)
    again = found(stack, SoughtPerson(employee_id=code_of(hers()), names=(AMELIA,)))
    assert job
    assert not again.anything_to_erase


def test_what_the_law_requires_stays_and_is_accounted_for(stack: DeployedSystem, job: str) -> None:
    person = SoughtPerson(employee_id=str(purchase("his", user=TOM)["user"]["id"]))
    postings = [each for each in stack.table.scan()["Items"] if each["pk"].startswith("ENTRY#")]

    data = found(stack, person)
    erased(stack, person)

    assert job
    assert data.postings == len(postings) == 1
    assert [each for each in stack.table.scan()["Items"] if each["pk"].startswith("ENTRY#")] == postings
    said = "\n".join(account(data))
    assert "1 posting records" in said
    assert "backups" in said


def test_an_operator_by_whom_settings_were_stored_is_counted_and_kept(stack: DeployedSystem, job: str) -> None:
    assert job
    before = stack.settings_history.versions(NORTHGATE)
    person = SoughtPerson(names=("ada",))
    assert found(stack, person).acts == 1
    erased(stack, person)
    assert stack.settings_history.versions(NORTHGATE) == before


def test_it_is_noted_who_erased_and_how_much_but_not_of_whom(stack: DeployedSystem, job: str) -> None:
    assert job
    erased(stack, SoughtPerson(employee_id=code_of(hers()), email="amelia@northgate.test"))
    (event,) = [each for each in stack.table.scan()["Items"] if each["sk"].startswith("EVENT#")]
    assert (event["event"], event["by"]) == ("person erased", stack.caller)
    assert (event["payload_files"], event["texts"]) == (1, 1)
    assert not any(text in json.dumps(event, default=str).lower() for text in ("amelia", code_of(hers()).lower()))


def test_an_address_is_found_in_notes_and_sentences(stack: DeployedSystem, job: str) -> None:
    assert job
    item = purchase("noted", user=TOM, note="Sent to amelia@northgate.test yesterday")
    stack.system.service.state.put_expenses(NORTHGATE, [item])
    stack.system.export(NORTHGATE, [entry_id(item)])
    stack.system.run(NORTHGATE)

    data = found(stack, SoughtPerson(email="Amelia@Northgate.test"))
    assert (data.expenses, data.names) == (1, ())


@pytest.mark.parametrize("name", ["melia Hartley", "lia Hartley"])
def test_a_part_of_a_word_is_nobody(stack: DeployedSystem, job: str, name: str) -> None:
    assert job
    assert not found(stack, SoughtPerson(names=(name,))).anything_to_erase


def test_a_text_that_changes_meanwhile_is_left_and_counted(stack: DeployedSystem, job: str) -> None:
    person = SoughtPerson(employee_id=code_of(hers()))
    eraser = eraser_of(stack, NORTHGATE, person)
    data = eraser.find(person)
    key = {"pk": f"JOB#{job}", "sk": f"ITEM#{entry_id(hers())}"}
    stack.table.update_item(Key=key, UpdateExpression="SET reason = :new", ExpressionAttributeValues={":new": "New."})

    assert erase(stack, eraser, person, data) == 1
    assert texts(stack, job)[0] == "New."


def test_while_an_export_runs_its_files_are_left_alone(stack: DeployedSystem, job: str) -> None:
    assert job
    running_export(stack)
    before = files(stack)
    with pytest.raises(NotNow, match="is running"):
        erased(stack, SoughtPerson(employee_id=code_of(hers())))
    assert files(stack) == before


def test_afterwards_exports_run_again(stack: DeployedSystem, job: str) -> None:
    erased(stack, SoughtPerson(employee_id=code_of(hers())))
    item = purchase("his", user=TOM)
    second = stack.system.export(NORTHGATE, [entry_id(item)])
    stack.system.run(NORTHGATE)
    assert second != job
    assert stack.system.statuses(second) == {"successful": 1}


def test_afterwards_the_company_is_woken_for_what_was_clicked_meanwhile(stack: DeployedSystem, job: str) -> None:
    assert job
    stack.system.queued()

    erased(stack, SoughtPerson(employee_id=code_of(hers())))

    assert [body["reason"] for _, body in stack.system.queued()] == ["erase-person"]


@pytest.mark.parametrize("person", [SoughtPerson(), SoughtPerson(names=("Al",)), SoughtPerson(email="@")])
def test_a_person_who_could_be_anybody_is_refused(stack: DeployedSystem, person: SoughtPerson) -> None:
    with pytest.raises(UsageError):
        eraser_of(stack, NORTHGATE, person)


# As it is typed


def typed(*words: str, answer: str = "") -> Any:
    return CliRunner().invoke(app, ["erase-person", NORTHGATE, *words], input=answer)


def test_without_a_terminal_and_without_yes_it_lists_and_refuses(stack: DeployedSystem, job: str) -> None:
    said = typed("--employee-id", code_of(hers()))
    assert isinstance(said.exception, UsageError)
    assert "--yes" in str(said.exception)
    assert "1 file of expenses on their way" in said.output
    assert AMELIA in texts(stack, job)[0]


def test_with_yes_it_erases_and_with_json_alone_it_only_shows(stack: DeployedSystem, job: str) -> None:
    words = ("--employee-id", code_of(hers()), "--json")
    shown = json.loads(typed(*words).output)
    assert (shown["erased"], shown["result_texts"], AMELIA in texts(stack, job)[0]) == (False, 1, True)

    said = typed(*words, "--yes")
    assert (said.exit_code, json.loads(said.output)["erased"]) == (0, True)
    assert AMELIA not in texts(stack, job)[0]


def test_given_a_company_that_nobody_knows_then_nothing_is_said_to_be_held(stack: DeployedSystem) -> None:
    assert stack.connections.all_company_ids() == []
    assert "is not connected" in str(typed("--name", AMELIA).exception)


def test_a_person_who_answers_no_keeps_everything(
    stack: DeployedSystem, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.confirmation._needs_terminal", lambda _what: None)

    said = typed("--name", AMELIA, answer="n\n")

    assert (said.exit_code, "Nothing was done." in said.output) == (1, True)
    assert AMELIA in texts(stack, job)[0]
    assert typed("--name", AMELIA, answer="y\n").exit_code == 0
    assert AMELIA not in texts(stack, job)[0]
