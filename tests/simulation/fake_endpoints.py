"""The two outer worlds as the functions meet them: Pleo without HTTP, and books that remember everything.

The way to Pleo is short, for speed; `test_outside.py` holds it to the simulator's application.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pleo_export.accounting.errors import AccountingError
from pleo_export.accounting.port import DocumentOutcome
from pleo_export.bookkeeping.documents import Document as Entry
from pleo_export.bookkeeping.export_item import File
from pleo_export.receipts.errors import not_downloaded
from pleo_export.receipts.formats import PNG
from pleo_export.receipts.receipt import Receipt, sha256_of
from pleo_simulator.errors import Refused
from pleo_simulator.jobs import item_error
from pleo_simulator.paging import PageRequest
from pleo_simulator.pleo_state import PleoState
from tests.simulation.fault_injection import Answered, FaultInjector
from tests.system.fake_accounting import FakeAccountingSystem, NoProof
from tests.system.general_ledger import Document

Json = dict[str, Any]
T = TypeVar("T")
JOB = re.compile(r"/v3/export-jobs/([0-9a-f-]{36})(/items)?")


@dataclass
class PleoSession:
    """What a session of requests is to Pleo's client, for one company. `written` is called after each write, `looked`
    after its jobs were read, `accepts` says whether a request's credential is good."""

    pleo: PleoState
    injector: FaultInjector
    company_id: str
    written: Callable[[str, Json], None]
    looked: Callable[[str], None]
    accepts: Callable[[Any], bool] = lambda auth: True

    def request(
        self,
        method: str,
        url: str,
        *,
        params: list[tuple[str, Any]],
        data: bytes | None,
        auth: Any = None,
        **_: Any,
    ) -> Any:
        path = urlsplit(url).path
        effect = f"pleo {method} {path}"
        query: dict[str, list[str]] = {}
        for name, value in params:
            query.setdefault(name, []).append(str(value))
        try:
            self.injector.before(effect)
            if not self.accepts(auth):
                return response(401, {"type": "UNAUTHORIZED", "message": "simulated"})
            carry_out = partial(self._answer, method, path, query, json.loads(data) if data else None)
            if method != "GET":
                self.injector.on_its_way(effect, carry_out)
            status, content = carry_out()
            self.injector.after(effect)
            if path == "/v3/export-jobs":
                self.looked(self.company_id)
        except Answered as answered:
            headers = {} if answered.retry_after is None else {"Retry-After": str(answered.retry_after)}
            return response(answered.status, {"type": "FAULT", "message": "simulated"}, headers)
        return response(status, content)

    def _answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        try:
            if method == "GET":
                return 200, self._read(path, query)
            return self._write(method, path, body)
        except Refused as refused:
            return refused.status, {"type": refused.error_type, "message": refused.message}

    def _read(self, path: str, query: dict[str, list[str]]) -> Json:
        page = _page(query)
        job_id = query.get("job_id", [None])[0]
        if path == "/v3/export-jobs":
            return self.pleo.list_jobs(self.company_id, page, query["company_id"][0], query["statuses"])
        if path == "/v3/export-items":
            return self.pleo.list_export_items(self.company_id, job_id, page)
        job, items = _job(path)
        if items:
            return self.pleo.list_job_items(self.company_id, job, page, query.get("status", [None])[0])
        return {"data": self.pleo.get_job(self.company_id, job)}

    def _write(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if method == "PUT":
            job, _ = _job(path)
            answer = self._update(job, body)
            self.written(job, {})
            return 200, answer
        if path != "/v3/export-job-events":
            raise NotImplementedError(path)
        event = (body["event"], body.get("failureReason"), body.get("failureReasonType"))
        self.pleo.post_event(self.company_id, body["jobId"], *event)
        self.written(body["jobId"], body)
        return 202, None

    def _update(self, job: str, updates: list[Json]) -> Json:
        """A 200 can carry refusals of single items (R-6.5)."""
        refused: list[Json] = []
        if self.injector.draws(self.company_id, 2.0):
            self.injector.note("items refused", job, self.company_id)
            refused = [each for each in updates if self.injector.random.random() < 0.5]
        answer = self.pleo.update_items(self.company_id, job, [each for each in updates if each not in refused])
        answer["errors"] += [
            item_error(each["accountingEntryId"], "ACCOUNTING_ENTRY_UPDATE_FAILED", "simulated") for each in refused
        ]
        return answer


def _job(path: str) -> tuple[str, bool]:
    found = JOB.fullmatch(path)
    if not found:
        raise NotImplementedError(path)
    return found[1], found[2] is not None


def _page(query: dict[str, list[str]]) -> PageRequest:
    limit = query.get("limit", [None])[0]
    others = {name: values for name, values in query.items() if name not in ("limit", "after")}
    return PageRequest(after=query.get("after", [None])[0], limit=int(limit) if limit else None, parameters=others)


def response(status: int, content: Any, headers: dict[str, str] | None = None) -> Any:
    """Return what a session of requests returns, as far as our clients read it."""
    body = b"" if content is None else json.dumps(content).encode()
    return SimpleNamespace(status_code=status, content=body, headers=headers or {})


LATE = tuple(f"books {each}" for each in ("record", "post", "finalise", "discard", "difference", "reconcile", "attach"))


@dataclass
class SimulatedLedger(FakeAccountingSystem):
    """Books with people, a network and a gateway between us and them: a request may arrive late, and after a refusal
    the ledger may be away. `jobs` says of each document which job's run recorded it; `recorded` is called with each
    new document. On the `poisonous` entries the connector fails as nobody foresaw."""

    injector: FaultInjector = field(default=None)  # type: ignore[assignment]
    recorded: Callable[[Document, str], None] = lambda document, job: None
    attached: Callable[[Document, str], None] = lambda document, name: None
    jobs: dict[str, str] = field(default_factory=dict)
    poisonous: set[str] = field(default_factory=set)

    def of_entry(self, entry_id: str) -> list[Document]:
        """With what the connector made beside them."""
        return [each for each in self.documents if entry_id.lower() in each.entry.reference]

    def takes(self, expense: Json) -> bool:
        """It can hold anything."""
        return True

    def _record(self, entry: Entry, before: Mapping[str, DocumentOutcome]) -> DocumentOutcome:
        if any(each.lower() in entry.reference for each in self.poisonous):
            raise ValueError("what nobody foresaw")
        return super()._record(entry, before)

    def _sent(self, effect: str, request: Callable[[], T]) -> T:
        return super()._sent(effect, partial(self._arriving, effect, request, self._job()))

    def _arriving(self, effect: str, request: Callable[[], T], job: str) -> T:
        def arrived() -> T:
            last = self.ledger.numbers
            answer = request()
            for document in [each for each in self.documents if int(each.id) > last]:
                self.jobs[document.id] = job
                self.recorded(document, job)
            if effect.startswith("books attach"):
                self._look_at_files(effect.rpartition(" ")[2])
            return answer

        if self.injector.away.get(job, self.injector.clock.now()) > self.injector.clock.now():
            raise NoProof("502")
        # What the settle time allows for: RecordItems lives 240 seconds at most, and IN_DOUBT_SECONDS are 300.
        if effect.startswith(LATE) and self.injector.arrives_late(effect, partial(_whatever, arrived), by=30):
            raise NoProof("503")
        return arrived()

    def _look_at_files(self, reference: str) -> None:
        for document in self.ledger.find([reference]):
            for _, content in document.contents:
                self.attached(document, content.rpartition(b"\n")[2].decode())

    def _job(self) -> str:
        return (self.injector.call.job_id if self.injector.call else None) or ""


def _whatever(request: Callable[[], object]) -> None:
    """Send a late request, whose answer is dropped."""
    with suppress(AccountingError):
        request()


@dataclass(frozen=True)
class PleosFiles:
    """What Pleo's file server is to the receipts: a picture for each link. Some links `break_` what reads them."""

    injector: FaultInjector

    def fetch(self, files: Sequence[File], folder: Path) -> tuple[Receipt, ...]:
        return tuple(self._fetched(number, len(files), file, folder) for number, file in enumerate(files, start=1))

    def _fetched(self, number: int, of: int, file: File, folder: Path) -> Receipt:
        self.injector.before("receipts GET")
        if "breaks" in file.url:
            raise ArithmeticError("what nobody foresaw in a file")
        if "gone" in file.url:
            raise not_downloaded(f"File {number}", "it is gone")
        path = folder / f"source-{number}"
        content = PNG.start + file.url.rpartition("/")[2].encode()
        path.write_bytes(content)
        self.injector.after("receipts GET")
        return Receipt(number, of, PNG, path, len(content), sha256_of(path))
