"""What the nightly check of each company's mapping found last, and whose turn it is. It holds codes and sentences
about them, nothing of a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pleo_export.store.table import company_key, expiry, get_many, iso, moment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

RECORD = "MAPPING"
MOST_KEPT = 300  # findings of one company; a record of DynamoDB has at most 400 KB


@dataclass(frozen=True, slots=True)
class KeptFinding:
    """One finding. `key` is the same every night, `code` names its entry of the failure catalogue, `told` and `who`
    are for people."""

    key: str
    code: str
    told: str
    who: str


@dataclass(frozen=True)
class MappingHealth:
    """The last check of one company. `begun_at` (UTC): the last attempt; `checked_at`: the last one that was complete,
    of which the findings are. `number` counts them all, also those beyond MOST_KEPT that are not kept."""

    begun_at: datetime | None = None
    checked_at: datetime | None = None
    findings: Sequence[KeptFinding] = ()
    number: int = 0


class MappingHealthRecords:
    """The records of the companies' checks."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, company_id: str) -> MappingHealth:
        """Return the last check of a company; an empty one where there was none."""
        return self.get_many([company_id]).get(company_id, MappingHealth())

    def get_many(self, company_ids: Iterable[str]) -> Mapping[str, MappingHealth]:
        """Return the records that exist, by company."""
        records = get_many(self._table, (company_key(company_id, RECORD) for company_id in company_ids))
        return {str(each["pk"]).removeprefix("COMPANY#"): _health(each) for each in records}

    def begin(self, company_id: str, now: datetime) -> None:
        """Store that an attempt begins."""
        self._set(company_id, now, begun_at=iso(now))

    def save(self, company_id: str, findings: Sequence[KeptFinding], now: datetime) -> None:
        """Store what a complete check has found, in place of what the one before it found."""
        kept = [{"key": each.key, "code": each.code, "told": each.told, "who": each.who} for each in findings]
        self._set(company_id, now, checked_at=iso(now), findings=kept[:MOST_KEPT], number=len(kept))

    def _set(self, company_id: str, now: datetime, **values: Any) -> None:
        values["expires_at"] = expiry(now)
        self._table.update_item(
            Key=company_key(company_id, RECORD),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
            ExpressionAttributeNames={f"#{name}": name for name in values},
            ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
        )


def _health(record: Mapping[str, Any]) -> MappingHealth:
    times = {name: moment(str(record[name])) for name in ("begun_at", "checked_at") if name in record}
    found = [
        KeptFinding(str(each["key"]), str(each["code"]), str(each["told"]), str(each["who"]))
        for each in record.get("findings", ())
    ]
    return MappingHealth(**times, findings=found, number=int(record.get("number", 0)))
