"""The connectors that the suite holds to the port's contract. A new one adds its benches here.

A bench shows what its accounting system holds, does what people do in it, and opens ways to it that are troubled
(`tests/conformance/connector_fixture.py`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol

import pytest

from tests.conformance.connector_fixture import ConnectorFixture
from tests.conformance.fake_fixture import FakeFixtures
from tests.conformance.tryton_fixture import TrytonFixtures


class Benches(Protocol):
    """Of one accounting system, for the session."""

    @property
    def shared(self) -> ConnectorFixture: ...

    def own(self) -> AbstractContextManager[ConnectorFixture]: ...


CONNECTORS: dict[str, Callable[[], AbstractContextManager[Benches]]] = {
    "fake": FakeFixtures.open,
    "tryton": TrytonFixtures.open,
    "tryton with login": partial(TrytonFixtures.open, login=True),
}


@pytest.fixture(scope="session", params=CONNECTORS)
def benches(request: pytest.FixtureRequest) -> Iterator[Benches]:
    with CONNECTORS[request.param]() as benches:
        yield benches


@pytest.fixture
def bench(benches: Benches) -> ConnectorFixture:
    """Books that all tests share: use references of your own."""
    return benches.shared


@pytest.fixture
def own_bench(benches: Benches) -> Iterator[ConnectorFixture]:
    """Books for this test alone, for example to close a period."""
    with benches.own() as bench:
        yield bench
