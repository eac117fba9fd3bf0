"""`pleo-export poll`: the poll by hand, and what is said when it fails."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.errors import CheckFailed
from cli.main import app
from cli.stack import Stack


@dataclass(frozen=True)
class StackWithPoll(Stack):
    """A stack whose poll answers this."""

    answer: dict[str, Any]

    outputs = {"PollFunctionName": "poll"}  # noqa: RUF012 - as a stack has them

    def client(self, service: str) -> Any:
        assert service == "lambda"
        return self

    def invoke(self, *, FunctionName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        assert FunctionName == "poll"
        return self.answer


def answering(monkeypatch: pytest.MonkeyPatch, content: object, **more: str) -> None:
    stack = StackWithPoll("mine", {"Payload": io.BytesIO(json.dumps(content).encode()), **more})
    monkeypatch.setattr(Stack, "named", lambda _name: stack)


def test_the_number_of_companies_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, {"companies": 3, "left": 0})

    assert CliRunner().invoke(app, ["poll"]).output.startswith("3 companies woken up\n")


def test_given_more_companies_than_a_poll_takes_then_the_others_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, {"companies": 1500, "left": 98_500})

    told = CliRunner().invoke(app, ["poll"]).output

    assert told.startswith("1500 companies woken up\n98500 more are left to the schedule")


def test_given_one_company_then_it_is_told_in_the_singular(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, {"companies": 1, "left": 0})

    assert CliRunner().invoke(app, ["poll"]).output.startswith("1 company woken up\n")


def test_given_no_company_then_it_says_what_to_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, {"companies": 0, "left": 0})

    assert "pleo-export connections" in CliRunner().invoke(app, ["poll"]).output


def test_given_a_poll_that_fails_then_its_error_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, {"errorType": "TryAgain", "errorMessage": "later"}, FunctionError="Unhandled")

    done = CliRunner().invoke(app, ["poll"])

    assert isinstance(done.exception, CheckFailed)
    assert str(done.exception) == "the poll failed: TryAgain: later"
