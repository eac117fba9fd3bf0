"""The export job's own definition on moto's interpreter: a second opinion on the small one that the unit tests use."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pleo_simulator.sample import NORTHGATE, demo_items
from tests.emulators.moto_stack import Handler, MotoStack, Run, load_definition
from tests.system.expenses import purchases
from tests.system.in_process_system import STATES, InProcessSystem, in_process_system

pytestmark = pytest.mark.enable_socket

RUN = {"companyId": NORTHGATE, "jobId": "b1f0f1c4-6f5c-4d0e-9c57-0d6a6b3f7a10", "execution": "run-1"}
Items = list[dict[str, Any]]
EVENTS_OF_AN_EXECUTION = 25_000
PAYLOAD_LIMIT = 256 * 1024


def outcome(system: InProcessSystem, job: str) -> dict[str, Any]:
    """Return what everybody holds in the end."""
    return {
        "job": system.job(job)["status"],
        "failures": system.failures(job),
        "items": {key: item["externalId"] for key, item in system.items(job).items()},
        "ledger": [(each.entry.reference, each.state) for each in system.books[NORTHGATE].documents],
        "lease": system.services.leases.get(NORTHGATE),
        "wake-ups": system.queued(),
    }


def begun(system: InProcessSystem, items: Items, fault: Exception | None = None) -> str:
    """Return the job whose execution is about to enter its first state."""
    system.connect(NORTHGATE, items)
    job = system.export(NORTHGATE)
    system.wake(NORTHGATE)
    if fault:
        system.effects.on("before books find_many", fault)
    return job


def on_our_own(items: Items, fault: Exception | None) -> tuple[dict[str, Any], int]:
    """Return the outcome, and how many states were entered."""
    with in_process_system() as system:
        job = begun(system, items, fault)
        system.execute(system.executions.started[0])
        return outcome(system, job), system.transitions


def on_moto(system: InProcessSystem, stack: MotoStack) -> Run:
    """Run the waiting execution, with the functions of the in-process system."""
    return stack.run(
        load_definition(),
        system.executions.started[0].model_dump(by_alias=True),
        functions={arn: system.handlers[name] for arn, name in STATES.items()},
        values={"Partition": "aws", "TableName": system.environment["TABLE_NAME"], "QueueUrl": system.queue_url},
    )


@pytest.mark.parametrize(
    ("items", "fault", "status"),
    [
        (demo_items(NORTHGATE), None, "completed_with_errors"),
        (purchases(120), None, "completed"),
        ([], None, "completed"),
        (purchases(3), ValueError("nobody foresaw it"), "failed"),
    ],
    ids=["the demo", "three chunks", "no items", "a fault"],
)
def test_given_a_job_when_moto_runs_it_then_it_ends_as_on_our_own_interpreter(
    items: Items, fault: Exception | None, status: str
) -> None:
    expected, transitions = on_our_own(items, fault)
    with MotoStack() as stack, in_process_system() as system:
        job = begun(system, items, fault)
        run = on_moto(system, stack)

        assert (run.status, len(run.states)) == ("SUCCEEDED", transitions)
        assert outcome(system, job) == expected
        assert expected["job"] == status


def test_given_the_lease_is_gone_when_moto_runs_the_job_then_it_ends_quietly() -> None:
    with MotoStack() as stack, in_process_system() as system:
        begun(system, purchases(1))
        system.services.leases.release(NORTHGATE, system.executions.started[0].execution)

        run = on_moto(system, stack)

        assert (run.status, run.states) == ("SUCCEEDED", ["StartJob", "ReleaseLease", "WakeCompany"])


def chunks(number: int) -> Run:
    """Run a job of that many chunks, whose functions do nothing."""
    answers: dict[str, Any] = {
        "start_job": {
            "numberOfItems": 50 * number,
            "vendorBasedBookkeeping": False,
            "deadline": "2026-11-20T12:50:00Z",
        },
        "fetch_items": {"chunks": list(range(number)), "count": 50 * number},
        "record_items": {"waitSeconds": 0},
    }
    with MotoStack() as stack, in_process_system() as system:
        functions: dict[str, Handler] = {arn: _says(answers.get(name)) for arn, name in STATES.items()}
        values = {"Partition": "aws", "TableName": system.environment["TABLE_NAME"], "QueueUrl": system.queue_url}
        system.services.leases.take(NORTHGATE, RUN["execution"], system.clock.now(), replacing=None)
        return stack.run(load_definition(), RUN, functions=functions, values=values)


def test_given_two_thousand_items_when_they_are_chunked_then_no_payload_comes_near_the_limit() -> None:
    run = chunks(40)

    assert run.status == "SUCCEEDED"
    assert max(len(json.dumps(event, default=str)) for event in run.events) < PAYLOAD_LIMIT / 50


def test_given_ten_thousand_items_and_many_waits_then_the_history_stays_below_its_limit() -> None:
    few, more = chunks(5), chunks(15)

    per_chunk = (len(more.events) - len(few.events)) / 10
    once = len(few.events) - 5 * per_chunk
    # A wait enters RecordItems, its Choice and the Wait again: fewer events than the chunk's own.
    waits = 5
    assert once + 200 * per_chunk * (1 + waits) < EVENTS_OF_AN_EXECUTION


def _says(answer: Any) -> Handler:
    return lambda _event, _context: answer
