"""`pleo-export sync`, `sync-history` and what doctor says of lists: shown first, carried out after a question."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.errors import CheckFailed, NoTerminal, NotNow, UsageError
from cli.main import app
from cli.sync_requests import sync_request
from pleo_export.accounting.errors import Unavailable
from pleo_export.accounting.lists import LedgerList
from pleo_simulator.fault_queue import Fault
from pleo_simulator.sample import NORTHGATE
from tests.system.deployed_system import DeployedSystem
from tests.system.held_lists import HeldLists
from tests.unit.cli.customers import connected, examined, ledger, problems

SYNC = {"dimensions": ["cost_centre"], "accounts": True}


@pytest.fixture
def synced(stack: DeployedSystem, monkeypatch: pytest.MonkeyPatch) -> DeployedSystem:
    """A company whose lists are in step. While a command waits, queued syncs are run."""
    connected(stack, sync=SYNC)
    assert stack.deliver_syncs() == ["done"]

    def sleep(_stack: DeployedSystem, seconds: float) -> None:
        stack.system.sleep(seconds)
        stack.deliver_syncs()

    monkeypatch.setattr(DeployedSystem, "sleep", sleep)
    return stack


def sync(*options: str) -> Result:
    return CliRunner().invoke(app, ["sync", NORTHGATE, *options])


def lists(stack: DeployedSystem) -> HeldLists:
    """Return what people maintain in the ledger."""
    return ledger(stack).ledger.lists


def tags(stack: DeployedSystem) -> dict[str, str]:
    """Return the tags that people can choose at Pleo, by code."""
    (group,) = stack.system.service.tags.groups(NORTHGATE)
    held = stack.system.service.tags._groups[group["id"]].tags.values()
    return {each["code"]: each["name"] for each in held if not each["archived"]}


# See it, then do it


def test_given_lists_in_step_then_that_is_said(synced: DeployedSystem) -> None:
    shown = sync("--dry-run")

    assert shown.exit_code == 0, shown.output
    assert "✓ tags of group cost_centre: as in the ledger" in shown.output
    assert "✓ accounts: as in the ledger" in shown.output


def test_given_changes_in_the_ledger_then_a_dry_run_shows_each_and_changes_nothing(synced: DeployedSystem) -> None:
    before = tags(synced)
    lists(synced).put_value("cost_centre", "LON", "London, Strand")
    lists(synced).put_value("cost_centre", "OSL", "Oslo")
    lists(synced).close_value("cost_centre", "MAD")

    shown = sync("--dry-run", "--list", "tags")

    assert shown.exit_code == 0
    assert "tags of group cost_centre: 1 created, 1 changed, 1 archived" in shown.output
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.output.splitlines() if "│" in line]
    assert ["OSL", "create", "", "Oslo, code: OSL", "new in the ledger"] in rows
    assert ["LON", "update", "London", "London, Strand", "changed in the ledger"] in rows
    assert ["MAD", "archive", "Madrid", "", "closed in the ledger"] in rows
    assert shown.output.splitlines()[-1].startswith(f"next: pleo-export sync {NORTHGATE}   carries it out")
    assert tags(synced) == before


def test_given_a_person_who_said_yes_then_the_lists_are_in_step_when_the_command_ends(synced: DeployedSystem) -> None:
    lists(synced).put_value("cost_centre", "OSL", "Oslo")
    lists(synced).close_account("6100")

    done = sync("--yes")

    assert done.exit_code == 0, done.output
    assert "✓ tags: 1 created" in done.output
    assert "✓ accounts: 1 archived" in done.output
    assert tags(synced)["OSL"] == "Oslo"


def test_given_nobody_to_ask_then_nothing_is_changed(synced: DeployedSystem) -> None:
    before = tags(synced)
    lists(synced).close_value("cost_centre", "MAD")

    refused = sync()

    assert isinstance(refused.exception, NoTerminal)
    assert synced.system.queued_syncs() == []
    assert tags(synced) == before


def test_given_json_then_plans_and_what_became_of_each_list_are_printed(synced: DeployedSystem) -> None:
    lists(synced).close_value("cost_centre", "MAD")

    result = json.loads(sync("--yes", "--json").stdout)

    (tag_plan,) = (each for each in result["plans"] if each["group"] == "cost_centre")
    assert [(each["action"], each["key"]) for each in tag_plan["steps"]] == [("archive", "MAD")]
    assert {each["list"]: each["changes"] for each in result["lists"]} == {"tags": {"archive": 1}, "accounts": {}}
    assert (result["good"], result["run_id"] is None) == (True, False)


def test_given_a_sync_that_does_not_end_then_the_command_says_that_it_goes_on(
    synced: DeployedSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DeployedSystem, "sleep", lambda stack, seconds: stack.system.sleep(600))

    late = sync("--yes")

    assert isinstance(late.exception, NotNow)
    assert "it goes on" in str(late.exception)


# What a person has to decide


def test_given_a_ledger_that_offers_nothing_any_more_then_archives_wait_until_exactly_they_are_confirmed(
    synced: DeployedSystem,
) -> None:
    before = tags(synced)
    for code in before:
        del lists(synced).values["cost_centre"][code]

    held = sync("--yes", "--json", "--list", "tags")

    result = json.loads(held.stdout)
    (plan,) = (each for each in result["plans"] if each["held_back"])
    assert held.exit_code == 1
    assert (len(plan["held_back"]), plan["steps"]) == (3, [])
    assert tags(synced) == before
    command = f"pleo-export sync {NORTHGATE} --confirm {plan['hash']}"
    assert command in problems(examined(synced))["sync of tags"]
    assert command in sync("--dry-run").output

    confirmed = sync("--confirm", plan["hash"], "--yes")

    assert confirmed.exit_code == 0, confirmed.output
    assert tags(synced) == {}
    assert "sync of tags" not in problems(examined(synced))


def test_given_a_hash_of_another_plan_then_nothing_is_archived(synced: DeployedSystem) -> None:
    lists(synced).values["cost_centre"].clear()

    refused = sync("--confirm", "0123456789abcdef", "--yes")

    assert isinstance(refused.exception, CheckFailed)
    assert "what would be archived has changed" in str(refused.exception)
    assert len(tags(synced)) == 3


def test_given_a_group_made_by_hand_then_it_is_told_and_nothing_is_wrong(synced: DeployedSystem) -> None:
    body = {"archived": False, "code": "mine", "name": "Mine", "metadata": {}}
    synced.system.service.tags.create_group(NORTHGATE, body)

    shown = sync("--yes")

    assert shown.exit_code == 0, shown.output
    assert "The tag group mine in Pleo was not made by this connection" in " ".join(shown.output.split())
    assert "sync of tags" not in problems(examined(synced))


def test_given_codes_that_collide_then_they_are_named_and_doctor_counts_them(synced: DeployedSystem) -> None:
    lists(synced).put_value("cost_centre", "lon", "Longyearbyen")

    shown = sync("--yes", "--list", "tags")

    assert shown.exit_code == 1
    assert "Longyearbyen" in shown.output
    assert "1 collision (" in problems(examined(synced))["sync of tags"]
    assert tags(synced)["LON"] == "London"


def test_given_thousands_of_codes_that_collide_then_the_first_are_told_with_the_number_of_the_rest_and_none_is_lost(
    synced: DeployedSystem,
) -> None:
    """As many as a record of DynamoDB (400 KB) could not hold, were each named in it."""
    for number in range(4_000):
        lists(synced).put_value("cost_centre", f"{'x' * 50}{number}", f"One {number}")
        lists(synced).put_value("cost_centre", f"{'X' * 50}{number}", f"Other {number}")

    shown = sync("--yes", "--list", "tags")

    assert shown.exit_code == 1
    assert "and 3,980 more of this kind (collision); --json shows all" in " ".join(shown.output.split())
    assert len(shown.output.splitlines()) < 100
    run: Any = synced.syncs.get(NORTHGATE, LedgerList.TAGS)
    assert (run.findings, len(run.found)) == ({"collision": 4_000}, 50)
    kept = [lines for lines in map(synced.sync_plans.read, synced.sync_plans.of_company(NORTHGATE)) if len(lines) > 1]
    (findings,) = [lines for _, *lines in kept if "finding" in lines[0]]
    assert len({each["key"] for each in findings}) == 4_000
    assert "4000 collision (" in problems(examined(synced))["sync of tags"]
    assert CliRunner().invoke(app, ["sync-history", NORTHGATE]).exit_code == 0


def test_given_a_ledger_that_cannot_be_read_then_that_is_told_with_exit_code_1(synced: DeployedSystem) -> None:
    synced.system.effects.on("before books list tags", Unavailable("The ledger cannot be reached."))

    with synced.system.effects.of_function():
        shown = sync("--dry-run", "--list", "tags")

    assert shown.exit_code == 1
    assert "The ledger cannot be reached." in shown.output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--list", "vendors"), "vendors are not kept in step; the settings choose dimensions cost_centre, accounts"),
        (("--dimension", "project"), "project is not kept in step"),
    ],
)
def test_given_a_list_that_is_not_chosen_then_those_that_are_are_named(
    synced: DeployedSystem, options: tuple[str, ...], said: str
) -> None:
    refused = sync(*options)

    assert isinstance(refused.exception, UsageError)
    assert said in str(refused.exception)


def test_given_a_company_that_is_not_connected_or_without_lists_then_that_is_told(stack: DeployedSystem) -> None:
    assert "is not connected" in str(sync().exception)
    connected(stack)
    assert "no list is kept in step; the settings choose nothing" in str(sync().exception)


# What was done


def test_who_archived_a_cost_centre_is_told_with_time_reason_and_name(synced: DeployedSystem) -> None:
    synced.system.sleep(60)
    lists(synced).close_value("cost_centre", "MAD")
    assert sync("--yes").exit_code == 0

    shown = CliRunner().invoke(app, ["sync-history", NORTHGATE, "mad"])

    assert shown.exit_code == 0, shown.output
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.output.splitlines() if "│" in line]
    made, archived = ((row[1], row[2], row[3], row[6], row[7]) for row in rows)
    assert made[:4] == ("tags of cost_centre", "MAD", "create", "new in the ledger")
    assert archived == ("tags of cost_centre", "MAD", "archive", "closed in the ledger", f"{synced.caller} (by_hand)")


def test_an_account_is_shown_and_found_by_the_code_that_people_know(synced: DeployedSystem) -> None:
    """The ledger's id of it, by which it is matched, is on no bookkeeper's screen."""
    synced.system.sleep(60)
    lists(synced).close_account("6100")
    planned = sync("--yes", "--list", "accounts").output

    shown = CliRunner().invoke(app, ["sync-history", NORTHGATE, "6100"]).output

    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines() if "│" in line]
    assert [row[1:4] for row in rows] == [["accounts", "6100", "create"], ["accounts", "6100", "archive"]]
    assert "│ 6100 " in planned
    assert "A6100" not in planned + shown


def test_given_a_sync_of_the_schedule_then_no_person_is_named(synced: DeployedSystem) -> None:
    synced.system.sleep(60)
    lists(synced).close_value("cost_centre", "MAD")
    synced.sync_queue.send(sync_request(NORTHGATE, [LedgerList.TAGS], "schedule"), once_per="an hour")
    synced.deliver_syncs()

    printed = CliRunner().invoke(app, ["sync-history", NORTHGATE, "MAD", "--json"]).stdout

    *_, archived = json.loads(printed)["changes"]
    assert (archived["action"], archived["by"]) == ("archive", "schedule, or an event at Pleo")


def test_given_more_changes_than_the_limit_then_the_most_recent_are_shown_with_the_way_to_the_rest(
    synced: DeployedSystem,
) -> None:
    for number in range(30):
        lists(synced).put_value("cost_centre", f"C{number}", f"Centre {number}")
    assert sync("--yes").exit_code == 0
    synced.system.sleep(60)
    lists(synced).close_value("cost_centre", "MAD")
    assert sync("--yes").exit_code == 0
    all_of_them = json.loads(CliRunner().invoke(app, ["sync-history", NORTHGATE, "--json"]).stdout)["changes"]
    total = len(all_of_them)
    assert total > 30

    few, twenty, whole = (
        CliRunner().invoke(app, ["sync-history", NORTHGATE, *more]).output
        for more in (("--limit", "1"), (), ("--limit", str(total)))
    )

    assert [sum(" UTC" in line for line in shown.splitlines()) for shown in (few, twenty, whole)] == [1, 20, total]
    assert "archive" in next(line for line in few.splitlines() if " UTC" in line)
    assert f"the most recent 20 of {total}; --limit {total} shows all" in twenty
    assert "most recent" not in whole


def test_given_nothing_was_done_then_that_is_said(synced: DeployedSystem) -> None:
    shown = CliRunner().invoke(app, ["sync-history", NORTHGATE, "NONE"])

    assert "no sync did anything to NONE in the last 90 days" in shown.output


# Doctor


def test_given_lists_in_step_then_doctor_says_since_when(synced: DeployedSystem) -> None:
    synced.system.sleep(1800)

    findings = examined(synced)

    assert findings["sync of tags"].text.startswith("in step 30 min ago")
    assert findings["sync of accounts"].good


def test_given_a_list_that_was_not_synced_yet_then_an_hour_later_doctor_says_what_to_type(
    stack: DeployedSystem,
) -> None:
    connected(stack, sync=SYNC)
    assert examined(stack)["sync of tags"].good

    stack.system.sleep(3601)

    command = f"`pleo-export sync {NORTHGATE} --list tags`"
    assert f"was never synced; {command} does it now" in problems(examined(stack))["sync of tags"]


@pytest.mark.parametrize(("synced_list", "hours"), [("tags", 6), ("accounts", 72)])
def test_given_a_list_that_is_out_of_step_for_long_then_doctor_says_how_long(
    synced: DeployedSystem, synced_list: str, hours: int
) -> None:
    synced.system.sleep(timedelta(hours=hours).total_seconds())
    assert f"sync of {synced_list}" not in problems(examined(synced))

    synced.system.sleep(1)

    assert "not in step for" in problems(examined(synced))[f"sync of {synced_list}"]


def test_given_a_sync_that_failed_then_doctor_says_by_what(synced: DeployedSystem) -> None:
    run: Any = synced.syncs.get(NORTHGATE, LedgerList.TAGS)
    failed = type(run)("run-2", "schedule", synced.now(), failure="TryAgain")
    synced.syncs.put(NORTHGATE, LedgerList.TAGS, failed, synced.now())

    assert "the last sync failed (TryAgain)" in problems(examined(synced))["sync of tags"]


# Tags that are not chosen any more


def test_given_tags_that_are_not_chosen_any_more_until_their_groups_are_archived_then_doctor_says_so_and_sync_does_it(
    synced: DeployedSystem,
) -> None:
    unselected(synced)
    told = examined(synced)["sync of tags"]
    assert told.good
    assert f"or now by `pleo-export sync {NORTHGATE} --list tags`" in told.text

    done = sync("--yes")

    assert done.exit_code == 0, done.output
    assert "✓ tags: 1 group archived" in done.output
    assert synced.system.service.tags.groups(NORTHGATE) == []
    assert "sync of tags" not in examined(synced)
    assert "no list is kept in step" in str(sync().exception)


def test_given_pleo_refuses_to_archive_the_groups_then_doctor_tells_of_it(synced: DeployedSystem) -> None:
    unselected(synced)
    fault = Fault(effect="status", status=400, path="/v0/tag-groups", method="PUT")
    synced.system.service.faults.order(fault)

    assert sync("--yes").exit_code == 1

    assert "1 refused (cost_centre)" in problems(examined(synced))["sync of tags"]


def test_given_a_connect_whose_sync_was_not_asked_for_then_the_next_connect_asks_for_it(synced: DeployedSystem) -> None:
    unselected(synced)

    connected(synced)

    assert [body["lists"] for _, body in synced.system.queued_syncs()] == [["tags"]]


def unselected(stack: DeployedSystem) -> None:
    """Store settings that choose nothing, and lose the request for a sync."""
    connected(stack)
    stack.system.queued_syncs()
