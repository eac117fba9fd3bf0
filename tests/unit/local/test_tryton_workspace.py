"""The books are kept where the user that runs PostgreSQL may work, and a Unix socket's name fits."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from local.processes import ChildFailed
from local.tryton import workspace as workspaces

NOT_ENOUGH = 2**60


@pytest.fixture(autouse=True)
def on_disk_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspaces, "_ROOM", NOT_ENOUGH)


def place_for(user: int, temporary: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with workspaces.workspace() as directory:
        return directory.parent


def test_given_root_and_a_private_temporary_folder_then_it_is_another_that_all_may_enter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)

    assert place_for(0, tmp_path, monkeypatch) in workspaces._ON_DISK


def test_given_another_user_and_a_private_temporary_folder_then_it_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(prefix="x y ", dir="/tmp") as private:
        assert place_for(1000, Path(private), monkeypatch) == Path(private)


def test_given_a_temporary_folder_with_a_long_path_then_it_is_another_where_a_sockets_name_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 80)
    long.mkdir()

    assert place_for(1000, long, monkeypatch) in workspaces._ON_DISK


def test_given_nowhere_to_work_then_it_says_what_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspaces, "_ON_DISK", ())

    with pytest.raises(ChildFailed, match=r"users other than root may enter(.|\n)*TMPDIR"):
        place_for(0, tmp_path / "missing", monkeypatch)
