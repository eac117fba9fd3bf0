"""Deciding what to do with one item from Pleo's status, our posting record and the accounting system (R-8, R-8.1).

| Item at Pleo | Posting                   | Found            | Then                                           |
|--------------|---------------------------|------------------|------------------------------------------------|
| any          | any                       | several          | fail: a person decides                         |
| any          | reversal begun, not ended | any              | fail: run `reverse` to its end first           |
| any          | reversed                  | live             | fail: void it; it was meant to be undone       |
| any          | reversed                  | void, not found  | next revision                                  |
| any          | of another job, changed   | posted           | fail: already exported as ...; void it         |
| any          | of another job, changed   | draft            | fail: already exported as draft ...; delete it |
| any          | any other                 | live             | adopt: finish it, report it                    |
| any          | any                       | void             | next revision                                  |
| any          | recorded, another job     | not found        | next revision: a person deleted it             |
| any          | recorded, this job        | not found        | fail: it was there and is gone                 |
| any          | intended, in doubt        | not found        | wait: the document may still appear            |
| in_progress  | intended or none          | not found        | fail: not booked; safe to export again         |
| pending      | intended, not in doubt    | not found        | create                                         |
| pending      | none                      | not found        | create                                         |

An intent is "in doubt" while the run that wrote it, or its request, may still be under way (`in_doubt_time`).

"Found" is the item's main document. Where a payment belongs to it (R-5a.12), that is looked at as well:

| Main document                       | Its payment                | Then                                         |
|-------------------------------------|----------------------------|----------------------------------------------|
| any                                 | several                    | fail: a person decides                       |
| to be created or revised            | live                       | fail: a person has to void the payment first |
| to be adopted                       | not there, intent in doubt | wait: it may still appear                    |
| to be adopted, unfinished, in doubt | any                        | wait: what was sent for it may still appear  |
| to be adopted                       | live                       | adopt both                                   |
| to be adopted                       | not there                  | adopt, and create the payment                |

What is to be adopted is checked as if it were made now (`recording.investigation`), with or without a posting:

| Document that is to be adopted                            | Then                                                   |
|-----------------------------------------------------------|--------------------------------------------------------|
| another total, tax or currency                            | fail: recorded as ..., but ...; its id is noted        |
| another date, to which the company lets us move documents | adopt: finish it; "Posted on ..."                      |
| another date, posted (by a person)                        | adopt; a warning names both dates                      |
| another date, a draft that stays one (`posting: draft`)   | adopt; a warning names both dates                      |
| another date, a draft that is to be posted                | fail, naming both: a person sets its date or posts it  |
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from pleo_export.accounting.errors import AccountingError
from pleo_export.accounting.port import DocumentOutcome, DocumentRef, DocumentState
from pleo_export.errors import ItemFailure
from pleo_export.failures.entry import FailureText
from pleo_export.failures.export import (
    CHANGED_AFTER_DRAFT,
    CHANGED_AFTER_POSTING,
    ENTRY_GONE,
    INTERRUPTED,
    NO_TIME_TO_FINISH,
    OUT_OF_TIME,
    PAYMENT_WITHOUT_ITS_BILL,
    REVERSAL_NOT_FINISHED,
    VALID_AFTER_REVERSAL,
)
from pleo_export.store.postings import Posting
from pleo_export.workflow.recording.unrecorded import OUTCOME_UNKNOWN


class Action(StrEnum):
    """What to do with an item next."""

    CREATE = "create"
    ADOPT = "adopt"
    NEXT_REVISION = "next_revision"
    WAIT = "wait"
    FAIL = "fail"


class Decision(NamedTuple):
    """What to do with an item. It gets `failure` and `told` if it fails, or if the job has no time left to `wait`."""

    action: Action
    document: DocumentRef | None = None
    failure: ItemFailure | None = None
    told: FailureText | None = None
    wait: timedelta = timedelta()


class ItemEvidence(NamedTuple):
    """What Pleo, our posting record and the accounting system hold of one item. `in_doubt_time`: see
    `Services.in_doubt_time`, and `finished_later`: `PreparedItem.finished_later`."""

    item_status: str
    posting: Posting | None
    found: DocumentOutcome | None
    job_id: str
    fingerprint: str
    now: datetime
    in_doubt_time: timedelta
    finished_later: bool = False


def decide(seen: ItemEvidence) -> Decision:
    """Return the decision of the first table above."""
    if isinstance(seen.found, AccountingError):
        return Decision(Action.FAIL, failure=seen.found.failure, told=seen.found.told)
    if seen.posting and seen.posting.reversal_begun_at:
        return _reversed(seen.posting, seen.found)
    if seen.found is not None:
        return _found(seen, seen.found)
    return _not_found(seen)


def decide_all(seen: ItemEvidence, payments: Sequence[DocumentOutcome | None]) -> Decision:
    """Return the decision of the first two tables, for an item that has these `payments` as well; None: not found."""
    decision = decide(seen)
    for payment in payments:
        if isinstance(payment, AccountingError):
            return _fail(payment.failure, payment.told)
        live = payment is not None and payment.state is not DocumentState.VOID
        if live and decision.action in (Action.CREATE, Action.NEXT_REVISION):
            assert payment is not None  # noqa: S101 - for the type checker
            return _fail(
                ItemFailure.VALIDATION_FAILURE,
                PAYMENT_WITHOUT_ITS_BILL.told(name=payment.number or payment.id),
            )
        if not live and decision.action is Action.ADOPT and (wait := _in_doubt(seen)):
            return wait
    if decision.action is Action.ADOPT and decision.document and (wait := _being_finished(seen, decision.document)):
        return wait
    return decision


def too_late(decision: Decision) -> Decision:
    """Return the decision after the job's deadline: nothing new is created (R-9)."""
    if decision.action is Action.CREATE:
        return _fail(
            ItemFailure.ACCOUNTING_SYSTEM_TIMEOUT,
            OUT_OF_TIME.told(),
        )
    return decision


def _reversed(posting: Posting, document: DocumentRef | None) -> Decision:
    if not posting.reversed_at:
        return _fail(
            ItemFailure.VALIDATION_FAILURE,
            REVERSAL_NOT_FINISHED.told(name=posting.document_number or posting.document_id),
        )
    if document is None or document.state is DocumentState.VOID:
        return Decision(Action.NEXT_REVISION)
    return _fail(ItemFailure.VALIDATION_FAILURE, VALID_AFTER_REVERSAL.told(name=document.number or document.id))


def _found(seen: ItemEvidence, document: DocumentRef) -> Decision:
    if document.state is DocumentState.VOID:
        return Decision(Action.NEXT_REVISION)
    posting = seen.posting
    if posting and posting.job_id != seen.job_id and posting.fingerprint != seen.fingerprint:
        name = document.number or document.id
        entry = CHANGED_AFTER_DRAFT if document.state is DocumentState.DRAFT else CHANGED_AFTER_POSTING
        return _fail(ItemFailure.VALIDATION_FAILURE, entry.told(name=name))
    return Decision(Action.ADOPT, document=document)


def _not_found(seen: ItemEvidence) -> Decision:
    posting = seen.posting
    if posting and posting.document_id:
        if posting.job_id != seen.job_id:
            return Decision(Action.NEXT_REVISION)
        return _fail(
            ItemFailure.ACCOUNTING_SYSTEM_VALIDATION_FAILURE,
            ENTRY_GONE.told(name=posting.document_number or posting.document_id),
        )
    if wait := _in_doubt(seen):
        return wait
    if seen.item_status == "in_progress":
        return _fail(ItemFailure.UNEXPECTED_FAILURE, INTERRUPTED.told())
    return Decision(Action.CREATE)


def _in_doubt(seen: ItemEvidence) -> Decision | None:
    posting = seen.posting
    return None if posting is None or posting.document_id else _wait(seen, posting.intended_at, OUTCOME_UNKNOWN)


def _being_finished(seen: ItemEvidence, document: DocumentRef) -> Decision | None:
    posting = seen.posting
    if posting is None or not seen.finished_later:
        return None
    since = posting.finishing_since or (None if posting.document_id else posting.intended_at)
    told = NO_TIME_TO_FINISH.told(name=document.number or document.id)
    return None if since is None else _wait(seen, since, told)


def _wait(seen: ItemEvidence, since: datetime, told: FailureText) -> Decision | None:
    """Return how long what was sent since then may still arrive; None: no longer."""
    left = seen.in_doubt_time - (seen.now - since)
    if left <= timedelta():
        return None
    return Decision(Action.WAIT, failure=ItemFailure.ACCOUNTING_SYSTEM_TIMEOUT, told=told, wait=left)


def _fail(failure: ItemFailure, told: FailureText) -> Decision:
    return Decision(Action.FAIL, failure=failure, told=told)
