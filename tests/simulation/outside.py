"""The two outer worlds as the functions meet them: Pleo without HTTP, and books that remember everything.

The way to Pleo is short, for speed; `test_outside.py` holds it to the simulator's application.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from local.pleo.errors import Refused
from local.pleo.jobs import item_error
from local.pleo.paging import PageRequest
from local.pleo.world import World
from pleo_export.accounting.errors import OutcomeUnknown, Rejected
from pleo_export.accounting.port import DocumentRef, Outcome, State
from pleo_export.bookkeeping.documents import Document as Entry
from tests.harness.books import Books, Document
from tests.simulation.chaos import Answered, Chaos

Json = dict[str, Any]
JOB = re.compile(r"/v3/export-jobs/([0-9a-f-]{36})(/items)?")


@dataclass
class Wire:
    """What a session of requests is to Pleo's client, for one company. `written` is called after each write."""

    world: World
    chaos: Chaos
    company_id: str
    written: Callable[[str, Json], None]

    def request(self, method: str, url: str, *, params: list[tuple[str, Any]], data: bytes | None, **_: Any) -> Any:
        path = urlsplit(url).path
        effect = f"pleo {method} {path}"
        query: dict[str, list[str]] = {}
        for name, value in params:
            query.setdefault(name, []).append(str(value))
        try:
            self.chaos.before(effect)
            status, content = self._answer(method, path, query, json.loads(data) if data else None)
            self.chaos.after(effect)
        except Answered as answered:
            headers = {} if answered.retry_after is None else {"Retry-After": str(answered.retry_after)}
            return _response(answered.status, {"type": "FAULT", "message": "simulated"}, headers)
        return _response(status, content)

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
            return self.world.list_jobs(self.company_id, page, query["company_id"][0], query["statuses"])
        if path == "/v3/export-items":
            return self.world.list_export_items(self.company_id, job_id, page)
        job, items = _job(path)
        if items:
            return self.world.list_job_items(self.company_id, job, page, query.get("status", [None])[0])
        return {"data": self.world.get_job(self.company_id, job)}

    def _write(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if method == "PUT":
            job, _ = _job(path)
            answer = self._update(job, body)
            self.written(job, {})
            return 200, answer
        if path != "/v3/export-job-events":
            raise NotImplementedError(path)
        event = (body["event"], body.get("failureReason"), body.get("failureReasonType"))
        self.world.post_event(self.company_id, body["jobId"], *event)
        self.written(body["jobId"], body)
        return 202, None

    def _update(self, job: str, updates: list[Json]) -> Json:
        """A 200 can carry refusals of single items (R-6.5)."""
        refused: list[Json] = []
        if self.chaos.draws(self.company_id, 2.0):
            self.chaos.note("items refused", job, self.company_id)
            refused = [each for each in updates if self.chaos.random.random() < 0.5]
        answer = self.world.update_items(self.company_id, job, [each for each in updates if each not in refused])
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


def _response(status: int, content: Any, headers: dict[str, str] | None = None) -> Any:
    body = b"" if content is None else json.dumps(content).encode()
    return SimpleNamespace(status_code=status, content=body, headers=headers or {})


@dataclass
class Ledger(Books):
    """Books whose requests may arrive late. `jobs` says of each document which job's run recorded it; `recorded` is
    called with each new document. A number is never used twice."""

    chaos: Chaos = field(default=None)  # type: ignore[assignment]
    recorded: Callable[[Document, str], None] = lambda document, job: None
    jobs: dict[str, str] = field(default_factory=dict)
    numbers: int = 0

    def of_entry(self, entry_id: str) -> list[Document]:
        return [each for each in self.documents if entry_id in each.entry.reference]

    def _record(self, entry: Entry, state: State) -> Outcome:
        name = f"books record {entry.reference}"
        self.effects.before(name)
        if refusal := self._refusal(entry):
            return refusal
        call = self.chaos.call
        job = (call.job_id if call else None) or ""
        # What the settle time allows for: RecordItems lives 240 seconds at most, and SETTLE_SECONDS are 300.
        if self.chaos.arrives_late(name, lambda: self._enter(entry, state, job), by=30):
            raise OutcomeUnknown("No answer in time.")
        document = self._enter(entry, state, job)
        self.effects.after(name)
        return self._ref(document)

    def _finalise(self, wanted: DocumentRef) -> Outcome:
        document = next((each for each in self.documents if each.id == wanted.id), None)
        if document is None or document.state is State.VOID:
            return Rejected("The draft is no longer there.")
        return super()._finalise(wanted)

    def _enter(self, entry: Entry, state: State, job: str) -> Document:
        self.numbers += 1
        document = Document(str(self.numbers), entry, state)
        self.documents.append(document)
        self.jobs[document.id] = job
        self.recorded(document, job)
        return document
