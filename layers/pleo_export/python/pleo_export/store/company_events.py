"""What operators did to a company's connection: who, what and when. Written once, never changed, never deleted.

`COMPANY#<id>` / `EVENT#<time>#<random>`. `by` is the ARN of the AWS identity that ran the command.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from boto3.dynamodb.conditions import Attr, Key

from pleo_export.store.table import company_key, iso, query_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

PREFIX = "EVENT#"


class CompanyEvents:
    """The events of all companies."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, company_id: str, event: str, by: str, now: datetime, facts: Mapping[str, str | int]) -> None:
        """Write an event such as `connected`, with facts that name no person and hold no secret."""
        self._table.put_item(
            Item={
                **company_key(company_id, f"{PREFIX}{iso(now)}#{uuid4().hex[:8]}"),
                "company_id": company_id,
                "event": event,
                "by": by,
                "at": iso(now),
                **facts,
            },
            ConditionExpression=Attr("pk").not_exists(),
        )

    def of_company(self, company_id: str) -> list[Mapping[str, Any]]:
        """Return the company's events with their facts, oldest first."""
        of: Any = Key("pk").eq(company_key(company_id, "")["pk"]) & Key("sk").begins_with(PREFIX)
        return list(query_all(self._table, KeyConditionExpression=of))
