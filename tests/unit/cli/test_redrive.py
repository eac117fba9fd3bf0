"""`pleo-export redrive`: what becomes of the wake-ups in the dead-letter queue."""

from __future__ import annotations

import json
import time

import pytest
from typer.testing import CliRunner

from cli.commands.redrive import RedriveResult, redrive
from cli.errors import NoTerminal
from cli.main import app
from cli.stack import Stack
from pleo_simulator.fault_queue import Fault
from pleo_simulator.sample import HAVN, NORTHGATE
from tests.system.aws import client
from tests.system.deployed_system import LOG_GROUP
from tests.system.effects import Killed
from tests.system.expenses import purchases
from tests.system.in_process_system import InProcessSystem
from tests.system.log import logged

UNREADABLE = ["not json", "[]", '{"companyId": "northgate", "reason": "webhook"}']


@pytest.fixture(autouse=True)
def short_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.commands.redrive.LOOK_SECONDS", 0)


def put(queue_url: str, body: str, group: str = NORTHGATE) -> None:
    client("sqs").send_message(QueueUrl=queue_url, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=body)


def wake_up(company_id: str) -> str:
    return json.dumps({"companyId": company_id, "reason": "webhook"})


def keep(lines: str) -> None:
    """The log lines, where CloudWatch keeps them."""
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in lines.splitlines()]
    client("logs").create_log_stream(logGroupName=LOG_GROUP, logStreamName="1")
    client("logs").put_log_events(logGroupName=LOG_GROUP, logStreamName="1", logEvents=events)


def test_a_failed_wake_up_is_sent_again_with_its_cause_and_the_job_starts(
    system: InProcessSystem, stack: Stack
) -> None:
    system.connect(NORTHGATE, purchases(1))
    job = system.export(NORTHGATE)
    system.service.faults.order(Fault(effect="status", status=401, path="/v3/export-jobs", count=5))
    with logged() as log:
        system.poll()
        assert system.deliver() == ["PleoUnauthorized"] * 5
    keep(log.getvalue() + json.dumps({"company_id": HAVN, "wake_up": "poll", "error": "TryAgain"}))

    (redriven,) = redrive(stack, discard=False)

    assert redriven.result is RedriveResult.SENT
    assert NORTHGATE in redriven.line
    assert "PleoUnauthorized" in redriven.line
    assert system.dead_letters() == []
    system.deliver()
    system.run_executions()
    assert system.job(job)["status"] == "completed"


def test_wake_ups_of_two_companies_are_sent_in_their_own_groups(system: InProcessSystem, stack: Stack) -> None:
    for company in (NORTHGATE, HAVN):
        put(system.dead_letters_url, wake_up(company), "any group")

    assert [each.result for each in redrive(stack, discard=False)] == [RedriveResult.SENT, RedriveResult.SENT]

    assert sorted(system.queued()) == [
        (company, {"companyId": company, "reason": "redrive"}) for company in sorted((NORTHGATE, HAVN))
    ]


def test_given_a_kill_after_sending_when_run_again_then_nothing_is_lost_and_one_is_sent(
    system: InProcessSystem, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.commands.redrive.HIDDEN_SECONDS", 0)
    put(system.dead_letters_url, wake_up(NORTHGATE))
    system.effects.on("before sqs DeleteMessage", Killed())
    with system.effects.of_function(), pytest.raises(Killed):
        list(redrive(stack, discard=False))

    assert [each.result for each in redrive(stack, discard=False)] == [RedriveResult.SENT]

    assert len(system.queued()) == 1
    assert system.dead_letters() == []


def test_given_a_queue_that_refuses_then_the_wake_up_stays(
    system: InProcessSystem, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.commands.redrive.HIDDEN_SECONDS", 0)
    put(system.dead_letters_url, wake_up(NORTHGATE))
    system.effects.on("before sqs SendMessage", ConnectionError())
    with system.effects.of_function(), pytest.raises(ConnectionError):
        list(redrive(stack, discard=False))

    assert system.dead_letters() == [wake_up(NORTHGATE)]


@pytest.mark.parametrize("body", UNREADABLE)
def test_a_message_that_is_not_a_wake_up_is_shown_and_left_and_the_others_are_sent(
    system: InProcessSystem, stack: Stack, body: str
) -> None:
    for each in (body, wake_up(NORTHGATE)):
        put(system.dead_letters_url, each)

    unreadable, good = redrive(stack, discard=False)

    assert (unreadable.result, good.result) == (RedriveResult.LEFT, RedriveResult.SENT)
    assert repr(body) in unreadable.line
    assert system.dead_letters() == [body]
    assert len(system.queued()) == 1


@pytest.mark.parametrize("body", UNREADABLE)
def test_a_message_that_is_not_a_wake_up_can_be_discarded(system: InProcessSystem, stack: Stack, body: str) -> None:
    put(system.dead_letters_url, body)

    assert [each.result for each in redrive(stack, discard=True)] == [RedriveResult.DISCARDED]

    assert (system.dead_letters(), system.queued()) == ([], [])


def test_more_wake_ups_than_one_request_returns_are_all_sent(system: InProcessSystem, stack: Stack) -> None:
    companies = [f"{number:08d}-1111-4111-8111-111111111111" for number in range(25)]
    for company in companies:
        put(system.dead_letters_url, wake_up(company), company)

    assert len(list(redrive(stack, discard=False))) == 25
    assert sorted(group for group, _ in system.queued()) == companies


@pytest.mark.usefixtures("stack")
def test_the_command_prints_what_it_did_in_numbers(system: InProcessSystem) -> None:
    put(system.dead_letters_url, "[red]not json")
    put(system.dead_letters_url, wake_up(NORTHGATE))

    first, second = (
        CliRunner().invoke(app, arguments) for arguments in (["redrive"], ["redrive", "--discard", "--yes"])
    )
    last = CliRunner().invoke(app, ["redrive"])

    assert "1 left, 1 sent again" in first.output.splitlines()
    assert "1 discarded" in second.output.splitlines()
    assert last.output.splitlines() == ["no wake-up has failed"]
    assert "[red]not json" in first.output.replace("\n", "")


@pytest.mark.usefixtures("stack")
def test_given_no_terminal_then_nothing_is_discarded_without_yes(system: InProcessSystem) -> None:
    put(system.dead_letters_url, "not json")

    done = CliRunner().invoke(app, ["redrive", "--discard"])

    assert isinstance(done.exception, NoTerminal)
    assert system.dead_letters() == ["not json"]
