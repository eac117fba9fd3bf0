"""What every test may rely on: no network unless it asks for it, and an isolated system."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from pytest_socket import disable_socket, enable_socket

if TYPE_CHECKING:
    from tests.system.in_process_system import InProcessSystem

# Nothing in the tests depends on how fast the machine is.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

TESTS = Path(__file__).parent
WITHOUT_NETWORK = ("unit", "property")
WITH_A_SERVER = ("browser", "conformance", "integration")
WITH_A_SERVER_OF_ITS_OWN = ("test_crash_matrix", "test_local_aws")  # long enough to be worth another worker's


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests of one server together when several processes run them."""
    for item in items:
        if server := _server(item):
            item.add_marker(pytest.mark.xdist_group(server))


def _server(item: pytest.Item) -> str | None:
    """The name of the server that the test shares with others: a stack, or a connector's books; None if it has none."""
    if not item.path.is_relative_to(TESTS):  # the simulator's own
        return None
    folder = item.path.relative_to(TESTS).parts[0]
    if folder not in WITH_A_SERVER:
        return None
    if item.path.stem in WITH_A_SERVER_OF_ITS_OWN:
        return item.path.stem
    parameters = getattr(item, "callspec", None)
    connector = parameters.params.get("fixtures") if parameters else None
    if connector and not connector.startswith("tryton"):
        return None  # in process
    return f"{folder} {connector or ''}".strip()


def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays to the end, all modules and tests: it would go through it many times."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(autouse=True)
def no_network(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let unit and property tests open no socket but the event loop's own, unless marked `enable_socket`."""
    folder = request.path.relative_to(TESTS).parts[0]
    if folder not in WITHOUT_NETWORK or request.node.get_closest_marker("enable_socket"):
        yield
        return
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()


@pytest.fixture
def system() -> Iterator[InProcessSystem]:
    """Pleo, our functions and the books in one process, at noon of 20 November 2026."""
    from tests.system.in_process_system import in_process_system  # noqa: PLC0415 - only for tests that need it

    with in_process_system() as made:
        yield made
