"""An export that starts while lists are synced: from click to end on the simulator's clock, beside the same without.

Each call takes its time (CALL_SECONDS), whoever makes it; Pleo's request limit and our budget of it are shared.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

import pytest

from pleo_export.services.messages import SyncRequest
from pleo_simulator.sample import HAVN, NORTHGATE
from tests.system.expenses import purchase
from tests.system.in_process_system import InProcessServices, InProcessSystem, in_process_system, load_handler
from tests.system.lambda_context import InvocationContext
from tests.system.timelines import TimedEffects, Timelines

CALL_SECONDS = {"pleo": 0.12, "books": 0.15, "dynamodb": 0.005, "s3": 0.02, "sqs": 0.01, "secretsmanager": 0.02}
AMID = 90  # seconds after a sync has begun: it has read both sides, and uses all that it may
SLOWED = 1.1  # an export may take a tenth longer
OTHERS = [f"{number:08d}-5555-4555-8555-555555555555" for number in range(4)]


def seconds_of_an_export(items: int, syncing: Sequence[str] = (), tags: int = 10_000) -> float:
    """Return how long an export takes while the lists of those companies are synced for the first time."""
    effects = TimedEffects(CALL_SECONDS)
    with in_process_system(effects) as system:
        timelines = Timelines(system.clock)
        system.sleep = effects.sleep = timelines.sleep  # type: ignore[method-assign]
        system.connect(NORTHGATE, [purchase(f"lunch-{n}") for n in range(items)], sync={"dimensions": ["project"]})
        for number, company in enumerate(syncing):
            _with_many_tags(system, company, tags)
            # Not at once: a cached property of Python 3.11 has one lock for all instances, which are processes for us.
            timelines.start(partial(_sync, system, company), after=number)
        taken: list[float] = []

        def export() -> None:
            clicked = system.clock.now()
            job = system.export(NORTHGATE)
            system.run(NORTHGATE)
            taken.append((system.clock.now() - clicked).total_seconds())
            assert system.statuses(job) == {"successful": items}
            for company in syncing:
                assert system.service.tags.groups(company), "the sync has not begun"
            timelines.stop()

        timelines.start(export, after=AMID)
        timelines.run()
    return taken[0]


def _with_many_tags(system: InProcessSystem, company: str, tags: int) -> None:
    if company != NORTHGATE:
        system.connect(company, sync={"dimensions": ["project"]})
    for number in range(tags):
        system.books[company].ledger.lists.put_value("project", f"N{number}", f"Number {number}")


def _sync(system: InProcessSystem, company: str) -> None:
    """Run the company's sync as a function with an environment of its own."""
    handler = load_handler("sync")
    handler.services = InProcessServices(system, system.environment)
    request = SyncRequest(company_id=company, lists=("tags",), run_id="first", reason="connect")
    with system.effects.of_function():
        handler({"Records": [{"body": json.dumps(request.as_message())}]}, InvocationContext())


@pytest.mark.parametrize(
    "syncing", [[NORTHGATE], [HAVN], [NORTHGATE, HAVN, *OTHERS[:3]]], ids=["its own", "another's", "five at once"]
)
def test_an_export_beside_a_first_sync_of_ten_thousand_tags_takes_at_most_a_tenth_longer(syncing: list[str]) -> None:
    alone, beside = seconds_of_an_export(50), seconds_of_an_export(50, syncing)

    assert beside <= SLOWED * alone, f"alone {alone:.1f} s, beside {len(syncing)} syncs {beside:.1f} s"
