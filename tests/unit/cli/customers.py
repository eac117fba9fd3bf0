"""A customer who connects, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cli.checks import CheckResult, CheckStatus
from cli.commands import doctor
from cli.commands.connect import AGREED, connect
from cli.consent import Consent
from pleo_export.settings import parse_settings
from pleo_simulator.sample import NORTHGATE
from tests.system.deployed_system import HOOKS, TOKEN, DeployedSystem
from tests.system.expenses import purchases
from tests.system.fake_accounting import FakeAccountingSystem
from tests.system.in_process_system import settings


def connected(
    stack: DeployedSystem,
    company_id: str = NORTHGATE,
    database: str = "books",
    consent: Consent = AGREED,
    **changes: Any,
) -> dict[str, CheckResult]:
    """Connect with an API key that works, and return the results by name."""
    key = stack.customer(company_id)
    return connect_with(stack, {"api_key": key}, company_id, database, consent, **changes)


def connect_with(
    stack: DeployedSystem,
    pleo: dict[str, str],
    company_id: str = NORTHGATE,
    database: str = "books",
    consent: Consent = AGREED,
    **changes: Any,
) -> dict[str, CheckResult]:
    where = {"name": "tryton", "url": "https://books.test", "database": database}
    wanted = parse_settings(settings(company_id, **{"accounting_system": where, **changes}))
    with stack.system.effects.of_function():
        return {each.name: each for each in connect(stack, wanted, pleo, {"token": TOKEN}, HOOKS, consent)}


def examined(stack: DeployedSystem, company_id: str = NORTHGATE) -> dict[str, CheckResult]:
    """Return what the doctor finds, by name."""
    with stack.system.effects.of_function():
        findings = [*doctor.examine_company(stack, company_id, HOOKS), *doctor.examine_stack(stack)]
    return {each.name: each for each in findings}


def problems(findings: dict[str, CheckResult]) -> dict[str, str]:
    return {name: each.text for name, each in findings.items() if not each.good}


def not_tried(findings: dict[str, CheckResult]) -> set[str]:
    return {name for name, each in findings.items() if each.status is CheckStatus.SKIPPED}


def subscriptions(stack: DeployedSystem, company_id: str = NORTHGATE) -> list[Any]:
    """Return those that Pleo holds."""
    records = stack.system.service.subscriptions._records.values()
    return [each for each in records if each.company_id == company_id and each.deleted_at is None]


def ledger(stack: DeployedSystem, database: str = "books") -> FakeAccountingSystem:
    return stack.ledgers[database]


def finished_export(stack: DeployedSystem, expenses: Sequence[dict[str, Any]]) -> str:
    """Connect a company with these expenses, run an export of them all, and return the job's id."""
    connected(stack)
    stack.system.books[NORTHGATE] = ledger(stack)
    stack.system.service.state.put_expenses(NORTHGATE, expenses)
    job = stack.system.export(NORTHGATE)
    stack.system.run(NORTHGATE)
    return job


def running_export(stack: DeployedSystem, company_id: str = NORTHGATE) -> str:
    """Start an export of the company and return the name of its execution."""
    stack.system.service.state.put_expenses(company_id, purchases(1))
    stack.system.export(company_id)
    assert stack.system.wake(company_id) == "started"
    return str(stack.system.executions.started[0].execution)
