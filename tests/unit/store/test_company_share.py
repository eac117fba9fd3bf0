"""A company's share of Pleo's request limit: beyond it, its calls give way to those of the others."""

from __future__ import annotations

import pytest

from pleo_export.pleo.call_priority import CallPriority
from pleo_export.pleo.errors import PleoRateLimited
from pleo_export.services.company_share import SHARE, SHARE_OF_LOOKS
from pleo_simulator.sample import HAVN, NORTHGATE
from tests.system.in_process_system import InProcessSystem
from tests.system.use_of_pleo import use_of_pleo


def test_given_nobody_else_calls_then_a_company_sends_more_than_its_share_without_a_pause(
    system: InProcessSystem,
) -> None:
    system.services.company_budget(NORTHGATE, CallPriority.EXPORT).take()
    budget = system.services.company_budget(NORTHGATE, CallPriority.EXPORT)

    for _ in range(6 * SHARE):
        budget.take()

    assert system.pauses == []


def test_given_others_that_use_the_limit_then_a_company_sends_its_share_in_a_minute_and_waits(
    system: InProcessSystem,
) -> None:
    use_of_pleo(system, 430)
    budget = system.services.company_budget(NORTHGATE, CallPriority.EXPORT)
    began = system.clock.now()

    for _ in range(SHARE):
        budget.take()
    assert system.pauses == []
    budget.take()

    assert (system.clock.now() - began).total_seconds() == 60


def test_given_a_large_export_beyond_its_share_then_another_company_waits_for_nothing(system: InProcessSystem) -> None:
    large = system.services.company_budget(NORTHGATE, CallPriority.EXPORT)
    for _ in range(SHARE + 1):
        large.take()
    use_of_pleo(system, 360)
    paused = len(system.pauses)

    other = system.services.company_budget(HAVN, CallPriority.EXPORT)
    for _ in range(SHARE):
        other.take()

    assert len(system.pauses) == paused


def test_given_looks_at_one_company_again_and_again_then_those_beyond_its_share_are_refused_at_once_and_others_are_not(
    system: InProcessSystem,
) -> None:
    use_of_pleo(system, 430)
    for _ in range(SHARE_OF_LOOKS):
        system.services.company_budget(NORTHGATE, CallPriority.LOOK).take()

    with pytest.raises(PleoRateLimited, match="share"):
        system.services.company_budget(NORTHGATE, CallPriority.LOOK).take()
    system.services.company_budget(HAVN, CallPriority.LOOK).take()

    assert system.pauses == []
