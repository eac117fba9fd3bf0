"""An export to a ledger that limits its calls: it waits for a minute's limit, and says when a day's ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest import mock

import pytest

from pleo_export.accounting.registry import CONNECTORS
from pleo_export.call_budget import CallRate
from pleo_simulator.sample import HAVN, NORTHGATE
from tests.system.expenses import purchases
from tests.system.fake_accounting import FakeAccountingSystem
from tests.system.in_process_system import InProcessSystem


@contextmanager
def limited(rate: CallRate) -> Iterator[None]:
    with mock.patch.dict(CONNECTORS, {"tryton": replace(CONNECTORS["tryton"], rate=rate)}):
        yield


@pytest.fixture
def sent(system: InProcessSystem, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When each call reached a ledger."""
    times: list[float] = []
    send: Callable[..., object] = FakeAccountingSystem._sent

    def noted(books: FakeAccountingSystem, effect: str, request: Callable[[], object]) -> object:
        answer = send(books, effect, request)
        times.append(system.clock.now().timestamp())
        return answer

    monkeypatch.setattr(FakeAccountingSystem, "_sent", noted)
    return times


def test_given_more_calls_than_a_minute_takes_when_exported_then_all_is_booked_within_the_limit(
    system: InProcessSystem, sent: list[float]
) -> None:
    books = system.connect(NORTHGATE, purchases(6))
    job = system.export(NORTHGATE)

    with limited(CallRate(calls=4, seconds=60)):
        system.run(NORTHGATE)

    assert system.statuses(job) == {"successful": 6}
    assert len(books.documents) == 6
    assert len(sent) > 8
    assert all(end - start > 60 for start, end in zip(sent, sent[4:], strict=False))


def test_given_a_minute_that_is_used_up_when_a_chunk_begins_then_the_state_machine_waits_and_no_function(
    system: InProcessSystem, sent: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(type(system.services), "sleep", lambda _services, seconds: waited.append(seconds))
    system.environment["CHUNK_SIZE"] = "2"
    books = system.connect(NORTHGATE, purchases(6))
    job = system.export(NORTHGATE)

    with limited(CallRate(calls=12, seconds=60, for_batch=10)):
        system.run(NORTHGATE)

    assert system.statuses(job) == {"successful": 6}
    assert len(books.documents) == 6
    assert waited == []
    assert sent[-1] - sent[0] > 60
    assert all(end - start > 60 for start, end in zip(sent, sent[12:], strict=False))


def test_given_calls_that_run_out_while_documents_are_created_then_they_are_waited_for_and_nothing_is_in_doubt(
    system: InProcessSystem, sent: list[float]
) -> None:
    """Their intents are written: to leave them for the next call would cost five minutes, and a search."""
    books = system.connect(NORTHGATE, purchases(4))
    job = system.export(NORTHGATE)

    with limited(CallRate(calls=2, seconds=60)):
        system.run(NORTHGATE)

    assert system.statuses(job) == {"successful": 4}
    assert len(books.documents) == 4
    assert max(system.pauses) < 70


def test_given_two_companies_with_ledgers_of_their_own_then_neither_waits_for_the_other(
    system: InProcessSystem, sent: list[float]
) -> None:
    for company in (NORTHGATE, HAVN):
        system.connect(company, purchases(2, company=company))
        system.export(company)
    with limited(CallRate(calls=12, seconds=3_000)):
        for company in (NORTHGATE, HAVN):
            system.run(company)

    assert len(sent) > 12
    assert [pause for pause in system.pauses if pause > 60] == []


def test_given_a_day_that_is_used_up_midway_when_exported_then_the_items_left_say_when_it_ends(
    system: InProcessSystem, sent: list[float]
) -> None:
    books = system.connect(NORTHGATE, purchases(6), posting="draft")
    job = system.export(NORTHGATE)

    with limited(CallRate(calls=60, seconds=60, per_day=6)):
        system.run(NORTHGATE)

    failures = system.failures(job)
    assert len(sent) == 6
    assert 0 < len(books.documents) < 6
    assert system.statuses(job) == {"successful": len(books.documents), "failed": len(failures)}
    assert {kind for kind, _ in failures.values()} == {"accounting_system_rate_limit"}
    assert all(
        "no more requests of this connection before 13:00 UTC on 2026-11-21" in why for _, why in failures.values()
    )


def test_given_a_day_that_is_used_up_when_a_job_begins_then_it_fails_at_once_and_says_when_it_ends(
    system: InProcessSystem, sent: list[float]
) -> None:
    system.connect(NORTHGATE, purchases(1))
    with limited(CallRate(calls=1, seconds=60, per_day=1)):
        connection = system.services.connection(NORTHGATE)
        system.services.call_budget(connection).take()
        job = system.export(NORTHGATE)
        system.run(NORTHGATE)

    assert system.job(job)["failureReasonType"] == "accounting_system_rate_limit"
    assert "before 13:00 UTC on 2026-11-21" in system.job(job)["failureReason"]
    assert sent == []
    assert sum(system.pauses) < 60
