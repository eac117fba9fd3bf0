"""Which event ends a job, by what Pleo holds of its items (open question 5)."""

from __future__ import annotations

import pytest

from pleo_export.accounting.errors import AuthenticationFailed
from pleo_simulator.sample import NORTHGATE
from tests.system.expenses import entry_id, purchase, purchases
from tests.system.in_process_system import InProcessSystem

NO_CATEGORY = purchase("no category", account=None)
UNKNOWN_ACCOUNT = purchase("unknown account", account="9999")


def exported(system: InProcessSystem, *items: dict[str, object]) -> dict[str, object]:
    """The job as Pleo holds it in the end."""
    system.connect(NORTHGATE, items)
    job = system.export(NORTHGATE)
    system.run(NORTHGATE)
    return system.job(job)


def test_given_no_items_when_the_job_ends_then_it_is_completed(system: InProcessSystem) -> None:
    assert exported(system)["status"] == "completed"


def test_given_some_failed_items_when_the_job_ends_then_it_is_completed_with_errors(system: InProcessSystem) -> None:
    assert exported(system, purchase(), NO_CATEGORY)["status"] == "completed_with_errors"


@pytest.mark.parametrize(
    ("items", "failure"),
    [
        ([NO_CATEGORY], "missing_configuration"),
        ([UNKNOWN_ACCOUNT], "invalid_configuration"),  # what a job cannot have is told by its nearest type
        ([NO_CATEGORY, UNKNOWN_ACCOUNT], "validation_failure"),
    ],
)
def test_given_only_failed_items_when_the_job_ends_then_it_fails_for_what_they_have_in_common(
    system: InProcessSystem, items: list[dict[str, object]], failure: str
) -> None:
    job = exported(system, *items)

    assert (job["status"], job["failureReasonType"]) == ("failed", failure)


def test_given_a_run_that_broke_off_when_all_items_have_failed_then_the_job_fails_and_says_why(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, items := purchases(2))
    system.effects.on("before dynamodb TransactWriteItems", ValueError("nobody foresaw it"), times=1000)
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    at_pleo = system.job(job)
    assert at_pleo["status"] == "failed"
    assert at_pleo["failureReason"] == (
        "All 2 expenses of this export failed. Open each to see what to do. "
        "A fault of the integration stopped this export. Its operator has been told. Export again later. "
        "If it fails again, tell the person who connected Pleo."
    )
    assert system.failures(job).keys() == {entry_id(each) for each in items}


def test_given_a_refused_connection_before_the_fetch_then_no_item_is_reported(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, purchases(2))
    system.effects.on("before books check", AuthenticationFailed("The key is not accepted."))
    job = system.export(NORTHGATE)

    system.run(NORTHGATE)

    assert (system.job(job)["status"], system.statuses(job)) == ("failed", {"abandoned": 2})
