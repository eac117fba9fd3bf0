"""Finding the deployed stack, and what is said when it is not there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from cli.deployed_stacks import stack_name
from cli.errors import CheckFailed, StackNotFound, UsageError
from cli.stack import Stack

OURS = [{"OutputKey": "RefreshTokensFunctionName", "OutputValue": "refresh"}]


class CloudFormation:
    """CloudFormation with these stacks; `denied` are the operations that the operator may not use."""

    meta = SimpleNamespace(region_name="eu-west-1")

    def __init__(self, stacks: dict[str, list[Any]], denied: tuple[str, ...] = ()) -> None:
        self._stacks = [
            {"StackName": name, "StackStatus": "CREATE_COMPLETE", "Outputs": outputs}
            for name, outputs in stacks.items()
        ]
        self._denied = denied

    def describe_stacks(self, *, StackName: str) -> Any:  # noqa: N803 - AWS's name
        if "describe" in self._denied:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeStacks")
        if found := [each for each in self._stacks if each["StackName"] == StackName]:
            return {"Stacks": found}
        message = f"Stack with id {StackName} does not exist"
        raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStacks")

    def get_paginator(self, _operation: str) -> CloudFormation:
        return self

    def paginate(self) -> Iterator[Any]:
        if "list" in self._denied:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeStacks")
        for each in self._stacks:
            yield {"Stacks": [each]}


@dataclass(frozen=True)
class StackOf(Stack):
    cloudformation: CloudFormation

    def client(self, service: str) -> Any:
        assert service == "cloudformation"
        return self.cloudformation


def test_given_a_restored_table_in_the_environment_then_it_is_worked_on_and_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PLEO_EXPORT_TABLE", "restored")
    stack = StackOf("mine", CloudFormation({"mine": [*OURS, {"OutputKey": "TableName", "OutputValue": "table"}]}))
    assert stack.outputs["TableName"] == "restored"
    assert "working on table restored" in capsys.readouterr().err


def test_a_stack_has_its_outputs() -> None:
    stack = StackOf("mine", CloudFormation({"mine": [*OURS, {"OutputKey": "TableName", "OutputValue": "table"}]}))

    assert stack.outputs == {"RefreshTokensFunctionName": "refresh", "TableName": "table"}


def test_given_no_such_stack_then_those_of_ours_are_named() -> None:
    there = CloudFormation({"website": [], "pleo-export-staging": OURS, "pleo-export-production": OURS})

    with pytest.raises(StackNotFound) as caught:
        _ = StackOf("pleo-export", there).outputs

    assert str(caught.value) == (
        "there is no stack 'pleo-export' in eu-west-1. Name one of these with --stack or PLEO_EXPORT_STACK: "
        "pleo-export-production, pleo-export-staging"
    )


@pytest.mark.parametrize("there", [CloudFormation({"website": []}), CloudFormation({"x": OURS}, denied=("list",))])
def test_given_none_that_may_be_listed_then_deploying_is_proposed(there: CloudFormation) -> None:
    with pytest.raises(StackNotFound, match="Deploy it with `sam deploy`, name another with --stack"):
        _ = StackOf("pleo-export", there).outputs


def test_given_a_stack_of_another_product_then_that_is_said() -> None:
    with pytest.raises(StackNotFound, match="the stack 'website' is CREATE_COMPLETE and has no output Refresh"):
        _ = StackOf("website", CloudFormation({"website": []})).outputs


def test_given_an_operator_without_the_right_then_aws_says_so() -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        _ = StackOf("pleo-export", CloudFormation({}, denied=("describe",))).outputs


def test_given_an_address_where_nothing_answers_then_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_more: object) -> None:
        raise requests.ConnectionError

    monkeypatch.setattr("cli.stack.requests.post", refuse)
    with pytest.raises(CheckFailed, match=r"nothing answers at https://hooks\.test"):
        Stack("mine").deliver("https://hooks.test", {}, b"")


def configured(folder: Path, text: str) -> None:
    (folder / "samconfig.toml").write_text(text)


STAGING = (
    '[default.deploy.parameters]\nstack_name = "staging"\n[production.deploy.parameters]\nstack_name = "production"'
)


@pytest.mark.parametrize(
    ("config", "there", "found"),
    [
        (STAGING, {"staging": OURS, "production": OURS}, "staging"),
        (STAGING, {"mine": OURS, "website": []}, "mine"),
        (STAGING, {"staging": [], "mine": OURS}, "mine"),
        ('[default.global.parameters]\nstack_name = "mine"', {"mine": OURS, "other": OURS}, "mine"),
        ("", {"mine": OURS}, "mine"),
        (None, {"mine": OURS, "website": []}, "mine"),
    ],
)
def test_given_no_name_then_it_is_that_of_samconfig_or_of_the_only_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: str | None, there: dict[str, list[Any]], found: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if config is not None:
        configured(tmp_path, config)

    assert stack_name(CloudFormation(there)) == found


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (
            CloudFormation({"b": OURS, "a": OURS}),
            "There are several in eu-west-1. Name it with --stack or PLEO_EXPORT_STACK: a, b",
        ),
        (CloudFormation({"website": []}), "there is no pleo-export stack in eu-west-1. Deploy it"),
        (CloudFormation({"a": OURS}, denied=("list",)), r"cannot be listed \(AccessDenied\). Name it with --stack"),
    ],
)
def test_given_it_cannot_be_told_which_stack_then_none_is_guessed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: CloudFormation, said: str
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(StackNotFound, match=said):
        stack_name(there)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"not [toml"])
def test_given_a_broken_samconfig_then_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samconfig.toml").write_bytes(content)

    with pytest.raises(UsageError, match=r"samconfig.toml cannot be read"):
        stack_name(CloudFormation({"a": OURS}))
