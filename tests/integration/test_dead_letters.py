"""A message that is no wake-up, on the deployed queue: it stops nobody, dies, and can be got rid of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cli.commands.redrive import RedriveResult, redrive
from local.stack import LocalStack
from local.tryton.ledger import Ledger
from pleo_simulator.fault_queue import Fault
from pleo_simulator.sample import HAVN, LUMBRE
from tests.integration.bookkeeper import export, finished, some_expenses, wait_for

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def impatient(stack: LocalStack) -> Iterator[LocalStack]:
    """A message that has failed comes back after a second instead of three minutes."""
    sqs, queue = stack.aws.client("sqs"), stack.outputs["QueueUrl"]
    usual = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    yield stack
    sqs.set_queue_attributes(QueueUrl=queue, Attributes=usual)


def put(stack: LocalStack, queue: str, body: str, group: str) -> None:
    stack.aws.client("sqs").send_message(
        QueueUrl=stack.outputs[queue], MessageBody=body, MessageGroupId=group, MessageDeduplicationId=body
    )


def dead(stack: LocalStack) -> int:
    answer = stack.aws.client("sqs").get_queue_attributes(
        QueueUrl=stack.outputs["FailedQueueUrl"], AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def test_given_a_malformed_message_then_later_jobs_of_its_group_and_of_others_are_done(
    impatient: LocalStack,
) -> None:
    stack = impatient
    with stack.books.fresh() as one, stack.books.fresh() as other:
        stack.connect(HAVN, one)
        stack.connect(LUMBRE, other)
        put(stack, "QueueUrl", '{"companyId": "havn"}', HAVN)

        jobs = [export(stack, company, some_expenses(stack, company, 2)) for company in (HAVN, LUMBRE)]

        assert [finished(stack, job)["status"] for job in jobs] == ["completed", "completed"]
    wait_for("the message is dead", lambda: dead(stack) or None)
    assert [each.result for each in redrive(stack.deployed, discard=False)] == [RedriveResult.LEFT]
    assert dead(stack) == 1
    assert [each.result for each in redrive(stack.deployed, discard=True)] == [RedriveResult.DISCARDED]
    assert dead(stack) == 0


def test_given_a_wake_up_that_died_when_it_is_redriven_then_its_cause_is_named_and_the_job_runs(
    impatient: LocalStack, books: Ledger
) -> None:
    stack = impatient
    stack.connect(LUMBRE, books)
    stack.pleo.service.faults.order(Fault(effect="status", status=401, path="/v3/export-jobs$", count=5))
    job_id = export(stack, LUMBRE, some_expenses(stack, LUMBRE, 1))
    wait_for("the wake-up is dead", lambda: dead(stack) or None)

    (redriven,) = redrive(stack.deployed, discard=False)

    assert redriven.result is RedriveResult.SENT
    assert LUMBRE in redriven.line
    assert "PleoUnauthorized" in redriven.line
    assert finished(stack, job_id)["status"] == "completed"
    assert dead(stack) == 0
