"""The times when the drafts of a company were last reconciled: what a night has done already, and whose turn it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pleo_export.store.table import company_key, expiry, get_many, iso, moment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

RECORD = "RECONCILIATION"


@dataclass(frozen=True)
class Reconciliation:
    """The last reconciliation of one company.

    `begun_at` (UTC): the last attempt. `done_at`: the last one that need not be repeated the same night.
    """

    begun_at: datetime | None = None
    done_at: datetime | None = None


class Reconciliations:
    """The records of reconciliations."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get_many(self, company_ids: Iterable[str]) -> Mapping[str, Reconciliation]:
        """Return the records that exist, by company."""
        records = get_many(self._table, (company_key(company_id, RECORD) for company_id in company_ids))
        return {str(each["pk"]).removeprefix("COMPANY#"): _reconciliation(each) for each in records}

    def begin(self, company_id: str, now: datetime) -> None:
        """Store that an attempt begins."""
        self._set(company_id, "begun_at", now)

    def done(self, company_id: str, now: datetime) -> None:
        """Store that the company is done for this night."""
        self._set(company_id, "done_at", now)

    def _set(self, company_id: str, name: str, now: datetime) -> None:
        self._table.update_item(
            Key=company_key(company_id, RECORD),
            UpdateExpression=f"SET {name} = :now, expires_at = :expiry",
            ExpressionAttributeValues={":now": iso(now), ":expiry": expiry(now)},
        )


def _reconciliation(record: Mapping[str, Any]) -> Reconciliation:
    known = {name: moment(str(record[name])) for name in ("begun_at", "done_at") if name in record}
    return Reconciliation(**known)
