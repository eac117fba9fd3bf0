"""Who has paused a company, and that nobody can forget it."""

from __future__ import annotations

from datetime import timedelta

from pleo_export.store.pauses import Pause
from pleo_simulator.sample import HAVN, NORTHGATE
from tests.system.in_process_system import NOON, InProcessSystem


def test_a_company_is_paused_once_until_it_is_resumed(system: InProcessSystem) -> None:
    pauses, later = system.services.pauses, NOON + timedelta(hours=1)

    assert pauses.pause(NORTHGATE, "ada", NOON, "new chart of accounts")
    assert not pauses.pause(NORTHGATE, "bob", later)
    assert pauses.get(NORTHGATE) == Pause("paused", "ada", NOON, "new chart of accounts")
    assert pauses.get(HAVN) is None

    assert pauses.resume(NORTHGATE, "bob", later)
    assert not pauses.resume(NORTHGATE, "bob", later)
    assert pauses.get(NORTHGATE) is None


def test_the_history_names_who_paused_and_who_resumed(system: InProcessSystem) -> None:
    pauses, later = system.services.pauses, NOON + timedelta(hours=1)
    pauses.pause(NORTHGATE, "ada", NOON, "new chart of accounts")
    pauses.pause(NORTHGATE, "eve", later)  # changes nothing, so it is not in the history
    pauses.resume(NORTHGATE, "bob", later)

    assert pauses.history(NORTHGATE) == [
        Pause("paused", "ada", NOON, "new chart of accounts"),
        Pause("resumed", "bob", later),
    ]
    assert pauses.history(HAVN) == []
