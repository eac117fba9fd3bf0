"""One local stack for the integration tests of a worker: the deployed template, the Pleo simulator, Tryton."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from local.stack import LocalStack
from local.tryton.ledger import Ledger


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    # Each worker that runs such tests has one, which keeps its own logs.
    name = f"integration-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    # Intents settle as fast as a test can wait, and the machine's waits and retry pauses take no time. Only tests poll.
    names = "PollSchedule", "ReconcileSchedule", "MappingSchedule"
    schedules = dict.fromkeys(names, "rate(1 day)")
    parameters = {"InDoubtSeconds": "2", "ChunkSize": "10", **schedules}
    with LocalStack(name, wait_scale=0, parameters=parameters) as running:
        yield running


@pytest.fixture
def books(stack: LocalStack) -> Iterator[Ledger]:
    """Fresh books, so that no test meets another's entries."""
    with stack.books.fresh() as ledger:
        yield ledger
