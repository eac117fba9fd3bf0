"""A function that runs out of its time leaves the rest to the next call, and says nothing untrue of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pleo_simulator.sample import NORTHGATE
from tests.system.expenses import entry_id, purchase, purchases
from tests.system.in_process_system import NOON, InProcessSystem

LITTLE = timedelta(seconds=30)


def test_given_no_time_to_begin_an_item_when_the_job_has_none_either_then_it_is_told_as_not_booked(
    system: InProcessSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = system.connect(NORTHGATE, items := purchases(2))
    monkeypatch.setattr(system.services, "time_left", lambda: LITTLE)
    almost = NOON + timedelta(minutes=50) - timedelta(milliseconds=500)
    system.effects.on("before books find_many", lambda: system.clock.advance(almost - system.clock.now()))
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    reason = "The export ran out of time before this expense, which is not booked. Export this expense again."
    assert system.failures(job) == {entry_id(each): ("accounting_system_timeout", reason) for each in items}
    assert books.documents == []


def test_given_slow_uploads_then_the_next_call_attaches_the_rest(
    system: InProcessSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [purchase(key, receipts=("pret-18.45.pdf",)) for key in ("first", "second", "third")]
    books = system.connect(NORTHGATE, items, receipts="required")
    left = [timedelta.max]
    monkeypatch.setattr(system.services, "time_left", lambda: left[-1])
    system.effects.on("before books find_many", lambda: left.append(timedelta.max), times=10)  # a call begins
    system.effects.on("after books attach", lambda: left.append(LITTLE))
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    assert [len(each.files) for each in books.documents] == [1, 1, 1]
    assert system.statuses(job) == {"successful": 3}
    calls = "\n".join(system.effects.log).split("books find_many")[1:]
    assert [each.count("books attach") for each in calls] == [1, 2]
