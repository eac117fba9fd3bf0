"""The nightly check before each real connector: nothing is found of a company whose exports work, and what is found is
what its ledger refuses."""

from __future__ import annotations

import pytest

from pleo_simulator.every_type import every_type
from pleo_simulator.sample import NORTHGATE
from tests.system.in_process_system import InProcessSystem
from tests.system.ledger_in_process import face_of, ledgers_in_process, ready


@pytest.mark.parametrize("method", ["journal", "accounts_payable"])
@pytest.mark.parametrize("name", ready())
def test_given_expenses_of_every_type_that_the_ledger_takes_then_nothing_is_found(
    system: InProcessSystem, name: str, method: str
) -> None:
    declared = face_of(name).profile.deviations
    items = [declared.of_ledger(each) for each in every_type(NORTHGATE, method)]
    with ledgers_in_process():
        system.connect_ledger(name, NORTHGATE, items)
        system.subscribe(NORTHGATE)
        system.export(NORTHGATE, vendor_based_bookkeeping=True)

        system.check_mapping(NORTHGATE)

    assert [each.key for each in system.services.mapping_health.get(NORTHGATE).findings] == []
