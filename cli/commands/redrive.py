"""`pleo-export redrive`: send the wake-ups of the dead-letter queue again. Each is deleted only then: none is lost.

The queue's own StartMessageMoveTask is not used: it says nothing of what it moves, and takes along what cannot be
read, which then blocks its message group until it has failed five times more.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer
from pydantic import Field

from cli.confirmation import confirm
from cli.options import DEFAULT_STACK, AsJson, StackName, Yes
from cli.output_model import OutputModel
from cli.printing import GOOD, LEFT, print_json, print_line, print_next
from cli.stack import Stack
from pleo_export.errors import PleoExportError
from pleo_export.services.events import parse_event
from pleo_export.services.messages import WakeUpEvent
from pleo_export.services.wake_up import WakeUp

LOOK_SECONDS = 2  # a shorter look may miss messages
HIDDEN_SECONDS = 600  # longer than going through them all takes, so that what is left is met once
SHOWN = 200
AROUND = timedelta(hours=1)  # the last failure; five times the queue's visibility timeout are a quarter of an hour


class RedriveResult(StrEnum):
    """What became of a message."""

    SENT = "sent again"
    LEFT = "left"
    DISCARDED = "discarded"


@dataclass(frozen=True)
class Redriven:
    """One message, and the line that tells of it."""

    result: RedriveResult
    line: str


class RedrivenMessage(OutputModel):
    """One message of the dead-letter queue."""

    result: RedriveResult
    line: str = Field(description="The company or message, since when, and why it failed.")


class RedriveOutput(OutputModel):
    """What became of the messages in the dead-letter queue."""

    stack: str
    messages: tuple[RedrivenMessage, ...]


def command(
    discard: Annotated[bool, typer.Option("--discard", help="Delete messages that are not wake-ups.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Send the wake-ups of the dead-letter queue again: safe at any time, none is lost.

    Asks only before --discard, which deletes what cannot be read.
    """
    deployed = Stack.named(stack)
    if discard:
        confirm(f"Messages of stack {deployed.name} that are not wake-ups will be deleted.", yes=yes)
    counts: Counter[RedriveResult] = Counter()
    done = []
    for redriven in redrive(deployed, discard=discard):
        counts[redriven.result] += 1
        done.append(RedrivenMessage(result=redriven.result, line=redriven.line))
        if not as_json:
            print_line(redriven.line, LEFT if redriven.result is RedriveResult.LEFT else GOOD)
    if as_json:
        print_json(RedriveOutput(stack=deployed.name, messages=tuple(done)))
        return
    print_line(", ".join(f"{count} {result}" for result, count in counts.items()) or "no wake-up has failed")
    if counts[RedriveResult.LEFT]:
        print_next("pleo-export redrive --discard   deletes what is not a wake-up")
    elif counts:
        print_next("pleo-export watch")


def redrive(stack: Stack, *, discard: bool) -> Iterator[Redriven]:
    """Go through the dead-letter queue and yield what was done. A message that cannot be read is left where it is, or
    deleted with `discard`."""
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
    failed_at = datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)
    since = f"failed since {failed_at:%Y-%m-%d %H:%M} UTC"
    try:
        wake_up = parse_event(WakeUpEvent, message["Body"])
    except PleoExportError as error:
        result = RedriveResult.DISCARDED if discard else RedriveResult.LEFT
        body = message["Body"][:SHOWN]
        return Redriven(result, f"message {message['MessageId']}: {result}; {since}; {error}; it says {body!r}")
    company_id = wake_up.company_id
    stack.wake_ups.send(WakeUp(company_id=company_id, reason="redrive"), once_per=f"redrive-{message['MessageId']}")
    cause = _last_error(stack, company_id, failed_at)
    return Redriven(
        RedriveResult.SENT,
        f"company {company_id}: {RedriveResult.SENT}; {since}; {cause or 'its log lines say no cause'}",
    )


def _last_error(stack: Stack, company_id: str, failed_at: datetime) -> str | None:
    """Return the error that dispatch last logged for a wake-up of that company (`services.handler.error_boundary`)."""
    found = (
        stack.client("logs")
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName=stack.outputs["FunctionLogGroup"],
            filterPattern=f'"{company_id}"',
            startTime=int((failed_at - AROUND).timestamp() * 1000),
            endTime=int((failed_at + AROUND).timestamp() * 1000),
        )
    )
    texts = [event["message"] for page in found for event in page["events"] if event["message"].startswith("{")]
    errors = [line["error"] for line in map(json.loads, texts) if {"wake_up", "error"} <= line.keys()]
    return str(errors[-1]) if errors else None
