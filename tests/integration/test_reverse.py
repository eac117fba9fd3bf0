"""`pleo-export reverse` with real books, then the same expenses once more: ledger, Pleo, proof and audit are right."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.commands import audit
from cli.commands.entry import Agreement, examine
from cli.main import app
from local.stack import LocalStack, settings_of
from local.tryton.ledger import Ledger
from pleo_export.operations.reconcile import ReconciliationPeriod, reconcile_period
from pleo_export.operations.reconciliation.result import Pile
from pleo_simulator.expenses import Expense, Line, export_item
from pleo_simulator.sample import HAVN
from tests.integration.bookkeeper import export, finished
from tests.integration.process_killer import PATIENCE_SECONDS, ProcessKiller, When
from tests.system.fake_network import network
from tests.system.processes import killed_in_the_end

pytestmark = pytest.mark.enable_socket

ENTRY = Expense("entry", "card_purchase", (Line(6_366, "6100", "GB20", ("LON",)),), receipts=("paper.png",))
BILL = Expense("bill", "card_invoice", (Line(48_000, "6400", "GB20"),), supplier="WeWork", receipts=("rent.pdf",))
# A month that no other test has expenses in.
JULY = ReconciliationPeriod(date(2026, 7, 1), date(2026, 7, 31))


def pleo_export(stack: LocalStack, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--stack", stack.name])


def put(stack: LocalStack, *expenses: Expense) -> list[str]:
    """Put the expenses into Pleo. Returns their ids."""
    items = [export_item(HAVN, each, JULY.since + timedelta(days=3)) for each in expenses]
    stack.pleo.state.put_expenses(HAVN, items)
    return [str(item["accountingEntryId"]) for item in items]


def exported(stack: LocalStack, ids: list[str]) -> dict[str, dict[str, Any]]:
    """Export the expenses. Returns what Pleo holds of each in the end."""
    items = finished(stack, export(stack, HAVN, ids, vendor_based_bookkeeping=True))["items"]
    assert {item["status"] for item in items} == {"successful"}, items
    return {item["accountingEntryId"]: item for item in items}


def balances(books: Ledger) -> dict[str, Decimal]:
    """Of the accounts on which anything is left."""
    left = {each.account: each.debit - each.credit for each in books.trial_balance()}
    return {account: balance for account, balance in left.items() if balance}


def link_of(books: Ledger, entry_id: str, revision: str = "") -> str:
    """The address of the document that Pleo has to link to."""
    reference = f"pleo:{entry_id}{revision}"
    documents = [("account.invoice", each.id) for each in books.bills(reference)]
    documents += [("account.move", each.id) for each in books.moves(reference)]
    ((model, number),) = documents
    return f"{books.url}/#{books.database}/model/{model}/{number}"


def assert_reversed(books: Ledger, *bills: str) -> None:
    """Nothing is left on any account, and nothing is owed or paid on account."""
    assert balances(books) == {}
    assert {each.state for bill in bills for each in books.bills(f"pleo:{bill}")} == {"cancelled"}
    payables = [line for move in books.moves() for line in move.lines if line.account.startswith("21")]
    assert all(line.reconciled for line in payables)


def assert_booked_once_more(
    stack: LocalStack, books: Ledger, before: Mapping[str, Decimal], first: Mapping[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Export the expenses again: the balances are back, Pleo links to the new documents, and all three agree."""
    again = exported(stack, list(first))
    assert balances(books) == before
    for entry_id, item in again.items():
        assert item["externalUrl"] == link_of(books, entry_id, ":r2") != first[entry_id]["externalUrl"]
        assert examine(HAVN, entry_id, stack.deployed.services).verdict is Agreement.AGREE
    found = {each.entry_id: each for each in reconcile_period(HAVN, JULY, stack.deployed.services).entries}
    assert {entry_id: found[entry_id].pile for entry_id in again} == dict.fromkeys(again, Pile.MATCHED)
    return again


def test_given_an_entry_and_a_paid_bill_when_reversed_and_exported_again_then_both_are_booked_once_more(
    stack: LocalStack, books: Ledger, tmp_path: Path
) -> None:
    stack.connect(HAVN, books)
    ids = put(stack, replace(ENTRY, key="reversed entry"), replace(BILL, key="reversed bill"))
    entry, bill = ids
    first = exported(stack, ids)
    before, moves = balances(books), books.moves()
    assert before["1900"] == Decimal("-543.66")

    asked = pleo_export(stack, "reverse", HAVN, bill)
    assert (asked.exit_code, books.moves()) == (1, moves), asked.output

    done = {each: pleo_export(stack, "reverse", HAVN, each, "--yes", "--json") for each in ids}

    assert [each.exit_code for each in done.values()] == [0, 0], [each.output for each in done.values()]
    ((told_entry,), (told_bill,)) = (json.loads(each.stdout)["entries"] for each in done.values())
    assert {told_entry["outcome"], told_bill["outcome"]} == {"reversed"}
    assert (len(told_entry["reversal_ids"]), len(told_bill["reversal_ids"])) == (1, 2)
    assert_reversed(books, bill)
    void = {each.entry_id: each.pile for each in reconcile_period(HAVN, JULY, stack.deployed.services).entries}
    assert {void[each] for each in ids} == {Pile.MISSING}  # Pleo was told that they are booked

    again = assert_booked_once_more(stack, books, before, first)

    assert [each.state for each in books.bills(f"pleo:{bill}:r2")] == ["paid"]
    proof = pleo_export(stack, "reconcile", "--job", _job(stack, entry, again), "--json")
    assert (proof.exit_code, json.loads(proof.stdout)["proven"]) == (0, True), proof.output
    repeated = pleo_export(stack, "reverse", HAVN, entry)
    assert "delete" not in repeated.output, "it speaks of the new revision"
    audited(stack, tmp_path, ids)


def _job(stack: LocalStack, entry_id: str, again: Mapping[str, dict[str, Any]]) -> str:
    posting = stack.deployed.services.postings.latest(HAVN, entry_id)
    assert posting is not None
    assert posting.document_id == again[entry_id]["externalId"]
    return posting.job_id


def audited(stack: LocalStack, folder: Path, ids: list[str]) -> None:
    """The audit shows both revisions of each, and who has reversed the first."""
    today = datetime.now(UTC).date()
    audit.export(stack.deployed, HAVN, today - timedelta(days=1), today + timedelta(days=1), folder / "audit")
    rows = [json.loads(line) for line in (folder / "audit/postings.jsonl").read_text().splitlines()]
    who = stack.deployed.caller
    for entry_id in ids:
        shown = [(each["revision"], each.get("reversed_by")) for each in rows if each["entry_id"] == entry_id]
        assert shown == [(1, who), (2, None)]


def every(effects: Sequence[str]) -> list[int]:
    """The numbers of all effects."""
    return list(range(1, len(effects) + 1))


def turning_points(effects: Sequence[str]) -> list[int]:
    """The numbers of those after which the next run finds the bill unpaid, a counter-entry, and all undone."""
    return [1, (len(effects) + 1) // 2, len(effects)]


@pytest.mark.parametrize("chosen", [turning_points, pytest.param(every, marks=pytest.mark.exhaustive)])
def test_given_a_kill_after_an_effect_on_the_books_when_run_again_then_each_document_is_undone_once(
    stack: LocalStack, books: Ledger, chosen: Callable[[Sequence[str]], list[int]], subtests: pytest.Subtests
) -> None:
    """A real SIGKILL of the command: its lease lasts until the time of it has passed."""
    process_killer = ProcessKiller(lambda: None)
    books.secret = {"token": books.token}  # no login, for which Tryton takes its time
    with network(books.url, process_killer.cross) as url:
        usual = settings_of(HAVN, books)["accounting_system"]
        stack.connect(HAVN, books, accounting_system={**usual, "url": url, "web_url": books.url})
        (bill,) = put(stack, replace(BILL, key=f"not killed, {chosen.__name__}"))
        exported(stack, [bill])
        process_killer.wait_for(None)
        reverse(stack, bill)
        effects = list(process_killer.effects)
        # The payment gets a counter-entry, which is posted; the bill is cancelled.
        assert len(effects) >= 4, effects
        assert_reversed(books, bill)
        numbers = chosen(effects)
        bills = put(stack, *(replace(BILL, key=f"killed {number} of {len(numbers)}") for number in numbers))
        process_killer.wait_for(None)
        first = exported(stack, bills)
        before = balances(books)

        for number, bill in zip(numbers, bills, strict=True):
            with subtests.test(f"killed after effect {number}, {effects[number - 1]}"):
                process_killer.wait_for((When.AFTER, number))
                assert reverse_until_killed(stack, bill) == -signal.SIGKILL
                process_killer.wait_for(None)
                the_lease_ends(stack)

                reverse(stack, bill)

                references = [f"pleo:{bill}", f"pleo:{bill}:pay"]
                assert [len(books.cancellations(each)) for each in references] == [1, 1]

        assert_reversed(books, *bills)
        assert_booked_once_more(stack, books, before, first)


def reverse(stack: LocalStack, entry_id: str) -> None:
    done = pleo_export(stack, "reverse", HAVN, entry_id, "--yes")
    assert done.exit_code == 0, done.output


def reverse_until_killed(stack: LocalStack, entry_id: str) -> int:
    """Run the command in a process of its own. Returns its exit code."""
    command = [sys.executable, "-m", "cli.main", "reverse", HAVN, entry_id, "--yes", "--stack", stack.name]
    with killed_in_the_end(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        return process.wait(timeout=PATIENCE_SECONDS)


def the_lease_ends(stack: LocalStack) -> None:
    """Ten minutes pass."""
    leases = stack.deployed.services.leases
    if lease := leases.get(HAVN):
        leases.release(HAVN, lease.owner)
