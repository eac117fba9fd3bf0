"""The queue of wake-ups: "this company may have work". FIFO by company, so that its starts are in order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pleo_export.workflow.events import WakeUp

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient


class WakeUps:
    def __init__(self, client: SQSClient, queue_url: str) -> None:
        self._client = client
        self._queue = queue_url

    def send(self, wake_up: WakeUp, *, once_per: str) -> None:
        """`once_per` names the cause; SQS drops a second message of the same cause within five minutes."""
        self._client.send_message(
            QueueUrl=self._queue,
            MessageBody=json.dumps(wake_up.model_dump(by_alias=True)),
            MessageGroupId=wake_up.company_id,
            MessageDeduplicationId=once_per,
        )
