"""What a person is asked before a company is connected."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cli.consent import Consent
from cli.errors import CheckFailed


def at_terminal(monkeypatch: pytest.MonkeyPatch, *, answer: bool) -> list[str]:
    """Let a person sit there who answers every question so; the questions are returned."""
    asked: list[str] = []

    def confirm(question: str, **_: Any) -> bool:
        asked.append(question)
        return answer

    monkeypatch.setattr("cli.consent.sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    monkeypatch.setattr("cli.consent.terminal", lambda: SimpleNamespace(confirm=confirm))
    return asked


def test_given_companies_that_cannot_be_compared_then_a_person_decides(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = at_terminal(monkeypatch, answer=True)

    Consent(yes=False).same_company("Pleo's company is One, the ledger's is Two")

    assert asked == ["Do both belong to one customer?"]
    assert "Pleo's company is One, the ledger's is Two" in capsys.readouterr().out


def test_given_a_person_who_says_no_then_nothing_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    at_terminal(monkeypatch, answer=False)

    with pytest.raises(CheckFailed, match="Nothing was stored"):
        Consent(yes=False).same_company("Pleo's company is One, the ledger's is Two")


def test_given_a_person_who_said_yes_beforehand_then_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = at_terminal(monkeypatch, answer=False)

    Consent(yes=True).same_company("not compared")

    assert asked == []
