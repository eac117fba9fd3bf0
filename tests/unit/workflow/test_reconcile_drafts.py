"""ReconcileDrafts: what people post of our bills and payments is reconciled the night after (R-5a.13, R-5f.7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from pleo_export.accounting.errors import AuthenticationFailed, PermissionDenied, Rejected, Unavailable
from pleo_export.accounting.port import DocumentRef, DocumentState
from pleo_export.bookkeeping.documents import Party
from pleo_export.store.table import HISTORY
from pleo_export.workflow.reconcile_drafts import HOLD, RESERVE
from pleo_simulator.expenses import Expense, Line, export_item
from pleo_simulator.sample import HAVN, NORTHGATE
from tests.system.effects import Killed
from tests.system.expenses import entry_id, purchase, reference
from tests.system.fake_accounting import FakeAccountingSystem
from tests.system.in_process_system import InProcessSystem
from tests.system.lambda_context import InvocationContext
from tests.unit.test_template import timeout

QUARTER = timedelta(minutes=15).total_seconds()


def with_time_left(*left: timedelta) -> InvocationContext:
    """Lambda's context of a call that has so much time left, each time that it looks; the last is all it gets."""
    times = list(left)
    return InvocationContext(lambda: (times.pop(0) if len(times) > 1 else times[0]).total_seconds() * 1000)


def card_invoice(key: str, company: str = NORTHGATE) -> dict[str, Any]:
    """Paid by card on a supplier's invoice: a bill and its payment."""
    expense = Expense(key, "card_invoice", (Line(48_000, "6400", "GB20"),), supplier="WeWork")
    return export_item(company, expense, date(2026, 3, 2))


def bill(key: str, company: str = NORTHGATE) -> str:
    return reference(card_invoice(key, company))


def payment(key: str, company: str = NORTHGATE) -> str:
    return f"{bill(key, company)}:pay"


def exported(system: InProcessSystem, *keys: str, company: str = NORTHGATE) -> FakeAccountingSystem:
    """The books of a company that keeps drafts, with a bill and a payment for each key."""
    books = system.connect(company, [card_invoice(key, company) for key in keys], posting="draft")
    books.ledger.suppliers["V-1008"] = Party("8", "WeWork", "2101")
    job = system.export(company, vendor_based_bookkeeping=True)
    system.run(company)
    assert system.statuses(job) == {"successful": len(keys)}
    assert {each.state for each in books.documents} == {DocumentState.DRAFT}
    system.effects.log.clear()
    return books


def posted_by_hand(system: InProcessSystem, *keys: str, company: str = NORTHGATE) -> FakeAccountingSystem:
    books = exported(system, *keys, company=company)
    for each in list(books.documents):
        books.post_by_hand(each.entry.reference)
    return books


def touched(system: InProcessSystem) -> list[str]:
    """The documents that the accounting system was asked to finalise, since the last look."""
    asked = [each.removeprefix("books finalise ") for each in system.effects.log if each.startswith("books finalise")]
    system.effects.log.clear()
    return asked


def searches(system: InProcessSystem) -> int:
    return system.effects.log.count("books find_many")


def test_given_drafts_posted_by_a_person_then_the_night_reconciles_bill_and_payment(
    system: InProcessSystem,
) -> None:
    books = posted_by_hand(system, "wework")
    assert books.settled == set()

    assert system.night()["done"] == 1

    assert books.settled == {bill("wework"), payment("wework")}
    posting = system.services.postings.latest(NORTHGATE, entry_id(card_invoice("wework")))
    assert posting and (posting.document_state, posting.document_number, posting.open_references) == (
        *("posted", "J1"),
        (),
    )


def test_given_all_is_reconciled_when_the_next_night_comes_then_the_books_are_left_alone(
    system: InProcessSystem,
) -> None:
    posted_by_hand(system, "wework")
    system.night()
    system.effects.log.clear()

    assert system.night()["nothing_open"] == 1

    assert [each for each in system.effects.log if each.startswith("books")] == []


def test_drafts_that_nobody_has_posted_stay_drafts_overnight(
    system: InProcessSystem,
) -> None:
    books = exported(system, "wework")

    system.night()

    assert {each.state for each in books.documents} == {DocumentState.DRAFT}
    assert touched(system) == []


def test_given_two_drafts_posted_a_day_apart_then_both_are_reconciled_the_next_night(
    system: InProcessSystem,
) -> None:
    books = exported(system, "wework")
    books.post_by_hand(bill("wework"))
    system.night()
    assert (books.settled, touched(system)) == (set(), [bill("wework")])
    books.post_by_hand(payment("wework"))

    system.night()

    assert books.settled == {bill("wework"), payment("wework")}
    assert touched(system) == [payment("wework")]


@pytest.mark.parametrize("gone", [FakeAccountingSystem.void, FakeAccountingSystem.delete])
def test_given_drafts_cancelled_or_deleted_by_a_person_then_they_are_not_looked_for_again(
    system: InProcessSystem, gone: Any
) -> None:
    books = exported(system, "wework")
    gone(books, bill("wework"))
    gone(books, payment("wework"))
    system.night()
    system.effects.log.clear()

    assert system.night()["nothing_open"] == 1

    assert (searches(system), touched(system)) == (0, [])


def test_given_journal_entries_as_drafts_when_the_night_comes_then_there_is_nothing_to_do(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, [purchase()], posting="draft")
    system.export(NORTHGATE)
    system.run(NORTHGATE)

    assert system.night()["nothing_open"] == 1


def test_given_many_drafts_when_the_night_comes_then_no_request_holds_more_than_the_system_takes(
    system: InProcessSystem,
) -> None:
    keys = [f"wework-{n}" for n in range(5)]
    books = posted_by_hand(system, *keys)
    books.capabilities = replace(books.capabilities, max_find=4, max_batch=3)
    sizes: dict[str, list[int]] = {"find_many": [], "post_many": []}
    for name, seen in sizes.items():
        setattr(books, name, partial(_counted, getattr(books, name), seen))

    system.night()

    assert books.settled == {name for key in keys for name in (bill(key), payment(key))}
    assert sizes == {"find_many": [4, 4, 2], "post_many": [3, 1, 3, 1, 2]}


def _counted(method: Any, seen: list[int], given: Any) -> Any:
    seen.append(len(given))
    return method(given)


class TestBesideExports:
    def test_given_an_export_holds_the_company_when_the_night_comes_then_it_waits_a_quarter_of_an_hour(
        self, system: InProcessSystem
    ) -> None:
        books = posted_by_hand(system, "wework")
        system.services.leases.take(NORTHGATE, "a-run-1", system.clock.now(), replacing=None)
        assert system.night()["later"] == 1
        assert (books.settled, searches(system)) == (set(), 0)
        system.services.leases.release(NORTHGATE, "a-run-1")

        system.sleep(QUARTER)
        assert system.reconcile_drafts()["done"] == 1

        assert books.settled == {bill("wework"), payment("wework")}

    def test_given_a_click_during_the_nightly_reconciliation_then_the_export_starts_after_it(
        self, system: InProcessSystem
    ) -> None:
        posted_by_hand(system, "wework")
        clicked: list[str] = []

        def click() -> None:
            clicked.append(system.export(NORTHGATE, [entry_id(card_invoice("wework"))], vendor_based_bookkeeping=True))
            system.sleep(90)  # longer than an execution may take to appear
            assert system.wake(NORTHGATE) == "busy"

        system.effects.on("after books finalise", click)
        system.night()

        assert system.services.leases.get(NORTHGATE) is None
        assert system.deliver() == ["started"]
        system.run_executions()
        assert system.job(clicked[0])["status"] == "completed"

    def test_given_a_nightly_call_killed_at_a_company_then_exports_and_the_next_call_go_on(
        self, system: InProcessSystem
    ) -> None:
        books = posted_by_hand(system, "wework")
        system.effects.on("before books finalise", Killed())
        with pytest.raises(Exception, match=r"Timedout|timed out"):
            system.night()
        system.export(NORTHGATE, [entry_id(card_invoice("wework"))], vendor_based_bookkeeping=True)
        assert system.wake(NORTHGATE) == "busy"
        assert system.reconcile_drafts()["later"] == 1

        system.sleep(HOLD.total_seconds())

        assert system.reconcile_drafts()["done"] == 1
        assert books.settled == {bill("wework"), payment("wework")}
        assert system.deliver() == ["started"]

    def test_given_the_night_died_when_its_hold_has_ended_then_a_wake_up_starts_the_export(
        self, system: InProcessSystem
    ) -> None:
        posted_by_hand(system, "wework")
        system.effects.on("before books finalise", Killed())
        with pytest.raises(Exception, match=r"Timedout|timed out"):
            system.night()
        system.export(NORTHGATE, [entry_id(card_invoice("wework"))], vendor_based_bookkeeping=True)

        system.sleep(HOLD.total_seconds())

        assert system.wake(NORTHGATE) == "started"

    def test_given_an_export_writes_a_record_anew_when_the_night_notes_it_then_the_export_s_stays(
        self, system: InProcessSystem
    ) -> None:
        posted_by_hand(system, "wework")
        (seen,) = system.services.postings.with_open_references(NORTHGATE)
        newer = replace(seen, job_id="another-job")
        system.services.jobs.begin(newer.job_id, NORTHGATE, "run", seen=None)
        token = system.services.fencing_tokens.take(newer.job_id, "run", "call")
        assert token and system.services.postings.save_many(token, [newer])

        assert not system.services.postings.save_open_references(seen, replace(seen, open_references=()))

        assert system.services.postings.with_open_references(NORTHGATE) == [newer]

    def test_the_hold_outlives_the_function_and_the_reserve_leaves_most_of_its_time(self) -> None:
        limit = timedelta(seconds=timeout("reconcile_drafts"))
        assert 2 * RESERVE < limit < HOLD < timedelta(minutes=15)


class TestFaults:
    @pytest.mark.parametrize(
        "fault", [AuthenticationFailed("The token was revoked."), PermissionDenied("No."), ValueError("Ann, 12.00")]
    )
    def test_given_one_company_s_books_refuse_us_then_another_s_are_still_reconciled(
        self,
        system: InProcessSystem,
        fault: Exception,
        caplog: pytest.LogCaptureFixture,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        first, second = (posted_by_hand(system, "wework", company=company) for company in (NORTHGATE, HAVN))
        system.effects.on("before books find_many", fault)

        outcome = system.night()

        assert (outcome["failed"], outcome["done"]) == (1, 1)
        assert sorted(map(len, (first.settled, second.settled))) == [0, 2]
        assert "Ann" not in caplog.text + capsys.readouterr().out

        system.sleep(QUARTER)
        assert system.reconcile_drafts()["done"] == 0  # it would meet the same
        assert system.night()["done"] == 1
        assert sorted(map(len, (first.settled, second.settled))) == [2, 2]

    def test_given_books_that_are_away_when_they_are_back_then_they_are_reconciled_the_same_night(
        self, system: InProcessSystem
    ) -> None:
        books = posted_by_hand(system, "wework")
        system.effects.on("before books find_many", Unavailable("The accounting system is being updated."))
        assert system.night()["later"] == 1

        system.sleep(QUARTER)
        assert system.reconcile_drafts()["done"] == 1

        assert books.settled == {bill("wework"), payment("wework")}

    @pytest.mark.parametrize(("fault", "times"), [(Rejected("It is blocked."), 1), (ValueError("Ann, 12.00"), 2)])
    def test_given_one_document_s_fault_then_the_others_are_reconciled_and_it_is_tried_again(
        self, system: InProcessSystem, fault: Exception, times: int
    ) -> None:
        books = posted_by_hand(system, "wework", "regus")
        system.effects.on(f"before books reconcile {payment('wework')}", fault, times=times)

        assert system.night()["done"] == 1
        assert {bill("regus"), payment("regus")} <= books.settled
        touched(system)

        system.night()

        assert touched(system)
        assert books.settled == {name for key in ("wework", "regus") for name in (bill(key), payment(key))}
        assert system.night()["nothing_open"] == 1

    @pytest.mark.parametrize(
        ("fault", "outcome", "tries"),
        [(Rejected("One of them is blocked."), "done", 3), (Unavailable("Being updated."), "later", 1)],
    )
    def test_given_a_fault_of_all_together_then_each_is_tried_for_itself_unless_it_would_meet_the_same(
        self, system: InProcessSystem, fault: Exception, outcome: str, tries: int
    ) -> None:
        books = posted_by_hand(system, "wework")
        finalise, sizes = books.post_many, list[int]()

        def one_at_a_time(documents: Any) -> Any:
            sizes.append(len(documents))
            if len(documents) > 1:
                raise fault
            return finalise(documents)

        books.post_many = one_at_a_time  # type: ignore[method-assign]

        assert system.night()[outcome] == 1

        assert len(sizes) == tries
        assert len(books.settled) == (2 if outcome == "done" else 0)

    def test_given_a_payment_left_open_then_the_next_night_tries_again(self, system: InProcessSystem) -> None:
        """The connector says so in a warning: the document is posted, and what it settles is still open."""
        books = posted_by_hand(system, "wework")
        finalise = books.post_many

        def with_warning(documents: Any) -> Any:
            outcomes = finalise(documents)
            return {
                name: replace(each, warnings=("Booked, not reconciled.",)) if isinstance(each, DocumentRef) else each
                for name, each in outcomes.items()
            }

        books.post_many = with_warning  # type: ignore[method-assign]
        system.night()
        books.post_many = finalise  # type: ignore[method-assign]
        touched(system)

        system.night()

        assert sorted(touched(system)) == sorted([bill("wework"), payment("wework")])
        assert system.night()["nothing_open"] == 1

    def test_given_two_documents_of_one_reference_when_one_is_voided_then_the_other_is_reconciled(
        self, system: InProcessSystem
    ) -> None:
        books = posted_by_hand(system, "wework")
        copy = replace(books.documents[0], id="copy", state=DocumentState.DRAFT)
        books.documents.append(copy)
        system.night()
        assert touched(system) == [payment("wework")]
        books.documents.remove(copy)

        system.night()

        assert books.settled == {bill("wework"), payment("wework")}

    def test_given_drafts_that_nobody_posts_for_more_than_a_year_then_they_are_forgotten(
        self, system: InProcessSystem
    ) -> None:
        books = exported(system, "wework")
        system.sleep(HISTORY.total_seconds())
        system.night()
        system.effects.log.clear()
        assert system.night()["nothing_open"] == 1

        assert searches(system) == 0
        assert {each.state for each in books.documents} == {DocumentState.DRAFT}


class TestTime:
    def test_given_too_little_time_when_a_company_s_turn_comes_then_the_next_call_has_it(
        self, system: InProcessSystem
    ) -> None:
        books = posted_by_hand(system, "wework")
        assert system.night(with_time_left(RESERVE - timedelta(seconds=1)))["waiting"] == 1
        assert books.settled == set()

        system.sleep(QUARTER)
        assert system.reconcile_drafts(with_time_left(timedelta(minutes=10)))["done"] == 1

        assert books.settled == {bill("wework"), payment("wework")}

    def test_given_a_company_that_takes_all_the_time_when_the_next_call_comes_then_the_others_go_first(
        self, system: InProcessSystem
    ) -> None:
        first, second = (posted_by_hand(system, "a", "b", company=company) for company in (NORTHGATE, HAVN))
        for books in (first, second):
            books.capabilities = replace(books.capabilities, max_find=2)
        plenty, little = timedelta(minutes=10), RESERVE / 2
        counts = {"nothing_open": 0, "done": 0, "later": 1, "failed": 0, "waiting": 1}

        assert system.night(with_time_left(plenty, plenty, little)) == counts
        begun = NORTHGATE if first.settled else HAVN
        assert len(touched(system)) == 2

        system.sleep(QUARTER)
        assert system.reconcile_drafts(with_time_left(plenty, plenty, plenty, little))["done"] == 1
        (other,) = {NORTHGATE, HAVN} - {begun}
        assert set(touched(system)) == {name for key in "ab" for name in (bill(key, other), payment(key, other))}

    def test_given_a_night_that_is_done_when_the_schedule_calls_again_then_nothing_is_asked_twice(
        self, system: InProcessSystem
    ) -> None:
        exported(system, "wework")
        system.night()
        asked = searches(system)

        for _ in range(15):
            system.sleep(QUARTER)
            system.reconcile_drafts()

        assert searches(system) == asked == 1
