"""Item payloads on their way from Pleo to the accounting system: one S3 object per chunk, gone after 7 days.

They never pass through the state machine, whose payloads and history must not hold people's data.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


@dataclass(frozen=True)
class WorkItem:
    """One item of the work set: its status at Pleo when fetched, and its payload if Pleo gave one.

    `entry_id` is our key for it, `pleo_id` the same as Pleo spells it, if that differs (see workflow.entry_ids).
    """

    entry_id: str
    status: str
    payload: dict[str, Any] | None
    pleo_id: str | None = None

    @property
    def told_as(self) -> str:
        """Return the id under which Pleo knows the item."""
        return self.pleo_id if self.pleo_id is not None else self.entry_id


class Payloads:
    """The bucket of payloads."""

    def __init__(self, s3: S3Client, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def write_chunk(self, job_id: str, execution: str, chunk: int, items: Sequence[WorkItem]) -> None:
        """Write the items of one chunk."""
        # Decimals become strings: their digits survive, and the reader expects them so. Escaped, any text fits.
        body = json.dumps([asdict(item) for item in items], default=str).encode()
        self._s3.put_object(
            Bucket=self._bucket, Key=_key(job_id, execution, chunk), Body=body, ContentType="application/json"
        )

    def read_chunk(self, job_id: str, execution: str, chunk: int) -> list[WorkItem]:
        """Return the items of one chunk; amounts with a fraction are text."""
        answer = self._s3.get_object(Bucket=self._bucket, Key=_key(job_id, execution, chunk))
        return [WorkItem(**item) for item in json.loads(answer["Body"].read())]

    def stored(self, job_id: str) -> Iterator[tuple[str, list[WorkItem]]]:
        """Yield all files of the job that are still there, of any run: their keys and items."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=f"jobs/{job_id}/")
        for page in pages:
            for each in page.get("Contents", ()):
                answer = self._s3.get_object(Bucket=self._bucket, Key=each["Key"])
                yield each["Key"], [WorkItem(**item) for item in json.loads(answer["Body"].read())]

    def of_job(self, job_id: str) -> Iterator[WorkItem]:
        """Yield the items of all runs of the job, as far as they are still there: an item of several runs several
        times."""
        for _, items in self.stored(job_id):
            yield from items

    def delete(self, key: str) -> None:
        """Delete a file; harmless if it is gone."""
        self._s3.delete_object(Bucket=self._bucket, Key=key)


def _key(job_id: str, execution: str, chunk: int) -> str:
    return f"jobs/{job_id}/{execution}/chunk-{chunk:05d}.json"
