"""What is printed is whole: nothing is cut, wrapped or taken for markup."""

from __future__ import annotations

import pytest

from cli.checks import CheckResult, CheckStatus
from cli.errors import CheckFailed
from cli.printing import print_error, print_line, print_result, print_table

LONG = "the reason is long " * 20


def test_in_a_pipe_a_table_is_never_cut(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    print_table(("expense", "failure", "reason"), [("id-1", "missing_configuration", LONG)], "failed items")

    (row,) = [line for line in capsys.readouterr().out.splitlines() if "id-1" in line]
    assert "missing_configuration" in row
    assert LONG.strip() in row


def test_a_line_is_one_line_however_long(capsys: pytest.CaptureFixture[str]) -> None:
    print_line(LONG)

    assert capsys.readouterr().out == f"{LONG}\n"


def test_text_in_brackets_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    print_line("[red]not json[/red]")
    print_table(("a",), [("[bold]",)])

    output = capsys.readouterr().out
    assert "[red]not json[/red]" in output
    assert "[bold]" in output


@pytest.mark.parametrize(
    ("status", "mark"),
    [(CheckStatus.OK, "✓"), (CheckStatus.ACTION_NEEDED, "✗"), (CheckStatus.FAILED, "✗"), (CheckStatus.SKIPPED, "–")],
)
def test_each_result_has_its_mark_and_its_line(
    capsys: pytest.CaptureFixture[str], status: CheckStatus, mark: str
) -> None:
    print_result(CheckResult("period", status, "one\ntwo"))

    assert capsys.readouterr().out == f"{mark} period: one; two\n"


def test_each_fault_of_an_error_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(CheckFailed("one\n\ntwo"))

    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "✗ one\n✗ two\n")
