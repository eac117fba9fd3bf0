"""The connectors that the suite holds to the port's contract. A new one adds its benches here.

A bench shows what its accounting system holds, does what people do in it, and opens ways to it that are troubled
(`tests/conformance/bench.py`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

import pytest

from tests.conformance.bench import Bench
from tests.conformance.tryton_bench import TrytonBenches

CONNECTORS: dict[str, Callable[[], AbstractContextManager[TrytonBenches]]] = {
    "tryton": TrytonBenches.open,
    "tryton with login": partial(TrytonBenches.open, login=True),
}


@pytest.fixture(scope="session", params=CONNECTORS)
def benches(request: pytest.FixtureRequest) -> Iterator[TrytonBenches]:
    with CONNECTORS[request.param]() as benches:
        yield benches


@pytest.fixture
def bench(benches: TrytonBenches) -> Bench:
    """Books that all tests share: use references of your own."""
    return benches.shared


@pytest.fixture
def own_bench(benches: TrytonBenches) -> Iterator[Bench]:
    """Books for this test alone, for example to close a period."""
    with benches.own() as bench:
        yield bench
