"""`pleo-export disconnect`: what is removed, what stays, and that the next run finishes what one has left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import settings_file
from cli.checks import CheckResult, CheckStatus
from cli.commands.disconnect import disconnect
from cli.errors import CheckFailed, NoTerminal, NotNow, UsageError
from cli.main import app
from pleo_export.settings import parse_settings
from pleo_simulator.fault_queue import Fault
from pleo_simulator.oauth import ACCESS_TOKEN_LIFE
from pleo_simulator.sample import HAVN, NORTHGATE
from tests.system.aws import client
from tests.system.deployed_system import HOOKS, DeployedSystem
from tests.system.effects import Killed
from tests.system.expenses import purchases
from tests.system.in_process_system import oauth_client_id, settings
from tests.unit.cli.customers import connected, examined, problems, running_export, subscriptions
from tests.unit.store.test_records import RECORDED, taken


def disconnected(stack: DeployedSystem) -> dict[str, CheckResult]:
    with stack.system.effects.of_function():
        return {each.name: each for each in disconnect(stack, NORTHGATE, HOOKS)}


def nothing_is_left(stack: DeployedSystem) -> bool:
    return not (
        stack.connections.exists(NORTHGATE)
        or stack.has_secret(NORTHGATE)
        or subscriptions(stack)
        or stack.leases.get(NORTHGATE)
        or stack.system.service.installations._records
        or list(stack.connections.company_ids())
    )


def test_given_a_connected_company_then_all_goes_but_the_posting_records(stack: DeployedSystem) -> None:
    connected(stack)
    stack.system.services.postings.save_many(taken(stack.system), [RECORDED])

    findings = disconnected(stack)

    assert "the posting records stay" in findings["connection"].text
    assert [str(each) for each in findings.values()][1:] == [
        "webhook subscription: 1 deleted",
        "installation: deleted",
        "secrets: deleted; connecting again within 7 days restores them",
    ]
    assert nothing_is_left(stack)
    assert stack.postings.latest(NORTHGATE, RECORDED.entry_id) == RECORDED
    assert problems(connected(stack, HAVN)) == {}, "its ledger is free"


def test_given_a_company_that_never_was_then_that_is_told(stack: DeployedSystem) -> None:
    with pytest.raises(UsageError, match="is not connected"):
        disconnected(stack)


@pytest.mark.parametrize(
    "moment",
    [
        "after dynamodb PutItem",
        "before dynamodb TransactWriteItems",
        "after dynamodb TransactWriteItems",
        "before pleo DELETE /v1/subscriptions",
        "after pleo DELETE /v1/subscriptions",
        "after pleo DELETE /v1/installations",
        "before secretsmanager DeleteSecret",
        "after secretsmanager DeleteSecret",
    ],
)
def test_given_a_crash_anywhere_when_disconnected_again_then_nothing_is_left(
    stack: DeployedSystem, moment: str
) -> None:
    connected(stack)
    stack.system.effects.on(moment, Killed())
    with pytest.raises(Killed):
        disconnected(stack)

    if stack.connections.exists(NORTHGATE) or stack.has_secret(NORTHGATE):
        disconnected(stack)
        assert nothing_is_left(stack)
    else:
        with pytest.raises(UsageError, match="is not connected"):
            disconnected(stack)


def test_given_a_running_export_then_it_is_refused_until_that_is_over(stack: DeployedSystem) -> None:
    connected(stack)
    run = running_export(stack)

    with pytest.raises(NotNow, match=f"an export of company {NORTHGATE} is running"):
        disconnected(stack)
    assert stack.connections.exists(NORTHGATE)
    assert len(subscriptions(stack)) == 1

    stack.system.executions.over[run] = "SUCCEEDED"
    disconnected(stack)
    assert nothing_is_left(stack)


def test_given_a_wake_up_while_a_company_is_disconnected_then_no_export_starts(stack: DeployedSystem) -> None:
    connected(stack)
    stack.system.service.state.put_expenses(NORTHGATE, purchases(1))
    stack.system.export(NORTHGATE)
    woken: list[str] = []
    stack.system.effects.on("before dynamodb TransactWriteItems", lambda: woken.append(stack.system.wake(NORTHGATE)))

    disconnected(stack)

    assert woken == ["busy"]
    assert stack.system.executions.started == []


def test_given_a_credential_that_pleo_refuses_then_the_rest_goes_and_what_is_left_is_told(
    stack: DeployedSystem,
) -> None:
    connected(stack)
    stack.system.service.credentials._keys.clear()

    findings = disconnected(stack)

    assert not stack.connections.exists(NORTHGATE)
    assert not stack.has_secret(NORTHGATE)
    assert findings["webhook subscription"].status is CheckStatus.ACTION_NEEDED
    assert f"its subscription to {HOOKS}{NORTHGATE} is left" in findings["webhook subscription"].text


def test_given_a_grant_whose_token_has_ended_then_it_is_refreshed_once_more_and_all_goes(stack: DeployedSystem) -> None:
    connected(stack)
    stack.system.authorise(NORTHGATE)
    stack.system.clock.advance(ACCESS_TOKEN_LIFE)

    assert problems(disconnected(stack)) == {}

    assert not subscriptions(stack)
    assert not stack.has_secret(NORTHGATE)


def test_given_a_grant_that_was_revoked_then_what_is_left_is_told(stack: DeployedSystem) -> None:
    connected(stack)
    stack.system.authorise(NORTHGATE)
    stack.system.service.oauth.revoke(oauth_client_id("pleo"))

    assert set(problems(disconnected(stack))) == {"webhook subscription"}

    assert not (stack.connections.exists(NORTHGATE) or stack.has_secret(NORTHGATE))


@pytest.mark.parametrize("value", [None, "{}"])
def test_given_a_secret_that_is_missing_or_incomplete_then_the_rest_goes_all_the_same(
    stack: DeployedSystem, value: str | None
) -> None:
    connected(stack)
    if value is None:
        client("secretsmanager").delete_secret(SecretId=stack.secret_name(NORTHGATE), ForceDeleteWithoutRecovery=True)
    else:
        client("secretsmanager").put_secret_value(SecretId=stack.secret_name(NORTHGATE), SecretString=value)

    assert set(problems(disconnected(stack))) == {"webhook subscription"}

    assert not (stack.connections.exists(NORTHGATE) or stack.has_secret(NORTHGATE))


def test_given_a_pleo_that_cannot_be_reached_then_the_credential_is_kept(
    stack: DeployedSystem,
) -> None:
    connected(stack)
    stack.system.service.faults.order(Fault(effect="status", path="/v1/subscriptions", status=503, count=4))

    with pytest.raises(CheckFailed, match="Run disconnect again"):
        disconnected(stack)
    assert stack.has_secret(NORTHGATE)
    assert not stack.connections.exists(NORTHGATE), "it is no longer polled all the same"

    disconnected(stack)
    assert nothing_is_left(stack)


def test_given_settings_of_another_version_then_the_company_can_be_disconnected(stack: DeployedSystem) -> None:
    connected(stack)
    stack.table.update_item(
        Key={"pk": f"COMPANY#{NORTHGATE}", "sk": "CONNECTION"},
        UpdateExpression="SET settings.posting = :old",
        ExpressionAttributeValues={":old": "someday"},
    )

    disconnected(stack)

    assert nothing_is_left(stack)


def test_given_the_lease_of_a_run_that_is_over_then_the_company_can_be_disconnected(stack: DeployedSystem) -> None:
    connected(stack)
    stack.leases.take(NORTHGATE, "job-1", stack.now(), replacing=None)
    stack.system.clock.advance(timedelta(minutes=2))

    disconnected(stack)

    assert nothing_is_left(stack)


def test_the_command_disconnects(stack: DeployedSystem) -> None:
    connected(stack)

    result = CliRunner().invoke(app, ["disconnect", NORTHGATE, "--yes"])
    after = CliRunner().invoke(app, ["doctor"])

    assert result.exit_code == 0
    assert not stack.connections.exists(NORTHGATE)
    assert after.exit_code == 0
    assert NORTHGATE not in after.output


def test_given_no_terminal_and_no_yes_then_nothing_is_done(stack: DeployedSystem) -> None:
    connected(stack)

    done = CliRunner().invoke(app, ["disconnect", NORTHGATE])

    assert isinstance(done.exception, NoTerminal)
    assert "add --yes" in str(done.exception)
    assert stack.connections.exists(NORTHGATE)
    assert len(subscriptions(stack)) == 1


@pytest.mark.parametrize(("typed", "left"), [("yes", True), (NORTHGATE.upper(), False)])
def test_the_company_has_to_be_typed_at_a_terminal(
    stack: DeployedSystem, monkeypatch: pytest.MonkeyPatch, typed: str, left: bool
) -> None:
    connected(stack)
    monkeypatch.setattr("cli.confirmation._needs_terminal", lambda _what: None)

    done = CliRunner().invoke(app, ["disconnect", NORTHGATE], input=f"{typed}\n")

    assert stack.connections.exists(NORTHGATE) is left
    assert ("Nothing was done." in done.output) is left
    assert done.exit_code == int(left)


def test_given_a_disconnected_company_when_connected_again_then_its_credentials_are_restored(
    stack: DeployedSystem, tmp_path: Path
) -> None:
    connected(stack)
    key = stack.secrets(NORTHGATE)
    disconnected(stack)
    assert (stack.secrets(NORTHGATE), stack.has_secret(NORTHGATE)) == (None, False)
    file = tmp_path / "settings.yaml"
    where = {"name": "tryton", "url": "https://books.test", "database": "books"}
    settings_file.write(file, parse_settings(settings(NORTHGATE, accounting_system=where)))

    with stack.system.effects.of_function():
        done = CliRunner().invoke(app, ["connect", str(file)])

    assert done.exit_code == 0, done.output
    assert "credentials: those of the former connection are restored" in done.output
    assert "pleo-export watch" in done.output
    again = stack.secrets(NORTHGATE)
    assert key and again
    assert (again.pleo, again.accounting_system) == (key.pleo, key.accounting_system)
    stack.system.clock.advance(timedelta(minutes=2))  # until warm functions read the secret again
    assert problems(examined(stack)) == {}


def test_a_secret_is_kept_for_seven_days(stack: DeployedSystem) -> None:
    connected(stack)
    disconnected(stack)

    kept = client("secretsmanager").describe_secret(SecretId=stack.secret_name(NORTHGATE))
    assert timedelta(days=6) < kept["DeletedDate"] - datetime.now(UTC) < timedelta(days=8)


def test_a_pause_ends_with_the_connection(stack: DeployedSystem) -> None:
    connected(stack)
    stack.pauses.pause(NORTHGATE, "ada", stack.now())

    disconnected(stack)

    assert stack.pauses.get(NORTHGATE) is None
    assert [each.action for each in stack.pauses.history(NORTHGATE)] == ["paused", "resumed"]
