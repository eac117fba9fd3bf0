"""FetchItems: read the items that are to be booked, and write them in chunks, in order (R-3, R-4).

Pleo's control layer lists the open items, its data layer has their payloads; both are read to the end before
anything is booked. Memory stays flat whatever the job's size: payloads go to a temporary file, only a small sort key
per item stays in memory, and each chunk is read back on its own.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, NamedTuple

from pleo_export.batches import in_batches
from pleo_export.bookkeeping.order import sort_key
from pleo_export.bookkeeping.signs import Signs
from pleo_export.errors import JobFailure, JobRejected
from pleo_export.failures.job import COUNTS_DIFFER
from pleo_export.observability import logger
from pleo_export.pleo.client import PleoClient
from pleo_export.services.events import JobInput
from pleo_export.services.services import Services
from pleo_export.settings import Settings
from pleo_export.store.payloads import WorkItem
from pleo_export.workflow.entry_ids import key_of

OPEN = frozenset({"pending", "in_progress"})


class FetchItemsInput(JobInput):
    """The input of FetchItems: the number of items that Pleo announced."""

    number_of_items: int


def fetch_items(run: FetchItemsInput, services: Services) -> dict[str, Any]:
    """Return the numbers of the chunks written. Raises JobRejected when Pleo's counts disagree (R-3.8), or when the
    amounts do not have the sign that the settings name (R-5b.4)."""
    chunks = count = 0
    for chunks, items in enumerate(open_chunks(run, services, services.chunk_size), start=1):
        services.payloads.write_chunk(run.job_id, run.execution, chunks - 1, items)
        count += len(items)
    # Until here nothing is booked, and a failure is the job's. From here on each item gets its own result (promise 3).
    services.jobs.set_fields(run.job_id, fetched=True, items=count)
    logger.info("items fetched", extra={"items": count, "chunks": chunks})
    return {"chunks": list(range(chunks)), "count": count}


def open_chunks(run: FetchItemsInput, services: Services, size: int) -> Iterator[list[WorkItem]]:
    """Yield the job's open items in order, at most `size` at a time; nothing is written anywhere. Raises as
    `fetch_items` does, before the first are yielded."""
    connection = services.connection(run.company_id)
    pleo = services.pleo(connection)
    open_items = _open_items(pleo, run)
    with tempfile.TemporaryFile() as spool:
        payloads, signs = _Spool(spool), Signs()
        for page in pleo.export_item_pages(run.job_id):
            for item in page:
                signs.add(item)  # of all items, also those that are done: each run of the job decides alike
            payloads.add(item for item in page if _entry_id(item) in open_items)
        _check_signs(signs, connection.settings)
        for ids in in_batches(payloads.in_order(open_items), size):
            yield [_work_item(entry_id, open_items[entry_id], payloads.read(entry_id)) for entry_id in ids]


class _Listed(NamedTuple):
    """An item as Pleo's control layer lists it; a tuple, for there are as many as the job has items."""

    status: str
    pleo_id: str


def _work_item(entry_id: str, listed: _Listed, payload: dict[str, Any] | None) -> WorkItem:
    return WorkItem(entry_id, listed.status, payload, listed.pleo_id if listed.pleo_id != entry_id else None)


def _check_signs(signs: Signs, settings: Settings) -> None:
    if doubt := signs.doubt(settings.outflow_sign):
        raise JobRejected(JobFailure.INVALID_CONFIGURATION, doubt)


def _open_items(pleo: PleoClient, run: FetchItemsInput) -> Mapping[str, _Listed]:
    """Return the items that are not final yet, by our key. One in progress may be partly booked (R-8)."""
    for _ in range(2):
        items = {item.accounting_entry_id: item.status for item in pleo.job_items(run.job_id)}
        if len(items) == run.number_of_items:
            return {key_of(each): _Listed(status, each) for each, status in items.items() if status in OPEN}
    raise JobRejected(
        JobFailure.VALIDATION_FAILURE,
        COUNTS_DIFFER.told(announced=run.number_of_items, listed=len(items)),
    )


@dataclass
class _Spool:
    """Payloads on disk, found again by entry id."""

    file: IO[bytes]
    keys: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)

    def add(self, items: Iterator[Mapping[str, Any]]) -> None:
        for item in items:
            entry_id = _entry_id(item)
            self.keys[entry_id] = sort_key(str(item.get("date")), str(item.get("type")), entry_id)
            self.places[entry_id] = self.file.tell()
            self.file.write(json.dumps(item, default=str).encode() + b"\n")

    def in_order(self, wanted: Mapping[str, _Listed]) -> Sequence[str]:
        """Return every wanted id, in the order of R-3.7; those without a payload last."""
        last = sorted(entry_id for entry_id in wanted if entry_id not in self.keys)
        return sorted(self.keys, key=self.keys.__getitem__) + last

    def read(self, entry_id: str) -> dict[str, Any] | None:
        if entry_id not in self.places:
            return None
        self.file.seek(self.places[entry_id])
        payload: dict[str, Any] = json.loads(self.file.readline())
        return payload


def _entry_id(item: Mapping[str, Any]) -> str:
    return key_of(item.get("accountingEntryId"))
