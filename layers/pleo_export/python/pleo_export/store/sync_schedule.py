"""How far the schedule of syncs has come: the next slot of time, and within it the last company that was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

KEY = {"pk": "SCHEDULE", "sk": "SYNCS"}


@dataclass(frozen=True)
class SchedulePosition:
    """Where the next run of the schedule begins: at a slot, behind a company or with the first (None)."""

    slot: int
    after: str | None = None


class SyncSchedule:
    """The position of the schedule of syncs."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def position(self) -> SchedulePosition | None:
        """Return where the last run stopped; None before the first."""
        found = self._table.get_item(Key=KEY, ConsistentRead=True).get("Item")
        if found is None:
            return None
        return SchedulePosition(int(str(found["slot"])), str(found["after"]) if "after" in found else None)

    def stop_at(self, position: SchedulePosition) -> None:
        """Store where the next run begins."""
        after = {} if position.after is None else {"after": position.after}
        self._table.put_item(Item={**KEY, "slot": position.slot, **after})
