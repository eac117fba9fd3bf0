"""Pleo's lists follow Tryton's: what an accountant does there is seen in Pleo, and what people choose there is booked.

Asserts on what Pleo and Tryton hold, after the commands and events that a deployed stack has.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from local.stack import LocalStack
from local.tryton.ledger import Ledger
from pleo_export.accounting.lists import LedgerList
from pleo_simulator.choices import choose_for
from pleo_simulator.expenses import Expense, Line, export_item
from pleo_simulator.sample import HAVN, LUMBRE
from tests.integration.bookkeeper import export, finished, wait_for

pytestmark = pytest.mark.enable_socket

TRAVEL = Expense("to-the-fair", "card_purchase", (Line(4_200, "6200", "GB0"),), supplier="Ryman")
BILL = Expense("new-supplier", "card_purchase", (Line(9_600, "6100", "GB20"),), method="accounts_payable")


def in_step(stack: LocalStack, company_id: str, *lists: LedgerList) -> None:
    """Wait until each list was synced to its end."""

    def look() -> bool | None:
        runs = [stack.deployed.syncs.get(company_id, each) for each in lists]
        return True if all(run and run.good_at for run in runs) else None

    wait_for(f"{', '.join(lists)} in step", look)


def tags(stack: LocalStack, company_id: str, group: str, *, archived: bool = False) -> dict[str, str]:
    """What Pleo shows of a tag group: names by code."""
    held = stack.pleo.service.tags
    (found,) = (each for each in held.groups(company_id) if each["code"] == group)
    return {
        each["code"]: each["name"] for each in held.of_group(company_id, found["id"]) if each["archived"] is archived
    }


def run(stack: LocalStack, *command: str) -> str:
    """Run a command of ours against the stack, and return what it prints."""
    done = CliRunner().invoke(app, [*command, "--stack", stack.name])
    assert done.exit_code == 0, done.output
    return done.output


def add_expense(stack: LocalStack, company_id: str, expense: Expense) -> str:
    item = export_item(company_id, expense, date(2026, 3, 2))
    stack.pleo.state.put_expenses(company_id, [item])
    return str(item["accountingEntryId"])


def test_given_cost_centres_renamed_closed_and_opened_in_tryton_then_pleo_shows_it_and_an_expense_uses_one(
    stack: LocalStack, books: Ledger
) -> None:
    stack.connect(HAVN, books, sync={"dimensions": ["cost_centre"]})
    in_step(stack, HAVN, LedgerList.TAGS)
    before = tags(stack, HAVN, "cost_centre")
    assert set(before) == {"LON", "CPH", "MAD"}

    books.master_data.rename_value("cost_centre", "LON", "London, Strand")
    books.master_data.close_value("cost_centre", "MAD")
    books.master_data.add_values("cost_centre", {"OSL": "Oslo"})
    shown = run(stack, "sync", HAVN, "--yes")

    assert "tags of group cost_centre: 1 created, 1 changed, 1 archived" in shown
    now = tags(stack, HAVN, "cost_centre")
    assert now == {"LON": "London, Strand", "CPH": before["CPH"], "OSL": "Oslo"}
    assert tags(stack, HAVN, "cost_centre", archived=True) == {"MAD": before["MAD"]}
    assert "archive" in run(stack, "sync-history", HAVN, "MAD")

    expense = add_expense(stack, HAVN, TRAVEL)
    choose_for(stack.pleo.service, HAVN, expense, tags=[("cost_centre", "OSL")])
    assert finished(stack, export(stack, HAVN, [expense]))["status"] == "completed"
    (move,) = books.moves(f"pleo:{expense}")
    assert {dimension for line in move.lines for dimension in line.dimensions} == {"OSL"}


def test_given_a_vendor_made_in_pleo_then_tryton_has_the_supplier_and_the_next_bill_is_booked_on_it(
    stack: LocalStack, books: Ledger
) -> None:
    stack.connect(LUMBRE, books, sync={"vendors": True})
    in_step(stack, LUMBRE, LedgerList.VENDORS)
    vendors = stack.pleo.service.vendors
    assert books.master_data.suppliers_called("Fjord Print ApS") == []

    made = vendors.make(LUMBRE, "Fjord Print ApS", country="DK", taxRegistrationNumber="DK10150817")

    def activated() -> dict[str, Any] | None:
        row: dict[str, Any] = vendors.rows.get(LUMBRE, made["id"])
        return row if row["state"] == "ACTIVE" else None

    vendor = wait_for("the vendor is activated", activated)
    assert books.master_data.suppliers_called("Fjord Print ApS") == [vendor["code"]]
    expense = add_expense(stack, LUMBRE, BILL)
    choose_for(stack.pleo.service, LUMBRE, expense, vendor=vendor["code"])
    job = finished(stack, export(stack, LUMBRE, [expense], vendor_based_bookkeeping=True))
    assert job["status"] == "completed", job["items"]
    (bill,) = books.bills(f"pleo:{expense}")
    assert bill.party == "Fjord Print ApS"

    run(stack, "sync", LUMBRE, "--yes")
    assert books.master_data.suppliers_called("Fjord Print ApS") == [vendor["code"]], "and no second one"
