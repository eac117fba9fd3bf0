"""`pleo-export reconcile` with real books: eight discrepancies, planted one each, are found, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.commands.reconcile import output
from cli.main import app
from local.stack import LocalStack, settings_of
from local.tryton.ledger import Ledger
from pleo_export.operations.reconcile import ReconciliationPeriod, reconcile_job, reconcile_period
from pleo_export.operations.reconciliation.result import Cause, Pile, ReconciliationFindings
from pleo_export.settings import parse_settings
from pleo_simulator.every_type import every_type
from pleo_simulator.expenses import Expense, Line, export_item
from pleo_simulator.pleo_state import Company
from pleo_simulator.sample import API_KEYS, HAVN, LUMBRE
from tests.integration.bookkeeper import finished
from tests.system.fake_network import Answer, Request, network

pytestmark = pytest.mark.enable_socket
AUGUST = ReconciliationPeriod(date(2026, 8, 1), date(2026, 8, 31))
OWN = "44444444-4444-4444-8444-444444444444"
YEARS = ReconciliationPeriod(date(2025, 1, 1), date(2027, 12, 31))
NAMES = (
    *("deleted", "amount", "account", "duplicate", "period", "told failed", "draft", "unreachable"),
    *("untouched 1", "untouched 2", "untouched 3"),
)
FOUND = {
    "deleted": (Pile.MISSING, Cause.DELETED),
    "amount": (Pile.DIFFERENT, Cause.AMOUNTS),
    "account": (Pile.DIFFERENT, Cause.ACCOUNTS),
    "duplicate": (Pile.EXTRA, Cause.DUPLICATE),
    "period": (Pile.DIFFERENT, Cause.DATE),
    "told failed": (Pile.EXTRA, Cause.NOT_TOLD),
    "draft": (Pile.DIFFERENT, Cause.DRAFT),
    "unreachable": (Pile.UNKNOWN, Cause.LEDGER_UNREADABLE),
}


@pytest.fixture
def own_company(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """A company whose expenses no other test of the stack exports: theirs went into other books, and are missing."""
    monkeypatch.setitem(API_KEYS, OWN, "plp_planted")
    stack.pleo.state.put_company(Company(OWN, "Planted Ltd", "GBP"))
    stack.pleo.service.credentials.add_key(API_KEYS[OWN], OWN)


def expenses(company_id: str) -> dict[str, dict[str, Any]]:
    lines = (Line(6_366, "6100", "GB20"),)
    return {
        name: export_item(company_id, Expense(name, "card_purchase", lines, supplier="Ryman"), AUGUST.since + day)
        for name, day in ((name, timedelta(days=number)) for number, name in enumerate(NAMES))
    }


def plant(stack: LocalStack, books: Ledger, job_id: str, ids: dict[str, str]) -> None:
    """What people do to the drafts in Tryton's client; then they post all but one."""
    books.delete(f"pleo:{ids['deleted']}")
    books.change_amount(f"pleo:{ids['amount']}")
    books.recategorise(f"pleo:{ids['account']}", "6100", "6200")
    books.copy(f"pleo:{ids['duplicate']}")
    books.redate(f"pleo:{ids['period']}", date(2026, 9, 4))
    for name, entry_id in ids.items():
        if name not in ("deleted", "draft"):
            books.post(f"pleo:{entry_id}")
    item = stack.pleo.state._jobs[job_id].items[ids["told failed"]]
    item.status, item.external_id, item.failure_reason_type = "failed", None, "unexpected_failure"


@contextmanager
def failing_on(reference: str, books: Ledger) -> Iterator[str]:
    """An address of the books that fails on every read of the document."""

    def cross(request: Request, forward: Callable[[], Answer]) -> Answer:
        if reference.encode() in request.body:
            return Answer(503, [("Content-Type", "text/html")], b"Service Unavailable")
        return forward()

    with network(books.url, cross) as url:
        yield url


def causes(result: ReconciliationFindings) -> dict[str | None, tuple[Pile, Cause]]:
    return {
        each.entry_id: (each.pile, each.reasons[0].cause) for each in result.entries if each.pile is not Pile.MATCHED
    }


@pytest.mark.usefixtures("own_company")
def test_given_eight_planted_discrepancies_then_each_is_found_and_nothing_else(
    stack: LocalStack, books: Ledger
) -> None:
    stack.connect(OWN, books, posting="draft")
    items = expenses(OWN)
    ids = {name: str(each["accountingEntryId"]) for name, each in items.items()}
    stack.pleo.state.put_expenses(OWN, list(items.values()))
    clicked = stack.pleo.state.click_export(OWN, list(ids.values()))["id"]
    job = finished(stack, clicked)
    assert {each["status"] for each in job["items"]} == {"successful"}
    assert reconcile_job(OWN, clicked, stack.deployed.services).proven
    plant(stack, books, clicked, ids)

    with failing_on(f"pleo:{ids['unreachable']}", books) as url:
        connected_at(stack, books, url)
        result = reconcile_period(OWN, AUGUST, stack.deployed.services)
        by_job = reconcile_job(OWN, clicked, stack.deployed.services)

    expected = {ids[name]: found for name, found in FOUND.items()}
    assert causes(result) == causes(by_job) == expected
    matched = {each.entry_id for each in result.pile(Pile.MATCHED)}
    assert matched == {ids[name] for name in NAMES if name.startswith("untouched")} | {ids["duplicate"]}
    assert not result.proven
    (moved,) = (each for each in result.entries if each.entry_id == ids["account"])
    assert [("6100" in each.text, "6200" in each.text) for each in moved.reasons] == [(True, True)]


def connected_at(stack: LocalStack, books: Ledger, url: str) -> None:
    """The settings ask for posted entries by now, and name another address of the same books."""
    connection = stack.deployed.connections.get(OWN)
    assert connection is not None
    settings = settings_of(OWN, books)
    settings["accounting_system"]["url"] = url
    raw = parse_settings(settings).model_dump(mode="json")
    key = {"pk": f"COMPANY#{OWN}", "sk": "CONNECTION"}
    stack.deployed.table.update_item(
        Key=key, UpdateExpression="SET settings = :raw", ExpressionAttributeValues={":raw": raw}
    )


@pytest.mark.parametrize(("company_id", "method"), [(HAVN, "journal"), (LUMBRE, "accounts_payable")])
def test_given_every_type_of_expense_then_the_ledger_is_proven_to_hold_what_pleo_was_told(
    stack: LocalStack, books: Ledger, company_id: str, method: str
) -> None:
    stack.connect(company_id, books)
    items = every_type(company_id, method)
    stack.pleo.state.put_expenses(company_id, items)
    ids = [str(item["accountingEntryId"]) for item in items]
    job = finished(stack, stack.pleo.state.click_export(company_id, ids, vendor_based_bookkeeping=True)["id"])

    period = reconcile_period(company_id, YEARS, stack.deployed.services)

    of_job = {each.entry_id: each for each in period.entries if each.job_id == job["id"]}
    assert {entry_id: each.reasons for entry_id, each in of_job.items() if each.pile is not Pile.MATCHED} == {}
    assert set(of_job) == set(ids)
    command = ["reconcile", "--job", job["id"], "--stack", stack.name, "--json"]
    printed = CliRunner().invoke(app, command)
    assert (printed.exit_code, json.loads(printed.stdout)["proven"]) == (0, True), printed.output
    assert output(period).counts["matched"] >= len(ids)
