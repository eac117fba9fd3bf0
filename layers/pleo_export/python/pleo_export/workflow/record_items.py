"""RecordItems: book the items of one chunk, each at most once (DESIGN 4, promises 1, 5, 6).

    intent -> find -> create with the reference inside -> note the document -> result

Running it again is always safe: items with a result are skipped, for the others `recovery` decides. One item's fault
never reaches another; what holds for the whole chunk (no answer, request limit) leaves it to the state machine to wait.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from pleo_export.accounting.errors import AccountingError, OutcomeUnknown, RateLimited, Unavailable
from pleo_export.accounting.port import AccountingSystem, DocumentRef, Outcome, State
from pleo_export.errors import JobFailure, NotOurs, TryAgain
from pleo_export.observability import logger
from pleo_export.settings import Posting as PostingSetting
from pleo_export.state.connections import Connection
from pleo_export.state.jobs import ItemResult
from pleo_export.state.postings import Posting
from pleo_export.workflow.candidates import Candidate, prepare
from pleo_export.workflow.events import ChunkRun
from pleo_export.workflow.recovery import OUTCOME_UNKNOWN, Action, Decision, Situation, decide, too_late
from pleo_export.workflow.runtime import Runtime

# Some items of a batch met an accounting system that was away: a pause before the next try.
UNAVAILABLE_PAUSE = timedelta(seconds=15)
SHORTEST_PAUSE = timedelta(seconds=1)


@dataclass(frozen=True)
class Wait:
    """An item that has to wait for `time`; `otherwise` is its result if the job has no time for that."""

    time: timedelta
    otherwise: ItemResult

    @property
    def entry_id(self) -> str:
        return self.otherwise.entry_id


# Each item of a chunk ends with a result, or has to wait.
Settled = ItemResult | Wait


def record_items(run: ChunkRun, runtime: Runtime) -> dict[str, Any]:
    """`waitSeconds` is 0, or how long to wait before the chunk has to be run again.

    Raises TryAgain (the accounting system could not be asked), NotOurs (another run works on the same items).
    """
    items = runtime.payloads.read_chunk(run.job_id, run.execution, run.chunk)
    done = runtime.results.get_many(run.job_id, [item.entry_id for item in items])
    todo = [item for item in items if item.entry_id not in done]
    settled: list[Settled] = []
    try:
        desk = _Desk.open(run, runtime)
        candidates, rejected = prepare(todo, desk.connection, desk.system.capabilities)
        settled += rejected
        for each in desk.record(candidates):
            settled.append(each)
    except (Unavailable, OutcomeUnknown) as error:
        raise TryAgain(JobFailure(error.failure), error.message) from error
    except AccountingError as error:
        # A request limit, or the connection is refused: every item that is left would meet the same answer.
        known = {each.entry_id for each in settled}
        settled += [_refused(item.entry_id, error) for item in todo if item.entry_id not in known]
    finally:
        # What was learnt is kept, also when the rest has to wait or to be tried again.
        results, wait = _in_time(settled, run.deadline - runtime.clock())
        runtime.results.put_many(run.job_id, results, runtime.clock())
    failed = sum(1 for result in results if result.failure)
    counts = {"successful": len(results) - failed, "failed": failed, "wait_seconds": math.ceil(wait.total_seconds())}
    logger.info("chunk recorded", extra={"chunk": run.chunk, **counts})
    return {"waitSeconds": counts["wait_seconds"]}


def _in_time(settled: Sequence[Settled], left: timedelta) -> tuple[list[ItemResult], timedelta]:
    """The results, and how long the rest has to wait: never past the job's deadline (R-9, promise 3)."""
    results, longest = [], timedelta()
    for each in settled:
        if isinstance(each, ItemResult):
            results.append(each)
        elif each.time > left:
            results.append(each.otherwise)
        else:
            longest = max(longest, each.time)
    return results, longest


@dataclass(frozen=True)
class _Case:
    """A candidate, what we knew of it, and what to do."""

    candidate: Candidate
    posting: Posting | None
    decision: Decision


@dataclass(frozen=True)
class _Desk:
    """One company's books, opened for one chunk."""

    run: ChunkRun
    runtime: Runtime
    connection: Connection
    system: AccountingSystem

    @classmethod
    def open(cls, run: ChunkRun, runtime: Runtime) -> _Desk:
        connection = runtime.connection(run.company_id)
        return cls(run, runtime, connection, runtime.accounting_system(connection))

    @property
    def wanted(self) -> State:
        return State.POSTED if self.connection.settings.posting is PostingSetting.POSTED else State.DRAFT

    def record(self, candidates: Sequence[Candidate]) -> Iterator[Settled]:
        cases = self._investigate(candidates)
        if self.runtime.clock() >= self.run.deadline:
            cases = [replace(case, decision=too_late(case.decision)) for case in cases]
        by_action: dict[Action, list[_Case]] = {action: [] for action in Action}
        for case in cases:
            by_action[case.decision.action].append(case)
        for case in by_action[Action.FAIL]:
            yield _unsuccessful(case)
        for case in by_action[Action.WAIT]:
            yield Wait(case.decision.wait, _unsuccessful(case))
        yield from self._adopt(by_action[Action.ADOPT])
        batch = self.system.capabilities.max_batch
        create = by_action[Action.CREATE]
        for start in range(0, len(create), batch):
            yield from self._create(create[start : start + batch])

    def _investigate(self, candidates: Sequence[Candidate]) -> list[_Case]:
        """Ask our records and the accounting system, one search for all; again for entries that need a new revision."""
        cases: list[_Case] = []
        while candidates:
            postings = self.runtime.postings.get_many(
                self.run.company_id, {each.entry_id: each.revision for each in candidates}
            )
            found = self.system.find_many([each.entry.reference for each in candidates])
            investigated = [
                self._case(each, postings.get(each.entry_id), found.get(each.entry.reference)) for each in candidates
            ]
            revised = [case for case in investigated if case.decision.action is Action.NEXT_REVISION]
            cases += [case for case in investigated if case.decision.action is not Action.NEXT_REVISION]
            candidates = [case.candidate.revised() for case in revised]
        return cases

    def _case(self, candidate: Candidate, posting: Posting | None, found: Outcome | None) -> _Case:
        situation = Situation(
            item_status=candidate.item_status,
            posting=posting,
            found=found,
            job_id=self.run.job_id,
            fingerprint=candidate.fingerprint,
            now=self.runtime.clock(),
            settle_time=self.runtime.settle_time,
        )
        return _Case(candidate, posting, decide(situation))

    def _adopt(self, cases: Sequence[_Case]) -> Iterator[Settled]:
        """Finish and report documents that exist already."""
        documents = [case.decision.document for case in cases if case.decision.document]
        drafts = [each for each in documents if each.state is State.DRAFT and self.wanted is State.POSTED]
        outcomes: dict[str, Outcome] = {document.reference: document for document in documents}
        outcomes |= self.system.finalise_many(drafts) if drafts else {}
        yield from self._conclude([(case.candidate, case.posting) for case in cases], outcomes)

    def _create(self, cases: Sequence[_Case]) -> Iterator[Settled]:
        intents = [self._intend(case) for case in cases]
        try:
            outcomes = self.system.record_many([case.candidate.entry for case in cases], self.wanted)
        except AccountingError as error:
            self._withdraw(intents, dict.fromkeys((intent.reference for intent in intents), error))
            raise
        self._withdraw(intents, outcomes)
        yield from self._conclude(
            [(case.candidate, intent) for case, intent in zip(cases, intents, strict=True)], outcomes
        )

    def _withdraw(self, intents: Sequence[Posting], outcomes: Mapping[str, Outcome]) -> None:
        """Forget the intents of which nothing came for certain; after an unknown outcome only a search may follow."""
        for intent in intents:
            if not isinstance(outcomes[intent.reference], DocumentRef | OutcomeUnknown):
                self.runtime.postings.withdraw(intent)

    def _intend(self, case: _Case) -> Posting:
        intent = self._intent(case.candidate)
        if not self.runtime.postings.intend(intent, replacing=case.posting):
            raise NotOurs(f"another run is recording entry {intent.entry_id}")
        return intent

    def _intent(self, candidate: Candidate) -> Posting:
        return Posting(
            company_id=self.run.company_id,
            entry_id=candidate.entry_id,
            revision=candidate.revision,
            reference=candidate.entry.reference,
            fingerprint=candidate.fingerprint,
            job_id=self.run.job_id,
            intended_at=self.runtime.clock(),
        )

    def _conclude(
        self, recorded: Sequence[tuple[Candidate, Posting | None]], outcomes: Mapping[str, Outcome]
    ) -> Iterator[Settled]:
        """Note what became of each document before anything else, then say it."""
        settled: list[Settled] = []
        postings: list[Posting] = []
        for candidate, posting in recorded:
            outcome = outcomes[candidate.entry.reference]
            if isinstance(outcome, DocumentRef):
                noted = self._noted(candidate, posting, outcome)
                postings.append(noted)
                settled.append(_successful(candidate.entry_id, outcome, noted))
            elif isinstance(outcome, OutcomeUnknown):
                settled.append(Wait(self.runtime.settle_time, _unknown(candidate.entry_id)))
            else:
                settled.append(_refused(candidate.entry_id, outcome))
        self.runtime.postings.record_many(postings)
        yield from settled

    def _noted(self, candidate: Candidate, posting: Posting | None, document: DocumentRef) -> Posting:
        now = self.runtime.clock()
        known = posting or self._intent(candidate)
        return replace(
            known,
            job_id=self.run.job_id,
            document_id=document.id,
            document_url=document.url,
            document_number=document.number,
            document_state=document.state,
            recorded_at=known.recorded_at or now,
        )


def _successful(entry_id: str, document: DocumentRef, posting: Posting) -> ItemResult:
    return ItemResult(entry_id, external_id=document.id, external_url=document.url, exported_at=posting.recorded_at)


def _unsuccessful(case: _Case) -> ItemResult:
    return ItemResult(case.candidate.entry_id, failure=case.decision.failure, reason=case.decision.reason)


def _unknown(entry_id: str) -> ItemResult:
    return ItemResult(entry_id, failure=OutcomeUnknown.failure, reason=OUTCOME_UNKNOWN)


def _refused(entry_id: str, error: AccountingError) -> Settled:
    failed = ItemResult(entry_id, failure=error.failure, reason=error.message)
    if isinstance(error, RateLimited):
        return Wait(max(timedelta(seconds=error.retry_after), SHORTEST_PAUSE), failed)
    if isinstance(error, Unavailable):
        return Wait(UNAVAILABLE_PAUSE, failed)
    return failed
