"""The lock of a company's secret: only one holder at a time changes it.

There is one per company, not one per grant, because both grants are in one secret, which is written as a whole. A
holder that failed keeps it until it expires, which is later than any holder can still run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from boto3.dynamodb.conditions import Attr

from pleo_export.store.table import company_key, conditional_write

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

LONGEST_WAIT = timedelta(seconds=8)  # for another holder; it takes a second or two
RETRY_SECONDS = 0.25
HOLD = timedelta(seconds=90)  # longer than the time limit of every function that takes it; see template.yaml


class SecretLocks:
    """The locks of all companies' secrets."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def take(self, company_id: str, owner: str, now: datetime) -> bool:
        """Take the lock for HOLD, and return whether the owner now may change the company's secret."""
        free = Attr("pk").not_exists() | Attr("until").lte(_milliseconds(now))
        return conditional_write(
            self._table.put_item,
            Item={**company_key(company_id, "SECRET"), "owner": owner, "until": _milliseconds(now + HOLD)},
            ConditionExpression=free,
        )

    @contextmanager
    def held(
        self,
        company_id: str,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        wanted: Callable[[], bool] = lambda: True,
    ) -> Iterator[bool]:
        """Take the lock for the block, and yield whether the caller may change the secret there.

        Waits for another holder, for LONGEST_WAIT at most and as long as the lock is `wanted`.
        """
        owner, until = uuid4().hex, clock() + LONGEST_WAIT
        while wanted():
            if self.take(company_id, owner, clock()):
                try:
                    yield True
                finally:
                    self.release(company_id, owner)
                return
            if clock() >= until:
                break
            sleep(RETRY_SECONDS)
        yield False

    def release(self, company_id: str, owner: str) -> None:
        """Release the lock; one that belongs to another owner by now stays."""
        conditional_write(
            self._table.delete_item, Key=company_key(company_id, "SECRET"), ConditionExpression=Attr("owner").eq(owner)
        )


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
