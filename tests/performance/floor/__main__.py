"""`python -m tests.performance.floor < job.json`: export one job in a bare loop; prints seconds and memory as JSON.

The input: `pleo` (its address), `key`, `settings` of the company, `secret` of its ledger, `job`.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import UTC, datetime
from typing import Any

import requests

from pleo_export.batches import in_batches
from pleo_export.bookkeeping.book import TextLimits, book
from pleo_export.bookkeeping.documents import JournalEntry
from pleo_export.bookkeeping.export_item import ExportItem, parse_export_item
from pleo_export.pleo.client import PleoClient
from pleo_export.pleo.credentials import ApiKey
from pleo_export.pleo.models import ItemUpdate, JobEvent
from pleo_export.settings import parse_settings
from tests.performance.floor.ledgers import BATCH, FloorLedger, floor_ledger

UPDATES = 100  # in one call, as many as Pleo takes
LIMITS = TextLimits(60, text=200, memo=200)


def export(pleo: PleoClient, ledger: FloorLedger, settings: Any, job_id: str) -> None:
    """Export the job. Raises an error at the first thing that goes wrong."""
    job = pleo.job(job_id)
    pleo.send_event(job_id, JobEvent.STARTED)
    statuses = {each.accounting_entry_id: each.status for each in pleo.job_items(job_id)}
    if len(statuses) != job.number_of_items:
        raise RuntimeError("items are missing")
    items = [each for page in pleo.export_item_pages(job_id) for each in page]
    for reported in in_batches(items, UPDATES):
        updates: list[ItemUpdate] = []
        for batch in in_batches(reported, BATCH):
            updates += _record(ledger, settings, [parse_export_item(each) for each in batch])
        if pleo.update_items(job_id, updates).errors:
            raise RuntimeError("updates were refused")
    pleo.send_event(job_id, JobEvent.COMPLETED)


def _record(ledger: FloorLedger, settings: Any, items: list[ExportItem]) -> list[ItemUpdate]:
    entries: list[JournalEntry] = []
    for item in items:
        documents = book(item, settings, f"pleo:{item.accounting_entry_id}", LIMITS).documents
        entries += [each for each in documents if isinstance(each, JournalEntry)]
    ids = ledger.record(entries)
    for item, id_ in zip(items, ids, strict=True):
        for number, file in enumerate(item.files):
            answer = requests.get(file.url, timeout=30)
            answer.raise_for_status()
            ledger.attach(id_, f"receipt-{number}.pdf", answer.content)
    now = datetime.now(UTC)
    return [
        ItemUpdate(str(item.accounting_entry_id), "successful", external_id=id_, exported_at=now)
        for item, id_ in zip(items, ids, strict=True)
    ]


def main() -> None:
    """Export the job of the input."""
    given = json.load(sys.stdin)
    settings = parse_settings(given["settings"])
    begun, worked = time.perf_counter(), time.process_time()
    pleo = PleoClient(given["pleo"], ApiKey(given["key"]))
    export(pleo, floor_ledger(settings.accounting_system, given["secret"]), settings, given["job"])
    told = {
        "seconds": time.perf_counter() - begun,
        "processor_seconds": time.process_time() - worked,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
