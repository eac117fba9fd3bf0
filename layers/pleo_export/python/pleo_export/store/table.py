"""The one DynamoDB table: its keys, and reading many records at once.

| Record        | pk                              | sk              |
|---------------|---------------------------------|-----------------|
| connection    | COMPANY#<id>                    | CONNECTION      |
| books         | BOOKS#<system>#<identity>       | CONNECTION      |
| lease         | COMPANY#<id>                    | LEASE           |
| secret lock   | COMPANY#<id>                    | SECRET          |
| refresh       | COMPANY#<id>                    | REFRESH#<which> |
| reconciliation| COMPANY#<id>                    | RECONCILIATION  |
| invitation    | INVITATION#<hash>               | INVITATION      |
| authorisation | AUTHORISATION#<hash>            | AUTHORISATION   |
| job           | JOB#<jobId>                     | JOB             |
| item result   | JOB#<jobId>                     | ITEM#<entryId>  |
| posting       | ENTRY#<companyId>#<entryId>     | REV#<n>         |
| poll          | POLL                            | POLL            |
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pleo_export.errors import JobFailure, TryAgain

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

BATCH_GET_LIMIT = 100
HISTORY = timedelta(days=400)  # jobs and item results: one financial year and a month; postings never expire


def company_key(company_id: str, record: str) -> dict[str, str]:
    return {"pk": f"COMPANY#{company_id}", "sk": record}


def ledger_key(books: str) -> dict[str, str]:
    """`books`: the accounting system, and whose books in it."""
    return {"pk": f"BOOKS#{books}", "sk": "CONNECTION"}


def job_key(job_id: str) -> dict[str, str]:
    return {"pk": f"JOB#{job_id}", "sk": "JOB"}


def item_key(job_id: str, entry_id: str) -> dict[str, str]:
    return {"pk": f"JOB#{job_id}", "sk": f"ITEM#{entry_id}"}


def posting_key(company_id: str, entry_id: str, revision: int) -> dict[str, str]:
    return {"pk": f"ENTRY#{company_id}#{entry_id}", "sk": f"REV#{revision:04d}"}


def expiry(now: datetime) -> int:
    """The time-to-live attribute of a record of a job: Unix seconds."""
    return int((now + HISTORY).timestamp())


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def get_many(table: Table, keys: Iterable[dict[str, str]]) -> Iterator[dict[str, Any]]:
    """The records that exist, in no order, read consistently. Raises TryAgain when DynamoDB keeps throttling."""
    client = table.meta.client
    wanted = list(keys)
    for start in range(0, len(wanted), BATCH_GET_LIMIT):
        request: Any = {table.name: {"Keys": wanted[start : start + BATCH_GET_LIMIT], "ConsistentRead": True}}
        for attempt in range(6):
            answer = client.batch_get_item(RequestItems=request)
            yield from answer["Responses"].get(table.name, [])
            request = answer.get("UnprocessedKeys")
            if not request:
                break
            time.sleep(0.05 * 2**attempt)
        else:
            raise TryAgain(JobFailure.SERVICE_TIMEOUT, "the integration's database is overloaded; export again later")


def conditional_write(write: Callable[..., object], **request: Any) -> bool:
    """Make a conditional write; whether its condition held."""
    try:
        write(**request)
    except ClientError as error:
        if condition_failed(error):
            return False
        raise
    return True


def condition_failed(error: ClientError) -> bool:
    return error.response["Error"]["Code"] == "ConditionalCheckFailedException"


def transact(table: Table, actions: Iterable[Mapping[str, Any]]) -> bool:
    """All of them or none: False when a condition does not hold. Each is `{"Put": {"Item": ...}}` and the like, at most
    a hundred. Raises TryAgain when another transaction is in the way."""
    named: Any = [{kind: {"TableName": table.name, **what} for kind, what in each.items()} for each in actions]
    try:
        table.meta.client.transact_write_items(TransactItems=named)
    except ClientError as error:
        if error.response["Error"]["Code"] != "TransactionCanceledException":
            raise
        reasons: Any = error.response
        if any(reason["Code"] == "ConditionalCheckFailed" for reason in reasons["CancellationReasons"]):
            return False
        raise TryAgain(JobFailure.SERVICE_TIMEOUT, "The integration was overloaded; export again.") from None
    return True
