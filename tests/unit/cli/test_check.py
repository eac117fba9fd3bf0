"""`pleo-export check`: a settings file is judged without AWS, Pleo or a ledger."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from cli.commands.check import CheckOutput
from cli.main import app
from pleo_simulator.sample import NORTHGATE
from tests.system.in_process_system import settings


def test_given_settings_that_fit_then_connect_is_next(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(yaml.safe_dump(settings(NORTHGATE)))

    done = CliRunner().invoke(app, ["check", str(file)])

    assert done.exit_code == 0
    assert done.output.startswith(f"✓ {file}: settings of company {NORTHGATE}")
    assert f"pleo-export connect {file}" in done.output


def test_given_faults_then_each_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(yaml.safe_dump({**settings(NORTHGATE), "posting": "someday", "dimension": {}}))

    done = CliRunner().invoke(app, ["check", str(file), "--json"])

    output = CheckOutput.model_validate_json(done.output)
    assert (done.exit_code, output.good, len(output.faults)) == (1, False, 2)
    assert all(f"{file}, line " in fault for fault in output.faults)
    assert any("did you mean dimensions?" in fault for fault in output.faults)


@pytest.mark.parametrize("content", [None, "a folder", b"\xff\xfec\x00", b"a: [", b""])
def test_given_what_cannot_be_read_then_it_is_said_in_a_sentence(tmp_path: Path, content: object) -> None:
    file = tmp_path / "settings.yaml"
    if content == "a folder":
        file.mkdir()
    elif isinstance(content, bytes):
        file.write_bytes(content)

    done = CliRunner().invoke(app, ["check", str(file)])

    assert done.exit_code == 1
    assert done.output.startswith(f"✗ {file}")
