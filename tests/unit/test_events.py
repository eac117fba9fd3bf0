"""The sample events in `events/` are what the functions take: one after the other they carry a job from the click to
its end. Only what belongs to a running stack is put in its place: the job's ids, and the webhook's signature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from local.events import FUNCTIONS, fitted, sample
from pleo_export.authorisation.replies import NOT_BEGUN_HERE, link_is_over
from pleo_export.workflow.fetch_items import FetchItemsInput
from pleo_simulator.sample import NORTHGATE
from tests.system.expenses import purchases
from tests.system.in_process_system import WEBHOOK_SECRET, InProcessSystem


class Outcome(NamedTuple):
    """What can be seen of the job afterwards: at Pleo, in the books, in the queue."""

    job: str
    items: Mapping[str, int]
    booked: int = 0
    wake_ups: int = 0


STARTED = {"numberOfItems": 2, "vendorBasedBookkeeping": False, "deadline": "2026-11-20T12:50:00+00:00"}
UNTOUCHED = Outcome("pending", {"pending": 2})
RUNNING = Outcome("in_progress", {"pending": 2})

# By function: what has run before, what it answers, and what it leaves behind.
CASES: dict[str, tuple[str, Any, Outcome]] = {
    "webhook": ("", {"statusCode": 202}, UNTOUCHED._replace(wake_ups=1)),
    "poll": ("", {"companies": 1, "left": 0}, UNTOUCHED._replace(wake_ups=1)),
    "reconcile_drafts": ("", {"nothing_open": 1, "done": 0, "later": 0, "failed": 0, "waiting": 0}, UNTOUCHED),
    "check_mapping": ("", {"healthy": 0, "findings": 0, "later": 0, "failed": 0, "waiting": 0}, UNTOUCHED),
    "schedule_syncs": ("", {"companies": 0}, UNTOUCHED),  # nothing is selected
    "sync": ("", {"outcome": "done"}, UNTOUCHED),
    "dispatch": ("", {"outcome": "started"}, UNTOUCHED),
    "start_job": ("dispatch", STARTED, RUNNING),
    "validate_job": ("dispatch start_job", None, RUNNING),
    "fetch_items": ("dispatch start_job", {"chunks": [0], "count": 2}, RUNNING),
    "record_items": ("dispatch start_job fetch_items", {"waitSeconds": 0}, RUNNING._replace(booked=2)),
    "update_items": (
        "dispatch start_job fetch_items record_items",
        None,
        Outcome("in_progress", {"successful": 2}, booked=2),
    ),
    "complete_job": (
        "dispatch start_job fetch_items record_items update_items",
        "completed",
        Outcome("completed", {"successful": 2}, booked=2),
    ),
    "refresh_tokens": ("", {"outcome": "fresh"}, UNTOUCHED),  # an API key has nothing to refresh
    "oauth_connect": ("", link_is_over("Pleo").as_answer(), UNTOUCHED),
    "oauth_callback": ("", NOT_BEGUN_HERE.as_answer(), UNTOUCHED),
    "fail_job": ("dispatch start_job", "failed", Outcome("failed", {"abandoned": 2})),
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_given_the_run_so_far_when_a_function_gets_its_sample_event_then_it_does_its_work(
    system: InProcessSystem, function: str
) -> None:
    before, answer, outcome = CASES[function]
    books = system.connect(NORTHGATE, purchases(2))
    job_id = system.export(NORTHGATE)
    run = FetchItemsInput(company_id=NORTHGATE, job_id=job_id, execution=f"{job_id}-1", number_of_items=2)

    def invoke(name: str) -> Any:
        return system.handlers[name](fitted(sample(name), run, WEBHOOK_SECRET, system.clock.now()), None)

    for earlier in before.split():
        invoke(earlier)

    assert invoke(function) == answer
    queued = len(system.queued())
    assert Outcome(system.job(job_id)["status"], system.statuses(job_id), len(books.live()), queued) == outcome
