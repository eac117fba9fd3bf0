"""The results of items: what one call booked is one record, what people read has one of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pleo_export.errors import ItemFailure, TryAgain
from pleo_export.store.results import ItemResult
from pleo_export.store.table import job_key
from tests.system.in_process_system import InProcessSystem
from tests.unit.store.test_records import JOB, NOW, RESULTS, taken

BOOKED = ItemResult("a", external_id="17", external_url="https://books.example/17", exported_at=NOW)
WARNED = ItemResult("w", external_id="19", warnings=("Posted on another day.",))
REFUSED = ItemResult("c", failure=ItemFailure.TAG_UNKNOWN, reason="tag XXX is not a dimension", code="tag_unknown")
LATER = NOW + timedelta(minutes=5)


def held(system: InProcessSystem) -> list[dict[str, Any]]:
    """The records of the job's results."""
    return [
        each
        for each in system.services.table.scan()["Items"]
        if each["pk"] == job_key(JOB)["pk"] and each["sk"] != "JOB"
    ]


def by_entry(*results: ItemResult) -> dict[str, ItemResult]:
    return {each.entry_id: each for each in results}


def test_results_come_back_as_they_were(system: InProcessSystem) -> None:
    results = [*RESULTS, WARNED, replace(REFUSED, entry_id="d")]
    system.services.results.put_many(taken(system), 7, results, NOW)

    wanted = [*by_entry(*results), "unknown"]
    assert system.services.results.of_chunk(JOB, "run", 7, wanted) == by_entry(*results)
    assert system.services.results.of_job(JOB) == by_entry(*results)
    assert [result.status for result in results] == ["successful", "successful", "failed", "successful", "failed"]


def test_however_many_a_call_booked_they_are_one_record(system: InProcessSystem) -> None:
    many = [replace(BOOKED, entry_id=f"entry-{number}", external_id=f"{number}") for number in range(230)]
    system.services.results.put_many(taken(system), 0, many, NOW)

    assert system.services.results.of_job(JOB) == by_entry(*many)
    (record,) = held(system)
    assert len(bytes(record["results"])) < 40 * len(many)


def test_what_people_read_has_a_record_of_its_own(system: InProcessSystem) -> None:
    system.services.results.put_many(taken(system), 0, [BOOKED, WARNED, REFUSED], NOW)

    assert sorted(each["sk"] for each in held(system)) == ["BOOKED#run#00000#a", "ITEM#c", "ITEM#w"]


def test_what_two_calls_booked_of_a_chunk_is_all_there(system: InProcessSystem) -> None:
    """The second, after a pause, records what the first could not."""
    other = replace(BOOKED, entry_id="b")
    system.services.results.put_many(taken(system), 0, [BOOKED], NOW)
    system.services.results.put_many(taken(system, call="second call"), 0, [other], LATER)

    assert system.services.results.of_chunk(JOB, "run", 0, ["a", "b"]) == by_entry(BOOKED, other)


def test_a_chunk_is_read_without_those_of_other_chunks(system: InProcessSystem) -> None:
    token = taken(system)
    system.services.results.put_many(token, 1, [BOOKED], NOW)
    system.services.results.put_many(token, 10, [replace(BOOKED, entry_id="b")], NOW)

    assert system.services.results.of_chunk(JOB, "run", 1, ["a", "b"]) == by_entry(BOOKED)


def test_a_later_execution_finds_what_was_refused_and_looks_up_again_what_was_booked(system: InProcessSystem) -> None:
    system.services.results.put_many(taken(system), 0, [BOOKED, REFUSED], NOW)
    token = taken(system, "second run", "second call")

    assert system.services.results.of_chunk(JOB, "second run", 0, ["a", "c"]) == by_entry(REFUSED)

    again = replace(BOOKED, external_id="18")
    system.services.results.put_many(token, 0, [again], LATER)
    assert system.services.results.of_job(JOB) == by_entry(again, REFUSED)


def test_records_of_the_release_before_are_read(system: InProcessSystem) -> None:
    """It had one for each item, whatever became of it."""
    system.services.results.put_many(taken(system), 0, [replace(WARNED, entry_id="a")], NOW)
    (record,) = held(system)
    system.services.table.put_item(Item={name: value for name, value in record.items() if name != "warnings"})

    booked = ItemResult("a", external_id="19")
    assert system.services.results.of_chunk(JOB, "run", 0, ["a"]) == by_entry(booked)
    assert system.services.results.of_job(JOB) == by_entry(booked)


def test_jobs_and_results_go_after_a_financial_year(system: InProcessSystem) -> None:
    system.services.jobs.next_attempt(JOB, "company", NOW)
    system.services.results.put_many(taken(system), 0, [BOOKED, REFUSED], NOW)
    job = system.services.table.get_item(Key=job_key(JOB))["Item"]
    assert {int(record["expires_at"]) for record in (job, *held(system))} == {
        int((NOW + timedelta(days=400)).timestamp())
    }


def test_keys_that_dynamodb_leaves_unprocessed_are_asked_for_again(
    system: InProcessSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = [replace(REFUSED, entry_id=each) for each in "abc"]
    system.services.results.put_many(taken(system), 0, refused, NOW)
    pauses: list[float] = []
    monkeypatch.setattr("pleo_export.store.table.time.sleep", pauses.append)
    leave_unprocessed(system, monkeypatch, times=2)

    found = system.services.results.of_chunk(JOB, "run", 0, ["a", "b", "c"])

    assert found == by_entry(*refused)
    assert len(pauses) == 2


def test_keys_that_dynamodb_never_processes_are_an_overload(
    system: InProcessSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.services.results.put_many(taken(system), 0, [REFUSED], NOW)
    monkeypatch.setattr("pleo_export.store.table.time.sleep", lambda _seconds: None)
    leave_unprocessed(system, monkeypatch, times=1000)

    with pytest.raises(TryAgain):
        system.services.results.of_chunk(JOB, "run", 0, ["a", "b", "c"])


def leave_unprocessed(system: InProcessSystem, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """DynamoDB answers one key at a time, `times` times."""
    dynamodb = system.services.table.meta.client
    whole, left = dynamodb.batch_get_item, [times]

    def partly(RequestItems: Any) -> Any:  # noqa: N803 - boto3's name
        if not left[0]:
            return whole(RequestItems=RequestItems)
        left[0] -= 1
        ((name, request),) = RequestItems.items()
        head, *tail = request["Keys"]
        answer = whole(RequestItems={name: {**request, "Keys": [head]}})
        return {**answer, "UnprocessedKeys": {name: {**request, "Keys": tail or [head]}}}

    monkeypatch.setattr(dynamodb, "batch_get_item", partly)
