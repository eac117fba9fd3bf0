"""`reconcile`: whether the ledger holds what Pleo was told, with everything that may be wrong planted once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from pleo_export.accounting.errors import AuthenticationFailed, Unavailable
from pleo_export.accounting.port import DocumentState
from pleo_export.bookkeeping.documents import Party
from pleo_export.operations.reconcile import ReconciliationPeriod, reconcile_job, reconcile_period
from pleo_export.operations.reconciliation.result import (
    AccountRole,
    Cause,
    Pile,
    PleoStatuses,
    ReconciliationFindings,
)
from pleo_simulator.credentials import ALL_SCOPES
from pleo_simulator.every_type import every_type
from pleo_simulator.sample import NORTHGATE
from pleo_simulator.sample_catalogue import SUPPLIERS
from tests.system.effects import OF_BUDGET
from tests.system.expenses import entry_id, purchase, purchases, reference
from tests.system.fake_accounting import FakeAccountingSystem
from tests.system.in_process_system import InProcessSystem

MARCH = ReconciliationPeriod(date(2026, 3, 1), date(2026, 3, 31))
EXPENSES = purchases(9)


def exported(system: InProcessSystem, expenses: list[dict[str, Any]] = EXPENSES, **settings: Any) -> str:
    system.connect(NORTHGATE, expenses, **settings)
    job = system.export(NORTHGATE)
    system.run(NORTHGATE)
    return job


def reconciled(system: InProcessSystem, period: ReconciliationPeriod = MARCH) -> ReconciliationFindings:
    with system.effects.of_function():
        return reconcile_period(NORTHGATE, period, system.services)


def found(result: ReconciliationFindings) -> dict[str | None, tuple[Pile, list[Cause]]]:
    """What is not matched, by entry."""
    return {
        each.entry_id: (each.pile, list(dict.fromkeys(reason.cause for reason in each.reasons)))
        for each in result.entries
        if each.pile is not Pile.MATCHED
    }


def texts(result: ReconciliationFindings) -> list[str]:
    return [reason.text for each in result.entries for reason in each.reasons]


def tell_failed(system: InProcessSystem, job: str, entry: str) -> None:
    """Pleo holds that the entry failed, though it is booked."""
    item = system.service.state._jobs[job].items[entry]
    item.status, item.external_id, item.failure_reason = "failed", None, "Told so by hand."


Plant = Callable[[InProcessSystem, FakeAccountingSystem, str, str], object]
PLANTS: Mapping[str, tuple[Plant, Pile, Cause]] = {
    "deleted": (lambda _s, books, job, key: books.delete(f"pleo:{key}"), Pile.MISSING, Cause.DELETED),
    "void": (lambda _s, books, job, key: books.void(f"pleo:{key}"), Pile.MISSING, Cause.VOID),
    "amount changed": (
        lambda _s, books, job, key: books.ledger.edit(f"pleo:{key}", 100),
        *(Pile.DIFFERENT, Cause.AMOUNTS),
    ),
    "account changed": (
        lambda _s, books, job, key: books.ledger.recategorise(f"pleo:{key}", "6300", "6400"),
        *(Pile.DIFFERENT, Cause.ACCOUNTS),
    ),
    "duplicate": (lambda _s, books, job, key: books.ledger.duplicate(f"pleo:{key}"), Pile.EXTRA, Cause.DUPLICATE),
    "wrong period": (
        lambda _s, books, job, key: books.ledger.redate(f"pleo:{key}", date(2026, 4, 2)),
        *(Pile.DIFFERENT, Cause.DATE),
    ),
    "booked but told failed": (lambda system, _b, job, key: tell_failed(system, job, key), Pile.EXTRA, Cause.NOT_TOLD),
    "told successful but draft": (
        lambda _s, books, job, key: setattr(books.ledger.find([f"pleo:{key}"])[0], "state", DocumentState.DRAFT),
        *(Pile.DIFFERENT, Cause.DRAFT),
    ),
    "unreachable": (
        lambda system, _b, job, key: _unreadable(system, f"pleo:{key}"),
        *(Pile.UNKNOWN, Cause.LEDGER_UNREADABLE),
    ),
}


def _unreadable(system: InProcessSystem, name: str) -> None:
    """The ledger fails on every batch with this document."""
    usual = system.books[NORTHGATE].ledger.find

    def find(references: Any) -> Any:
        if name in references:
            raise Unavailable("The ledger failed on this.")
        return usual(references)

    system.books[NORTHGATE].ledger.find = find  # type: ignore[method-assign]


def test_given_an_export_without_faults_then_everything_is_matched_and_every_sum_agrees(
    system: InProcessSystem,
) -> None:
    exported(system)

    result = reconciled(system)

    assert result.proven
    assert len(result.pile(Pile.MATCHED)) == len(result.entries) == 9
    (wallet,) = (each for each in result.proofs if each.role is AccountRole.WALLET)
    assert (wallet.account, wallet.currency, wallet.told, wallet.ledger) == ("1900", "GBP", -9 * 1845, -9 * 1845)
    assert result.proofs[0] is wallet


@pytest.mark.parametrize("name", PLANTS)
def test_given_one_planted_discrepancy_then_it_is_found_and_nothing_else(system: InProcessSystem, name: str) -> None:
    job = exported(system)
    plant, pile, cause = PLANTS[name]
    key = entry_id(EXPENSES[4])
    plant(system, system.books[NORTHGATE], job, key)

    result = reconciled(system)

    assert found(result) == {key: (pile, [cause])}
    assert not result.proven
    assert len(result.pile(Pile.MATCHED)) == (9 if name == "duplicate" else 8)


def test_given_all_discrepancies_at_once_then_each_is_found_and_nothing_else(system: InProcessSystem) -> None:
    job = exported(system, purchases(len(PLANTS) + 3))
    keys = [entry_id(each) for each in purchases(len(PLANTS))]
    for key, (plant, _, _) in zip(keys, PLANTS.values(), strict=True):
        plant(system, system.books[NORTHGATE], job, key)

    result = reconciled(system)

    assert found(result) == {key: (pile, [cause]) for key, (_, pile, cause) in zip(keys, PLANTS.values(), strict=True)}
    assert len(result.pile(Pile.MATCHED)) == 4  # the duplicate's own entry among them


def test_given_a_line_on_another_account_then_both_accounts_are_named(system: InProcessSystem) -> None:
    exported(system)
    system.books[NORTHGATE].ledger.recategorise(reference(EXPENSES[0]), "6300", "6400")

    assert texts(reconciled(system)) == [
        "15.37 GBP was booked on account 6300 (Account 6300) and is on account 6400 (Account 6400) now."
    ]


def test_given_another_amount_then_it_is_said_for_each_account_and_the_wallet_differs(system: InProcessSystem) -> None:
    exported(system)
    system.books[NORTHGATE].ledger.edit(reference(EXPENSES[0]), 100)

    result = reconciled(system)

    assert texts(result) == [
        "-18.45 GBP was booked on account 1900 (Account 1900); the ledger has -19.45 GBP.",
        "15.37 GBP was booked on account 6300 (Account 6300); the ledger has 16.37 GBP.",
    ]
    (wallet,) = (each for each in result.proofs if each.role is AccountRole.WALLET)
    assert wallet.difference == -100


def test_given_a_ledger_out_of_reach_then_everything_is_unknown_and_nothing_missing(system: InProcessSystem) -> None:
    exported(system)
    system.effects.on("before books", Unavailable("The ledger cannot be reached."), times=1000)

    result = reconciled(system)

    assert {each.pile for each in result.entries} == {Pile.UNKNOWN}
    assert len(result.entries) == 10  # the period's list too
    assert not result.proofs_complete


def test_given_a_ledger_that_ends_its_answers_in_the_middle_then_few_more_requests_are_made(
    system: InProcessSystem,
) -> None:
    exported(system)
    system.effects.on("before books read", AuthenticationFailed("The key was revoked."), times=1000)

    result = reconciled(system)

    assert {each.pile for each in result.entries} == {Pile.UNKNOWN}
    assert sum(each.startswith("books read") for each in system.effects.log) == 1


def test_given_a_job_then_its_entries_are_reconciled_whatever_their_dates(system: InProcessSystem) -> None:
    expenses = [purchase("march"), purchase("may", day=date(2026, 5, 5))]
    job = exported(system, expenses)
    system.books[NORTHGATE].delete(reference(expenses[1]))

    with system.effects.of_function():
        result = reconcile_job(NORTHGATE, job, system.services)

    assert found(result) == {entry_id(expenses[1]): (Pile.MISSING, [Cause.DELETED])}
    assert len(result.entries) == 2


def test_given_entries_of_other_months_then_the_period_leaves_them_out(system: InProcessSystem) -> None:
    exported(system, [purchase("march"), purchase("may", day=date(2026, 5, 5))])

    assert len(reconciled(system).entries) == 1
    assert len(reconciled(system, ReconciliationPeriod(date(2026, 5, 5), date(2026, 5, 5))).entries) == 1


@pytest.mark.parametrize("method", ["journal", "accounts_payable"])
def test_given_every_type_of_expense_then_all_that_is_booked_is_matched(system: InProcessSystem, method: str) -> None:
    books = system.connect(NORTHGATE, every_type(NORTHGATE, method))
    books.ledger.suppliers = {
        supplier.vendor: Party(supplier.vendor, name) for name, supplier in SUPPLIERS.items() if supplier.vendor
    }
    system.export(NORTHGATE, vendor_based_bookkeeping=True)
    system.run(NORTHGATE)

    result = reconciled(system, ReconciliationPeriod(date(2025, 1, 1), date(2027, 12, 31)))

    assert found(result) == {}
    assert len(result.pile(Pile.MATCHED)) > 10
    assert result.proven


def test_given_drafts_as_the_settings_ask_for_then_they_are_matched_until_the_settings_ask_for_posted_ones(
    system: InProcessSystem,
) -> None:
    exported(system, posting="draft")
    assert reconciled(system).proven

    connection = system.services.connections.get(NORTHGATE)
    assert connection is not None
    changed = {**connection.raw_settings, "posting": "posted"}
    version = system.services.settings_history.next(NORTHGATE, changed, "arn:somebody", "1", system.clock.now())
    system.services.connections.put(version, connection.secret_arn, f"ledger of {NORTHGATE}")

    assert {pile for pile, _ in found(reconciled(system)).values()} == {Pile.DIFFERENT}


def test_given_a_failed_expense_that_is_not_booked_then_it_is_as_it_should_be(system: InProcessSystem) -> None:
    november = ReconciliationPeriod(date(2026, 11, 1), date(2026, 11, 30))
    exported(system, [purchase("lunch", day=date(2026, 11, 3)), purchase("odd", account="9999")])

    result = reconciled(system, november)

    assert (result.proven, result.not_booked, len(result.entries)) == (True, 1, 1)


def test_given_lost_records_then_what_was_booked_cannot_be_compared_and_is_unknown(system: InProcessSystem) -> None:
    exported(system)
    table = system.services.table
    key = entry_id(EXPENSES[0])
    table.delete_item(Key={"pk": f"ENTRY#{NORTHGATE}#{key}", "sk": "REV#0001"})

    assert found(reconciled(system)) == {key: (Pile.UNKNOWN, [Cause.NOT_COMPARABLE])}


def test_given_a_document_that_nobody_was_told_of_then_it_is_extra(system: InProcessSystem) -> None:
    exported(system)
    books = system.books[NORTHGATE]
    document = books.ledger.find([reference(EXPENSES[0])])[0]
    stray = "pleo:99999999-9999-4999-8999-999999999999"
    books.documents.append(replace(document, id="77", entry=replace(document.entry, reference=stray)))
    books.documents.append(replace(document, id="78", entry=replace(document.entry, reference="pleo:garbled")))
    books.documents.append(replace(document, id="79", entry=replace(document.entry, reference="somebody else's")))

    result = reconciled(system)

    assert [(each.pile, each.reference) for each in result.entries if each.pile is not Pile.MATCHED] == [
        (Pile.EXTRA, stray),
        (Pile.EXTRA, "pleo:garbled"),
    ]


def test_given_a_running_export_then_its_entries_are_unknown_until_it_has_finished(system: InProcessSystem) -> None:
    exported(system)
    system.service.state.put_expenses(NORTHGATE, [purchase("late", day=date(2026, 11, 19))])
    system.export(NORTHGATE)
    november = ReconciliationPeriod(date(2026, 11, 1), date(2026, 11, 30))

    assert {each.pile for each in reconciled(system, november).entries} == {Pile.UNKNOWN}


def test_given_the_right_to_read_entries_then_pleos_own_status_is_the_third_leg(system: InProcessSystem) -> None:
    exported(system)
    assert reconciled(system).pleo_statuses is PleoStatuses.NOT_GRANTED
    scopes = ALL_SCOPES | {"accounting-entries:read"}
    system.service.credentials.add_key(f"plp_{NORTHGATE}", NORTHGATE, scopes)
    assert (reconciled(system).pleo_statuses, reconciled(system).proven) == (PleoStatuses.COMPARED, True)

    key = entry_id(EXPENSES[2])
    system.service.state.export_statuses[key] = "QUEUED"

    assert found(reconciled(system)) == {key: (Pile.DIFFERENT, [Cause.PLEO_STATUS])}


def test_given_a_void_document_that_was_exported_again_then_the_next_revision_is_matched(
    system: InProcessSystem,
) -> None:
    exported(system)
    key = entry_id(EXPENSES[0])
    system.books[NORTHGATE].void(f"pleo:{key}")
    system.export(NORTHGATE, [key])
    system.run(NORTHGATE)

    assert reconciled(system).proven


def test_it_writes_nothing_anywhere(system: InProcessSystem) -> None:
    job = exported(system)
    for key, (plant, _, _) in zip(map(entry_id, EXPENSES), PLANTS.values(), strict=True):
        plant(system, system.books[NORTHGATE], job, key)
    before = _everything(system)
    system.effects.log.clear()

    reconciled(system)
    with system.effects.of_function():
        reconcile_job(NORTHGATE, job, system.services)

    assert _everything(system) == before
    reads = {"dynamodb GetItem", "dynamodb BatchGetItem", "dynamodb Query", "pleo GET"}
    reads |= {"books list", "books read", "books accounts"}
    assert {" ".join(each.split()[:2]) for each in system.effects.log if not each.endswith(OF_BUDGET)} == reads


def _everything(system: InProcessSystem) -> object:
    records = [each for each in system.services.table.scan()["Items"] if not each["pk"].startswith("BUDGET#")]
    documents = [(each.id, each.entry, each.state, tuple(each.files)) for each in system.books[NORTHGATE].documents]
    return sorted(records, key=lambda each: (each["pk"], each["sk"])), documents, system.service.state.all_jobs()
