from __future__ import annotations

from datetime import date

from pleo_export.accounting.port import PeriodState
from pleo_simulator.sample import NORTHGATE
from tests.performance import plan
from tests.performance.runs.company import expenses
from tests.system.in_process_system import in_process_system


def test_the_ledger_has_an_open_period_for_each_expense_of_the_largest_job() -> None:
    items = expenses("bench", max(each.items for each in plan.FULL))
    with in_process_system() as system:
        ledger = system.connect(NORTHGATE).ledger

        states = {ledger.period_state(date.fromisoformat(str(item["date"])[:10])) for item in items}

    assert states == {PeriodState.OPEN}
