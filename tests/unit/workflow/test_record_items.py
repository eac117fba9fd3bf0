"""RecordItems: each item is booked at most once, whatever happens in between (promises 1, 2, 5; R-8)."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from pleo_export.accounting.errors import (
    AccountingError,
    AuthenticationFailed,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
)
from pleo_export.accounting.port import DocumentState
from pleo_export.failures.openings import IN_DOUBT
from pleo_simulator.sample import NORTHGATE
from tests.system.effects import Killed, Stopped
from tests.system.expenses import entry_id, purchase, purchases, reference, references
from tests.system.fake_accounting import FakeAccountingSystem
from tests.system.in_process_system import InProcessSystem

AWAY = Unavailable("The accounting system is being updated.")
NO_ANSWER = OutcomeUnknown("no answer in 20 seconds")
LIMIT = RateLimited("Too many requests.", retry_after=37)


def exported(system: InProcessSystem, items: list[dict[str, Any]], **settings: Any) -> tuple[FakeAccountingSystem, str]:
    """Northgate's books, and a job of these items that has run to its end."""
    books = system.connect(NORTHGATE, items, **settings)
    job = system.export(NORTHGATE)
    system.run(NORTHGATE)
    return books, job


def export_again(system: InProcessSystem, *items: dict[str, Any]) -> str:
    """The same expenses, as they are now, in a new job."""
    system.service.state.put_expenses(NORTHGATE, items)
    job = system.export(NORTHGATE, [entry_id(item) for item in items])
    system.run(NORTHGATE)
    return job


def live(books: FakeAccountingSystem) -> Counter[str]:
    return Counter(each.reference for each in books.live())


# Crashes: one entry, and the right word about it


@pytest.mark.parametrize("moment", ["before books record", "after books record", "after dynamodb TransactWriteItems"])
def test_given_the_function_dies_around_recording_when_it_is_run_again_then_there_is_one_entry(
    system: InProcessSystem, moment: str
) -> None:
    system.effects.on(moment, Killed())

    books, job = exported(system, items := purchases(3))

    assert live(books) == Counter(references(items))
    assert system.job(job)["status"] == "completed"
    assert {item["externalId"] for item in system.items(job).values()} == {each.id for each in books.documents}


@pytest.mark.parametrize("moment", ["before books record", "after books record"])
def test_given_an_execution_stopped_around_recording_then_the_resumed_job_has_one_entry(
    system: InProcessSystem, moment: str
) -> None:
    system.effects.on(moment, Stopped(), nth=2)

    books, job = exported(system, items := purchases(3))
    assert system.executions.over == {f"{job}-1": "Stopped"}
    system.heal()

    assert live(books) == Counter(references(items))
    assert system.statuses(job) == {"successful": 3}


def test_given_a_lost_reply_to_a_new_entry_then_it_is_found_and_adopted(
    system: InProcessSystem,
) -> None:
    system.effects.on("after books record", NO_ANSWER, nth=2)

    books, job = exported(system, items := purchases(3))

    assert live(books) == Counter(references(items))
    assert system.job(job)["status"] == "completed"
    assert system.items(job)[entry_id(items[1])]["externalId"] == "2"
    assert system.pauses == [180]


def test_given_the_request_for_a_new_entry_is_lost_when_the_time_has_passed_then_it_is_made_once(
    system: InProcessSystem,
) -> None:
    system.effects.on("before books record", NO_ANSWER)

    books, job = exported(system, items := purchases(3))

    assert live(books) == Counter(references(items))
    assert system.job(job)["status"] == "completed"
    assert system.pauses == [180]


def test_given_an_entry_that_appears_late_when_it_is_looked_for_again_then_it_is_adopted(
    system: InProcessSystem,
) -> None:
    """The request outlives its caller: the entry is there only after the first search for it."""
    late: list[Any] = []

    def withhold() -> None:
        late.append(system.books[NORTHGATE].documents.pop())
        raise NO_ANSWER

    system.effects.on("after books record", withhold)
    system.effects.on("before books find_many", lambda: system.books[NORTHGATE].documents.extend(late), nth=2)

    books, job = exported(system, items := purchases(1))

    assert live(books) == Counter(references(items))
    assert system.job(job)["status"] == "completed"


def test_given_a_draft_that_a_crash_left_behind_when_entries_are_to_be_posted_then_it_is_posted(
    system: InProcessSystem,
) -> None:
    def crash() -> None:
        system.books[NORTHGATE].documents[-1].state = DocumentState.DRAFT
        raise Killed

    system.effects.on("after books record", crash)

    books, job = exported(system, [item := purchase()])

    assert [(each.entry.reference, each.state) for each in books.documents] == [(reference(item), DocumentState.POSTED)]
    assert system.job(job)["status"] == "completed"


@pytest.mark.parametrize(("setting", "state"), [("draft", DocumentState.DRAFT), ("posted", DocumentState.POSTED)])
def test_given_a_posting_setting_when_items_are_exported_then_their_entries_are_in_that_state(
    system: InProcessSystem, setting: str, state: DocumentState
) -> None:
    books, _ = exported(system, purchases(2), posting=setting)

    assert {each.state for each in books.documents} == {state}


# Again: the same expense in a new job


def test_given_an_exported_item_when_it_is_exported_again_then_it_has_the_same_entry(system: InProcessSystem) -> None:
    books, first = exported(system, [item := purchase()])
    system.clock.advance(timedelta(days=30))

    second = export_again(system, item)

    assert len(books.documents) == 1
    told = ("status", "externalId", "externalUrl", "exportedAt")
    then, now = system.items(first)[entry_id(item)], system.items(second)[entry_id(item)]
    assert [now[each] for each in told] == [then[each] for each in told]


def test_given_an_exported_item_when_its_note_has_changed_then_it_is_still_the_same_entry(
    system: InProcessSystem,
) -> None:
    books, _ = exported(system, [purchase()])

    job = export_again(system, purchase(note="With the client"))

    assert (len(books.documents), system.job(job)["status"]) == (1, "completed")


def test_given_an_exported_item_when_its_amount_has_changed_then_it_fails_and_says_what_to_void(
    system: InProcessSystem,
) -> None:
    books, _ = exported(system, [purchase()])

    job = export_again(system, changed := purchase(gross=9900))

    kind, reason = system.failures(job)[entry_id(changed)]
    assert (kind, len(books.documents)) == ("validation_failure", 1)
    assert reason.startswith("This expense is booked already as J1, with another")


def test_given_a_voided_entry_and_a_changed_item_then_a_second_revision_is_booked(
    system: InProcessSystem,
) -> None:
    books, _ = exported(system, [item := purchase()])
    books.void(reference(item))

    job = export_again(system, purchase(gross=9900))

    assert live(books) == {f"{reference(item)}:r2": 1}
    assert system.items(job)[entry_id(item)]["externalId"] == "2"


def test_given_a_deleted_entry_when_its_item_is_exported_again_then_a_second_revision_is_booked(
    system: InProcessSystem,
) -> None:
    books, _ = exported(system, [item := purchase()])
    books.delete(reference(item))

    export_again(system, item)

    assert live(books) == {f"{reference(item)}:r2": 1}


def test_given_two_voided_revisions_when_the_item_is_exported_again_then_a_third_is_booked(
    system: InProcessSystem,
) -> None:
    books, _ = exported(system, [item := purchase()])
    books.void(reference(item))
    export_again(system, item)
    books.void(f"{reference(item)}:r2")

    export_again(system, item)

    assert live(books) == {f"{reference(item)}:r3": 1}


def test_given_our_records_are_lost_when_the_item_is_exported_again_then_the_books_know_it(
    system: InProcessSystem,
) -> None:
    """R-8.7."""
    books, _ = exported(system, [item := purchase()])
    system.services.table.delete_item(Key={"pk": f"ENTRY#{NORTHGATE}#{entry_id(item)}", "sk": "REV#0001"})

    job = export_again(system, item)

    assert (len(books.documents), system.job(job)["status"]) == (1, "completed")


def test_given_an_item_of_an_expired_job_then_the_next_export_adopts_its_entry(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, [item := purchase()])
    expired = system.export(NORTHGATE)
    system.effects.on("before pleo PUT", lambda: system.clock.advance(timedelta(hours=2)))
    system.run(NORTHGATE)
    assert system.job(expired)["failureReasonType"] == "job_expired"

    job = export_again(system, item)

    assert (len(books.documents), system.statuses(job)) == (1, {"successful": 1})


# What the accounting system answers


def test_given_a_request_limit_when_it_is_met_then_the_machine_waits_exactly_as_long_as_asked(
    system: InProcessSystem,
) -> None:
    system.effects.on("before books record", LIMIT)

    books, job = exported(system, items := purchases(2))

    assert system.pauses == [37]
    assert live(books) == Counter(references(items))
    assert system.job(job)["status"] == "completed"


def test_given_a_request_limit_within_a_batch_then_only_the_rest_is_booked_later(
    system: InProcessSystem,
) -> None:
    system.effects.on("before books record", LIMIT, nth=2, times=2)

    books, job = exported(system, items := purchases(3))

    assert system.pauses == [37]
    assert live(books) == Counter(references(items))
    assert system.job(job)["status"] == "completed"


@pytest.mark.parametrize("call", ["find_many", "record"])
def test_given_a_request_limit_that_names_no_time_when_it_is_met_then_a_moment_is_waited(
    system: InProcessSystem, call: str
) -> None:
    system.effects.on(f"before books {call}", RateLimited("Too many requests.", retry_after=0))

    _, job = exported(system, purchases(1))

    assert system.pauses == [1]
    assert system.job(job)["status"] == "completed"


@pytest.mark.parametrize("call", ["find_many", "record"])
@pytest.mark.parametrize("retry_after", [3600, 600])
def test_given_a_request_limit_beyond_the_job_s_end_then_the_items_fail_in_time(
    system: InProcessSystem, call: str, retry_after: int
) -> None:
    limit = RateLimited("The day's requests are used up.", retry_after=retry_after)
    system.effects.on(f"before books {call}", limit, times=1000)

    books, job = exported(system, purchases(2))

    assert system.job(job)["status"] == "failed"
    assert {kind for kind, _ in system.failures(job).values()} <= {
        "accounting_system_rate_limit",
        "accounting_system_timeout",
    }
    assert (system.statuses(job), books.documents) == ({"failed": 2}, [])
    assert sum(system.pauses) <= 50 * 60


def test_given_an_accounting_system_that_is_away_for_some_when_it_is_back_then_all_are_booked(
    system: InProcessSystem,
) -> None:
    system.effects.on("before books record", AWAY, nth=2, times=2)

    books, job = exported(system, items := purchases(3))

    assert system.pauses == [15]
    assert live(books) == Counter(references(items))
    assert system.job(job)["status"] == "completed"


@pytest.mark.parametrize("call", ["find_many", "record"])
def test_given_an_accounting_system_that_is_away_when_it_is_back_then_all_are_booked(
    system: InProcessSystem, call: str
) -> None:
    system.effects.on(f"before books {call}", AWAY, times=3)

    books, job = exported(system, items := purchases(3))

    assert system.pauses == [2, 4, 8]
    assert live(books) == Counter(references(items))
    assert system.job(job)["status"] == "completed"


@pytest.mark.parametrize("call", ["find_many", "record"])
def test_given_an_accounting_system_that_stays_away_when_the_retries_end_then_each_item_says_so(
    system: InProcessSystem, call: str
) -> None:
    system.effects.on(f"before books {call}", AWAY, times=1000)

    books, job = exported(system, purchases(2))

    assert system.job(job)["status"] == "failed"
    assert set(system.failures(job).values()) == {
        ("accounting_system_unreachable", "Not booked. The accounting system is being updated.")
    }
    assert (system.statuses(job), books.documents) == ({"failed": 2}, [])


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (AuthenticationFailed("The login is refused. Connect again."), "accounting_system_authentication_failure"),
        (PermissionDenied("The user may not post any more."), "authorization_failure"),
    ],
)
def test_given_a_connection_refused_midway_then_the_rest_fails_with_that_type(
    system: InProcessSystem, answer: AccountingError, kind: str
) -> None:
    system.environment["CHUNK_SIZE"] = "2"
    system.effects.on("before books record", answer, nth=4, times=1000)
    system.effects.on("before books find_many", answer, nth=3, times=1000)

    books, job = exported(system, items := purchases(6))

    assert system.job(job)["status"] == "completed_with_errors"
    assert live(books) == Counter(references(items[:3]))
    assert (
        system.failures(job)
        == {
            entry_id(items[3]): (kind, f"{IN_DOUBT} {answer.message}"),  # nobody could look whether it is there
            **{entry_id(item): (kind, f"Not booked. {answer.message}") for item in items[4:]},  # nobody asked any more
        }
    )
    assert system.pauses == []  # no hour of retries


def test_given_one_item_that_the_books_refuse_when_a_batch_is_recorded_then_the_others_are_booked(
    system: InProcessSystem,
) -> None:
    system.effects.on("before books record", Rejected("The analytic account is blocked."), nth=2)

    books, job = exported(system, items := purchases(3))

    assert live(books) == Counter(references([items[0], items[2]]))
    assert system.failures(job) == {
        entry_id(items[1]): ("accounting_system_validation_failure", "The analytic account is blocked.")
    }


def test_given_a_refused_item_when_its_cause_is_mended_then_a_new_export_books_it_at_once(
    system: InProcessSystem,
) -> None:
    """Nothing came of it for certain, so nothing has to settle."""
    system.effects.on("before books record", Rejected("The analytic account is blocked."))
    books, _ = exported(system, [item := purchase()])

    export_again(system, item)

    assert (live(books), system.pauses) == ({reference(item): 1}, [])


def test_given_two_live_entries_of_one_item_when_it_is_exported_again_then_it_alone_fails(
    system: InProcessSystem,
) -> None:
    books, _ = exported(system, items := purchases(2))
    books.documents.append(books.documents[0])

    job = export_again(system, *items)

    kind, reason = system.failures(job)[entry_id(items[0])]
    assert (kind, "2 entries carry" in reason) == ("accounting_system_validation_failure", True)
    assert system.statuses(job) == {"successful": 1, "failed": 1}


# The deadline


def test_given_the_deadline_before_a_chunk_then_nothing_new_is_posted_and_the_job_ends(
    system: InProcessSystem,
) -> None:
    system.environment["CHUNK_SIZE"] = "2"
    system.effects.on("after pleo PUT", lambda: system.clock.advance(timedelta(minutes=51)))

    books, job = exported(system, items := purchases(4))

    assert live(books) == Counter(references(items[:2]))
    assert system.job(job)["status"] == "completed_with_errors"
    failures = system.failures(job)
    assert failures.keys() == {entry_id(item) for item in items[2:]}
    assert all(kind == "accounting_system_timeout" and "not booked" in reason for kind, reason in failures.values())


def test_given_the_deadline_has_passed_when_an_entry_is_found_then_it_is_reported_all_the_same(
    system: InProcessSystem,
) -> None:
    system.effects.on("after books record", Killed())
    system.effects.on("before books find_many", lambda: system.clock.advance(timedelta(minutes=51)), nth=2)

    books, job = exported(system, purchases(1))

    assert (len(books.documents), system.statuses(job)) == (1, {"successful": 1})


def test_given_an_unknown_outcome_right_before_the_deadline_then_it_is_reported_as_unknown(
    system: InProcessSystem,
) -> None:
    system.effects.on("before books find_many", lambda: system.clock.advance(timedelta(minutes=49)))
    system.effects.on("before books record", NO_ANSWER)

    books, job = exported(system, [item := purchase()])

    kind, reason = system.failures(job)[entry_id(item)]
    assert (kind, system.pauses) == ("accounting_system_timeout", [])
    assert "did not say in time whether" in reason
    assert books.documents == []


# A run that was aborted, whose function lives on


@pytest.mark.parametrize("moment", ["after dynamodb BatchGetItem", "before dynamodb TransactWriteItems"])
def test_given_a_function_that_outlives_its_run_then_it_does_not_book_again(
    system: InProcessSystem, moment: str
) -> None:
    """It has read its postings, or has even looked into the books, and found nothing."""
    books = system.connect(NORTHGATE, items := purchases(2))
    job = system.export(NORTHGATE)

    def meanwhile() -> None:
        """The execution is aborted; a poll starts another, which runs to its end."""
        system.executions.over[system.executions.started[0].execution] = "ABORTED"
        system.poll()
        system.deliver()
        system.execute(system.executions.started[1])

    system.effects.on(moment, meanwhile, nth=2)
    system.wake(NORTHGATE)
    system.execute(system.executions.started[0])

    assert [run.job_id for run in system.executions.started] == [job, job]
    assert live(books) == Counter(references(items))
    assert system.job(job)["status"] == "completed"


def test_given_a_function_about_to_book_then_the_next_run_waits_and_adopts(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, [item := purchase()])
    job = system.export(NORTHGATE)
    waits: list[int] = []

    def meanwhile() -> None:
        """The zombie's sibling asks first, and is told to wait longer than the zombie can live."""
        event = {"companyId": NORTHGATE, "jobId": job, "execution": f"{job}-1", "chunk": 0}
        deadline = (system.clock.now() + timedelta(minutes=40)).isoformat()
        system.clock.advance(timedelta(seconds=100))
        waits.append(system.handlers["record_items"]({**event, "deadline": deadline}, None)["waitSeconds"])

    system.effects.on("before books record", meanwhile)
    system.run(NORTHGATE)

    assert waits == [80]
    assert live(books) == {reference(item): 1}
    assert system.job(job)["status"] == "completed"


def next_run(system: InProcessSystem) -> None:
    """The execution is aborted, and its function lives on; a poll starts another, which runs to its end."""
    system.executions.over[system.executions.started[0].execution] = "ABORTED"
    system.poll()
    system.deliver()
    system.execute(system.executions.started[1])


@pytest.mark.parametrize("moment", ["before books find_many", "before dynamodb TransactWriteItems"])
def test_given_a_function_that_outlives_its_run_then_an_item_reported_unbooked_stays_so(
    system: InProcessSystem, moment: str
) -> None:
    books = system.connect(NORTHGATE, [item := purchase()])
    job = system.export(NORTHGATE)
    system.effects.on(moment, lambda: next_run(system))
    system.effects.on("before books find_many", AuthenticationFailed("The key is not accepted."), nth=2)

    system.wake(NORTHGATE)
    system.execute(system.executions.started[0])

    kind, reason = system.failures(job)[entry_id(item)]
    assert kind == "accounting_system_authentication_failure"
    assert reason.startswith("Not booked.")
    assert books.documents == []


@pytest.mark.parametrize(
    "moment", ["before books find_many", "before dynamodb TransactWriteItems", "before books record"]
)
def test_given_a_function_given_up_for_lost_then_its_successor_s_result_counts(
    system: InProcessSystem, moment: str
) -> None:
    """Step Functions calls again within the same execution, while the first call lives on."""
    books = system.connect(NORTHGATE, items := purchases(2))
    job = system.export(NORTHGATE)
    event = {"companyId": NORTHGATE, "jobId": job, "execution": f"{job}-1", "chunk": 0}
    deadline = (system.clock.now() + timedelta(minutes=40)).isoformat()

    def again() -> None:
        system.handlers["record_items"]({**event, "deadline": deadline}, None)

    system.effects.on(moment, again)
    system.run(NORTHGATE)
    system.heal()

    assert live(books) == Counter(references(items))
    assert system.statuses(job) == {"successful": 2}
