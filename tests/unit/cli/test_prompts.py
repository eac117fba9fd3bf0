"""How questions are asked: with arrow keys at a terminal, by lines in a pipe."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from cli.errors import NoTerminal
from cli.prompts import ArrowKeys, Choice, PlainLines, terminal

ENTER, DOWN, BACKSPACE = "\r", "\x1b[B", "\x7f"
FEW = [Choice("draft", "draft"), Choice("posted", "posted")]
MANY = [
    Choice(str(code), f"{code} Account {name}") for code, name in zip(range(1900, 1912), "ABCDEFGHIJKL", strict=True)
]


@pytest.fixture
def keys() -> Iterator[PipeInput]:
    """The keyboard of a terminal."""
    with create_pipe_input() as made, create_app_session(input=made, output=DummyOutput()):
        yield made


def lines(monkeypatch: pytest.MonkeyPatch, *typed: str) -> PlainLines:
    """Answers that come from a pipe."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in typed)))
    return PlainLines()


def test_at_a_terminal_enter_takes_what_is_proposed(keys: PipeInput) -> None:
    keys.send_text(ENTER)
    assert ArrowKeys().text("Journal", "EXP") == "EXP"
    keys.send_text(ENTER)
    assert ArrowKeys().choose("Posting", FEW, "posted") == "posted"
    keys.send_text(ENTER)
    assert ArrowKeys().choose("Account", MANY, "1907") == "1907"
    keys.send_text(ENTER)
    assert ArrowKeys().confirm("Overwrite?", default=True) is True


def test_at_a_terminal_what_is_proposed_can_be_changed(keys: PipeInput) -> None:
    keys.send_text(BACKSPACE * 3 + " GEN " + ENTER)

    assert ArrowKeys().text("Journal", "EXP") == "GEN"


def test_at_a_terminal_choices_are_chosen_with_the_arrow_keys(keys: PipeInput) -> None:
    keys.send_text(DOWN + ENTER)

    assert ArrowKeys().choose("Posting", FEW, "draft") == "posted"


def test_at_a_terminal_typing_filters_a_long_list(keys: PipeInput) -> None:
    keys.send_text("account h" + ENTER)

    assert ArrowKeys().choose("Account", MANY, None) == "1907"


def test_at_a_terminal_a_proposal_that_is_no_choice_is_left_out(keys: PipeInput) -> None:
    keys.send_text(ENTER)

    assert ArrowKeys().choose("Posting", FEW, "someday") == "draft"


def test_at_a_terminal_a_secret_is_typed(keys: PipeInput) -> None:
    keys.send_text("plp_key" + ENTER)

    assert ArrowKeys().secret("Pleo API key", variable="PLEO_API_KEY") == "plp_key"


def test_at_a_terminal_no_is_one_key(keys: PipeInput) -> None:
    keys.send_text("n")

    assert ArrowKeys().confirm("Overwrite?", default=True) is False


def test_at_a_terminal_a_person_can_stop(keys: PipeInput) -> None:
    keys.send_text("\x03")

    with pytest.raises(KeyboardInterrupt):
        ArrowKeys().text("Journal")


def test_in_a_pipe_each_answer_is_a_line_and_an_empty_one_takes_what_is_proposed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = lines(monkeypatch, "GEN", "", "", "posted", "n", "secret")

    assert asked.text("Journal", "EXP") == "GEN"
    assert asked.text("Journal", "EXP") == "EXP"
    assert asked.choose("Account", MANY, "1907") == "1907"
    assert asked.choose("Posting", FEW, None) == "posted"
    assert asked.confirm("Overwrite?", default=True) is False
    assert asked.secret("Token", variable="ACCOUNTING_TOKEN") == "secret"
    assert "Account [1907 Account H]" in capsys.readouterr().out


def test_in_a_pipe_that_has_ended_what_to_do_instead_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = lines(monkeypatch)

    with pytest.raises(NoTerminal, match="'Journal', and there is no terminal to ask at: run the command in a"):
        asked.text("Journal")
    with pytest.raises(NoTerminal, match="set OAUTH_CLIENT_ID"):
        asked.text("Client id", variable="OAUTH_CLIENT_ID")
    with pytest.raises(NoTerminal, match="'Posting'"):
        asked.choose("Posting", FEW, "draft")
    with pytest.raises(NoTerminal, match="'Overwrite"):
        asked.confirm("Overwrite?", default=True)


@pytest.mark.parametrize(
    ("of_input", "of_output", "expected"),
    [(True, True, ArrowKeys), (False, True, PlainLines), (True, False, PlainLines), (False, False, PlainLines)],
)
def test_arrow_keys_need_a_person_at_both_ends(
    monkeypatch: pytest.MonkeyPatch, of_input: bool, of_output: bool, expected: type
) -> None:
    monkeypatch.setattr(sys, "stdin", Stream(of_input))
    monkeypatch.setattr(sys, "stdout", Stream(of_output))

    assert isinstance(terminal(), expected)


class Stream(io.StringIO):
    def __init__(self, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal
