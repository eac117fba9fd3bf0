"""The plans of syncs, in the bucket: who archived that cost centre, and why. One file of JSON lines for each,
deleted after 90 days (template.yaml).

The lines hold what the ledger calls its elements, and so names of suppliers too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pleo_export.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

PREFIX = "syncs/"
CONFIRMED = "/confirmed/"  # in the keys of what a run may archive; the others name a day there


class SyncPlans:
    """The plans of all companies."""

    def __init__(self, s3: S3Client, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def write(self, company_id: str, name: str, now: datetime, lines: Iterable[Mapping[str, Any]]) -> None:
        """Write the lines of a plan as a file of that name, below the company and the day."""
        key = f"{PREFIX}{company_id}/{now:%Y-%m-%d}/{name}.jsonl"
        body = "".join(json.dumps(each) + "\n" for each in lines).encode()
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/jsonl")

    def confirm(self, company_id: str, run_id: str, plan_hash: str, archives: Iterable[Sequence[str]]) -> None:
        """Write what a run may archive, for the parts of it that follow: that of the plan with that hash."""
        body = json.dumps(sorted(archives)).encode()
        key = _confirmed_key(company_id, run_id, plan_hash)
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/json")

    def confirmed(self, company_id: str, run_id: str, plan_hash: str) -> list[Sequence[str]]:
        """Return what `confirm` has written; nothing where it cannot be read, so that a person is asked again. Without
        the right to list the bucket, a file that is not there is one that may not be read."""
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=_confirmed_key(company_id, run_id, plan_hash))
        except ClientError as error:
            logger.info("no confirmed archives", extra={"code": error.response["Error"]["Code"]})
            return []
        archives: list[Sequence[str]] = json.loads(answer["Body"].read())
        return archives

    def of_company(self, company_id: str) -> Iterator[str]:
        """Yield the keys of the company's plans, oldest first."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=f"{PREFIX}{company_id}/")
        for page in pages:
            keys = (each["Key"] for each in page.get("Contents", ()))
            yield from (each for each in keys if CONFIRMED not in each)

    def read(self, key: str) -> list[Mapping[str, Any]]:
        """Return the lines of a file."""
        body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return [json.loads(line) for line in body.splitlines()]


def _confirmed_key(company_id: str, run_id: str, plan_hash: str) -> str:
    return f"{PREFIX}{company_id}{CONFIRMED}{run_id}-{plan_hash}.json"
