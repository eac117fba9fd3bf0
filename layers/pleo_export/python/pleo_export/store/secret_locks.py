"""The lock of a company's secret: at most one at a time changes it.

There is one per company, not one per grant, because both grants lie in one secret, which is written as a whole. A
holder that died keeps it until its end, which is further away than a holder can live.
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

PATIENCE = timedelta(seconds=8)  # for another holder; it takes a second or two
LOOK_AGAIN = 0.25  # seconds
HOLD = timedelta(seconds=90)  # longer than the time limit of every function that takes it; see template.yaml


class SecretLocks:
    def __init__(self, table: Table) -> None:
        self._table = table

    def take(self, company_id: str, owner: str, now: datetime) -> bool:
        """True if the company's secret is now the owner's to change, for HOLD."""
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
        pause: Callable[[float], None],
        wanted: Callable[[], bool] = lambda: True,
    ) -> Iterator[bool]:
        """Whether the secret is the caller's to change within the block. It waits for another holder, for PATIENCE and
        as long as the lock is `wanted`."""
        owner, until = uuid4().hex, clock() + PATIENCE
        while wanted():
            if self.take(company_id, owner, clock()):
                try:
                    yield True
                finally:
                    self.release(company_id, owner)
                return
            if clock() >= until:
                break
            pause(LOOK_AGAIN)
        yield False

    def release(self, company_id: str, owner: str) -> None:
        """Give it back; one that is another's by now stays."""
        conditional_write(
            self._table.delete_item, Key=company_key(company_id, "SECRET"), ConditionExpression=Attr("owner").eq(owner)
        )


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
