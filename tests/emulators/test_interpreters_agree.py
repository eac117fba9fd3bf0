"""Our own interpreter of the state machine, on which the unit tests and the simulation stand, against moto's.

Both run the same definition with the same scripted answers and errors. Compared are the states entered and their
inputs, each call of a task with its payload, each pause in seconds (of a retry with its jitter, drawn from one seed,
and of a Wait), the Map's iterations and their order, and how the execution ends.

Not compared, because moto cannot be made to show it, or is known to differ from AWS:

- Errors of the Lambda service itself. moto names all of them `Exception`, AWS `Lambda.TooManyRequestsException` and so
  on. They come from the functions here, under the names that the definition retries.
- `SQS.AmazonSQSException`: moto names all errors of SQS `SQS.SdkClientException`.
- What `States.ALL` does not catch. On AWS that is `States.Runtime` and `States.DataLimitExceeded`; moto catches them.
- The texts of errors that an interpreter raises itself.
- `TimeoutSeconds` of the machine, which our interpreter leaves to those who hold the clock; see test_moto_stack.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pleo_export.errors import RetryAfter
from tests.emulators.moto_stack import MotoStack, load_definition
from tests.emulators.scripted_runs import FUNCTIONS, USUAL, Script, ScriptedFault, Trace, on_moto, on_our_own
from tests.system.asl import Machine

pytestmark = pytest.mark.enable_socket

DEFINITION = load_definition()
STATES = DEFINITION["States"] | DEFINITION["States"]["RecordChunks"]["ItemProcessor"]["States"]
TASKS = (*FUNCTIONS, "ReleaseLease", "WakeCompany")
NAMED_BY_MOTO = "SQS.SdkClientException"
NOT_OURS, UNEXPECTED = ScriptedFault("NotOurs"), ScriptedFault("Unexpected")
LIMITED = [state for state in FUNCTIONS if f"{state}Limited" in STATES]
NOT_RETRIED = {"ReleaseLease": ["DynamoDB.ConditionalCheckFailedException"], "WakeCompany": []}
SEEDS = range(40)


def retriers(state: str) -> list[dict[str, Any]]:
    return list(STATES[state]["Retry"])


def retried(state: str) -> list[str]:
    """Return all error names that the state retries, as far as moto can be made to raise them."""
    names = [name for retrier in retriers(state) for name in retrier["ErrorEquals"]]
    return [name for name in names if not name.startswith("SQS.") or name == NAMED_BY_MOTO]


def exhausted(state: str, retrier: dict[str, Any]) -> list[ScriptedFault]:
    """Return one error more than the retrier has attempts, its names in turn."""
    names = [name for name in retrier["ErrorEquals"] if name in retried(state)]
    return [ScriptedFault(names[number % len(names)]) for number in range(retrier["MaxAttempts"] + 1)]


def waits(*seconds: float) -> list[Any]:
    return [{"waitSeconds": each} for each in seconds]


def limited(seconds: int) -> ScriptedFault:
    """Return Pleo's request limit, as a function tells it."""
    return ScriptedFault("RetryAfter", str(RetryAfter(seconds)))


def chunks(number: int) -> list[Any]:
    return [{"chunks": list(range(1, number + 1)), "count": 50 * number}]


FAILS = {"ValidateJob": [ScriptedFault("JobRejected")]}  # so that FailJob has its turn
NAMED: dict[str, Script] = {
    "nothing goes wrong": {},
    "no chunks": {"FetchItems": chunks(0)},
    "many chunks": {"FetchItems": chunks(7)},
    "a chunk that waits three times": {"RecordItems": waits(5, 60, 3600)},
    "every chunk waits": {"FetchItems": chunks(3), "RecordItems": waits(1, 0, 2, 2, 0, 3)},
    "a wait of less than nothing": {"RecordItems": waits(-1)},
    "attempts are counted afresh after a wait": {
        "RecordItems": [*[ScriptedFault("TryAgain")] * 6, *waits(5), *[ScriptedFault("TryAgain")] * 6, *waits(0)]
    },
    "each retrier has attempts of its own": {
        "CompleteJob": [
            ScriptedFault(name) for name in ("TryAgain", "Lambda.Unknown", "TryAgain", "Sandbox.Timedout") * 2
        ]
    },
    "the second chunk fails": {"FetchItems": chunks(3), "UpdateItems": [None, UNEXPECTED]},
    "the third chunk is not ours any more": {"FetchItems": chunks(3), "RecordItems": [*waits(0, 0), NOT_OURS]},
    "Pleo's request limit, again and again": {
        "FetchItems": [limited(60), limited(7), ScriptedFault("TryAgain"), limited(900), *chunks(3)],
        "UpdateItems": [None, limited(60), limited(1), None],
        "FailJob": [limited(60)],
        "CompleteJob": [limited(60), UNEXPECTED],
    },
    "FailJob fails": {**FAILS, "FailJob": [UNEXPECTED]},
    "the lease was taken": {"ReleaseLease": [ScriptedFault("DynamoDB.ConditionalCheckFailedException")]},
    "the lease was taken when it was tried again": {
        "ReleaseLease": [
            ScriptedFault("DynamoDB.ThrottlingException"),
            ScriptedFault("DynamoDB.ConditionalCheckFailedException"),
        ]
    },
    "the lease cannot be released": {"ReleaseLease": [ScriptedFault("DynamoDB.ResourceNotFoundException")]},
    "more than 256 KiB": {"StartJob": [{**USUAL["StartJob"], "note": "x" * 256 * 1024}]},
    **{f"{name} everywhere": {state: [ScriptedFault(name)] for state in FUNCTIONS} for name in retried("StartJob")},
    **{
        f"{name} at {state}": {state: [ScriptedFault(name)]}
        for state in ("ReleaseLease", "WakeCompany")
        for name in retried(state)
    },
    **{
        f"Pleo's request limit at {state}": {**(FAILS if state == "FailJob" else {}), state: [limited(60)]}
        for state in LIMITED
    },
    **{f"NotOurs at {state}": {**(FAILS if state == "FailJob" else {}), state: [NOT_OURS]} for state in FUNCTIONS},
    **{f"nobody knows the error at {state}": {state: [UNEXPECTED]} for state in FUNCTIONS},
    **{
        f"{retrier['ErrorEquals'][0]} too often at {state}": {
            **(FAILS if state == "FailJob" else {}),
            state: exhausted(state, retrier),
        }
        for state in TASKS
        for retrier in retriers(state)
    },
}


def drawn(seed: int) -> Script:
    """Draw mostly usual answers, sometimes an error, sometimes the same one again and again."""
    random = Random(seed)

    def answers(state: str) -> Iterator[Any]:
        faults = [*retried(state), *NOT_RETRIED.get(state, ("NotOurs", "JobRejected", "Unexpected"))]
        for _ in range(random.choice((0, 0, 1, 3, 6))):
            if state in LIMITED and random.random() < 0.2:
                yield limited(random.choice((1, 60, 900)))
            elif random.random() < 0.5:
                yield from [ScriptedFault(random.choice(faults))] * random.choice((1, 1, 2, 3, 7))
            elif state == "RecordItems":
                yield from waits(random.choice((0, 1, 30, 900)))
            else:
                yield USUAL.get(state)

    return {"FetchItems": chunks(random.randrange(5))} | {
        state: list(answers(state)) for state in TASKS if random.random() < 0.6
    }


@pytest.fixture(scope="module")
def stack() -> Iterator[MotoStack]:
    with MotoStack() as stack:
        yield stack


def assert_agreed(ours: Trace, motos: Trace) -> None:
    assert [state for state, _ in ours.entered] == [state for state, _ in motos.entered]
    assert ours.entered == motos.entered
    assert ours.done == motos.done
    assert (ours.status, ours.error, ours.output) == (motos.status, motos.error, motos.output)


@pytest.mark.parametrize("script", NAMED.values(), ids=NAMED)
def test_given_a_script_when_both_interpreters_run_it_then_they_do_the_same(script: Script, stack: MotoStack) -> None:
    assert_agreed(on_our_own(script), on_moto(script, stack))


@pytest.mark.parametrize("seed", SEEDS)
def test_given_a_script_drawn_from_a_seed_when_both_run_it_then_they_do_the_same(seed: int, stack: MotoStack) -> None:
    script = drawn(seed)

    assert_agreed(on_our_own(script), on_moto(script, stack))


def test_the_drawn_scripts_end_in_every_way() -> None:
    ends = {(trace.status, trace.entered[-1][0]) for trace in map(on_our_own, map(drawn, SEEDS))}

    assert ends >= {
        ("SUCCEEDED", "WakeCompany"),
        ("SUCCEEDED", "WakeCompany"),
        ("FAILED", "FailJob"),
        ("FAILED", "WakeCompany"),
    }


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ({"ValidateJob": ["x" * 256 * 1024]}, "States.DataLimitExceeded"),
        ({"StartJob": [{"numberOfItems": 1}]}, "States.Runtime"),
        ({"StartJob": [None]}, "States.Runtime"),
        ({"RecordItems": waits(1.5)}, "States.Runtime"),
        ({"StartJob": [ScriptedFault("RetryAfter", "names no seconds")]}, "States.IntrinsicFailure"),
    ],
    ids=["more than 256 KiB", "a field is missing", "all fields are missing", "a wait of a fraction", "no seconds"],
)
def test_given_an_error_that_states_all_does_not_catch_then_our_own_fails_as_aws_does(
    script: Script, error: str
) -> None:
    trace = on_our_own(script)

    assert (trace.status, trace.error) == ("FAILED", error)
    assert "FailJob" not in dict(trace.entered)


@pytest.mark.parametrize(
    "field",
    [
        {"TimeoutSeconds": 5},
        {"Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "BackoffRate": 1.0, "MaxAttempts": 1}]},
        {"Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "FailJob"}]},
    ],
    ids=lambda field: next(iter(field)),
)
def test_given_a_definition_that_says_what_our_own_would_overlook_then_it_refuses_it(
    field: dict[str, Any], tmp_path: Path
) -> None:
    definition = load_definition()
    definition["States"]["RecordChunks"]["ItemProcessor"]["States"]["UpdateItems"] |= field
    (tmp_path / "definition.json").write_text(json.dumps(definition))

    with pytest.raises(NotImplementedError, match="UpdateItems"):
        Machine(tasks={}, wait=print, definition=tmp_path / "definition.json").run({})
