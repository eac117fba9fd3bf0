"""The rows of the first two tables in workflow/recording/recovery.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from pleo_export.accounting.errors import PossibleDuplicate
from pleo_export.accounting.port import DocumentOutcome, DocumentRef, DocumentState
from pleo_export.bookkeeping.documents import DocumentKind
from pleo_export.errors import ItemFailure
from pleo_export.store.postings import Posting
from pleo_export.workflow.recording.recovery import Action, Decision, ItemEvidence, decide, decide_all, too_late
from pleo_export.workflow.recording.unrecorded import OUTCOME_UNKNOWN

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
IN_DOUBT_TIME = timedelta(minutes=3)

LIVE = DocumentRef(
    "pleo:1", DocumentKind.JOURNAL_ENTRY, "17", "J17", DocumentState.POSTED, date(2026, 3, 2), "https://books/17"
)
DRAFT = replace(LIVE, state=DocumentState.DRAFT, number=None)
VOID = replace(LIVE, state=DocumentState.VOID)
SEVERAL = PossibleDuplicate("2 entries carry pleo:1")

NOT_IN_DOUBT = Posting("company", "entry", 1, "pleo:1", "same", "this job", NOW - IN_DOUBT_TIME)
IN_DOUBT = replace(NOT_IN_DOUBT, intended_at=NOW - IN_DOUBT_TIME + timedelta(seconds=1))
RECORDED = replace(IN_DOUBT, document_id="17", document_number="J17")
REVERSAL_BEGUN = replace(RECORDED, reversal_begun_at=NOW)
REVERSED = replace(REVERSAL_BEGUN, reversed_at=NOW)

PAYMENT = replace(LIVE, reference="pleo:1:pay", kind=DocumentKind.PAYMENT, id="18", number="P18")
VOID_PAYMENT = replace(PAYMENT, state=DocumentState.VOID)
SEVERAL_PAYMENTS = PossibleDuplicate("2 entries carry pleo:1:pay")


def elsewhere(posting: Posting) -> Posting:
    return replace(posting, job_id="another job")


def changed(posting: Posting) -> Posting:
    return replace(elsewhere(posting), fingerprint="other")


EVERY_POSTING = [None, NOT_IN_DOUBT, IN_DOUBT, RECORDED, changed(NOT_IN_DOUBT), changed(RECORDED)]


def seen(posting: Posting | None, found: DocumentOutcome | None, item: str = "pending") -> ItemEvidence:
    return ItemEvidence(item, posting, found, "this job", "same", NOW, IN_DOUBT_TIME)


@pytest.mark.parametrize("item", ["pending", "in_progress"])
@pytest.mark.parametrize(
    ("posting", "found", "action"),
    [
        *((posting, SEVERAL, Action.FAIL) for posting in EVERY_POSTING),
        (changed(NOT_IN_DOUBT), LIVE, Action.FAIL),
        (changed(RECORDED), LIVE, Action.FAIL),
        (changed(RECORDED), DRAFT, Action.FAIL),
        (None, LIVE, Action.ADOPT),
        (None, DRAFT, Action.ADOPT),
        (IN_DOUBT, LIVE, Action.ADOPT),
        (NOT_IN_DOUBT, LIVE, Action.ADOPT),
        (RECORDED, LIVE, Action.ADOPT),
        (elsewhere(RECORDED), LIVE, Action.ADOPT),
        (replace(RECORDED, fingerprint="other"), LIVE, Action.ADOPT),
        *((posting, VOID, Action.NEXT_REVISION) for posting in EVERY_POSTING),
        (elsewhere(RECORDED), None, Action.NEXT_REVISION),
        (RECORDED, None, Action.FAIL),
        (IN_DOUBT, None, Action.WAIT),
        (elsewhere(IN_DOUBT), None, Action.WAIT),
        *((REVERSAL_BEGUN, found, Action.FAIL) for found in (LIVE, DRAFT, VOID, None)),
        *((REVERSED, found, Action.FAIL) for found in (LIVE, DRAFT)),
        *((REVERSED, found, Action.NEXT_REVISION) for found in (VOID, None)),
    ],
)
def test_whatever_pleo_says_of_the_item(
    item: str, posting: Posting | None, found: DocumentOutcome, action: Action
) -> None:
    assert decide(seen(posting, found, item)).action is action


@pytest.mark.parametrize(
    ("item", "posting", "action"),
    [
        ("in_progress", None, Action.FAIL),
        ("in_progress", NOT_IN_DOUBT, Action.FAIL),
        ("pending", None, Action.CREATE),
        ("pending", NOT_IN_DOUBT, Action.CREATE),
        ("pending", changed(NOT_IN_DOUBT), Action.CREATE),
    ],
)
def test_when_nothing_is_found_and_nothing_can_still_appear(item: str, posting: Posting | None, action: Action) -> None:
    assert decide(seen(posting, None, item)).action is action


@pytest.mark.parametrize(
    ("posting", "found", "item", "failure", "words"),
    [
        (None, SEVERAL, "pending", ItemFailure.ACCOUNTING_SYSTEM_VALIDATION_FAILURE, "2 entries carry pleo:1"),
        (changed(RECORDED), LIVE, "pending", ItemFailure.VALIDATION_FAILURE, "is booked already as J17"),
        (
            changed(RECORDED),
            DRAFT,
            "pending",
            ItemFailure.VALIDATION_FAILURE,
            "is there already as draft 17, with another",
        ),
        (
            RECORDED,
            None,
            "pending",
            ItemFailure.ACCOUNTING_SYSTEM_VALIDATION_FAILURE,
            "J17 was recorded by this",
        ),
        (None, None, "in_progress", ItemFailure.UNEXPECTED_FAILURE, "Export this expense again; it is not booked"),
    ],
)
def test_a_failure_says_what_to_do(
    posting: Posting | None, found: DocumentOutcome | None, item: str, failure: ItemFailure, words: str
) -> None:
    decision = decide(seen(posting, found, item))
    assert decision.failure is failure
    assert words in str(decision.told)


def test_an_intent_in_doubt_waits_until_it_is_not() -> None:
    assert decide(seen(IN_DOUBT, None)).wait == timedelta(seconds=1)
    assert decide(seen(replace(NOT_IN_DOUBT, intended_at=NOW), None)).wait == IN_DOUBT_TIME


@pytest.mark.parametrize(
    ("posting", "found", "payment", "action"),
    [
        *((posting, LIVE, PAYMENT, Action.ADOPT) for posting in (None, IN_DOUBT, RECORDED)),
        *((IN_DOUBT, LIVE, payment, Action.WAIT) for payment in (None, VOID_PAYMENT)),
        *((posting, LIVE, None, Action.ADOPT) for posting in (None, NOT_IN_DOUBT, RECORDED)),
        *((None, found, PAYMENT, Action.FAIL) for found in (None, VOID)),
        (None, None, VOID_PAYMENT, Action.CREATE),
        (None, VOID, VOID_PAYMENT, Action.NEXT_REVISION),
        *((None, found, SEVERAL_PAYMENTS, Action.FAIL) for found in (None, LIVE, VOID)),
    ],
)
def test_a_payment_is_looked_at_with_its_bill(
    posting: Posting | None, found: DocumentRef | None, payment: DocumentOutcome | None, action: Action
) -> None:
    decision = decide_all(seen(posting, found), [payment])
    assert decision.action is action
    if payment is SEVERAL_PAYMENTS:
        assert "2 entries carry pleo:1:pay" in str(decision.told)
    elif action is Action.FAIL:
        assert "P18" in str(decision.told)


@pytest.mark.parametrize(
    ("posting", "wait"),
    [
        (None, 0),
        (NOT_IN_DOUBT, 0),
        (IN_DOUBT, 1),
        (RECORDED, 0),
        (replace(RECORDED, finishing_since=NOW - IN_DOUBT_TIME), 0),
        (replace(RECORDED, finishing_since=NOW - IN_DOUBT_TIME + timedelta(seconds=2)), 2),
    ],
)
def test_a_document_whose_files_or_payments_may_still_arrive_is_adopted_when_they_cannot(
    posting: Posting | None, wait: int
) -> None:
    for payments in ([], [PAYMENT]):
        alone = decide_all(seen(posting, LIVE), payments)
        finished_later = decide_all(seen(posting, LIVE)._replace(finished_later=True), payments)

        assert (alone.action, alone.document) == (Action.ADOPT, LIVE)
        assert finished_later.action is (Action.WAIT if wait else Action.ADOPT)
        assert finished_later.wait == timedelta(seconds=wait)


def test_a_document_that_is_adopted_is_the_one_found() -> None:
    assert decide(seen(None, DRAFT)).document is DRAFT


@pytest.mark.parametrize("decision", [decide(seen(None, LIVE)), decide(seen(RECORDED, None))])
def test_after_the_deadline_what_posts_nothing_stays(decision: Decision) -> None:
    assert too_late(decision) is decision


def test_after_the_deadline_nothing_new_is_posted() -> None:
    decision = too_late(decide(seen(None, None)))
    assert (decision.action, decision.failure) == (Action.FAIL, ItemFailure.ACCOUNTING_SYSTEM_TIMEOUT)
    assert "not booked" in str(decision.told)


def test_without_time_to_wait_an_item_in_doubt_is_reported_as_unknown() -> None:
    decision = decide(seen(IN_DOUBT, None))
    assert (decision.failure, decision.told) == (ItemFailure.ACCOUNTING_SYSTEM_TIMEOUT, OUTCOME_UNKNOWN)
