"""The grants of a connection that have ended, so that a person has to give them again (R-10.6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from boto3.dynamodb.conditions import Attr

from pleo_export.store.connected_companies import AT_ONCE, CONNECTED, INDEX, RECONNECT, TIME
from pleo_export.store.secrets import GrantOwner
from pleo_export.store.table import company_key, conditional_write, iso, moment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


class EndedGrant(NamedTuple):
    """When a grant was found to have ended, and why."""

    reason: str
    at: datetime


class GrantRecords:
    """Whether the grants of a company have ended, noted at its connection."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def ended(self, company_id: str) -> Mapping[GrantOwner, EndedGrant]:
        """Return the grants of the company that have ended, without parsing its settings."""
        return ended_grants(self._table.get_item(Key=company_key(company_id, "CONNECTION")).get("Item", {}))

    def grant_ended(self, company_id: str, grant_owner: GrantOwner, reason: str, now: datetime) -> None:
        """Note that a person has to connect again. A company that is not connected (any more) stays so."""
        poll = f", {INDEX} = :reconnect" if grant_owner == "pleo" else ""
        values = {":ended": {"reason": reason, "at": iso(now)}} | ({":reconnect": RECONNECT} if poll else {})
        self._change(company_id, f"SET ended_{grant_owner} = :ended{poll}", values)

    def grant_given(self, company_id: str, grant_owner: GrantOwner) -> None:
        """Note that a person has connected again."""
        if grant_owner == "pleo":
            values = {":connected": CONNECTED, ":now": AT_ONCE}
            self._change(company_id, f"SET {INDEX} = :connected, {TIME} = :now REMOVE ended_{grant_owner}", values)
        else:
            self._change(company_id, f"REMOVE ended_{grant_owner}", {})

    def _change(self, company_id: str, expression: str, values: dict[str, Any]) -> None:
        conditional_write(
            self._table.update_item,
            Key=company_key(company_id, "CONNECTION"),
            UpdateExpression=expression,
            ConditionExpression=Attr("pk").exists(),
            **({"ExpressionAttributeValues": values} if values else {}),
        )


def ended_grants(record: Mapping[str, Any]) -> dict[GrantOwner, EndedGrant]:
    """Return the grants that have ended, from a connection's item in the table."""
    found: dict[GrantOwner, Any] = {owner: record.get(f"ended_{owner}") for owner in get_args(GrantOwner)}
    return {owner: EndedGrant(str(each["reason"]), moment(str(each["at"]))) for owner, each in found.items() if each}
