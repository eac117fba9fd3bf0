"""The last number that was given out for documents of a ledger, shared by all functions and commands.

Kept for two days: by then nothing that carries a number is on its way any more, and the ledger shows all that are used.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr
from botocore.exceptions import BotoCoreError, ClientError

from pleo_export.accounting.errors import Unavailable
from pleo_export.failures.job import CONNECTION_LOST
from pleo_export.store.table import conditional_write, expiry, numbers_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

TRIES = 20  # each failed one is another writer's success, and there is seldom more than one
RETRY_SECONDS = 0.05
KEPT = timedelta(days=2)


@dataclass(frozen=True)
class StoredSequence:
    """The NumberSequence of one ledger; `ledger_id` as that of its call budget. `clock` gives UTC."""

    table: Table
    ledger_id: str
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    jitter: Callable[[], float] = random.random

    def take(self, first_free: int, count: int) -> int:
        """Take the next numbers: one read and one write. Raises Unavailable where the table does not answer."""
        try:
            for _ in range(TRIES):
                seen = self._last()
                first = max(first_free, (seen or 0) + 1)
                if self._put(first + count - 1, seen):
                    return first
                self.sleep(RETRY_SECONDS * self.jitter())
        except (ClientError, BotoCoreError) as error:
            raise Unavailable(CONNECTION_LOST.told(), code=type(error).__name__) from error
        raise Unavailable(CONNECTION_LOST.told(), code="numbers taken by others")

    def _last(self) -> int | None:
        record: Any = self.table.get_item(Key=numbers_key(self.ledger_id), ConsistentRead=True).get("Item")
        return None if record is None else int(record["last"])

    def _put(self, last: int, seen: int | None) -> bool:
        unchanged: Any = Attr("last").not_exists() if seen is None else Attr("last").eq(seen)
        return conditional_write(
            self.table.put_item,
            Item={**numbers_key(self.ledger_id), "last": last, "expires_at": expiry(self.clock(), KEPT)},
            ConditionExpression=unchanged,
        )
