"""Connecting and disconnecting leave who did it, when, and with which settings."""

from __future__ import annotations

import json
from typing import Any

from boto3.dynamodb.conditions import Key

from cli.commands.disconnect import disconnect
from pleo_export import code_version
from pleo_simulator.sample import NORTHGATE
from tests.system.deployed_system import HOOKS, TOKEN, DeployedSystem
from tests.unit.cli.customers import connected


def events(stack: DeployedSystem) -> list[dict[str, Any]]:
    found = stack.table.query(
        KeyConditionExpression=Key("pk").eq(f"COMPANY#{NORTHGATE}") & Key("sk").begins_with("EVENT#")
    )
    return list(found["Items"])


def test_given_a_company_that_connects_changes_and_leaves_then_each_step_says_who_when_and_with_which_settings(
    stack: DeployedSystem,
) -> None:
    connected(stack)
    stack.sleep(60)
    connected(stack, posting="draft")
    stack.sleep(60)
    connected(stack, posting="draft")
    stack.sleep(60)
    list(disconnect(stack, NORTHGATE, HOOKS))

    told = events(stack)
    assert [(each["event"], each.get("settings_version")) for each in told] == [
        ("connected", 1),
        ("connected", 2),
        ("connected", 2),
        ("disconnected", None),
    ]
    assert {each["by"] for each in told} == {stack.caller}
    assert stack.caller.startswith("arn:aws:")
    assert {each["code_version"] for each in told} == {code_version()}
    assert len({each["at"] for each in told}) == 4
    versions = stack.settings_history.versions(NORTHGATE)
    assert [each.raw_settings["posting"] for each in versions] == ["posted", "draft"]
    assert {each.stored_by for each in versions} == {stack.caller}


def test_the_history_holds_no_secret(stack: DeployedSystem) -> None:
    connected(stack, webhook_authentication="basic")
    secrets = stack.secrets(NORTHGATE)
    assert secrets
    kept = stack.table.query(KeyConditionExpression=Key("pk").eq(f"COMPANY#{NORTHGATE}"))["Items"]
    text = json.dumps([each for each in kept if each["sk"] != "CONNECTION"], default=str)
    assert "settings" in text
    for secret in (TOKEN, *secrets.pleo.values(), *secrets.webhook_secrets, *secrets.webhook_tokens):
        assert secret not in text
