"""People are told of a job with failures, once, by cause, without anything that an expense holds."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from moto.sns.models import sns_backends
from requests.adapters import BaseAdapter

from pleo_export.accounting.errors import AuthenticationFailed
from pleo_export.errors import ItemFailure, JobFailure
from pleo_export.pleo.webhook_authentication import NotFromPleo, verify
from pleo_export.workflow.causes import CAUSES, FailureCause, cause_of
from pleo_export.workflow.notification import WHAT_TO_DO
from pleo_simulator.fault_queue import Fault
from pleo_simulator.sample import NORTHGATE
from tests.system.aws import ACCOUNT, REGION, STACK, client
from tests.system.effects import Killed
from tests.system.expenses import purchase, purchases
from tests.system.in_process_system import InProcessSystem

RECEIVER = "https://receiver.test/pleo"
SECRET = "a1B2" * 8


class Receiver(BaseAdapter):
    """The operator's own program. `status` is what it answers."""

    def __init__(self, status: int = 204) -> None:
        super().__init__()
        self.status = status
        self.taken: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        self.taken.append(request)
        answer = requests.Response()
        answer.status_code, answer.request, answer.url = self.status, request, str(request.url)
        return answer

    def close(self) -> None:
        pass


def published(system: InProcessSystem) -> list[tuple[str, str]]:
    """Subject and text of what the topic's subscribers got."""
    topic = sns_backends[ACCOUNT][REGION].topics[system.environment["NOTIFICATION_TOPIC"]]
    return [(str(each[2]), str(each[1])) for each in topic.sent_notifications]


def receiving(system: InProcessSystem, status: int = 204) -> Receiver:
    """Post notifications to a receiver."""
    receiver = Receiver(status)
    secret = f"{STACK}/notifications/webhook"
    client("secretsmanager").create_secret(Name=secret, SecretString=SECRET)
    system.environment |= {"NOTIFICATION_WEBHOOK_URL": RECEIVER, "NOTIFICATION_SECRET": secret}
    system.services.http.mount("https://receiver.test", receiver)
    return receiver


def posted(request: requests.PreparedRequest) -> bytes:
    assert isinstance(request.body, bytes)
    return request.body


def a_job_with_failures(system: InProcessSystem, good: int = 1) -> str:
    bad = [purchase(f"no-account-{number}", account=None, supplier="WeWork") for number in range(2)]
    system.connect(NORTHGATE, [*purchases(good), *bad])
    return system.export(NORTHGATE)


def test_given_failed_items_then_people_are_told_how_many_and_what_to_do(system: InProcessSystem) -> None:
    job = a_job_with_failures(system)

    system.run(NORTHGATE)

    ((subject, text),) = published(system)
    assert subject == "Pleo export: 2 expenses failed"
    assert text.splitlines() == [
        f"An export of the Pleo company {NORTHGATE} ended with failures.",
        "",
        f"2 x {WHAT_TO_DO[FailureCause.SETTINGS]}",
        "    missing configuration",
        "",
        f"What failed, and why: pleo-export job {job}",
    ]


def test_given_no_failure_then_nobody_is_told(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, purchases(2))
    system.export(NORTHGATE)

    system.run(NORTHGATE)

    assert published(system) == []


def test_given_a_webhook_then_the_notification_is_posted_and_signed(system: InProcessSystem) -> None:
    receiver = receiving(system)
    job = a_job_with_failures(system)

    system.run(NORTHGATE)

    (request,) = receiver.taken
    sent = {name: str(value) for name, value in request.headers.items()}
    body = posted(request)
    assert verify([f"whsec_{SECRET}"], sent, body, system.clock.now()) == f"job_{job}"
    with pytest.raises(NotFromPleo):
        verify([f"whsec_{SECRET}"], sent, body + b" ", system.clock.now())
    told = json.loads(body)
    assert told["type"] == "export_job.finished_with_failures"
    assert told["data"] == {
        "companyId": NORTHGATE,
        "jobId": job,
        "outcome": "completed_with_errors",
        "wholeJob": False,
        "failedItems": 2,
        "moreItemsFailed": False,
        "causes": [
            {
                "cause": "settings",
                "items": 2,
                "fix": WHAT_TO_DO[FailureCause.SETTINGS],
                "failures": ["missing_configuration"],
            }
        ],
    }
    assert "WeWork" not in body.decode() + str(published(system))


def test_given_a_job_that_fails_before_its_items_then_people_are_told_without_a_number(
    system: InProcessSystem,
) -> None:
    receiver = receiving(system)
    system.connect(NORTHGATE, purchases(1))
    system.export(NORTHGATE)
    system.effects.on("before s3 PutObject", ValueError())

    system.run(NORTHGATE)

    assert [subject for subject, _ in published(system)] == ["Pleo export: an export failed"]
    (request,) = receiver.taken
    told = json.loads(posted(request))["data"]
    assert (told["wholeJob"], told["failedItems"]) == (True, None)
    assert [(each["cause"], each["items"]) for each in told["causes"]] == [("ours", None)]


@pytest.mark.parametrize("moment", ["before sns Publish", "after sns Publish", "after dynamodb UpdateItem"])
def test_given_a_function_that_ends_while_it_tells_then_its_retry_tells_nobody_twice(
    system: InProcessSystem, moment: str
) -> None:
    job = a_job_with_failures(system)
    system.wake(NORTHGATE)
    system.effects.on("after pleo POST", lambda: system.effects.on(moment, Killed()), nth=2)

    system.run_executions()

    assert len(published(system)) <= 1
    assert system.job(job)["status"] == "completed_with_errors"
    assert list(system.executions.over.values()) == ["SUCCEEDED"]


def test_given_a_complete_job_that_runs_twice_then_people_are_told_once(system: InProcessSystem) -> None:
    a_job_with_failures(system)
    system.wake(NORTHGATE)
    (run,) = system.executions.started
    system.run_executions()

    system.handlers["complete_job"](run.model_dump(by_alias=True), None)

    assert len(published(system)) == 1


@pytest.mark.parametrize("status", [302, 400, 503])
def test_given_a_receiver_that_refuses_then_the_job_and_the_topic_are_not_affected(
    system: InProcessSystem, status: int
) -> None:
    receiver = receiving(system, status)
    job = a_job_with_failures(system)

    system.run(NORTHGATE)

    assert len(receiver.taken) == 1
    assert len(published(system)) == 1
    assert system.job(job)["status"] == "completed_with_errors"


def test_given_a_topic_that_is_gone_then_the_job_ends_and_the_webhook_is_posted(system: InProcessSystem) -> None:
    receiver = receiving(system)
    system.environment["NOTIFICATION_TOPIC"] += "-gone"
    job = a_job_with_failures(system)

    system.run(NORTHGATE)

    assert len(receiver.taken) == 1
    assert system.job(job)["status"] == "completed_with_errors"


def test_given_a_key_that_is_revoked_then_the_operator_reads_what_to_do(system: InProcessSystem) -> None:
    system.connect(NORTHGATE, purchases(1))
    system.export(NORTHGATE)
    system.effects.on("before books find_many", AuthenticationFailed("The key has been revoked."), times=5)

    system.run(NORTHGATE)

    ((_, text),) = published(system)
    assert WHAT_TO_DO[FailureCause.CREDENTIALS] in text


def test_given_pleo_ended_the_job_first_then_its_failures_are_told_all_the_same(system: InProcessSystem) -> None:
    a_job_with_failures(system)
    system.service.faults.order(Fault(effect="drop_after", method="POST", path="/v3/export-job", nth=2))

    system.run(NORTHGATE)

    assert len(published(system)) == 1


def test_every_failure_has_a_cause_and_every_cause_says_what_to_do() -> None:
    assert set(CAUSES) == {*ItemFailure, *JobFailure}
    assert set(WHAT_TO_DO) == set(FailureCause) == set(CAUSES.values())
    assert cause_of("a type that Pleo invents") is FailureCause.OURS
