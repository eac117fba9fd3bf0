"""A deployed stack in one process, for the operator's commands: no company is connected to it yet."""

from __future__ import annotations

import pytest

from cli.stack import Stack
from tests.system.deployed_system import DeployedSystem
from tests.system.in_process_system import InProcessSystem


@pytest.fixture
def stack(system: InProcessSystem, monkeypatch: pytest.MonkeyPatch) -> DeployedSystem:
    made = DeployedSystem("test-stack", system)
    made.open()
    monkeypatch.setattr(Stack, "named", lambda _name: made)
    return made
