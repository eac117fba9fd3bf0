"""The queue of wake-ups: "this company may have work". FIFO by company, so that its starts are in order."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pleo_export.errors import JobFailure, TryAgain
from pleo_export.workflow.events import WakeUp

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

BATCH = 10


class WakeUps:
    def __init__(self, client: SQSClient, queue_url: str) -> None:
        self._client = client
        self._queue = queue_url

    def send(self, wake_up: WakeUp, *, once_per: str) -> None:
        """`once_per` names the cause; SQS drops a second message of the same cause within five minutes."""
        self._client.send_message(
            QueueUrl=self._queue,
            MessageBody=_body(wake_up),
            MessageGroupId=wake_up.company_id,
            MessageDeduplicationId=once_per,
        )

    def send_many(self, wake_ups: Iterable[WakeUp], *, once_per: str) -> int:
        """Returns how many were sent. Raises TryAgain when the queue refused some; sending again is harmless."""
        sent = 0
        for batch in _batches(wake_ups):
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {
                    "Id": str(number),
                    "MessageBody": _body(wake_up),
                    "MessageGroupId": wake_up.company_id,
                    "MessageDeduplicationId": f"{once_per}-{wake_up.company_id}",
                }
                for number, wake_up in enumerate(batch)
            ]
            refused = self._client.send_message_batch(QueueUrl=self._queue, Entries=entries).get("Failed", [])
            if refused:
                raise TryAgain(JobFailure.SERVICE_UNREACHABLE, f"the queue refused {len(refused)} wake-ups")
            sent += len(entries)
        return sent


def _body(wake_up: WakeUp) -> str:
    return json.dumps(wake_up.model_dump(by_alias=True))


def _batches(wake_ups: Iterable[WakeUp]) -> Iterator[list[WakeUp]]:
    rest = iter(wake_ups)
    while batch := list(itertools.islice(rest, BATCH)):
        yield batch
