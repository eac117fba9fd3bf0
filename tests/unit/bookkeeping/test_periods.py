"""Closed periods (R-5e): at most one other date, never an earlier one, and the reader sees both."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pleo_export.bookkeeping.book import Booking
from pleo_export.bookkeeping.documents import Document
from pleo_export.bookkeeping.fingerprint import fingerprint
from pleo_export.bookkeeping.periods import moved_to, next_posting_date
from pleo_export.bookkeeping.settings import ClosedPeriod
from tests.unit.bookkeeping.payloads import item
from tests.unit.bookkeeping.test_book import booked as journal
from tests.unit.bookkeeping.test_book import settings
from tests.unit.bookkeeping.test_payables import booked as payables

ON, TODAY, OPEN, ADJUSTMENT = date(2026, 5, 12), date(2026, 6, 15), date(2026, 6, 1), date(2026, 12, 31)


def next_date(strategy: str, on: date = ON, today: date = TODAY, next_open: date | None = OPEN) -> date | None:
    extra: dict[str, Any] = {"adjustment_date": ADJUSTMENT} if strategy == "adjustment" else {}
    return next_posting_date(settings(closed_period=strategy, **extra), on, today, next_open)


# --- the next date


@pytest.mark.parametrize(
    ("strategy", "day"), [("fail", None), ("today", TODAY), ("next_open", OPEN), ("adjustment", ADJUSTMENT)]
)
def test_given_a_closed_period_then_the_strategy_gives_the_date(strategy: str, day: date | None) -> None:
    assert next_date(strategy) == day


def test_every_strategy_has_a_row_and_the_default_is_to_fail() -> None:
    assert {each.value for each in ClosedPeriod} == {"fail", "today", "next_open", "adjustment"}
    assert next_posting_date(settings(), ON, TODAY, OPEN) is None


@pytest.mark.parametrize("strategy", ["today", "next_open", "adjustment"])
@pytest.mark.parametrize("on", [TODAY, OPEN, ADJUSTMENT, date(2027, 1, 1)])
def test_given_any_date_then_it_never_moves_back_nor_stays(strategy: str, on: date) -> None:
    day = next_date(strategy, on=on)
    assert day is None or day > on
    assert next_date(strategy, on=date(2027, 1, 1)) is None


def test_given_no_open_period_then_there_is_no_other_date() -> None:
    assert next_date("next_open", next_open=None) is None


# --- the shift

DOCUMENTS: list[Document] = [*journal(item()).documents, *payables(item()).documents]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.kind)
def test_given_a_document_when_shifted_then_only_posting_date_and_memo_change(document: Document) -> None:
    moved: Document = moved_to(document, OPEN, 250)
    assert (moved.posting_date, moved.document_date) == (OPEN, document.document_date)
    assert moved.memo == "Paper & Pens | Ada Example | Printer ink | dated 2026-05-12 | B-1001"
    assert (moved.reference, moved.lines, type(moved)) == (document.reference, document.lines, type(document))
    assert fingerprint(Booking((moved,), ())) == fingerprint(Booking((document,), ()))


@pytest.mark.parametrize("to", [ON, date(2026, 5, 11)])
def test_given_a_date_that_is_not_later_then_it_is_an_error(to: date) -> None:
    with pytest.raises(ValueError, match="cannot be moved"):
        moved_to(DOCUMENTS[0], to, 250)


@pytest.mark.parametrize("limit", range(25, 70))
def test_given_a_short_memo_field_then_the_description_goes_first(limit: int) -> None:
    memo = moved_to(DOCUMENTS[0], OPEN, limit).memo
    assert len(memo) <= limit
    assert memo.endswith("dated 2026-05-12 | B-1001")


def test_given_no_room_for_the_date_then_the_reconciliation_id_stays() -> None:
    assert moved_to(DOCUMENTS[0], OPEN, 24).memo == "B-1001"
