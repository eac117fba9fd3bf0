"""ReconcileDrafts: reconcile the bills and payments that people have posted of our drafts (R-5a.13, R-5f.7).

The schedule calls this every quarter of an hour for some hours of the night. Each call looks after the companies whose
drafts were not looked after yet, those first that have waited longest, until its time is up; the next call goes on.

    the company's lease -> look for each bill and payment that was a draft -> reconcile those that a person has posted
    -> note what is still open -> give the lease back, wake the company

Nothing is ever posted here: only what the accounting system holds as posted is handed to it. Meanwhile no export of the
company runs, for two that reconcile the same bill could each book its exchange difference; one that was clicked waits,
and the wake-up starts it. A company that is busy or cannot be reached now has its turn again with the next call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from pleo_export.accounting.errors import AccountingError, OutcomeUnknown, RateLimited, Rejected, Unavailable
from pleo_export.accounting.port import AccountingSystem, DocumentOutcome, DocumentRef, DocumentState
from pleo_export.batches import in_batches
from pleo_export.errors import PleoExportError, TryAgain
from pleo_export.failures.ledger import NOT_RECONCILED
from pleo_export.observability import logger
from pleo_export.services.handler import error_boundary
from pleo_export.services.services import Services
from pleo_export.services.wake_up import WakeUp
from pleo_export.store.postings import Posting
from pleo_export.store.reconciliations import Reconciliation
from pleo_export.store.table import HISTORY

REST = timedelta(hours=8)  # between two looks at one company: once a night
# No company, and no further batch of one, is begun with less than this left of the function's time.
RESERVE = timedelta(seconds=180)
HOLD = timedelta(minutes=12)  # of the lease: longer than the function may run
PASSING = (TryAgain, Unavailable, RateLimited, OutcomeUnknown)
NEVER = datetime.min.replace(tzinfo=UTC)


class ReconciliationResult(StrEnum):
    """What became of a company's turn."""

    NOTHING_OPEN = "nothing_open"
    DONE = "done"
    LATER = "later"
    FAILED = "failed"


def reconcile_drafts(services: Services) -> dict[str, int]:
    """Return how many companies were looked after, by what became of them; `waiting`: not begun for want of time."""
    counts = Counter({each.value: 0 for each in ReconciliationResult} | {"waiting": 0})
    for company_id in _due(services):
        if services.time_left() < RESERVE:
            counts["waiting"] += 1
        else:
            counts[_reconcile_company(company_id, services)] += 1
    logger.info("drafts looked after", extra=counts)
    return dict(counts)


def _due(services: Services) -> list[str]:
    """Return the companies whose turn it is, those first that have waited longest. Companies whose grant for Pleo has
    ended are among them: it is their accounting system that is asked."""
    company_ids = services.connections.all_company_ids()
    known = services.reconciliations.get_many(company_ids)
    latest = {company_id: known.get(company_id, Reconciliation()) for company_id in company_ids}
    tonight = services.clock() - REST
    due = [company_id for company_id, each in latest.items() if (each.done_at or NEVER) < tonight]
    return sorted(due, key=lambda company_id: latest[company_id].begun_at or NEVER)


def _reconcile_company(company_id: str, services: Services) -> ReconciliationResult:
    """Reconcile one company's drafts. Its errors never reach another company."""
    try:
        with error_boundary(company_id=company_id):
            result = _in_turn(company_id, services)
    except PleoExportError as error:
        result = ReconciliationResult.LATER if isinstance(error, PASSING) else ReconciliationResult.FAILED
    if result in (ReconciliationResult.DONE, ReconciliationResult.FAILED):
        services.reconciliations.done(company_id, services.clock())
    return result


def _in_turn(company_id: str, services: Services) -> ReconciliationResult:
    if not services.postings.with_open_references(company_id):
        return ReconciliationResult.NOTHING_OPEN
    with _lease(company_id, services) as free:
        if not free:
            return ReconciliationResult.LATER
        services.reconciliations.begin(company_id, services.clock())
        # Read again: an export may have ended between the first look and the lease.
        return _reconcile(company_id, services.postings.with_open_references(company_id), services)


@contextmanager
def _lease(company_id: str, services: Services) -> Iterator[bool]:
    """Take the company's lease, and give it back; yields whether it was free. The lease of an execution stays,
    running or not: dispatch knows which."""
    now = services.clock()
    lease, owner = services.leases.get(company_id), f"reconcile-drafts-{services.request_id}"
    busy = lease is not None and (lease.until is None or now < lease.until)
    if busy or not services.leases.take(company_id, owner, now, replacing=lease, until=now + HOLD):
        yield False
        return
    try:
        yield True
    finally:
        services.leases.release(company_id, owner)
        services.wake_ups.send(WakeUp(company_id=company_id, reason="reconciled"), once_per=f"{owner}-{company_id}")


def _reconcile(company_id: str, postings: Sequence[Posting], services: Services) -> ReconciliationResult:
    """Reconcile in batches, until the time is up. Raises AccountingError for what stops all that is left."""
    system = services.accounting_system(services.connection(company_id))
    counts = Counter(references=0, posted=0, still_open=0)
    try:
        for batch in _batches(postings, system.capabilities.max_find):
            if services.time_left() < RESERVE:
                return ReconciliationResult.LATER
            counts.update(_reconcile_batch(batch, system, services))
    finally:
        logger.info("drafts reconciled", extra=counts)
    return ReconciliationResult.DONE


def _batches(postings: Sequence[Posting], size: int) -> Iterator[list[Posting]]:
    """Yield batches with at most `size` open references each."""
    batch: list[Posting] = []
    for posting in postings:
        if batch and sum(len(each.open_references) for each in (*batch, posting)) > size:
            yield batch
            batch = []
        batch.append(posting)
    if batch:
        yield batch


def _reconcile_batch(batch: Sequence[Posting], system: AccountingSystem, services: Services) -> dict[str, int]:
    references = [reference for posting in batch for reference in posting.open_references]
    found = system.find_many(references)
    posted = [each for each in found.values() if isinstance(each, DocumentRef) and each.state is DocumentState.POSTED]
    outcomes = {**found, **_settle_posted(posted, system)}
    noted = [(posting, _posting_after(posting, outcomes, services.clock())) for posting in batch]
    for seen, now in noted:
        if now != seen:
            services.postings.save_open_references(seen, now)
    still_open = sum(len(now.open_references) for _, now in noted)
    return {"references": len(references), "posted": len(posted), "still_open": still_open}


def _settle_posted(posted: Sequence[DocumentRef], system: AccountingSystem) -> dict[str, DocumentOutcome]:
    """Reconcile posted documents with what they settle: all that is left of posting them."""
    outcomes: dict[str, DocumentOutcome] = {}
    for batch in in_batches(posted, system.capabilities.max_batch):
        outcomes |= _settle_together(batch, system)
    return outcomes


def _settle_together(posted: Sequence[DocumentRef], system: AccountingSystem) -> Mapping[str, DocumentOutcome]:
    """Reconcile documents together; what fails is tried individually, so that no error reaches another document."""
    try:
        return system.post_many(posted)
    except Exception as error:
        if isinstance(error, AccountingError) and not isinstance(error, Rejected):
            raise
        if len(posted) > 1:
            singly = [_settle_together([each], system) for each in posted]
            return {reference: outcome for each in singly for reference, outcome in each.items()}
        logger.warning("document not reconciled", extra={"error": type(error).__name__})
        return {posted[0].reference: Rejected(NOT_RECONCILED.told())}


def _posting_after(posting: Posting, outcomes: Mapping[str, DocumentOutcome], now: datetime) -> Posting:
    main = outcomes.get(posting.reference)
    if isinstance(main, DocumentRef):
        posting = replace(posting, document_state=main.state, document_number=main.number)
    if now - (posting.recorded_at or posting.intended_at) >= HISTORY:
        return replace(posting, open_references=())
    still_open = (each for each in posting.open_references if _is_open(outcomes.get(each)))
    return replace(posting, open_references=tuple(still_open))


def _is_open(outcome: DocumentOutcome | None) -> bool:
    """Return whether a document is neither reconciled nor gone (deleted or void): a draft, or posted and not
    settled yet, of which a warning says so, or several of which a person has to choose one."""
    if isinstance(outcome, DocumentRef):
        return outcome.state is DocumentState.DRAFT or (
            outcome.state is DocumentState.POSTED and bool(outcome.warnings)
        )
    return outcome is not None
