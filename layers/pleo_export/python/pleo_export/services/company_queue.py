"""A FIFO queue of messages about companies: the group is the company, so that its messages are handled in order, one at
a time, and keep no other company waiting."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

BATCH = 10  # messages, the most that SQS takes at once
TRIES, PAUSE = 3, 0.5  # of the messages of a batch that SQS has not taken; seconds


class Message(Protocol):
    """What such a queue takes."""

    @property
    def company_id(self) -> str:
        """The company that it is about."""

    def as_message(self) -> Mapping[str, Any]:
        """Return the message as JSON."""


MessageT = TypeVar("MessageT", bound=Message)


class CompanyQueue(Generic[MessageT]):
    """`pause` waits, in seconds."""

    def __init__(self, client: SQSClient, queue_url: str, pause: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._queue = queue_url
        self._pause = pause

    def send(self, message: MessageT, *, once_per: str) -> None:
        """`once_per` names the cause; SQS drops a second message of the same cause within five minutes."""
        self._client.send_message(QueueUrl=self._queue, **_entry(message, once_per))  # type: ignore[arg-type]

    def send_batch(self, messages: Mapping[str, MessageT]) -> int:
        """Send up to BATCH messages, by their causes. Returns how many of them SQS has not taken in TRIES."""
        left = {str(number): _entry(message, cause) for number, (cause, message) in enumerate(messages.items())}
        for attempt in range(TRIES):
            if attempt:
                self._pause(PAUSE)
            entries: Any = [{"Id": number, **entry} for number, entry in left.items()]
            answer = self._client.send_message_batch(QueueUrl=self._queue, Entries=entries)
            left = {each["Id"]: left[each["Id"]] for each in answer.get("Failed", [])}
            if not left:
                break
        return len(left)


def _entry(message: Message, once_per: str) -> dict[str, str]:
    return {
        "MessageBody": json.dumps(message.as_message()),
        "MessageGroupId": message.company_id,
        "MessageDeduplicationId": once_per,
    }
