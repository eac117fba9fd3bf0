"""Reading a company's records for an audit, slowly enough not to disturb exports.

Postings and jobs are found by a scan of the whole table (docs/procedure.md says why); it reads a few megabytes a second
at most, however large the table is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr, Key

from pleo_export.store.results import unpacked
from pleo_export.store.settings_history import PREFIX as SETTINGS
from pleo_export.store.table import company_key, job_key, moment, posting_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

Record = Mapping[str, Any]
UNITS_PER_SECOND = 500  # of read capacity: about 2 MB, read consistently; costs a dollar for some 15 GB
# What is gone after minutes or days, and says nothing about the books.
TRANSIENT = ("LEASE", "SECRET", "REFRESH#", "RECONCILIATION")


@dataclass(frozen=True)
class Period:
    """A number of days in UTC, the first and the last included."""

    first: date
    last: date

    def touched_by(self, record: Record) -> bool:
        """Return whether something happened to the record in the period: one of its times (`..._at`) is in it."""
        times = (value for name, value in record.items() if name.endswith("_at") and isinstance(value, str) and value)
        return any(self.first <= _day(moment(value)) <= self.last for value in times)

    def after(self, time: str) -> bool:
        """Return whether the period begins after that time."""
        return _day(moment(time)) < self.first


class AuditReader:
    """Reads one company's records. `sleep` takes seconds."""

    def __init__(self, table: Table, company_id: str, sleep: Callable[[float], None]) -> None:
        self._table = table
        self._company_id = company_id
        self._sleep = sleep

    def postings_and_jobs(self) -> Iterator[tuple[str, Record]]:
        """Yield all posting records (all revisions) and all records of jobs of the company, of any time, each with its
        kind: `posting` or `job`."""
        entries = posting_key(self._company_id, "", 1)["pk"]
        jobs: Any = Attr("sk").eq(job_key("")["sk"]) & Attr("company_id").eq(self._company_id)
        wanted = Attr("pk").begins_with(entries) | jobs
        pages = self._pages(
            self._table.scan, FilterExpression=wanted, ConsistentRead=True, ReturnConsumedCapacity="TOTAL"
        )
        for record in pages:
            yield "posting" if str(record["pk"]).startswith(entries) else "job", record

    def results(self, job_id: str) -> Iterator[Record]:
        """Yield the results of the job's items: what Pleo was told of each."""
        job = job_key(job_id)
        for record in self._pages(self._table.query, KeyConditionExpression=Key("pk").eq(job["pk"])):
            if record["sk"] != job["sk"]:
                yield from unpacked(record)

    def settings(self) -> Iterator[Record]:
        """Yield every version of the company's settings."""
        yield from (each for each in self._of_company() if each["sk"].startswith(SETTINGS))

    def others(self) -> Iterator[Record]:
        """Yield the company's other records that last: the connection, its events, the audit exports."""
        yield from (each for each in self._of_company() if not each["sk"].startswith((SETTINGS, *TRANSIENT)))

    def _of_company(self) -> Iterator[Any]:
        condition = Key("pk").eq(company_key(self._company_id, "")["pk"])
        return self._pages(self._table.query, KeyConditionExpression=condition, ConsistentRead=True)

    def _pages(self, read: Callable[..., Any], **request: Any) -> Iterator[Any]:
        start: dict[str, Any] = {}
        while True:
            page = read(**request, **start)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
            if used := page.get("ConsumedCapacity"):
                self._sleep(used["CapacityUnits"] / UNITS_PER_SECOND)


def job_of(record: Record) -> str:
    """Return the id of the job that a record of a job, or of its items, belongs to."""
    return str(record["pk"]).removeprefix(job_key("")["pk"])


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()
