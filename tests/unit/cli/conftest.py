"""The operator's commands on the town, as it would be deployed: nobody is connected to it yet."""

from __future__ import annotations

import pytest

from tests.system.deployed_system import TownStack
from tests.system.in_process_system import InProcessSystem


@pytest.fixture
def stack(system: InProcessSystem, monkeypatch: pytest.MonkeyPatch) -> TownStack:
    made = TownStack("test-stack", system)
    made.open()
    monkeypatch.setattr("cli.main.Stack", lambda _name: made)
    return made
