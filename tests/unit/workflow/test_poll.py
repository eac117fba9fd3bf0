"""The poll wakes every company, however many there are, and whatever the queue does not take."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from pleo_export.errors import TryAgain
from pleo_export.services.wake_ups import WakeUps
from tests.system.aws import client
from tests.system.in_process_system import InProcessSystem
from tests.system.lambda_context import InvocationContext

COMPANIES = [f"{number:08d}-1111-4111-8111-111111111111" for number in range(25)]


@pytest.fixture
def many(system: InProcessSystem) -> InProcessSystem:
    for company in COMPANIES:
        system.connect(company)
    return system


def with_time_for(batches: int) -> InvocationContext:
    """Lambda's context of a call whose time runs short after so many batches."""
    left = iter([60_000] * (batches - 1) + [9_000] * 100)
    return InvocationContext(lambda: next(left))


def woken(system: InProcessSystem) -> list[str]:
    return [company for company, _ in system.queued()]


def test_given_polls_out_of_time_then_each_goes_on_where_the_last_one_stopped(
    many: InProcessSystem,
) -> None:
    polls = []
    for _ in range(5):
        assert many.handlers["poll"]({}, with_time_for(1)) == {"companies": 10}
        polls.append(woken(many))
        many.sleep(300)

    in_turn = COMPANIES * 2
    assert [sorted(each) for each in polls] == [sorted(in_turn[start : start + 10]) for start in range(0, 50, 10)]


def test_given_a_poll_out_of_time_then_the_next_ones_wake_all(
    many: InProcessSystem,
) -> None:
    many.handlers["poll"]({}, with_time_for(2))
    assert sorted(woken(many)) == COMPANIES[:20]

    for _ in range(2):
        many.sleep(300)
        many.poll()
        assert sorted(woken(many)) == COMPANIES


def test_given_the_company_where_a_poll_stopped_is_gone_then_the_others_are_woken(
    many: InProcessSystem,
) -> None:
    many.handlers["poll"]({}, with_time_for(1))
    many.services.connections.delete(COMPANIES[9])
    woken(many)
    many.sleep(300)

    many.poll()

    assert sorted(woken(many)) == COMPANIES[:9] + COMPANIES[10:]


class Refusing:
    """SQS, which takes none of some companies' messages for the first `times`."""

    def __init__(self, companies: list[str], times: int) -> None:
        self._companies, self._times = companies, times
        self._refused: Counter[str] = Counter()

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> Any:  # noqa: N803
        taken: list[Any] = []
        refused: list[Any] = []
        for entry in Entries:
            company = entry["MessageGroupId"]
            self._refused[company] += 1
            refuse = company in self._companies and self._refused[company] <= self._times
            (refused if refuse else taken).append(entry)
        if taken:
            client("sqs").send_message_batch(QueueUrl=QueueUrl, Entries=taken)
        return {"Failed": [{"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"} for entry in refused]}


def refusing(system: InProcessSystem, companies: list[str], times: int) -> None:
    system.services.wake_ups = WakeUps(Refusing(companies, times), system.queue_url, system.sleep)  # type: ignore[arg-type]


def test_given_the_queue_refuses_some_of_a_batch_when_they_are_sent_again_then_all_are_woken_once(
    many: InProcessSystem,
) -> None:
    refusing(many, COMPANIES[3:6], times=2)

    assert many.handlers["poll"]({}, None) == {"companies": 25}

    assert sorted(woken(many)) == COMPANIES


def test_given_the_queue_goes_on_refusing_then_the_others_are_woken_and_the_function_fails(
    many: InProcessSystem,
) -> None:
    refusing(many, COMPANIES[3:6], times=100)

    with pytest.raises(TryAgain):
        many.poll()

    assert sorted(woken(many)) == COMPANIES[:3] + COMPANIES[6:]
