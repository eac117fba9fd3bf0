"""UpdateItems, CompleteJob, FailJob: what Pleo is told is what the books hold, and the job ends (promises 2, 3)."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests

from pleo_export.accounting.errors import OutcomeUnknown, Unavailable
from pleo_export.errors import ItemFailure, JobFailure
from pleo_export.failures.job import JOB_FAULT
from pleo_export.services.events import StateError
from pleo_export.workflow.fail_job import explain
from pleo_export.workflow.recording.unrecorded import OUTCOME_UNKNOWN
from pleo_export.workflow.reporting import item_failure
from pleo_simulator.assumptions import Assumptions
from pleo_simulator.fault_queue import Fault
from pleo_simulator.sample import NORTHGATE
from tests.system.effects import Killed, Stopped
from tests.system.expenses import entry_id, purchase, purchases, references
from tests.system.in_process_system import InProcessSystem

EVENTS = "/v3/export-job-events"
FAULT = ValueError("something that nobody foresaw")

OUR_FAULT = JOB_FAULT.told().text()


@pytest.fixture
def northgate(system: InProcessSystem) -> InProcessSystem:
    """Six items in chunks of two."""
    system.environment["CHUNK_SIZE"] = "2"
    system.connect(NORTHGATE, ITEMS)
    return system


ITEMS = purchases(6)


def exported(system: InProcessSystem) -> str:
    job = system.export(NORTHGATE)
    system.run(NORTHGATE)
    return job


def live(system: InProcessSystem) -> list[str]:
    return [each.reference for each in system.books[NORTHGATE].live()]


def told_the_truth(system: InProcessSystem, job: str) -> bool:
    """Every item is successful if and only if the books hold it, under the id that Pleo was told."""
    documents = {each.entry.reference: each.id for each in system.books[NORTHGATE].documents}
    told = {f"pleo:{key}": item["externalId"] for key, item in system.items(job).items() if item["externalId"]}
    return told == documents and set(system.statuses(job)) <= {"successful", "failed"}


# UpdateItems


def test_given_one_refused_update_then_the_item_is_reported_before_completing(
    northgate: InProcessSystem,
) -> None:
    northgate.service.faults.order(Fault(effect="item_errors", method="PUT", entry_ids=[entry_id(ITEMS[3])], count=2))

    job = exported(northgate)

    assert northgate.job(job)["status"] == "completed"
    assert northgate.statuses(job) == {"successful": 6}
    assert told_the_truth(northgate, job)


@pytest.mark.parametrize("status", [500, 503])
def test_given_pleo_unavailable_for_the_second_report_then_no_chunk_is_reported_again(
    northgate: InProcessSystem, status: int
) -> None:
    northgate.service.faults.order(Fault(effect="status", status=status, method="PUT", nth=2, count=2))

    job = exported(northgate)

    assert (northgate.job(job)["status"], told_the_truth(northgate, job)) == ("completed", True)
    puts = [each["status"] for each in northgate.service.requests if each["method"] == "PUT"]
    assert puts == [200, status, status, 200, 200]


def test_given_pleo_is_away_longer_than_a_call_tries_when_it_is_back_then_the_state_goes_on(
    northgate: InProcessSystem,
) -> None:
    northgate.service.faults.order(Fault(effect="status", status=503, method="PUT", nth=2, count=9))

    job = exported(northgate)

    assert (northgate.job(job)["status"], told_the_truth(northgate, job)) == ("completed", True)
    assert live(northgate) == references(ITEMS)


def test_given_the_answer_to_a_report_is_lost_when_it_is_repeated_then_the_job_is_completed(
    northgate: InProcessSystem,
) -> None:
    """Pleo may refuse an update that it took already (open questions 6 and 7): the simulator does."""
    northgate.effects.on("after pleo PUT", requests.ReadTimeout(), nth=2)

    job = exported(northgate)

    assert (northgate.job(job)["status"], told_the_truth(northgate, job)) == ("completed", True)


# CompleteJob


def test_given_the_answer_to_the_completion_is_lost_when_it_is_asked_again_then_the_job_is_done(
    northgate: InProcessSystem,
) -> None:
    northgate.effects.on(f"after pleo POST {EVENTS}", requests.ReadTimeout(), nth=2)

    job = exported(northgate)

    assert (northgate.job(job)["status"], told_the_truth(northgate, job)) == ("completed", True)
    assert (set(northgate.executions.over.values()), northgate.pauses) == ({"SUCCEEDED"}, [2])
    assert northgate.services.leases.get(NORTHGATE) is None


def test_given_a_completed_job_when_its_completion_is_run_again_then_our_record_keeps_how_it_ended(
    northgate: InProcessSystem,
) -> None:
    job = exported(northgate)
    run = northgate.services.executions.started[0].model_dump(by_alias=True)

    assert northgate.handlers["complete_job"](run, None) == "finished before us"

    record = northgate.services.jobs.get(job)
    assert record is not None
    assert record.outcome == "completed"


def test_given_pleo_is_away_at_the_completion_when_it_is_back_then_the_job_is_completed(
    northgate: InProcessSystem,
) -> None:
    northgate.service.faults.order(Fault(effect="status", status=502, method="POST", path=EVENTS, nth=2, count=3))

    job = exported(northgate)

    assert northgate.job(job)["status"] == "completed"


def test_given_pleo_stays_away_at_the_end_when_it_is_back_then_a_later_poll_completes_the_job(
    northgate: InProcessSystem,
) -> None:
    northgate.service.faults.order(Fault(effect="status", status=502, method="POST", path=EVENTS, nth=2, count=14))

    job = exported(northgate)
    assert (northgate.job(job)["status"], set(northgate.executions.over.values())) == ("in_progress", {"TryAgain"})
    northgate.heal()

    assert (northgate.job(job)["status"], told_the_truth(northgate, job)) == ("completed", True)
    assert live(northgate) == references(ITEMS)


def test_given_an_item_still_in_progress_at_pleo_then_it_is_reported_before_completing(
    northgate: InProcessSystem,
) -> None:
    """Open question 6. The refused update leaves the item as somebody has put it: half done."""
    pleo, stuck = northgate.service.state, entry_id(ITEMS[5])
    northgate.service.faults.order(Fault(effect="item_errors", method="PUT", entry_ids=[stuck], nth=3))
    job = northgate.export(NORTHGATE)
    half_done = [{"accountingEntryId": stuck, "status": "in_progress"}]
    northgate.effects.on("before pleo PUT", lambda: pleo.update_items(NORTHGATE, job, half_done), nth=3)

    northgate.run(NORTHGATE)

    assert (northgate.job(job)["status"], told_the_truth(northgate, job)) == ("completed", True)


def test_given_an_item_whose_update_is_always_refused_then_the_others_are_reported(
    northgate: InProcessSystem,
) -> None:
    stuck = entry_id(ITEMS[3])
    northgate.service.faults.order(Fault(effect="item_errors", method="PUT", entry_ids=[stuck], count=10_000))

    job = exported(northgate)

    assert northgate.job(job)["status"] == "failed"
    assert "did not take the results of all expenses" in northgate.job(job)["failureReason"]
    assert northgate.statuses(job) == {"successful": 5, "abandoned": 1}
    assert live(northgate) == references(ITEMS)
    assert len(northgate.executions.started) == 1

    again = northgate.export(NORTHGATE, [stuck])
    northgate.service.faults.clear()
    northgate.run(NORTHGATE)
    assert (northgate.statuses(again), live(northgate)) == ({"successful": 1}, references(ITEMS))


def test_given_a_lenient_pleo_and_a_refused_update_then_the_item_is_still_reported(
    northgate: InProcessSystem,
) -> None:
    northgate.service.state.assumptions = Assumptions(completion_needs_final_items=False)
    northgate.service.faults.order(Fault(effect="item_errors", method="PUT", entry_ids=[entry_id(ITEMS[3])], nth=2))

    job = exported(northgate)

    assert (northgate.job(job)["status"], told_the_truth(northgate, job)) == ("completed", True)


# The job is over at Pleo while we work on it


@pytest.mark.parametrize("chunk", [1, 2, 3])
@pytest.mark.parametrize("end", ["cancelled", "expired"])
def test_given_a_job_over_before_a_report_then_nothing_is_posted_and_the_next_starts(
    northgate: InProcessSystem, end: str, chunk: int
) -> None:
    job = northgate.export(NORTHGATE)
    northgate.service.state.put_expenses(NORTHGATE, [purchase("next")])
    next_job = northgate.export(NORTHGATE, [entry_id(purchase("next"))])

    def over() -> None:
        if end == "cancelled":
            northgate.service.state.cancel(job)
        else:
            _expire(northgate, job)

    northgate.effects.on("before pleo PUT", over, nth=chunk)
    northgate.run(NORTHGATE)

    assert northgate.job(job)["status"] == "failed"
    assert live(northgate) == references([*ITEMS[: 2 * chunk], purchase("next")])
    assert northgate.job(next_job)["status"] == "completed"
    assert set(northgate.executions.over.values()) == {"SUCCEEDED"}


def test_given_a_job_cancelled_right_before_its_completion_then_the_run_ends_quietly(
    northgate: InProcessSystem,
) -> None:
    job = northgate.export(NORTHGATE)
    northgate.effects.on(f"before pleo POST {EVENTS}", lambda: northgate.service.state.cancel(job), nth=2)

    northgate.run(NORTHGATE)

    assert northgate.job(job)["failureReasonType"] == "canceled_by_user"
    assert set(northgate.executions.over.values()) == {"SUCCEEDED"}
    assert live(northgate) == references(ITEMS)


# FailJob


def test_given_an_unforeseen_fault_in_a_chunk_then_each_item_left_is_reported_and_the_job_ends(
    northgate: InProcessSystem,
) -> None:
    northgate.effects.on("before books find_many", FAULT, nth=2)

    job = exported(northgate)

    assert northgate.job(job)["status"] == "completed_with_errors"
    assert live(northgate) == references(ITEMS[:2])
    assert told_the_truth(northgate, job)
    reason = ("unexpected_failure", f"Not booked. {OUR_FAULT}")
    assert northgate.failures(job) == {entry_id(item): reason for item in ITEMS[2:]}


def test_given_an_item_that_changes_between_two_lists_of_open_ones_then_it_is_reported_once(
    northgate: InProcessSystem,
) -> None:
    """Pleo lists the pending ones, then those in progress: the item is in both."""
    job = northgate.export(NORTHGATE)
    northgate.effects.on("before books find_many", FAULT, nth=2)
    goes_on = [{"accountingEntryId": entry_id(ITEMS[3]), "status": "in_progress"}]
    northgate.effects.on(
        f"after pleo GET /v3/export-jobs/{job}/items?status=pending",
        lambda: northgate.service.state.update_items(NORTHGATE, job, goes_on),
    )

    northgate.run(NORTHGATE)

    assert northgate.job(job)["status"] == "completed_with_errors"
    assert told_the_truth(northgate, job)
    reason = ("unexpected_failure", f"Not booked. {OUR_FAULT}")
    assert northgate.failures(job) == {entry_id(item): reason for item in ITEMS[2:]}


def test_given_a_fault_while_saving_results_then_the_postings_are_reported(
    northgate: InProcessSystem,
) -> None:
    northgate.effects.on("before dynamodb TransactWriteItems", FAULT, nth=6)  # chunk 2: intents, notes, results

    job = exported(northgate)

    assert northgate.job(job)["status"] == "completed_with_errors"
    assert live(northgate) == references(ITEMS[:4])
    assert northgate.statuses(job) == {"successful": 4, "failed": 2}
    assert told_the_truth(northgate, job)


def test_given_a_function_that_fails_after_its_intents_then_their_items_are_reported_unknown(
    northgate: InProcessSystem,
) -> None:
    _dies_for_good(northgate, "before books record", nth=3)

    job = exported(northgate)

    assert northgate.job(job)["status"] == "completed_with_errors"
    unknown = ("accounting_system_timeout", OUTCOME_UNKNOWN.text())
    untouched = ("unexpected_failure", f"Not booked. {OUR_FAULT}")
    assert northgate.failures(job) == {
        **{entry_id(item): unknown for item in ITEMS[2:4]},
        **{entry_id(item): untouched for item in ITEMS[4:]},
    }


def test_given_a_function_that_fails_before_saving_results_then_its_postings_are_reported(
    northgate: InProcessSystem,
) -> None:
    _dies_for_good(northgate, "before dynamodb TransactWriteItems", nth=6)

    job = exported(northgate)

    assert live(northgate) == references(ITEMS[:4])
    assert northgate.statuses(job) == {"successful": 4, "failed": 2}
    assert told_the_truth(northgate, job)


def test_given_results_that_were_not_reported_when_the_job_ends_in_a_fault_then_they_are_told(
    northgate: InProcessSystem,
) -> None:
    northgate.effects.on("before pleo PUT", FAULT, nth=2)

    job = exported(northgate)

    assert live(northgate) == references(ITEMS[:4])
    assert told_the_truth(northgate, job)


def test_given_an_entry_of_an_earlier_export_then_a_later_failure_does_not_call_it_unbooked(
    northgate: InProcessSystem,
) -> None:
    first = exported(northgate)
    job = northgate.export(NORTHGATE, [entry_id(item) for item in ITEMS])
    northgate.effects.on("before books find_many", FAULT)

    northgate.run(NORTHGATE)

    assert northgate.job(first)["status"] == "completed"
    reasons = [reason for _, reason in northgate.failures(job).values()]
    assert len(reasons) == 6
    assert all(reason.startswith("An earlier export booked it as J") for reason in reasons)
    assert all(OUR_FAULT in reason and "Not booked" not in reason for reason in reasons)


def test_given_an_entry_that_is_adopted_when_its_report_is_lost_then_it_is_told_as_successful(
    northgate: InProcessSystem,
) -> None:
    first = exported(northgate)
    job = northgate.export(NORTHGATE, [entry_id(ITEMS[0])])
    _dies_for_good(northgate, "before dynamodb TransactWriteItems", nth=3)  # its posting is noted, its result is not

    northgate.run(NORTHGATE)

    told = northgate.items(job)[entry_id(ITEMS[0])]
    assert (told["status"], told["externalId"]) == (
        "successful",
        northgate.items(first)[entry_id(ITEMS[0])]["externalId"],
    )


def test_given_an_intent_in_doubt_of_an_expired_job_then_it_stays_in_doubt(
    northgate: InProcessSystem,
) -> None:
    northgate.effects.on("before books record", OutcomeUnknown("no answer"))
    northgate.effects.on("before books find_many", Stopped(), nth=2)
    expired = exported(northgate)
    _expire(northgate, expired)
    job = northgate.export(NORTHGATE)
    northgate.effects.on("before books find_many", FAULT)

    northgate.heal()

    failures = northgate.failures(job)
    assert failures[entry_id(ITEMS[0])] == ("accounting_system_timeout", OUTCOME_UNKNOWN.text())
    assert failures[entry_id(ITEMS[5])][0] == "unexpected_failure"


def test_given_a_lost_report_of_a_second_revision_then_the_second_revision_is_reported(
    northgate: InProcessSystem,
) -> None:
    exported(northgate)
    northgate.books[NORTHGATE].void(f"pleo:{entry_id(ITEMS[0])}")
    job = northgate.export(NORTHGATE, [entry_id(ITEMS[0])])
    _dies_for_good(northgate, "before dynamodb TransactWriteItems", nth=3)  # its posting is noted, its result is not

    northgate.run(NORTHGATE)

    assert northgate.items(job)[entry_id(ITEMS[0])]["externalId"] == "7"


def test_given_two_hundred_items_and_an_early_failure_then_all_are_reported_by_the_hundred(
    system: InProcessSystem,
) -> None:
    system.connect(NORTHGATE, purchases(230))
    system.effects.on("before books find_many", FAULT)

    job = exported(system)

    assert system.statuses(job) == {"failed": 230}
    assert [each["status"] for each in system.service.requests if each["method"] == "PUT"] == [200, 200, 200]


def test_given_the_accounting_system_stays_away_midway_when_the_job_ends_then_the_rest_says_so(
    northgate: InProcessSystem,
) -> None:
    northgate.effects.on("before books find_many", Unavailable("It is being updated."), nth=2, times=1000)

    job = exported(northgate)

    assert northgate.job(job)["status"] == "completed_with_errors"
    assert live(northgate) == references(ITEMS[:2])
    reason = ("accounting_system_unreachable", "Not booked. It is being updated.")
    assert northgate.failures(job) == {entry_id(item): reason for item in ITEMS[2:]}


def test_given_pleo_cannot_be_told_of_a_failure_when_it_is_back_then_a_later_poll_resumes_the_job(
    northgate: InProcessSystem,
) -> None:
    northgate.effects.on("before books find_many", FAULT, nth=2)
    northgate.service.faults.order(Fault(effect="status", status=503, method="POST", path=EVENTS, nth=2, count=7))

    job = exported(northgate)
    assert northgate.job(job)["status"] == "in_progress"
    northgate.heal()

    assert northgate.job(job)["status"] == "completed_with_errors"
    assert told_the_truth(northgate, job)


# What the state machine caught, in Pleo's words


@pytest.mark.parametrize("moment", ["before pleo PUT", "after pleo PUT"])
def test_given_a_run_that_fails_while_writing_final_results_then_the_next_only_ends_the_job(
    northgate: InProcessSystem, moment: str
) -> None:
    """The books are back by then; what Pleo was told, or may have been, stays true all the same."""
    northgate.effects.on("before books find_many", FAULT, nth=2)
    northgate.effects.on(moment, Stopped(), nth=2)

    job = exported(northgate)
    assert northgate.job(job)["status"] == "in_progress"
    northgate.heal()

    assert northgate.job(job)["status"] == "completed_with_errors"
    assert northgate.statuses(job) == {"successful": 2, "failed": 4}
    assert told_the_truth(northgate, job)
    assert live(northgate) == references(ITEMS[:2])


@pytest.mark.parametrize(
    ("cause", "failure", "code", "reason"),
    [
        (
            '{"errorMessage": "missing_configuration/a_code: Add it: 1."}',
            "missing_configuration",
            "a_code",
            "Add it: 1.",
        ),
        (
            '{"errorMessage": "missing_configuration: Add it: 1900."}',
            "missing_configuration",
            "missing_configuration",
            "Add it: 1900.",
        ),
        ('{"errorMessage": "no type of ours: secret"}', "service_unreachable", "export_fault", OUR_FAULT),
        (
            '{"errorMessage": "RequestId: 1 Error: Task timed out"}',
            "service_unreachable",
            "export_fault",
            OUR_FAULT,
        ),
        ('{"errorType": "Runtime.ExitError"}', "service_unreachable", "export_fault", OUR_FAULT),
        ("not json", "service_unreachable", "export_fault", OUR_FAULT),
        ("[]", "service_unreachable", "export_fault", OUR_FAULT),
        ("", "service_unreachable", "export_fault", OUR_FAULT),
    ],
)
def test_a_caught_error_in_pleo_s_words(cause: str, failure: str, code: str, reason: str) -> None:
    failed_as, told = explain(StateError(error="AnyName", cause=cause))
    assert (failed_as, told.code, told.text()) == (JobFailure(failure), code, reason)


@pytest.mark.parametrize("failure", JobFailure)
def test_an_item_has_a_type_for_every_failure_of_the_job(failure: JobFailure) -> None:
    shared = {each.value for each in ItemFailure}
    assert item_failure(failure).value == (failure.value if failure.value in shared else "unexpected_failure")


def _expire(system: InProcessSystem, job: str) -> None:
    """An hour passes for this job alone."""
    record = system.service.state._jobs[job]
    record.last_updated_at = record.created_at = system.clock.now() - timedelta(hours=1)


def _dies_for_good(system: InProcessSystem, moment: str, nth: int = 1) -> None:
    """RecordItems dies there, and its two retries as soon as they begin."""

    def death() -> None:
        system.effects.on("before s3 GetObject", Killed(), times=2)
        raise Killed

    system.effects.on(moment, death, nth=nth)
