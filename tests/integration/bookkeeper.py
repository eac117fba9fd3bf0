"""What a bookkeeper does and sees, for tests of the deployed stack."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from local.stack import LocalStack

PATIENCE_SECONDS = 90
T = TypeVar("T")


def wait_for(what: str, look: Callable[[], T | None], seconds: float = PATIENCE_SECONDS) -> T:
    """The first answer that is not None. Fails with `what` when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (answer := look()) is not None:
            return answer
        time.sleep(0.05)
    pytest.fail(f"not within {seconds:.0f} s: {what}")


def export(
    stack: LocalStack, company_id: str, entry_ids: list[str] | None = None, *, vendor_based_bookkeeping: bool = False
) -> str:
    clicked = stack.pleo.state.click_export(company_id, entry_ids, vendor_based_bookkeeping=vendor_based_bookkeeping)
    return str(clicked["id"])


def job(stack: LocalStack, job_id: str) -> dict[str, Any]:
    return stack.job(job_id)


def finished(stack: LocalStack, job_id: str) -> dict[str, Any]:
    """The job once it is final at Pleo and its execution is over."""

    def look() -> dict[str, Any] | None:
        if not stack.is_over(job_id):
            return None
        runs = executions(stack, job_id)
        return job(stack, job_id) if runs and all(run["status"] != "RUNNING" for run in runs) else None

    return wait_for(f"job {job_id} finished", look)


def executions(stack: LocalStack, job_id: str) -> list[dict[str, Any]]:
    """Of that job, oldest first."""
    pages = stack.aws.client("stepfunctions").get_paginator("list_executions")
    found = [
        run
        for page in pages.paginate(stateMachineArn=stack.outputs["StateMachineArn"])
        for run in page["executions"]
        if run["name"].startswith(job_id)
    ]
    return sorted(found, key=lambda run: run["startDate"])


def successful(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for item in found["items"] if item["status"] == "successful"]


def queued(stack: LocalStack) -> int:
    """Messages waiting or in flight in the queue of wake-ups."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = stack.aws.client("sqs").get_queue_attributes(QueueUrl=stack.outputs["QueueUrl"], AttributeNames=names)
    return sum(int(count) for count in answer["Attributes"].values())


def some_expenses(stack: LocalStack, company_id: str, count: int) -> list[str]:
    """Ids of queued expenses."""
    system = stack.pleo.state
    every = system.company(company_id).expenses
    queued_ids = [each for each in every if system.expense_state(company_id, each) == "queued"]
    assert len(queued_ids) >= count, "the sample company has run out of expenses"
    return queued_ids[:count]
