"""Which settings a company had, since when, and who stored them: every version is kept as it was."""

from __future__ import annotations

import pytest

from pleo_export import code_version
from pleo_export.errors import InvalidSettings
from pleo_export.store.table import company_key
from pleo_simulator.sample import NORTHGATE
from tests.system.expenses import purchases
from tests.system.in_process_system import NOON, OPERATOR, InProcessSystem, settings

OTHERS = {"posting": "draft"}


def store(system: InProcessSystem, **changes: object) -> int:
    """Connect once more, with changed settings; returns the version that the connection names."""
    version = system.services.settings_history.next(
        NORTHGATE, settings(NORTHGATE, **changes), OPERATOR, "0.2.0", system.clock.now()
    )
    before = system.services.connections.get(NORTHGATE)
    system.services.connections.put(version, before.secret_arn if before else "arn", "ledger")
    connection = system.services.connections.get(NORTHGATE)
    assert connection
    assert connection.settings_version == version.version
    assert dict(connection.raw_settings) == dict(version.raw_settings)
    return version.version


def test_each_change_of_settings_is_a_version_that_says_who_stored_it_when_and_with_which_release(
    system: InProcessSystem,
) -> None:
    assert store(system) == 1
    system.sleep(60)
    assert store(system, **OTHERS) == 2

    first, second = system.services.settings_history.versions(NORTHGATE)
    assert (first.raw_settings["posting"], second.raw_settings["posting"]) == ("posted", "draft")
    assert (first.stored_by, first.stored_at, first.code_version) == (OPERATOR, NOON, "0.2.0")
    assert (second.stored_at - first.stored_at).total_seconds() == 60


def test_given_the_same_settings_once_more_then_no_version_is_added_and_the_former_stays_as_it_was(
    system: InProcessSystem,
) -> None:
    store(system, chunk={"numbers": [1, 2]})
    before = system.services.settings_history.versions(NORTHGATE)
    system.sleep(60)
    assert store(system, chunk={"numbers": [1, 2]}) == 1
    assert system.services.settings_history.versions(NORTHGATE) == before


def test_given_two_commands_that_store_other_settings_at_once_then_the_second_is_refused_and_the_first_kept(
    system: InProcessSystem,
) -> None:
    history = system.services.settings_history
    ours = history.next(NORTHGATE, settings(NORTHGATE, **OTHERS), OPERATOR, "0.2.0", NOON)
    store(system)

    with pytest.raises(InvalidSettings, match="run the command again"):
        system.services.connections.put(ours, "arn", "ledger")

    assert [each.raw_settings["posting"] for each in history.versions(NORTHGATE)] == ["posted"]


def test_given_a_company_that_was_disconnected_when_it_comes_back_then_its_versions_go_on(
    system: InProcessSystem,
) -> None:
    store(system)
    system.services.connections.delete(NORTHGATE)
    assert store(system, **OTHERS) == 2


def test_given_a_connection_stored_before_there_was_a_history_then_it_is_read_and_its_version_is_not_known(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, purchases(1))
    system.services.table.update_item(
        Key=company_key(NORTHGATE, "CONNECTION"), UpdateExpression="REMOVE settings_version"
    )
    connection = system.services.connections.get(NORTHGATE)
    assert connection
    assert connection.settings_version is None

    job = system.export(NORTHGATE)
    system.run(NORTHGATE)

    assert system.statuses(job) == {"successful": 1}
    (record,) = postings(system)
    assert "settings_version" not in record
    assert record["code_version"] == code_version()


def test_a_posting_names_the_settings_and_the_code_that_made_it_also_after_both_have_changed(
    system: InProcessSystem,
) -> None:
    system.services._environment["GIT_COMMIT"] = "3df99fa"
    (item,) = purchases(1)
    system.connect(NORTHGATE, [item])
    system.export(NORTHGATE)
    system.run(NORTHGATE)
    (before,) = postings(system)
    assert (before["settings_version"], before["code_version"]) == (1, f"{code_version()}+3df99fa")

    store(system, receipts="required")
    system.services.__dict__.pop("code_version")
    system.services._environment["GIT_COMMIT"] = "1234567"
    system.export(NORTHGATE, [item["accountingEntryId"]])
    system.run(NORTHGATE)

    (after,) = postings(system)
    assert after["job_id"] != before["job_id"]
    assert (after["settings_version"], after["code_version"]) == (1, f"{code_version()}+3df99fa")


def postings(system: InProcessSystem) -> list[dict[str, object]]:
    records = system.services.table.scan()["Items"]
    return [each for each in records if str(each["pk"]).startswith("ENTRY#")]
