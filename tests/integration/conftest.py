"""One local stack for all integration tests: the deployed template, the Pleo simulator, Tryton."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.stack import LocalStack
from local.tryton.ledger import Ledger


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    # Intents settle as fast as a test can wait, and the machine's waits and retry pauses take no time. Only tests poll.
    schedules = {"PollSchedule": "rate(1 day)", "ReconcileSchedule": "rate(1 day)"}
    parameters = {"InDoubtSeconds": "2", "ChunkSize": "10", **schedules}
    with LocalStack("integration", wait_scale=0, parameters=parameters) as running:
        yield running


@pytest.fixture
def books(stack: LocalStack) -> Iterator[Ledger]:
    """Fresh books, so that no test meets another's entries."""
    with stack.books.fresh() as ledger:
        yield ledger
