"""`python fetching.py N < item.json`: FetchItems on a job of N items, paged out by a fake Pleo, in a process that
has imported nothing else; prints the most memory that it ever held, in kB."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from pleo_export.bookkeeping.settings import OutflowSign
from pleo_export.pleo.models import JobItem

FUNCTION = Path(__file__).resolve().parents[2] / "functions" / "fetch_items" / "app.py"
ID = "b1f0f1c4-6f5c-4d0e-9c57-0d6a6b3f7a10"
PAGE = 100


class FakePleo:
    """What the client gives, made up as it is asked for."""

    def __init__(self, count: int, item: str) -> None:
        self._ids = [str(UUID(int=number * 7919)) for number in range(count)]
        self._item = item

    def job_items(self, _job_id: str) -> Iterator[JobItem]:
        for entry_id in self._ids:
            yield JobItem.model_validate_json(json.dumps({"accountingEntryId": entry_id, "status": "pending"}))

    def export_item_pages(self, _job_id: str) -> Iterator[list[dict[str, Any]]]:
        for start in range(0, len(self._ids), PAGE):
            yield [json.loads(self._item) | {"accountingEntryId": each} for each in self._ids[start : start + PAGE]]


def _context() -> Any:
    """What Lambda hands over, as far as it is read here."""
    return SimpleNamespace(
        function_name="fetch_items", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="1"
    )


def peak(count: int, item: str) -> int:
    written: list[int] = []
    services: Any = SimpleNamespace(
        pleo=lambda _connection: FakePleo(count, item),
        connection=lambda _company_id: SimpleNamespace(settings=SimpleNamespace(outflow_sign=OutflowSign.POSITIVE)),
        chunk_size=100,
        jobs=SimpleNamespace(set_fields=lambda *_, **__: None),
        payloads=SimpleNamespace(write_chunk=lambda *given: written.append(len(given[-1]))),
    )
    handler = runpy.run_path(str(FUNCTION))["handler"]
    handler.services = services
    handler({"companyId": ID, "jobId": ID, "execution": "run-1", "numberOfItems": count}, _context())
    if sum(written) != count:
        raise RuntimeError(f"{sum(written)} of {count} items were written")
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


if __name__ == "__main__":
    print(peak(int(sys.argv[1]), sys.stdin.read()))  # noqa: T201 - the answer
