"""The lease of a company: at most one execution works for it (promise 4).

The owner is the name of an execution. FIFO orders the starts, the lease orders the runs: it is taken before the
execution starts and confirmed by the execution's first state, so that a run that lost it never touches the company,
and one that was given up before it could begin either begins or is replaced, never both.

One call of a function may own it as well, to keep exports away meanwhile. Whether such a call is still running cannot
be determined, so it takes the lease `until` a time by which Lambda has ended it for certain.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr

from pleo_export.store.table import company_key, conditional_write, iso, moment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


@dataclass(frozen=True)
class Lease:
    """The lease of one company.

    `begun`: the owner's first state has confirmed it. `until` (UTC): the owner is one call of a function, and has ended
    by then.
    """

    company_id: str
    owner: str
    since: datetime
    begun: bool = False
    until: datetime | None = None


class Leases:
    """The leases of all companies."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, company_id: str) -> Lease | None:
        """Return the company's lease; None if there is none."""
        record = self._table.get_item(Key=company_key(company_id, "LEASE"), ConsistentRead=True).get("Item")
        if record is None:
            return None
        until = moment(str(record["until"])) if "until" in record else None
        since, begun = moment(str(record["since"])), bool(record.get("begun", False))
        return Lease(company_id, str(record["owner"]), since, begun, until)

    def take(
        self,
        company_id: str,
        owner: str,
        now: datetime,
        *,
        replacing: Lease | None,
        until: datetime | None = None,
    ) -> bool:
        """Take the lease, and return whether it is now the owner's.

        `replacing` is the lease of an owner that has ended, as the caller has read it; None takes a free lease only.
        """
        end = {"until": iso(until)} if until else {}
        vacant: Any = Attr("pk").not_exists()
        if replacing is not None:
            begun = Attr("begun").exists() if replacing.begun else Attr("begun").not_exists()
            vacant = Attr("owner").eq(replacing.owner) & begun
        return conditional_write(
            self._table.put_item,
            Item={**company_key(company_id, "LEASE"), "owner": owner, "since": iso(now), **end},
            ConditionExpression=vacant,
        )

    def confirm(self, company_id: str, owner: str) -> bool:
        """Confirm that the lease has begun, and return whether it is the owner's. May be repeated."""
        return conditional_write(
            self._table.update_item,
            Key=company_key(company_id, "LEASE"),
            UpdateExpression="SET begun = :yes",
            ExpressionAttributeValues={":yes": True},
            ConditionExpression=Attr("owner").eq(owner),
        )

    def release(self, company_id: str, owner: str) -> None:
        """Delete the lease; one that belongs to another owner by now stays."""
        conditional_write(
            self._table.delete_item, Key=company_key(company_id, "LEASE"), ConditionExpression=Attr("owner").eq(owner)
        )
