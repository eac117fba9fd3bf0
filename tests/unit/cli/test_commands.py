"""Every command stands in docs/commands.md, has a schema for its JSON, and answers wrong use with a sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import yaml
from typer.testing import CliRunner

from cli.commands.schema import output_model
from cli.main import app
from local.commands import (
    ASK_OF_CHANGES,
    EXAMPLES,
    MALFORMED,
    PAGE,
    UNKNOWN,
    WrongUse,
    commands,
    help_text,
    helps,
    run_here,
    without_aws,
    wrong_uses,
)
from pleo_simulator.sample import NORTHGATE
from tests.system.in_process_system import settings
from tests.system.short_way import empty_moto

NAMES = {
    "company": NORTHGATE,
    "job": "22222222-2222-4222-8222-222222222222",
    "entry": "33333333-3333-4333-8333-333333333333",
    "file": "settings.yaml",
    "folder": "audit-2026",
    "stack": "pleo-export",
}
COMMANDS = sorted(commands())
ON_AWS = {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@pytest.fixture
def nothing_deployed(tmp_path: Path) -> Iterator[Path]:
    """A folder with a settings file, and an AWS account without any stack."""
    (tmp_path / "settings.yaml").write_text(yaml.safe_dump(settings(NORTHGATE)))
    with empty_moto():
        boto3.DEFAULT_SESSION = None
        yield tmp_path


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_shows_the_help_of_every_command_its_success_and_five_wrong_uses(name: str) -> None:
    page = PAGE.read_text()

    section = page.partition(f"\n## `{name}`\n")[2].partition("\n## `")[0]

    assert section, f"docs/commands.md has no {name}: run `make commands`"
    assert f"$ pleo-export {name} --help" in section
    assert section.count(f"$ pleo-export {name}") >= 7
    wrong = section.partition("Wrongly used:")[2]
    assert wrong.count("\n# ") >= 5
    assert wrong.count("[exit code ") == wrong.count("\n# ")


def test_the_page_holds_no_traceback_and_no_credential() -> None:
    page = PAGE.read_text()

    assert "Traceback" not in page
    assert "plp_" not in page


def test_the_help_in_the_page_is_that_of_the_commands(tmp_path: Path) -> None:
    page = PAGE.read_text()
    shown = [each for name in COMMANDS for each in helps(name, tmp_path)]

    assert [each.line for each in shown if help_text(each) not in page] == [], "run `make commands`"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_wrong_use_is_answered_by_a_sentence_and_an_exit_code(name: str, nothing_deployed: Path) -> None:
    uses = wrong_uses(name, NAMES)
    assert len(uses) >= 5

    for use in uses:
        changed = {**without_aws(nothing_deployed), **ON_AWS, **use.environment}
        environment = {key: value for key, value in changed.items() if value is not None}
        done = run_here([*name.split(), *use.arguments], environment, nothing_deployed)

        assert done.code in (1, 2), (use, done)
        assert done.output.strip(), (use, done)
        assert "Traceback" not in done.output


def test_every_command_that_uses_a_stack_is_tried_without_one_and_with_ids_that_are_none() -> None:
    for name in COMMANDS:
        uses = wrong_uses(name, NAMES)
        kinds = {use.what for use in uses}
        parameters = {option for each in commands()[name].params for option in each.opts}
        if "--stack" in parameters:
            assert {"a stack that does not exist", "no AWS region", "no AWS credentials"} <= kinds
        if "--yes" in parameters and name not in ASK_OF_CHANGES:
            assert "no terminal to ask at" in kinds
        assert not any(use == WrongUse(use.what, (), {}) for use in uses if "id" in use.what.split())
    assert {UNKNOWN, MALFORMED} <= {argument for use in wrong_uses("job", NAMES) for argument in use.arguments}


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_printed_as_json_has_a_schema(name: str) -> None:
    prints_json = "--json" in {option for each in commands()[name].params for option in each.opts}
    model = output_model(name)

    assert (model is not None) is prints_json
    if model:
        printed = json.loads(CliRunner().invoke(app, ["schema", name]).output)
        assert printed["title"] == model.__name__
        assert printed["description"]
        assert all("description" in each or "$ref" in str(each) or each for each in printed["properties"].values())


def test_every_command_that_writes_after_a_question_can_be_told_yes() -> None:
    asking = {
        name for name in COMMANDS if "--yes" in {option for each in commands()[name].params for option in each.opts}
    }

    writing = {"disconnect", "pause", "resume", "retry", "redrive", "oauth-client", "reverse", "erase-person"}
    assert writing <= asking


def test_every_command_has_an_example() -> None:
    assert {example.command for example in EXAMPLES} == set(COMMANDS)


# As a process: what only its start and end can go wrong with


def process(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        env={**without_aws(folder), "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_results_go_to_standard_output_and_errors_to_standard_error(tmp_path: Path) -> None:
    done = process("connections", "--json", folder=tmp_path)

    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().startswith("✗ No AWS region is set")


def test_given_a_terminal_that_cannot_show_the_marks_then_they_are_replaced(tmp_path: Path) -> None:
    done = process("check", "missing.yaml", folder=tmp_path, PYTHONIOENCODING="ascii")

    assert done.returncode == 1
    assert done.stdout.startswith(b"? missing.yaml cannot be read")
    assert b"Traceback" not in done.stderr


def test_given_a_reader_that_has_gone_then_nothing_is_said(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", "schema"],
            env={**without_aws(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
            cwd=tmp_path,
            stdout=gone,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )

    assert b"Traceback" not in done.stderr
