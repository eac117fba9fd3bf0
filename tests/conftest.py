"""What every test may rely on: no network unless it asks for it, and an isolated system."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_socket import disable_socket, enable_socket

if TYPE_CHECKING:
    from tests.system.in_process_system import InProcessSystem

TESTS = Path(__file__).parent
WITHOUT_NETWORK = ("unit", "property")
WITH_A_SERVER = ("browser", "conformance", "integration")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests of one server (the stack, each connector's Tryton) together when several processes run them."""
    for item in items:
        if not item.path.is_relative_to(TESTS):  # the simulator's own
            continue
        folder = item.path.relative_to(TESTS).parts[0]
        if folder in WITH_A_SERVER:
            parameters = getattr(item, "callspec", None)
            server = parameters.params.get("fixtures", "") if parameters else ""
            item.add_marker(pytest.mark.xdist_group(f"{folder} {server}".strip()))


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
