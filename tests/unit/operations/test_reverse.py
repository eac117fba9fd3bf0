"""Reverse, then export again: the ledger, the wallet, Pleo and the record are right, also after any crash between."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from pleo_export.accounting.errors import OutcomeUnknown
from pleo_export.accounting.port import DocumentState
from pleo_export.bookkeeping.documents import Party
from pleo_export.operations.company_lease import CompanyBusy
from pleo_export.operations.reverse import ReversalResult, Reversing
from pleo_export.store.postings import Posting
from pleo_simulator.sample import NORTHGATE
from pleo_simulator.sample_catalogue import SUPPLIERS
from tests.system.effects import Killed
from tests.system.expenses import FIRST_DAY, entry_id, purchase, reference
from tests.system.fake_accounting import FakeAccountingSystem, NoProof
from tests.system.in_process_system import InProcessSystem, in_process_system

WHO = "arn:aws:iam::1:user/olga"
ENTRY = purchase()
BILL = purchase("bill", method="accounts_payable", supplier="Ryman")
SUPPLIER = SUPPLIERS["Ryman"].vendor


@pytest.fixture
def books(system: InProcessSystem) -> FakeAccountingSystem:
    """Of a company with a journal entry and a paid bill, both exported."""
    books = system.connect(NORTHGATE, [ENTRY, BILL])
    books.ledger.suppliers[str(SUPPLIER)] = Party("1", "Ryman")
    exported(system)
    return books


def exported(system: InProcessSystem) -> str:
    job = system.export(NORTHGATE, [entry_id(ENTRY), entry_id(BILL)], vendor_based_bookkeeping=True)
    system.run(NORTHGATE)
    return job


def reversing(system: InProcessSystem, on: date | None = None) -> Reversing:
    return Reversing.of(system.services, NORTHGATE, WHO, on)


def reverse(system: InProcessSystem, on: date | None = None) -> list[ReversalResult]:
    with system.effects.of_function():
        return list(reversing(system, on).carry_out([entry_id(ENTRY), entry_id(BILL)]))


def postings(system: InProcessSystem, item: dict[str, object] = BILL) -> list[Posting]:
    return system.services.postings.revisions(NORTHGATE, entry_id(item))


def balances(books: FakeAccountingSystem) -> dict[str, int]:
    """Of all that is posted, in the ledger's own currency."""
    sums: Counter[str] = Counter()
    for each in books.documents:
        if each.state is DocumentState.POSTED:
            for line, amount in zip(each.entry.lines, each.amounts, strict=True):
                sums[line.account] += amount
    return {account: amount for account, amount in sums.items() if amount}


def counters(books: FakeAccountingSystem) -> list[str]:
    return sorted(each.entry.reference for each in books.documents if each.reverses is not None)


def assert_booked_anew(system: InProcessSystem, books: FakeAccountingSystem, before: dict[str, int]) -> None:
    """Export again: the same balances, Pleo linked to the new documents, both revisions in the record."""
    assert balances(books) == {}
    job = exported(system)
    assert system.failures(job) == {}
    assert balances(books) == before
    for item in (ENTRY, BILL):
        first, second = postings(system, item)
        assert (first.reversed_by, first.complete, second.reversed_at) == (WHO, True, None)
        assert first.reversed_at is not None
        assert first.reversal_ids
        assert second.complete
        assert system.items(job)[entry_id(item)]["externalId"] == second.document_id != first.document_id
    assert not [each for each in books.documents if books.ledger.is_open(each) and not each.reversed]


def test_given_booked_expenses_when_reversed_and_exported_again_then_all_is_booked_once_more(
    system: InProcessSystem, books: FakeAccountingSystem
) -> None:
    before = balances(books)
    assert before["1900"] == -2 * 1845

    results = reverse(system)

    assert [each.error for each in results] == [None, None]
    assert counters(books) == sorted(
        f"{name}:rev" for name in (reference(ENTRY), reference(BILL), f"{reference(BILL)}:pay")
    )
    assert len(postings(system)[0].reversal_ids) == 2
    assert_booked_anew(system, books, before)


def effects_of_a_reversal() -> list[str]:
    with in_process_system() as system:
        made = system.connect(NORTHGATE, [ENTRY, BILL])
        made.ledger.suppliers[str(SUPPLIER)] = Party("1", "Ryman")
        exported(system)
        system.effects.log.clear()
        reverse(system)
        return list(system.effects.log)


READS = ("GetItem", "GetSecretValue", "Query", "books find", "books read back")


@pytest.mark.parametrize("when", ["before", "after", "lost"])
def test_given_a_crash_around_any_effect_when_run_again_then_there_is_one_counter_entry(
    when: str, subtests: pytest.Subtests
) -> None:
    log = effects_of_a_reversal()
    writes = [number for number, each in enumerate(log) if not any(read in each for read in READS)]
    assert len(writes) >= 12
    for number in writes:
        effect = log[number]
        if when == "lost" and not effect.startswith("books"):
            continue
        nth = log[: number + 1].count(effect)
        with subtests.test(f"{when} {effect} {nth}"), in_process_system() as system:
            made = system.connect(NORTHGATE, [ENTRY, BILL])
            made.ledger.suppliers[str(SUPPLIER)] = Party("1", "Ryman")
            exported(system)
            before = balances(made)
            event = NoProof("lost") if when == "lost" else Killed()
            system.effects.on(f"{'after' if when == 'lost' else when} {effect}", event, nth=nth)
            try:
                first = reverse(system)
                assert when == "lost"
                assert any(each.error for each in first)
            except Killed:
                assert when != "lost"
            half = [each for each in (*postings(system, ENTRY), *postings(system)) if each.reversal_begun_at]
            system.sleep(timedelta(minutes=11).total_seconds())  # the lease of the killed command ends
            if unfinished := [each.entry_id for each in half if not each.reversed_at]:
                job = system.export(NORTHGATE, unfinished, vendor_based_bookkeeping=True)
                system.run(NORTHGATE)
                assert "was begun and not finished" in str(system.failures(job))

            again = reverse(system)

            assert [each.error for each in again] == [None, None]
            assert counters(made) == sorted(
                f"{name}:rev" for name in (reference(ENTRY), reference(BILL), f"{reference(BILL)}:pay")
            )
            assert_booked_anew(system, made, before)


def test_given_a_running_export_then_nothing_is_reversed(system: InProcessSystem, books: FakeAccountingSystem) -> None:
    system.export(NORTHGATE, [entry_id(ENTRY)])
    system.wake(NORTHGATE)

    with pytest.raises(CompanyBusy):
        reverse(system)

    assert counters(books) == []


def test_given_drafts_when_reversed_then_they_are_deleted_and_booked_as_the_next_revision(
    system: InProcessSystem,
) -> None:
    books = system.connect(NORTHGATE, [ENTRY, BILL], posting="draft")
    books.ledger.suppliers[str(SUPPLIER)] = Party("1", "Ryman")
    exported(system)

    assert [each.error for each in reverse(system)] == [None, None]

    assert books.documents == []
    assert postings(system)[0].reversal_ids == ()
    exported(system)
    assert [each.revision for each in postings(system)] == [1, 2]


@pytest.mark.parametrize(
    ("strategy", "on", "dated"),
    [
        ("today", None, date(2026, 11, 20)),
        ("next_open", None, FIRST_DAY + timedelta(days=1)),
        ("fail", date(2026, 6, 1), date(2026, 6, 1)),
        ("fail", None, None),
    ],
)
def test_given_a_closed_period_then_the_settings_or_the_command_date_the_counter_entry(
    system: InProcessSystem, books: FakeAccountingSystem, strategy: str, on: date | None, dated: date | None
) -> None:
    table = system.services.table
    key = {"pk": f"COMPANY#{NORTHGATE}", "sk": "CONNECTION"}
    record = table.get_item(Key=key)["Item"]
    table.put_item(Item={**record, "settings": {**record["settings"], "closed_period": strategy}})
    books.closed_until = FIRST_DAY

    results = reverse(system, on)

    if dated is None:
        assert all("--on" in str(each.error) for each in results)
        assert counters(books) == []
        return
    assert {each.entry.posting_date for each in books.documents if each.reverses} == {dated}


def test_given_a_reversed_expense_when_reversed_again_then_nothing_is_done(
    system: InProcessSystem, books: FakeAccountingSystem
) -> None:
    reverse(system)
    first = counters(books)

    assert [each.error for each in reverse(system)] == [None, None]

    assert counters(books) == first


def test_given_an_unknown_expense_then_it_is_refused_with_a_sentence(system: InProcessSystem) -> None:
    system.connect(NORTHGATE)

    (plan, _) = reversing(system).plans([entry_id(ENTRY), entry_id(BILL)])

    assert "no record" in str(plan.refusal)


def test_given_a_counter_entry_that_is_lost_then_the_error_says_to_run_it_again(
    system: InProcessSystem, books: FakeAccountingSystem
) -> None:
    system.effects.on("after books reverse", OutcomeUnknown("No answer."))

    first, _ = reverse(system)

    assert "run this once more" in str(first.error)
    assert len(counters(books)) == 3
