"""FetchItems: the whole work set, read to its last page before anything is booked (R-3, R-4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from pleo_simulator.sample import NORTHGATE
from tests.system.expenses import entry_id, purchases, reference, references
from tests.system.in_process_system import InProcessSystem

ITEM_LIST = "before pleo GET /v3/export-jobs/{}/items"


def hide(system: InProcessSystem, job: str, entry: str) -> Callable[[], object]:
    items = system.service.state._jobs[job].items
    return lambda: items.pop(entry)


def test_given_a_list_that_is_short_by_one_when_it_is_complete_the_second_time_then_all_is_booked(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, items := purchases(3))
    job = system.export(NORTHGATE)
    listed = system.service.state._jobs[job].items
    missing = entry_id(items[1])
    kept = listed[missing]
    system.effects.on(ITEM_LIST.format(job), hide(system, job, missing))
    system.effects.on(ITEM_LIST.format(job), lambda: listed.update({missing: kept}), nth=2)

    system.run(NORTHGATE)

    assert system.job(job)["status"] == "completed"
    assert [each.reference for each in books.live()] == references(items)


def test_given_a_list_too_short_twice_then_the_job_fails_and_nothing_is_booked(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, items := purchases(3))
    job = system.export(NORTHGATE)
    system.effects.on(ITEM_LIST.format(job), hide(system, job, entry_id(items[1])))

    system.run(NORTHGATE)

    assert system.job(job)["status"] == "failed"
    assert system.job(job)["failureReasonType"] == "validation_failure"
    assert "announced 3 expenses" in system.job(job)["failureReason"]
    assert "lists 2" in system.job(job)["failureReason"]
    assert sum(each["path"].endswith("/items") for each in system.service.requests) == 2
    assert books.documents == []


@pytest.mark.parametrize("listing", ["list_job_items", "list_export_items"])
def test_given_a_cursor_that_repeats_when_a_list_is_read_then_the_job_fails_and_nothing_is_booked(
    system: InProcessSystem, monkeypatch: pytest.MonkeyPatch, listing: str
) -> None:
    books = system.connect(NORTHGATE, purchases(3))
    job = system.export(NORTHGATE)
    pages = getattr(system.service.state, listing)

    def never_ending(*arguments: Any, **named: Any) -> dict[str, Any]:
        page: dict[str, Any] = pages(*arguments, **named)
        return page | {"pagination": page["pagination"] | {"hasNextPage": True, "endCursor": "AAAA"}}

    monkeypatch.setattr(system.service.state, listing, never_ending)

    system.run(NORTHGATE)

    assert (system.job(job)["status"], books.documents) == ("failed", [])
    assert len(system.service.requests) < 20


def test_given_pages_of_twenty_when_pleo_cuts_them_then_every_item_is_booked_once(
    system: InProcessSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pleo_simulator.paging.MAX_LIMIT", 20)
    books = system.connect(NORTHGATE, items := purchases(45))
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    assert system.statuses(job) == {"successful": 45}
    assert [each.reference for each in books.live()] == references(items)


def test_given_a_page_that_is_lost_on_the_way_when_it_is_read_again_then_every_item_is_booked_once(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, items := purchases(120))
    job = system.export(NORTHGATE)
    system.effects.on("after pleo GET /v3/export-items", requests.ReadTimeout(), nth=2)

    system.run(NORTHGATE)

    assert system.statuses(job) == {"successful": 120}
    assert [each.reference for each in books.live()] == references(items)


def test_given_items_with_a_final_word_when_the_job_is_resumed_then_only_the_open_ones_are_booked(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, items := purchases(4))
    job = system.export(NORTHGATE)
    pleo = system.service.state
    done = [{"accountingEntryId": entry_id(items[0]), "status": "successful"}]
    done += [{"accountingEntryId": entry_id(items[1]), "status": "failed", "failureReason": "Told before."}]
    system.effects.on(ITEM_LIST.format(job), lambda: pleo.update_items(NORTHGATE, job, done))

    system.run(NORTHGATE)

    assert [each.reference for each in books.live()] == references(items[2:])
    assert system.statuses(job) == {"successful": 3, "failed": 1}
    assert system.items(job)[entry_id(items[1])]["failureReason"] == "Told before."


def test_given_an_item_in_progress_when_it_is_in_no_record_of_ours_then_it_is_not_booked_but_told(
    system: InProcessSystem,
) -> None:
    """R-3.4: it may be half booked; only a search may speak for it, and the search found nothing."""
    books = system.connect(NORTHGATE, items := purchases(2))
    job = system.export(NORTHGATE)
    half = [{"accountingEntryId": entry_id(items[0]), "status": "in_progress"}]
    system.effects.on(ITEM_LIST.format(job), lambda: system.service.state.update_items(NORTHGATE, job, half))

    system.run(NORTHGATE)

    assert [each.reference for each in books.live()] == [reference(items[1])]
    kind, reason = system.failures(job)[entry_id(items[0])]
    assert (kind, "it is not booked" in reason) == ("unexpected_failure", True)
