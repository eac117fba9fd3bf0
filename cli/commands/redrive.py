"""Re-drive the wake-ups that have died: each is sent again, and deleted only then, so that none is ever lost.

The queue's own StartMessageMoveTask is not used: it says nothing of what it moves, and takes along what nobody can
read, which then stands in front of its message group until it has died once more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from cli.stack import Stack
from pleo_export.errors import InvalidEvent
from pleo_export.services.events import WakeUp
from pleo_export.services.handler import parse_event

LOOK_SECONDS = 2  # a shorter look may miss messages
HIDDEN_SECONDS = 600  # longer than one goes through them all, so that what is left is met once
SHOWN = 200
AROUND = timedelta(hours=1)  # its death; five times the queue's visibility timeout are a quarter of an hour


class RedriveResult(StrEnum):
    SENT = "sent again"
    LEFT = "left"
    DISCARDED = "discarded"


@dataclass(frozen=True)
class Redriven:
    result: RedriveResult
    line: str


def redrive(stack: Stack, *, discard: bool) -> Iterator[Redriven]:
    """Goes through all dead wake-ups. One that cannot be read is left where it is, or deleted with `discard`."""
    sqs = stack.client("sqs")
    queue = stack.outputs["FailedQueueUrl"]
    left: list[str] = []
    try:
        while messages := _received(sqs, queue):
            for message in messages:
                redriven = _redriven(stack, message, discard=discard)
                if redriven.result is RedriveResult.LEFT:
                    left.append(message["ReceiptHandle"])
                else:
                    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                yield redriven
    finally:
        for handle in left:
            sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)


def _received(sqs: Any, queue: str) -> list[Any]:
    answer = sqs.receive_message(
        QueueUrl=queue,
        MaxNumberOfMessages=10,
        VisibilityTimeout=HIDDEN_SECONDS,
        WaitTimeSeconds=LOOK_SECONDS,
        MessageSystemAttributeNames=["SentTimestamp"],
    )
    return list(answer.get("Messages", []))


def _redriven(stack: Stack, message: Any, *, discard: bool) -> Redriven:
    died = datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)
    since = f"dead since {died:%Y-%m-%d %H:%M} UTC"
    try:
        wake_up = parse_event(WakeUp, message["Body"])
    except InvalidEvent as error:
        fate = RedriveResult.DISCARDED if discard else RedriveResult.LEFT
        body = message["Body"][:SHOWN]
        return Redriven(fate, f"message {message['MessageId']}: {fate}; {since}; {error}; it says {body!r}")
    company_id = wake_up.company_id
    stack.wake_ups.send(WakeUp(company_id=company_id, reason="redrive"), once_per=f"redrive-{message['MessageId']}")
    cause = _last_error(stack, company_id, died)
    return Redriven(
        RedriveResult.SENT,
        f"company {company_id}: {RedriveResult.SENT}; {since}; {cause or 'its log lines say no cause'}",
    )


def _last_error(stack: Stack, company_id: str, died: datetime) -> str | None:
    """What dispatch has last said of a wake-up of that company; see `workflow.entry.our_errors`."""
    found = (
        stack.client("logs")
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName=stack.outputs["FunctionLogGroup"],
            filterPattern=f'"{company_id}"',
            startTime=int((died - AROUND).timestamp() * 1000),
            endTime=int((died + AROUND).timestamp() * 1000),
        )
    )
    texts = [event["message"] for page in found for event in page["events"] if event["message"].startswith("{")]
    errors = [line["error"] for line in map(json.loads, texts) if {"wake_up", "error"} <= line.keys()]
    return str(errors[-1]) if errors else None
