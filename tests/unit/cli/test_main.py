"""The command as a whole: its errors are sentences, and it says what it can do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from typer.testing import CliRunner

from cli.main import app, main
from cli.stack import Stack

ID = "11111111-1111-4111-8111-111111111111"
AWS = (
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
)


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which nobody has set AWS up."""
    for name in AWS:
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["pleo-export", *arguments])
    with pytest.raises(SystemExit) as done:
        main()
    return int(done.value.code or 0)


@pytest.mark.usefixtures("no_aws")
@pytest.mark.parametrize(
    "command",
    [
        ("connections",),
        ("doctor",),
        ("poll",),
        ("redrive",),
        ("job", ID),
        ("jobs",),
        ("retry", ID),
        ("pause", ID, "--yes"),
    ],
)
@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"AWS_PROFILE": "nonesuch"}, "The AWS profile nonesuch is not configured here"),
        ({}, "No AWS region is set"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "There are no AWS credentials"),
    ],
)
def test_given_no_access_to_aws_then_any_command_says_in_one_line_what_to_set(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
    environment: dict[str, str],
    said: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert run(monkeypatch, *command) == 1

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"✗ {said}")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetItem"),
            "AWS does not allow you GetItem. Ask for this right",
        ),
        (
            EndpointConnectionError(endpoint_url="https://dynamodb.test", error="x"),
            "AWS cannot be reached at https://dyn",
        ),
    ],
)
def test_given_an_error_of_aws_during_a_command_then_it_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, said: str
) -> None:
    def fail(_stack: Stack) -> None:
        raise error

    monkeypatch.setattr(Stack, "connections", property(fail))

    assert run(monkeypatch, "connections", "--stack", "mine") == 1

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"✗ {said}")


def test_given_an_error_of_ours_then_its_sentence_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "connect", "missing.yaml") == 1

    assert capsys.readouterr().err == "✗ missing.yaml cannot be read: No such file or directory\n"


def test_a_fault_of_our_own_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_file: Path) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("cli.settings_file.read", fail)
    monkeypatch.setattr(sys, "argv", ["pleo-export", "connect", "settings.yaml"])
    with pytest.raises(ZeroDivisionError):
        main()


def test_the_version_is_told() -> None:
    assert CliRunner().invoke(app, ["--version"]).output.startswith("pleo-export 0.")


def test_shells_can_complete_commands() -> None:
    offered = CliRunner().invoke(app, ["--help"]).output

    assert "--install-completion" in offered
    completed = CliRunner().invoke(
        app,
        [],
        prog_name="pleo-export",
        env={"_PLEO_EXPORT_COMPLETE": "complete_bash", "COMP_WORDS": "pleo-export conn", "COMP_CWORD": "1"},
    )
    assert completed.output.split() == ["connect", "connections"]


def test_the_schema_is_printed_for_editors() -> None:
    assert '"company_id"' in CliRunner().invoke(app, ["schema"]).output
