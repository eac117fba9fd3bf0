"""Which event ends a job, by what Pleo holds of its items (open question 5)."""

from __future__ import annotations

import pytest

from pleo_export.accounting.errors import AuthenticationFailed
from pleo_simulator.sample import NORTHGATE
from tests.system.expenses import entry_id, purchase, purchases
from tests.system.in_process_system import Town

NO_CATEGORY = purchase("no category", account=None)
UNKNOWN_ACCOUNT = purchase("unknown account", account="9999")


def exported(world: Town, *items: dict[str, object]) -> dict[str, object]:
    """The job as Pleo holds it in the end."""
    world.connect(NORTHGATE, items)
    job = world.export(NORTHGATE)
    world.run(NORTHGATE)
    return world.job(job)


def test_given_no_items_when_the_job_ends_then_it_is_completed(world: Town) -> None:
    assert exported(world)["status"] == "completed"


def test_given_some_failed_items_when_the_job_ends_then_it_is_completed_with_errors(world: Town) -> None:
    assert exported(world, purchase(), NO_CATEGORY)["status"] == "completed_with_errors"


@pytest.mark.parametrize(
    ("items", "failure"),
    [
        ([NO_CATEGORY], "missing_configuration"),
        ([UNKNOWN_ACCOUNT], "invalid_configuration"),  # what a job cannot have is told by its nearest type
        ([NO_CATEGORY, UNKNOWN_ACCOUNT], "validation_failure"),
    ],
)
def test_given_only_failed_items_when_the_job_ends_then_it_fails_for_what_they_have_in_common(
    world: Town, items: list[dict[str, object]], failure: str
) -> None:
    job = exported(world, *items)

    assert (job["status"], job["failureReasonType"]) == ("failed", failure)


def test_given_a_run_that_broke_off_when_all_items_have_failed_then_the_job_fails_and_says_why(world: Town) -> None:
    world.connect(NORTHGATE, items := purchases(2))
    world.effects.on("before dynamodb TransactWriteItems", ValueError("nobody foresaw it"), times=1000)
    job = world.export(NORTHGATE)

    world.run(NORTHGATE)

    at_pleo = world.job(job)
    assert at_pleo["status"] == "failed"
    assert at_pleo["failureReason"] == (
        "All 2 expenses of this export failed; see each for what to fix. "
        "The integration met an unexpected fault; its operator has been told. Export again later."
    )
    assert world.failures(job).keys() == {entry_id(each) for each in items}


def test_given_a_connection_that_is_refused_before_the_items_are_fetched_when_the_job_fails_then_no_item_is_told(
    world: Town,
) -> None:
    world.connect(NORTHGATE, purchases(2))
    world.effects.on("before books check", AuthenticationFailed("The key is not accepted."))
    job = world.export(NORTHGATE)

    world.run(NORTHGATE)

    assert (world.job(job)["status"], world.statuses(job)) == ("failed", {"abandoned": 2})
