"""The place where a poll stopped that had no time for all companies: the next one continues there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

KEY = {"pk": "POLL", "sk": "POLL"}


class Polls:
    """The record of the last poll."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def stopped_after(self) -> str | None:
        """Return the last company that the last poll has woken; None if it has woken all."""
        found = self._table.get_item(Key=KEY, ConsistentRead=True).get("Item")
        return str(found["company_id"]) if found else None

    def stop_after(self, company_id: str) -> None:
        """Store that the poll stopped after this company."""
        self._table.put_item(Item={**KEY, "company_id": company_id})

    def all_woken(self) -> None:
        """Store that the poll has woken all companies."""
        self._table.delete_item(Key=KEY)
