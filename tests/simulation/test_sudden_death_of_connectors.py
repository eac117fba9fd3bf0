"""Every connector before its ledger's simulator: a function, an execution or a connection that ends at any moment.

The job still ends correctly, and everything is in the ledger once (promises 1 to 3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from pleo_export.accounting.port import DocumentState
from pleo_simulator.expenses import Expense, Line, export_item
from pleo_simulator.sample import NORTHGATE
from tests.system.asl import StateFailed
from tests.system.effects import Event, Killed, Stopped
from tests.system.expenses import FIRST_DAY, purchases, references
from tests.system.fake_network import Lost
from tests.system.in_process_system import InProcessSystem, in_process_system
from tests.system.ledger_in_process import LedgerInProcess, ledgers_in_process, ready
from tests.system.wsgi_adapter import TimedOut

PARTS = 4  # of the moments, so that several processes share them
BILL = export_item(
    NORTHGATE,
    Expense("bill", "card_invoice", (Line(12_000, "6100", "GB20"),), supplier="Ryman", method="accounts_payable"),
    FIRST_DAY,
)
ITEMS = [*purchases(2), BILL]
WANTED = Counter([*references(ITEMS), f"{references([BILL])[0]}:pay"])


@dataclass
class Run:
    """What became of one job: `effects` are those of its functions, in order."""

    system: InProcessSystem
    ledger: LedgerInProcess
    job: str
    effects: list[str]


def run(name: str, moment: str = "", event: Event | None = None, nth: int = 1) -> Run:
    """Everything that follows from a click, the event at that moment and all, to the end that the schedule brings."""
    with ledgers_in_process(), in_process_system() as system:
        ledger = system.connect_ledger(name, NORTHGATE, ITEMS)
        if event is not None:
            system.effects.on(moment, event, nth=nth)
        job = system.export(NORTHGATE, vendor_based_bookkeeping=True)
        with suppress(StateFailed):  # of the poll itself: the next one comes
            system.poll()
        system.deliver()
        system.run_executions()
        effects = list(system.effects.log)
        system.heal()
        _hold(system, ledger, job, (moment, nth))
        return Run(system, ledger, job, effects)


def _hold(system: InProcessSystem, ledger: LedgerInProcess, job: str, where: Any) -> None:
    live = [each for each in ledger.documents() if each.state is not DocumentState.VOID]
    assert Counter(each.reference for each in live) == WANTED, where
    assert {each.state for each in live} == {DocumentState.POSTED}, where
    assert all(each.balances for each in live), where
    assert system.job(job)["status"] == "completed", (where, system.failures(job))
    told = {item["externalId"] for item in system.items(job).values()}
    assert told == {each.id for each in live if not each.reference.endswith(":pay")}, where
    assert system.services.leases.get(NORTHGATE) is None, where


def requests_in(effects: Sequence[str], kind: str = "books") -> int:
    """Count the requests to the ledger."""
    return sum(each.startswith(kind) for each in effects)


@pytest.mark.parametrize("name", ready())
def test_given_nothing_happens_then_everything_is_booked_and_reported_once(name: str) -> None:
    assert requests_in(run(name).effects, "books write") >= 2


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", ready())
def test_given_a_function_that_is_killed_around_any_request_then_everything_is_booked_and_reported_once(
    name: str, when: str
) -> None:
    for number in range(1, requests_in(run(name).effects) + 1):
        run(name, f"{when} books", Killed(), nth=number)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", ready())
def test_given_any_write_that_is_not_answered_then_everything_is_booked_and_reported_once(name: str, when: str) -> None:
    for number in range(1, requests_in(run(name).effects, "books write") + 1):
        run(name, f"{when} books write", TimedOut(), nth=number)


@pytest.mark.exhaustive
@pytest.mark.parametrize("fault", [TimedOut(), Lost()], ids=["no answer in time", "hung up"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", ready())
def test_given_any_request_or_answer_is_lost_then_everything_is_booked_and_reported_once(
    name: str, when: str, fault: Exception
) -> None:
    for number in range(1, requests_in(run(name).effects) + 1):
        run(name, f"{when} books", fault, nth=number)


@pytest.mark.exhaustive
@pytest.mark.parametrize("end", [Killed(), Stopped()], ids=["function", "execution"])
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", ready())
def test_given_a_sudden_end_before_or_after_any_effect_then_everything_is_booked_and_reported_once(
    name: str, part: int, end: BaseException
) -> None:
    moments = 2 * len(run(name).effects)

    for moment in range(part + 1, moments + 1, PARTS):
        run(name, "", end, nth=moment)
