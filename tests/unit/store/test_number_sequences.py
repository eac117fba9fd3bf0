"""The numbers that a ledger's documents get: none twice, however many write at a time."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from pleo_export.accounting.errors import Unavailable
from pleo_export.number_sequence import NumberSequence, UnsharedSequence
from pleo_export.store.number_sequences import StoredSequence
from pleo_export.store.table import numbers_key
from pleo_simulator.sample import NORTHGATE
from tests.system.expenses import purchases
from tests.system.in_process_system import InProcessSystem
from tests.system.ledger_in_process import ledgers_in_process

LEDGER = "e-conomic#1234"


def stored(system: InProcessSystem, ledger_id: str = LEDGER) -> StoredSequence:
    return StoredSequence(system.services.table, ledger_id, system.clock.now, system.sleep)


@pytest.fixture(params=["stored", "unshared"])
def sequence(request: pytest.FixtureRequest, system: InProcessSystem) -> NumberSequence:
    return stored(system) if request.param == "stored" else UnsharedSequence()


def test_numbers_begin_where_the_ledger_has_none_and_go_on_from_there(sequence: NumberSequence) -> None:
    assert [sequence.take(50_001, 3), sequence.take(50_001, 1), sequence.take(50_001, 2)] == [50_001, 50_004, 50_005]


def test_numbers_that_people_have_used_meanwhile_are_left_out(sequence: NumberSequence) -> None:
    assert [sequence.take(50_001, 3), sequence.take(50_100, 1), sequence.take(50_001, 1)] == [50_001, 50_100, 50_101]


def test_functions_share_them_by_ledger(system: InProcessSystem) -> None:
    assert stored(system).take(1, 10) == 1
    assert stored(system).take(1, 10) == 11
    assert stored(system, "e-conomic#other").take(1, 10) == 1


@pytest.mark.parametrize("before", [0, 3], ids=["the first of the ledger", "later ones"])
def test_of_two_that_take_at_once_each_has_its_own(system: InProcessSystem, before: int) -> None:
    if before:
        stored(system).take(1, before)
    system.effects.on("after dynamodb GetItem", lambda: stored(system).take(1, 1))
    with system.effects.of_function():
        assert stored(system).take(1, 5) == before + 2
    assert stored(system).take(1, 1) == before + 7


def test_one_that_others_are_always_ahead_of_gives_up(system: InProcessSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pleo_export.store.number_sequences.conditional_write", lambda *_, **__: False)
    with pytest.raises(Unavailable):
        stored(system).take(1, 5)


def test_without_the_table_no_number_is_given(system: InProcessSystem) -> None:
    throttled = ClientError({"Error": {"Code": "ThrottlingException"}}, "PutItem")
    system.effects.on("before dynamodb PutItem", throttled)
    with system.effects.of_function(), pytest.raises(Unavailable):
        stored(system).take(1, 1)


def test_what_was_given_is_forgotten_once_the_ledger_shows_it(system: InProcessSystem) -> None:
    stored(system).take(1, 1)
    record = system.services.table.get_item(Key=numbers_key(LEDGER))["Item"]
    assert int(record["expires_at"]) == int(system.clock.now().timestamp()) + 2 * 86_400


def test_what_an_export_has_numbered_is_not_given_again_by_another_function(system: InProcessSystem) -> None:
    with ledgers_in_process():
        ledger = system.connect_ledger("e-conomic", NORTHGATE, purchases(2))
        system.export(NORTHGATE)
        system.run(NORTHGATE)

    used = [int(each.id) for each in ledger.documents()]
    sequence = system.services.numbers(system.services.connection(NORTHGATE))
    assert len(used) == 2
    assert sequence is not None
    assert sequence.take(1, 1) == max(used) + 1
