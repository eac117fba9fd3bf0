"""The queue of wake-ups: "this company may have work". FIFO by company, so that its starts are in order."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pleo_export.services.events import WakeUp

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

BATCH = 10  # messages, the most that SQS takes at once
TRIES, PAUSE = 3, 0.5  # of the messages of a batch that SQS has not taken; seconds


class WakeUps:
    """`pause` waits, in seconds."""

    def __init__(self, client: SQSClient, queue_url: str, pause: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._queue = queue_url
        self._pause = pause

    def send(self, wake_up: WakeUp, *, once_per: str) -> None:
        """`once_per` names the cause; SQS drops a second message of the same cause within five minutes."""
        self._client.send_message(QueueUrl=self._queue, **_message(wake_up, once_per))  # type: ignore[arg-type]

    def send_batch(self, wake_ups: Mapping[str, WakeUp]) -> int:
        """Send up to BATCH wake-ups, by their causes. Returns how many of them SQS has not taken in TRIES."""
        left = {str(number): _message(wake_up, cause) for number, (cause, wake_up) in enumerate(wake_ups.items())}
        for attempt in range(TRIES):
            if attempt:
                self._pause(PAUSE)
            entries: Any = [{"Id": number, **message} for number, message in left.items()]
            answer = self._client.send_message_batch(QueueUrl=self._queue, Entries=entries)
            left = {each["Id"]: left[each["Id"]] for each in answer.get("Failed", [])}
            if not left:
                break
        return len(left)


def _message(wake_up: WakeUp, once_per: str) -> dict[str, str]:
    return {
        "MessageBody": json.dumps(wake_up.model_dump(by_alias=True)),
        "MessageGroupId": wake_up.company_id,
        "MessageDeduplicationId": once_per,
    }
