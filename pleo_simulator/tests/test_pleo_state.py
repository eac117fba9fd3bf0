"""Export jobs and items: what the simulated Pleo accepts, refuses and remembers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pleo_simulator.assumptions import Assumptions
from pleo_simulator.clock import Clock
from pleo_simulator.errors import Refused
from pleo_simulator.paging import PageRequest
from pleo_simulator.pleo_state import Company, PleoState
from pleo_simulator.sample import sample_items

Json = dict[str, Any]

COMPANY = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
UNKNOWN = "99999999-9999-4999-8999-999999999999"


def make_world(count: int = 3, assumptions: Assumptions | None = None) -> PleoState:
    system = PleoState(Clock(datetime(2026, 3, 2, 9, tzinfo=UTC)), assumptions=assumptions)
    for company_id in (COMPANY, OTHER):
        items = {each["accountingEntryId"]: each for each in sample_items(company_id, count, seed=1)}
        system.put_company(Company(company_id, "Northgate", expenses=items))
    return system


def started_job(system: PleoState) -> Json:
    job = system.click_export(COMPANY)
    system.post_event(COMPANY, job["id"], "started")
    return job


def entries(system: PleoState, job: Json) -> list[str]:
    return [item["accountingEntryId"] for item in system.list_job_items(COMPANY, job["id"])["data"]]


def report(system: PleoState, job: Json, status: str, *entry_ids: str) -> Json:
    return system.update_items(
        COMPANY, job["id"], [{"accountingEntryId": entry_id, "status": status} for entry_id in entry_ids]
    )


def refusal(error: pytest.ExceptionInfo[Refused]) -> tuple[int, str]:
    return error.value.status, error.value.error_type


def test_given_a_click_when_all_is_reported_then_job_and_expenses_are_done() -> None:
    system = make_world()
    job = started_job(system)
    report(system, job, "successful", *entries(system, job))
    system.clock.advance(timedelta(minutes=2))

    system.post_event(COMPANY, job["id"], "completed")

    done = system.get_job(COMPANY, job["id"])
    assert done["status"] == "completed"
    assert done["startedAt"] == "2026-03-02T09:00:00.000Z"
    assert done["completedAt"] == done["lastUpdatedAt"] == "2026-03-02T09:02:00.000Z"
    assert {system.expense_state(COMPANY, each) for each in entries(system, job)} == {"exported"}


@pytest.mark.parametrize(
    ("history", "event"),
    [
        ([], "completed"),
        ([], "completed_with_errors"),
        ([], "failed"),
        (["started"], "started"),
        (["started"], "completed"),
        (["started"], "completed_with_errors"),
        (["started", "failed"], "started"),
        (["started", "failed"], "failed"),
    ],
)
def test_given_an_event_that_is_illegal_in_this_state_then_nothing_changes(history: list[str], event: str) -> None:
    system = make_world()
    job = system.click_export(COMPANY)
    for each in history:
        system.post_event(COMPANY, job["id"], each)
    before = system.all_jobs()

    with pytest.raises(Refused) as error:
        system.post_event(COMPANY, job["id"], event)

    assert refusal(error) == (422, "INVALID_EXPORT_JOB_STATUS_CHANGE")
    assert system.all_jobs() == before


def test_given_a_failed_item_then_completed_is_refused_and_with_errors_is_accepted() -> None:
    system = make_world()
    job = started_job(system)
    first, *others = entries(system, job)
    report(system, job, "failed", first)
    report(system, job, "successful", *others)

    with pytest.raises(Refused) as error:
        system.post_event(COMPANY, job["id"], "completed")
    system.post_event(COMPANY, job["id"], "completed_with_errors")

    assert refusal(error) == (422, "INVALID_EXPORT_JOB_STATUS_CHANGE")
    assert system.get_job(COMPANY, job["id"])["status"] == "completed_with_errors"
    assert system.expense_state(COMPANY, first) == "queued"


def test_given_a_running_job_when_it_fails_then_the_reason_is_kept_and_open_items_are_abandoned() -> None:
    system = make_world()
    job = started_job(system)
    first = entries(system, job)[0]
    report(system, job, "successful", first)

    system.post_event(COMPANY, job["id"], "failed", "Books are locked", "invalid_configuration")

    failed = system.get_job(COMPANY, job["id"])
    assert (failed["status"], failed["failureReason"]) == ("failed", "Books are locked")
    assert failed["failureReasonType"] == "invalid_configuration"
    statuses = [item["status"] for item in system.list_job_items(COMPANY, job["id"])["data"]]
    assert statuses == ["successful", "abandoned", "abandoned"]


def test_given_other_readings_of_the_open_questions_when_assumed_then_the_world_follows_them() -> None:
    kind = Assumptions(
        pending_job_may_fail=True,
        completion_needs_final_items=False,
        final_item_may_be_repeated=True,
        updates_need_a_started_job=False,
    )
    system = make_world(assumptions=kind)
    failing = system.click_export(COMPANY)
    system.post_event(COMPANY, failing["id"], "failed", "no", "validation_failure")
    job = system.click_export(COMPANY)
    first = entries(system, job)[0]

    report(system, job, "successful", first)
    repeated = report(system, job, "successful", first)
    system.post_event(COMPANY, job["id"], "started")
    system.post_event(COMPANY, job["id"], "completed")

    assert repeated["errors"] == []
    assert system.get_job(COMPANY, failing["id"])["status"] == "failed"
    assert system.get_job(COMPANY, job["id"])["status"] == "completed"


# Items


@pytest.mark.parametrize(
    ("first", "then", "accepted"),
    [
        ("in_progress", "in_progress", True),
        ("in_progress", "successful", True),
        ("in_progress", "failed", True),
        ("in_progress", "pending", False),
        ("successful", "successful", False),
        ("successful", "failed", False),
        ("failed", "successful", False),
        ("abandoned", "pending", False),
    ],
)
def test_given_an_item_when_it_is_reported_again_then_only_an_open_item_moves_on(
    first: str, then: str, accepted: bool
) -> None:
    system = make_world()
    job = started_job(system)
    entry_id = entries(system, job)[0]
    report(system, job, first, entry_id)

    answer = report(system, job, then, entry_id)

    assert bool(answer["data"]) is accepted
    assert [each["type"] for each in answer["errors"]] == ([] if accepted else ["EXPORT_ENTRY_STATUS_UPDATE_FAILED"])
    held = system.find_job_item(COMPANY, None, entry_id)["status"]
    assert held == (then if accepted else first)


def test_given_one_unknown_entry_among_known_ones_when_reported_then_only_it_is_refused() -> None:
    system = make_world()
    job = started_job(system)
    first = entries(system, job)[0]

    answer = report(system, job, "successful", first, UNKNOWN)

    assert [item["accountingEntryId"] for item in answer["data"]] == [first]
    assert [(each["accountingEntryId"], each["type"]) for each in answer["errors"]] == [
        (UNKNOWN, "ACCOUNTING_ENTRY_DOES_NOT_EXIST")
    ]


def test_given_a_result_when_reported_then_all_of_it_can_be_read_back() -> None:
    system = make_world()
    job = started_job(system)
    first = entries(system, job)[0]
    result = {
        "accountingEntryId": first,
        "status": "successful",
        "externalId": "JE-7",
        "externalUrl": "https://books.example.com/JE-7",
        "exportedAt": "2026-03-02T09:00:00Z",
    }

    system.update_items(COMPANY, job["id"], [result])

    assert system.find_job_item(COMPANY, COMPANY, first).items() >= result.items()


def test_given_more_than_100_updates_when_sent_then_413_and_nothing_is_updated() -> None:
    system = make_world()
    job = started_job(system)

    with pytest.raises(Refused) as error:
        report(system, job, "successful", *entries(system, job) * 34)

    assert refusal(error) == (413, "EXPORT_JOB_ITEMS_UPDATE_LIMIT")
    assert {item["status"] for item in system.list_job_items(COMPANY, job["id"])["data"]} == {"pending"}


@pytest.mark.parametrize("state", ["pending", "failed"])
def test_given_a_job_that_is_not_running_when_items_are_reported_then_422(state: str) -> None:
    system = make_world()
    job = system.click_export(COMPANY)
    if state == "failed":
        system.post_event(COMPANY, job["id"], "started")
        system.post_event(COMPANY, job["id"], "failed")

    with pytest.raises(Refused) as error:
        report(system, job, "successful", entries(system, job)[0])

    assert refusal(error) == (422, "EXPORT_JOB_STATUS_UNPROCESSABLE")


# Expiry and cancellation


def test_given_no_write_for_an_hour_then_the_job_is_expired_and_open_items_abandoned() -> None:
    system = make_world()
    job = started_job(system)
    first = entries(system, job)[0]
    system.clock.advance(timedelta(minutes=30))
    report(system, job, "successful", first)
    system.clock.advance(timedelta(minutes=59, seconds=59))
    assert system.get_job(COMPANY, job["id"])["expiresIn"] == 1

    system.clock.advance(timedelta(minutes=5))

    expired = system.get_job(COMPANY, job["id"])
    assert (expired["status"], expired["failureReasonType"]) == ("failed", "job_expired")
    assert expired["expiredAt"] == "2026-03-02T10:30:00.000Z"
    statuses = [item["status"] for item in system.list_job_items(COMPANY, job["id"])["data"]]
    assert statuses == ["successful", "abandoned", "abandoned"]


def test_given_a_refused_update_when_nothing_was_written_then_the_expiry_clock_runs_on() -> None:
    system = make_world()
    job = started_job(system)
    system.clock.advance(timedelta(minutes=30))

    report(system, job, "successful", UNKNOWN)

    assert system.get_job(COMPANY, job["id"])["expiresIn"] == 1800


def test_given_a_job_nobody_started_when_an_hour_has_passed_then_it_has_expired_too() -> None:
    system = make_world()
    job = system.click_export(COMPANY)

    system.clock.advance(timedelta(hours=1))

    assert system.list_jobs(COMPANY, statuses=["pending"])["data"] == []
    assert system.get_job(COMPANY, job["id"])["failureReasonType"] == "job_expired"


def test_given_a_running_job_when_the_user_cancels_then_it_has_failed_and_further_work_is_refused() -> None:
    system = make_world()
    job = started_job(system)

    system.cancel(job["id"])

    assert system.get_job(COMPANY, job["id"])["failureReasonType"] == "canceled_by_user"
    with pytest.raises(Refused, match="EXPORT_JOB_STATUS_UNPROCESSABLE"):
        system.list_export_items(COMPANY, job["id"])
    with pytest.raises(Refused, match="INVALID_EXPORT_JOB_STATUS_CHANGE"):
        system.cancel(job["id"])


# The queue of a company


def test_given_a_running_job_then_the_api_answers_409_and_a_click_is_queued() -> None:
    system = make_world(count=4)
    ids = list(system.company(COMPANY).expenses)
    running = system.create_job(COMPANY, COMPANY, ids[:2])
    system.post_event(COMPANY, running["id"], "started")

    with pytest.raises(Refused) as conflict:
        system.create_job(COMPANY, COMPANY, ids[2:])
    waiting = system.click_export(COMPANY)
    with pytest.raises(Refused) as parallel:
        system.post_event(COMPANY, waiting["id"], "started")

    assert refusal(conflict) == (409, "EXPORT_ALREADY_IN_PROGRESS")
    assert refusal(parallel) == (422, "INVALID_EXPORT_JOB_STATUS_CHANGE")
    assert entries(system, waiting) == ids[2:]
    system.post_event(COMPANY, running["id"], "failed")
    system.post_event(COMPANY, waiting["id"], "started")
    assert system.get_job(COMPANY, waiting["id"])["status"] == "in_progress"


def test_jobs_of_two_companies_do_not_wait_for_each_other() -> None:
    system = make_world()
    other = system.click_export(OTHER)
    system.post_event(OTHER, other["id"], "started")

    job = started_job(system)

    assert system.get_job(COMPANY, job["id"])["status"] == "in_progress"


def test_given_an_exported_expense_when_it_is_exported_again_then_a_new_job_carries_the_same_entry() -> None:
    system = make_world(count=1)
    first = started_job(system)
    (entry_id,) = entries(system, first)
    with pytest.raises(Refused, match="locked"):
        system.click_export(COMPANY, [entry_id])
    report(system, first, "successful", entry_id)
    system.post_event(COMPANY, first["id"], "completed")

    again = system.click_export(COMPANY, [entry_id])

    assert again["id"] != first["id"]
    assert entries(system, again) == [entry_id]
    assert system.find_job_item(COMPANY, None, entry_id)["exportJobId"] == again["id"]
    found = system.search_job_items(COMPANY, [entry_id])["data"]
    assert [item["exportJobId"] for item in found] == [again["id"], first["id"]]


def test_given_two_workers_when_both_start_the_same_job_then_exactly_one_wins() -> None:
    system = make_world()
    job = system.click_export(COMPANY)

    def start(_: int) -> bool:
        try:
            system.post_event(COMPANY, job["id"], "started")
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(8) as workers:
        won = list(workers.map(start, range(16)))

    assert won.count(True) == 1


def test_given_nothing_to_export_then_the_job_is_empty_and_can_be_completed() -> None:
    system = make_world(count=0)
    job = started_job(system)

    system.post_event(COMPANY, job["id"], "completed")

    assert system.get_job(COMPANY, job["id"])["numberOfItems"] == 0


def test_given_a_job_when_another_company_asks_for_it_then_it_does_not_exist() -> None:
    system = make_world()
    job = system.click_export(COMPANY)

    for ask in (system.get_job, system.list_job_items, system.list_export_items):
        with pytest.raises(Refused, match="EXPORT_NOT_FOUND"):
            ask(OTHER, job["id"])
    assert system.list_jobs(OTHER)["data"] == []
    assert system.list_jobs(OTHER, company_id=COMPANY)["data"] == []


# The data layer


def test_given_a_wallet_without_contra_account_then_400_names_the_currencies() -> None:
    system = make_world(count=30)
    system.company(COMPANY).contra_accounts = frozenset()
    job = system.click_export(COMPANY)

    with pytest.raises(Refused, match=r"EUR, GBP\.") as error:
        system.list_export_items(COMPANY, job["id"])

    assert refusal(error) == (400, "MISSING_CONTRA_ACCOUNTS")


def test_given_no_contra_account_for_the_companys_own_currency_then_400_even_if_no_item_needs_it() -> None:
    system = make_world(count=0)
    system.put_company(Company(COMPANY, "Northgate", default_currency="DKK"))
    job = system.click_export(COMPANY)

    with pytest.raises(Refused, match=r"DKK\."):
        system.list_export_items(COMPANY, job["id"])


def test_given_vendor_based_bookkeeping_off_then_items_carry_neither_vendor_nor_method() -> None:
    system = make_world(count=40)
    plain = system.click_export(COMPANY)
    rows = system.list_export_items(COMPANY, plain["id"], PageRequest(limit=100))["data"]
    system.cancel(plain["id"])
    with_vendors = system.click_export(COMPANY, vendor_based_bookkeeping=True)
    rich = system.list_export_items(COMPANY, with_vendors["id"], PageRequest(limit=100))["data"]

    assert {(row["vendor"], row["bookkeeping"]) for row in rows} == {(None, None)}
    assert any(row["vendor"] for row in rich)
    assert all(row["bookkeeping"]["method"] for row in rich)


def test_given_a_running_job_when_the_expense_changes_then_the_job_keeps_what_it_locked() -> None:
    system = make_world(count=1)
    job = system.click_export(COMPANY)
    (item,) = system.list_export_items(COMPANY, job["id"])["data"]

    system.put_expenses(COMPANY, [item | {"note": "changed"}])

    assert system.list_export_items(COMPANY, job["id"])["data"] == [item]


def test_given_the_same_seed_when_two_worlds_live_the_same_life_then_they_are_the_same() -> None:
    first, second = make_world(), make_world()

    assert started_job(first) == started_job(second)
    assert first.all_jobs() == second.all_jobs()
