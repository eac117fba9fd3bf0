"""The samples of the demo in every ledger that has a simulator, in this process: what is booked, what is refused, and
what is left on the accounts, against what the ledger's module in local/ledgers declares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from local.demo.checks import left_over
from pleo_export.operations.reconcile import ReconciliationPeriod, reconcile_period
from pleo_export.operations.reconciliation.result import Pile, ReconciliationFindings
from pleo_simulator.demo import CANNOT_BE_BOOKED, demo_items
from pleo_simulator.every_type import LEFT_OVER, every_type, keys
from pleo_simulator.sample import NORTHGATE
from tests.system.in_process_system import in_process_system
from tests.system.ledger_in_process import LedgerInProcess, face_of, ledgers_in_process, ready

LONGEST = 12  # looks of the schedule, for a ledger that takes few calls a minute


@dataclass(frozen=True)
class Exported:
    """What became of an export: Pleo's items by entry id, and the comparison of the year with the ledger."""

    ledger: LedgerInProcess
    items: Mapping[str, dict[str, Any]]
    reconciliation: ReconciliationFindings


def exported(name: str, items: Sequence[dict[str, Any]], **options: Any) -> Exported:
    """Export the items to a ledger."""
    own = [face_of(name).profile.deviations.of_ledger(each) for each in items]
    with ledgers_in_process(), in_process_system() as system:
        ledger = system.connect_ledger(name, NORTHGATE, own)
        job = system.export(NORTHGATE, **options)
        system.run(NORTHGATE)
        for _ in range(LONGEST):
            if system.job(job)["status"] not in ("pending", "in_progress"):
                break
            system.heal()
        year = ReconciliationPeriod(date(2026, 1, 1), date(2026, 12, 31))
        return Exported(ledger, system.items(job), reconcile_period(NORTHGATE, year, system.services))


@pytest.mark.parametrize("method", ["journal", "accounts_payable"])
@pytest.mark.parametrize("name", ready())
def test_given_a_month_of_every_type_then_each_is_booked_or_refused_as_declared(name: str, method: str) -> None:
    run = exported(name, every_type(NORTHGATE, method), vendor_based_bookkeeping=True)

    ledger, items = run.ledger, run.items
    declared, names = ledger.face.profile.deviations, keys(NORTHGATE, method)
    failed = {names[id_]: item["failureReasonType"] for id_, item in items.items() if item["status"] != "successful"}
    assert failed == declared.every_type.get(method, {})
    entries = ledger.face.profile.entries(ledger.ledger)
    wanted = {**LEFT_OVER, **declared.left_over.get(method, {})}
    assert {account: left_over(entries, account) for account in wanted} == {
        account: Decimal(cents) / 100 for account, cents in wanted.items()
    }
    assert sum(line.base for entry in entries for line in entry.lines) == 0


@pytest.mark.parametrize("name", ready())
def test_given_half_a_year_of_a_company_then_each_expense_is_booked_or_refused_as_declared(name: str) -> None:
    run = exported(name, demo_items(NORTHGATE))

    ledger, items = run.ledger, run.items
    failed = Counter(item["failureReasonType"] for item in items.values() if item["status"] != "successful")
    declared = {**CANNOT_BE_BOOKED, **ledger.face.profile.deviations.demo}
    assert failed == Counter(declared.values())
    assert len(ledger.documents()) == len(items) - len(declared)


@pytest.mark.parametrize("method", ["journal", "accounts_payable"])
@pytest.mark.parametrize("name", ready())
def test_given_a_month_of_every_type_then_the_ledger_holds_what_pleo_was_told_to_the_penny(
    name: str, method: str
) -> None:
    run = exported(name, every_type(NORTHGATE, method), vendor_based_bookkeeping=True)

    found = {pile: len(run.reconciliation.pile(pile)) for pile in Pile if run.reconciliation.pile(pile)}
    assert found == {Pile.MATCHED: sum(item["status"] == "successful" for item in run.items.values())}
    assert {each.account: each.difference for each in run.reconciliation.proofs if each.difference} == {}
