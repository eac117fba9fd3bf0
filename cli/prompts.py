"""Ask the operator: with arrow keys and a search on a terminal, by plain lines where input or output is a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import questionary
import typer

from cli.errors import NoTerminal

SEARCHED = 8  # choices from which on typing filters the list


@dataclass(frozen=True)
class Choice:
    """One of several answers: the value, and the line that shows it."""

    value: str
    label: str


class Terminal(Protocol):
    """Where questions are asked.

    `variable` names what may be set instead, for the error when nobody can be asked. Each method raises NoTerminal
    when the input has ended.
    """

    def text(self, question: str, default: str | None = None, *, variable: str = "") -> str:
        """Return a line of text; the default where nothing is typed."""

    def secret(self, question: str, *, variable: str) -> str:
        """Return a line that is not shown while it is typed."""

    def confirm(self, question: str, *, default: bool) -> bool:
        """Return yes or no."""

    def choose(self, question: str, choices: Sequence[Choice], default: str | None) -> str:
        """Return the value of a choice. Lines that are typed in full may hold anything: the caller judges them."""


def terminal() -> Terminal:
    """Return how to ask here: by plain lines unless a person sits at both input and output."""
    return ArrowKeys() if sys.stdin.isatty() and sys.stdout.isatty() else PlainLines()


class ArrowKeys:
    """Ask a person at a terminal."""

    def text(self, question: str, default: str | None = None, *, variable: str = "") -> str:
        """Return a line of text; the default stands there to be changed."""
        return str(questionary.text(question, default=default or "").unsafe_ask()).strip()

    def secret(self, question: str, *, variable: str) -> str:
        """Return a line; stars are shown for it."""
        return str(questionary.password(question).unsafe_ask()).strip()

    def confirm(self, question: str, *, default: bool) -> bool:
        """Return yes or no, by one key."""
        return bool(questionary.confirm(question, default=default).unsafe_ask())

    def choose(self, question: str, choices: Sequence[Choice], default: str | None) -> str:
        """Return what is chosen with the arrow keys; typing filters a longer list."""
        offered = [questionary.Choice(each.label, each.value) for each in choices]
        known = default if default in {each.value for each in choices} else None
        search = len(choices) >= SEARCHED
        select = questionary.select(
            question, offered, default=known, use_search_filter=search, use_jk_keys=not search, use_emacs_keys=True
        )
        return str(select.unsafe_ask())


class PlainLines:
    """Ask by lines, so that answers can come from a pipe or a script."""

    def text(self, question: str, default: str | None = None, *, variable: str = "") -> str:
        """Return the next line, or the default where it is empty."""
        return self._line(lambda: typer.prompt(question, default=default), question, variable).strip()

    def secret(self, question: str, *, variable: str) -> str:
        """Return the next line; only a terminal can hide what is typed, and a pipe shows nothing."""
        if sys.stdin.isatty():
            return self._line(lambda: typer.prompt(question, hide_input=True), question, variable).strip()
        typer.echo(f"{question}: ")
        if not (line := sys.stdin.readline().strip()):
            raise _unanswered(question, variable)
        return line

    def confirm(self, question: str, *, default: bool) -> bool:
        """Return yes or no."""
        return bool(self._line(lambda: str(typer.confirm(question, default=default) or ""), question, ""))

    def choose(self, question: str, choices: Sequence[Choice], default: str | None) -> str:
        """Return the next line, or the default, which is shown with its label."""
        if default is None:
            return self.text(question)
        label = next((each.label for each in choices if each.value == default), default)
        asked = f"{question} [{label}]"
        return self._line(lambda: typer.prompt(asked, default=default, show_default=False), question, "").strip()

    def _line(self, ask: Callable[[], str], question: str, variable: str) -> str:
        try:
            return str(ask())
        except typer.Abort:
            if sys.stdin.isatty():
                raise  # a person who stops
            raise _unanswered(question, variable) from None


def _unanswered(question: str, variable: str) -> NoTerminal:
    instead = f"set {variable}" if variable else "run the command in a terminal"
    return NoTerminal(f"no answer to {question!r}, and there is no terminal to ask at: {instead}")
