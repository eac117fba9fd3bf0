"""`pleo-export doctor`: for each thing that breaks after connecting, the check that finds it, and its sentence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from boto3.dynamodb.conditions import Attr
from typer.testing import CliRunner

from cli.commands.disconnect import disconnect
from cli.commands.doctor import examine_company
from cli.errors import UsageError
from cli.main import app
from pleo_export.accounting.errors import Rejected, Unavailable
from pleo_export.accounting.port import PeriodState
from pleo_export.workflow.receive_webhook import RECHECK_SECONDS
from pleo_simulator.oauth import ACCESS_TOKEN_LIFE
from pleo_simulator.sample import HAVN, NORTHGATE
from tests.system.aws import client
from tests.system.deployed_system import HOOKS, SCHEDULE, TOKEN, DeployedSystem
from tests.system.expenses import purchase
from tests.system.in_process_system import oauth_client_id
from tests.unit.cli.customers import connected, examined, ledger, not_tried, problems, running_export, subscriptions

ADDRESS = HOOKS + NORTHGATE


def test_given_a_sound_connection_then_every_check_is_right_and_nothing_has_changed(
    stack: DeployedSystem,
) -> None:
    connected(stack)
    before = subscriptions(stack), stack.secrets(NORTHGATE), stack.connections.get(NORTHGATE)

    findings = examined(stack)

    assert problems(findings) == {}
    assert not_tried(findings) == set()
    assert [*findings] == [
        "settings",
        "Pleo credential",
        "Pleo scopes",
        "accounting system",
        "company",
        "ledger",
        "accounts",
        "lists",
        "period",
        "test entry",
        "pause",
        "authorisation",
        "token life",
        "installation",
        "webhook subscription",
        "webhook secret",
        "webhook address",
        "lease",
        "mapping",
        "dead letters",
        "poll",
    ]
    assert (subscriptions(stack), stack.secrets(NORTHGATE), stack.connections.get(NORTHGATE)) == before
    assert ledger(stack).documents == []
    assert stack.system.queued() == []


def test_given_a_company_that_is_not_connected_then_that_is_told(stack: DeployedSystem) -> None:
    with pytest.raises(UsageError, match="is not connected"):
        list(examine_company(stack, HAVN, HOOKS))


Break = Callable[[DeployedSystem], object]


def of_request(**changes: Any) -> Break:
    return lambda stack: subscriptions(stack)[0].request.update(changes)


def revoke(stack: DeployedSystem) -> None:
    stack.system.service.credentials._keys.clear()


def another_subscription(url: str) -> Break:
    def add(stack: DeployedSystem) -> None:
        stack.system.service.subscriptions.create(NORTHGATE, subscriptions(stack)[0].request | {"endpointUrl": url})

    return add


def dead_letter(stack: DeployedSystem) -> None:
    client("sqs").send_message(
        QueueUrl=stack.outputs["FailedQueueUrl"], MessageBody="{}", MessageGroupId="1", MessageDeduplicationId="1"
    )


def pause_schedule(stack: DeployedSystem) -> None:
    scheduler = client("scheduler")
    schedule = scheduler.get_schedule(Name=SCHEDULE)
    kept = {name: schedule[name] for name in ("ScheduleExpression", "FlexibleTimeWindow", "Target")}
    scheduler.update_schedule(Name=SCHEDULE, State="DISABLED", **kept)


def old_settings(stack: DeployedSystem) -> None:
    stack.table.update_item(
        Key={"pk": f"COMPANY#{NORTHGATE}", "sk": "CONNECTION"},
        UpdateExpression="SET settings.posting = :old",
        ConditionExpression=Attr("pk").exists(),
        ExpressionAttributeValues={":old": "someday"},
    )


def lose_secret(stack: DeployedSystem) -> None:
    client("secretsmanager").delete_secret(SecretId=stack.secret_name(NORTHGATE), ForceDeleteWithoutRecovery=True)


def installation(status: str, error_code: str | None = None) -> Break:
    def change(stack: DeployedSystem) -> None:
        (record,) = stack.system.service.installations._records.values()
        record.status, record.error_code = status, error_code

    return change


def other_owner(stack: DeployedSystem) -> None:
    (record,) = stack.system.service.installations._records.values()
    record.company_id = HAVN


def finished_run(stack: DeployedSystem) -> None:
    stack.leases.take(NORTHGATE, "job-1", stack.now(), replacing=None)
    stack.system.clock.advance(timedelta(minutes=2))


BREAKAGES: dict[str, tuple[Break, str, str]] = {
    "key revoked": (revoke, "Pleo credential", "Pleo does not accept the credential. Make an API key"),
    "scope withdrawn": (
        lambda stack: stack.system.service.credentials.add_key(f"plp_{NORTHGATE}", NORTHGATE, frozenset({"x:read"})),
        "Pleo scopes",
        "lacks export-jobs:read, export-jobs:write, export-items:read",
    ),
    "settings of another version": (old_settings, "settings", "posting: must be draft or posted"),
    "secret gone": (lose_secret, "settings", "secret of the connection is gone"),
    "books down": (
        lambda stack: stack.system.effects.on("before books check", Unavailable("Tryton cannot be reached.")),
        "accounting system",
        "Tryton cannot be reached",
    ),
    "books taken over": (
        lambda stack: stack.table.put_item(
            Item={"pk": f"BOOKS#tryton#{ledger(stack).ledger_id}", "sk": "CONNECTION", "company_id": HAVN}
        ),
        "ledger",
        f"connected to Pleo company {HAVN} already",
    ),
    "account closed": (
        lambda stack: stack.table.update_item(
            Key={"pk": f"COMPANY#{NORTHGATE}", "sk": "CONNECTION"},
            UpdateExpression="SET settings.accounts.clearing = :gone",
            ExpressionAttributeValues={":gone": "1999"},
        ),
        "accounts",
        "accounts.clearing: 1999 is not an account of tryton",
    ),
    "period closed": (
        lambda stack: setattr(ledger(stack), "closed_until", stack.now().date()),
        "period",
        "a closed period for 2026-11-20: open one there",
    ),
    "no period": (
        lambda stack: setattr(ledger(stack), "period_state", lambda _: PeriodState.NONE),
        "period",
        "no period for 2026-11-20",
    ),
    "entries refused": (
        lambda stack: stack.system.effects.on("before books record", Rejected("The journal is closed.")),
        "test entry",
        "The journal is closed",
    ),
    "drafts stay": (
        lambda stack: stack.system.effects.on("before books discard", Rejected("Not allowed.")),
        "test entry",
        "the test entry 2 is still in tryton: delete it there (https://books.example/2)",
    ),
    "installation inactive": (installation("INACTIVE", "NOT_ENTITLED"), "installation", "is INACTIVE NOT_ENTITLED"),
    "installation in an unheard-of state": (installation("SLEEPING"), "installation", "is SLEEPING"),
    "installation of another": (other_owner, "installation", f"is of company {HAVN}"),
    "subscription deleted": (
        lambda stack: stack.system.service.subscriptions.delete(NORTHGATE, subscriptions(stack)[0].id),
        "webhook subscription",
        f"no subscription to {ADDRESS}; run `pleo-export connect` again",
    ),
    "subscription elsewhere": (
        of_request(endpointUrl="https://old.test/hook"),
        "webhook subscription",
        f"no subscription to {ADDRESS} (it has one to https://old.test/hook)",
    ),
    "subscription paused": (of_request(status="INACTIVE"), "webhook subscription", "is INACTIVE at Pleo"),
    "subscription of another event": (
        of_request(eventTypes=["v1.vendor.created"]),
        "webhook subscription",
        "leaves out v1.export-job.created",
    ),
    "subscribed twice": (another_subscription(ADDRESS), "webhook subscription", "delivers everything twice"),
    "another installation": (
        another_subscription("https://other.test/hook"),
        "webhook subscription",
        "https://other.test/hook of this company's exports as well",
    ),
    "secret changed at Pleo": (
        lambda stack: setattr(subscriptions(stack)[0], "secret", "whsec_bmV3"),
        "webhook secret",
        "signs with another secret than the stored one",
    ),
    "lease of a run that is over": (finished_run, "lease", "job-1 is over and still holds the company"),
    "dead letter": (dead_letter, "dead letters", "1 wake-ups failed five times"),
    "schedule off": (pause_schedule, "poll", f"the schedule {SCHEDULE} is DISABLED"),
}


@pytest.mark.parametrize(("breaking", "check", "said"), BREAKAGES.values(), ids=BREAKAGES)
def test_given_what_broke_then_its_check_says_what_to_fix(
    stack: DeployedSystem, breaking: Break, check: str, said: str
) -> None:
    connected(stack)
    breaking(stack)

    found = problems(examined(stack))

    assert set(found) - {"mapping"} == {check}, "what the mapping needs is told by it as well"
    assert said in found[check]


def test_given_a_function_that_has_just_read_the_secret_before_then_it_is_asked_once_more(
    stack: DeployedSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks for a newer one only when it has not looked for some seconds."""
    connected(stack)
    deliver, begun, refused = DeployedSystem.deliver, stack.now(), [401]
    monkeypatch.setattr(DeployedSystem, "deliver", lambda *given: refused.pop() if refused else deliver(*given))

    assert "webhook address" not in problems(examined(stack))
    assert stack.now() - begun > timedelta(seconds=RECHECK_SECONDS)


@pytest.mark.parametrize(
    ("status", "said"), [(401, "does not know the company, or its secret"), (404, "is not the deployed webhook")]
)
def test_given_an_address_that_refuses_then_that_is_told(
    stack: DeployedSystem, monkeypatch: pytest.MonkeyPatch, status: int, said: str
) -> None:
    connected(stack)
    monkeypatch.setattr(DeployedSystem, "deliver", lambda *_: status)

    assert said in problems(examined(stack))["webhook address"]


def test_given_a_key_that_does_not_work_then_what_needs_it_is_not_tried(stack: DeployedSystem) -> None:
    connected(stack)
    revoke(stack)

    findings = examined(stack)

    assert not_tried(findings) == {
        "Pleo scopes",
        "company",
        "test entry",
        "mapping",
        "installation",
        "webhook subscription",
        "webhook secret",
    }
    assert findings["webhook secret"].text == "not tried without: webhook subscription"


def test_given_a_running_export_then_it_is_told_and_left_alone(stack: DeployedSystem) -> None:
    connected(stack)
    run = running_export(stack)
    stack.system.clock.advance(timedelta(minutes=5))
    stack.system.effects.log.clear()

    findings = examined(stack)

    assert problems(findings) == {}
    assert findings["lease"].text == f"an export is running: {run}"
    assert findings["test entry"].text == "not tried: an export is running"
    assert not [each for each in stack.system.effects.log if each.startswith("books record")]


def test_given_tokens_that_have_ended_then_they_are_refreshed_as_for_an_export(stack: DeployedSystem) -> None:
    connected(stack)
    grant = stack.system.authorise(NORTHGATE)
    stack.pleo(grant.as_secret()).activate_installation()
    stack.system.clock.advance(ACCESS_TOKEN_LIFE)

    findings = examined(stack)

    assert problems(findings) == {}
    stored = stack.secrets(NORTHGATE)
    assert stored
    assert stored.pleo["access_token"] != grant.access_token


def test_given_a_grant_that_was_revoked_then_its_end_is_told(stack: DeployedSystem) -> None:
    connected(stack)
    stack.system.authorise(NORTHGATE)
    stack.system.service.oauth.revoke(oauth_client_id("pleo"))

    first, second = problems(examined(stack)), problems(examined(stack))

    assert set(first) == {"Pleo credential"}
    assert set(second) == {"Pleo credential", "authorisation"}
    assert "has ended for pleo since 2026-11-20" in second["authorisation"]
    assert stack.connections.all_company_ids() == [NORTHGATE], "the doctor still visits it"


def test_given_tokens_that_live_too_short_for_their_store_then_it_is_something_to_do(
    stack: DeployedSystem,
) -> None:
    connected(stack)
    stack.system.service.oauth.access_token_life = timedelta(seconds=600)
    stack.system.authorise(NORTHGATE)
    stack.system.sleep(600)

    said = problems(examined(stack))  # whose credential check refreshes them
    assert "access tokens of pleo live 600 seconds" in said["token life"]
    assert "894 seconds or more" in said["token life"]

    stack.system.service.oauth.access_token_life = timedelta(seconds=900)
    stack.system.sleep(600)
    findings = examined(stack)
    assert findings["token life"].good
    assert "pleo 900 s" in findings["token life"].text


def test_given_a_disconnected_company_then_only_the_stack_is_left(stack: DeployedSystem) -> None:
    connected(stack)
    list(disconnect(stack, NORTHGATE, HOOKS))

    with pytest.raises(UsageError, match="is not connected"):
        examined(stack)


def test_no_finding_shows_a_secret(stack: DeployedSystem) -> None:
    connected(stack)
    stored = stack.secrets(NORTHGATE)
    assert stored
    revoke(stack)
    subscriptions(stack)[0].secret = "whsec_bmV3"

    said = " ".join(map(str, examined(stack).values()))

    for secret in (f"plp_{NORTHGATE}", TOKEN, "whsec_bmV3", *stored.webhook_secrets):
        assert secret not in said


def test_the_doctor_exits_with_1_only_when_something_is_wrong(stack: DeployedSystem) -> None:
    connected(stack)
    sound = CliRunner().invoke(app, ["doctor"])
    subscriptions(stack)[0].request["status"] = "INACTIVE"
    broken = CliRunner().invoke(app, ["doctor", NORTHGATE])

    assert (sound.exit_code, broken.exit_code) == (0, 1)
    assert "✗" not in sound.output
    (wrong,) = [line for line in broken.output.splitlines() if line.startswith("✗")]
    assert wrong.startswith("✗ webhook subscription: the subscription is INACTIVE at Pleo")
    assert "– webhook secret: not tried without: webhook subscription" in broken.output


def test_given_an_account_in_use_that_was_closed_then_the_mapping_says_where_until_it_is_open_again(
    stack: DeployedSystem,
) -> None:
    connected(stack)
    books = ledger(stack)
    stack.system.service.state.put_expenses(NORTHGATE, [purchase(account="6400")])
    stack.system.export(NORTHGATE)
    books.ledger.lists.close_account("6400")

    found = problems(examined(stack))

    assert set(found) == {"mapping"}
    assert found["mapping"].startswith("Account 6400 is closed in Tryton. It is used by: expenses that wait")
    assert stack.mapping_health.get(NORTHGATE).checked_at is None

    books.ledger.lists.put_account("6400", "Open again")
    assert "not checked at night yet" in examined(stack)["mapping"].text


def test_given_vendors_that_are_synced_when_pleo_no_longer_tells_of_new_ones_then_the_subscription_is_wrong(
    stack: DeployedSystem,
) -> None:
    connected(stack, sync={"vendors": True})
    of_request(eventTypes=["v1.export-job.created"])(stack)

    found = problems({each.name: each for each in examine_company(stack, NORTHGATE, HOOKS)})

    assert found["webhook subscription"].startswith("the subscription leaves out v1.vendor.created;")
