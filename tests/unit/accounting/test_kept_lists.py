"""Lists that stay from connector to connector: for minutes, and never for a refusal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pleo_export.accounting import kept_lists
from pleo_export.accounting.kept_lists import KEPT_SECONDS, MOST_LEDGERS, KeptLists, forget_all_lists, lists_of
from pleo_simulator.sample import NORTHGATE
from tests.system.expenses import purchases
from tests.system.in_process_system import InProcessSystem


class Clock:
    seconds = 0.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("pleo_export.accounting.kept_lists.time.monotonic", lambda: made.seconds)
    return made


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    forget_all_lists()
    yield
    forget_all_lists()


def read(lists: KeptLists, told: str) -> str:
    return lists.get("Accounts", lambda: told)


def test_a_list_is_read_once_within_two_minutes_by_all_connectors_to_a_ledger(clock: Clock) -> None:
    assert read(lists_of("tryton", "company 1"), "first") == "first"
    clock.seconds = KEPT_SECONDS
    assert read(lists_of("tryton", "company 1"), "second") == "first"
    assert read(lists_of("tryton", "company 2"), "other") == "other"

    clock.seconds = KEPT_SECONDS + 1
    assert read(lists_of("tryton", "company 1"), "third") == "third"


def test_a_connector_reads_again_what_others_have_read_and_not_what_it_has_read_itself(clock: Clock) -> None:
    read(lists_of("tryton"), "first")
    clock.seconds = 1
    second = lists_of("tryton")

    assert second.forget_earlier()
    assert read(second, "second") == "second"
    assert not second.forget_earlier()


def test_the_lists_of_few_ledgers_are_in_memory() -> None:
    for number in range(2 * MOST_LEDGERS):
        read(lists_of("tryton", str(number)), "accounts")

    assert len(kept_lists._LEDGERS) <= MOST_LEDGERS


def test_given_a_new_job_then_its_first_chunk_reads_the_lists_again_and_the_others_do_not(
    system: InProcessSystem,
) -> None:
    system.environment["CHUNK_SIZE"] = "1"
    system.connect(NORTHGATE, purchases(3))
    job = system.export(NORTHGATE)
    seen = []
    read(lists_of("tryton"), "before")

    with system.effects.of_function():
        system.run(NORTHGATE)
        seen.append(read(lists_of("tryton"), "after"))

    assert system.statuses(job) == {"successful": 3}
    assert seen == ["after"]
