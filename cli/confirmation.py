"""Ask before anything is written or deleted."""

from __future__ import annotations

import sys

import typer

from cli.errors import NoTerminal
from cli.printing import print_line
from cli.prompts import terminal


def confirm(what: str, *, yes: bool) -> None:
    """Go on only where the person says so, or has said so with `--yes`.

    `what` is a sentence that says what happens. Raises NoTerminal where nobody can be asked, and Exit with code 1 where
    the answer is no. Nothing was done then.
    """
    if yes:
        return
    _needs_terminal(what)
    print_line(what)
    if not terminal().confirm("Go on?", default=False):
        _stop()


def confirm_by_name(what: str, name: str, *, yes: bool) -> None:
    """Do the same, but let the person type the name of what is deleted."""
    if yes:
        return
    _needs_terminal(what)
    print_line(what)
    if terminal().text(f"Type {name} to go on").strip().lower() != name.lower():
        _stop()


def _needs_terminal(what: str) -> None:
    if not sys.stdin.isatty():
        raise NoTerminal(f"{what} There is no terminal to ask at, so nothing was done: add --yes")


def _stop() -> None:
    print_line("Nothing was done.")
    raise typer.Exit(1)
