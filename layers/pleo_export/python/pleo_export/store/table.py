"""The DynamoDB table: its keys, and reading and writing several records at once.

| Record        | pk                              | sk              |
|---------------|---------------------------------|-----------------|
| connection    | COMPANY#<id>                    | CONNECTION      |
| ledger        | BOOKS#<system>#<identity>       | CONNECTION      |
| call budget   | BUDGET#<system>#<identity>      | CALLS           |
| Pleo budget   | BUDGET#pleo                     | CALLS           |
| numbers       | BUDGET#<system>#<identity>      | NUMBERS         |
| lease         | COMPANY#<id>                    | LEASE           |
| secret lock   | COMPANY#<id>                    | SECRET          |
| refresh       | COMPANY#<id>                    | REFRESH#<owner> |
| reconciliation| COMPANY#<id>                    | RECONCILIATION  |
| mapping       | COMPANY#<id>                    | MAPPING         |
| settings      | COMPANY#<id>                    | SETTINGS#<n>    |
| event         | COMPANY#<id>                    | EVENT#<time>#<> |
| audit export  | COMPANY#<id>                    | AUDIT#<n>       |
| pause         | COMPANY#<id>                    | PAUSE           |
| pause history | COMPANY#<id>                    | PAUSED#<time>#… |
| invitation    | INVITATION#<hash>               | INVITATION      |
| authorisation | AUTHORISATION#<hash>            | AUTHORISATION   |
| job           | JOB#<jobId>                     | JOB             |
| item result   | JOB#<jobId>                     | ITEM#<entryId>  |
| booked items  | JOB#<jobId>                     | BOOKED#<run>#…  |
| posting       | ENTRY#<companyId>#<entryId>     | REV#<n>         |
| sync          | COMPANY#<id>                    | SYNC#<list>     |
| poll          | POLL                            | POLL            |
| schedule      | SCHEDULE                        | SYNCS           |
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pleo_export.batches import in_batches
from pleo_export.errors import JobFailure, TryAgain
from pleo_export.failures.job import OVERLOADED

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

BATCH_GET_LIMIT = 100
HISTORY = timedelta(days=400)  # one financial year and a month; HistoryDays of template.yaml. Postings never expire


def company_key(company_id: str, record: str) -> dict[str, str]:
    """Return the key of a record of a company."""
    return {"pk": f"COMPANY#{company_id}", "sk": record}


def ledger_key(ledger_id: str) -> dict[str, str]:
    """Return the key of a ledger's record; `ledger_id` names the accounting system and the company in it."""
    return {"pk": f"BOOKS#{ledger_id}", "sk": "CONNECTION"}


def budget_key(ledger_id: str) -> dict[str, str]:
    """Return the key of a ledger's call budget; `ledger_id` as for `ledger_key`."""
    return {"pk": f"BUDGET#{ledger_id}", "sk": "CALLS"}


def numbers_key(ledger_id: str) -> dict[str, str]:
    """Return the key of the numbers that a ledger's documents were given; `ledger_id` as for `ledger_key`."""
    return {"pk": f"BUDGET#{ledger_id}", "sk": "NUMBERS"}


def job_key(job_id: str) -> dict[str, str]:
    """Return the key of a job's record."""
    return {"pk": f"JOB#{job_id}", "sk": "JOB"}


def item_key(job_id: str, entry_id: str) -> dict[str, str]:
    """Return the key of the result of an item that failed, or has warnings."""
    return {"pk": f"JOB#{job_id}", "sk": f"ITEM#{entry_id}"}


def booked_key(job_id: str, execution: str, chunk: int, first_entry_id: str) -> dict[str, str]:
    """Return the key of what a call of a job's execution booked of a chunk, named by the first of its items."""
    return {"pk": f"JOB#{job_id}", "sk": f"BOOKED#{execution}#{chunk:05d}#{first_entry_id}"}


def posting_key(company_id: str, entry_id: str, revision: int) -> dict[str, str]:
    """Return the key of a posting; revisions count from 1."""
    return {"pk": f"ENTRY#{company_id}#{entry_id}", "sk": f"REV#{revision:04d}"}


def expiry(now: datetime, kept: timedelta = HISTORY) -> int:
    """Return the time-to-live attribute (Unix seconds) of a record that is kept for that time."""
    return int((now + kept).timestamp())


def iso(moment: datetime) -> str:
    """Return the time as ISO 8601 text in UTC."""
    return moment.astimezone(UTC).isoformat()


def moment(text: str) -> datetime:
    """Return the time of an ISO 8601 text."""
    return datetime.fromisoformat(text)


def get_many(table: Table, keys: Iterable[dict[str, str]]) -> Iterator[dict[str, Any]]:
    """Yield the records that exist, in no order, read consistently. Raises TryAgain if DynamoDB keeps throttling."""
    client = table.meta.client
    for batch in in_batches(keys, BATCH_GET_LIMIT):
        request: Any = {table.name: {"Keys": batch, "ConsistentRead": True}}
        for attempt in range(6):
            answer = client.batch_get_item(RequestItems=request)
            yield from answer["Responses"].get(table.name, [])
            request = answer.get("UnprocessedKeys")
            if not request:
                break
            time.sleep(0.05 * 2**attempt)
        else:
            raise TryAgain(JobFailure.SERVICE_TIMEOUT, OVERLOADED.told())


def query_all(table: Table, **request: Any) -> Iterator[dict[str, Any]]:
    """Yield the records of a query, page by page: read consistently, but for an index, which cannot be."""
    request |= {} if "IndexName" in request else {"ConsistentRead": True}
    while True:
        page: Any = table.query(**request)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def conditional_write(write: Callable[..., object], **request: Any) -> bool:
    """Make a conditional write, and return whether its condition held."""
    try:
        write(**request)
    except ClientError as error:
        if condition_failed(error):
            return False
        raise
    return True


def condition_failed(error: ClientError) -> bool:
    """Whether the error means that the condition of a single write did not hold."""
    return error.response["Error"]["Code"] == "ConditionalCheckFailedException"


def transact(table: Table, actions: Iterable[Mapping[str, Any]]) -> bool:
    """Carry out all actions or none; return False if a condition does not hold.

    Each is `{"Put": {"Item": ...}}` and the like, at most a hundred. Raises TryAgain if another transaction is in the
    way.
    """
    named: Any = [{kind: {"TableName": table.name, **what} for kind, what in each.items()} for each in actions]
    try:
        table.meta.client.transact_write_items(TransactItems=named)
    except ClientError as error:
        if error.response["Error"]["Code"] != "TransactionCanceledException":
            raise
        reasons: Any = error.response
        if any(reason["Code"] == "ConditionalCheckFailed" for reason in reasons["CancellationReasons"]):
            return False
        raise TryAgain(JobFailure.SERVICE_TIMEOUT, OVERLOADED.told()) from None
    return True
