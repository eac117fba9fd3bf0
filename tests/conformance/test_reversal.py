"""The port's contract for undoing: what is recorded counts for nothing afterwards, by one counter-entry."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from pleo_export.accounting.errors import AccountingError, PeriodClosed, Rejected
from pleo_export.accounting.port import AccountingSystem, DocumentRef, DocumentState, PeriodState, ReversalSupport
from pleo_export.bookkeeping.documents import Document, DocumentKind, JournalLine
from tests.conformance.connector_fixture import CLOSED, NORTHWIND, OPEN, Act, Trouble
from tests.conformance.declared import DeclaredFixture
from tests.conformance.expected import books_differences, check_number, comes_to, draft_of
from tests.conformance.test_connector import an_entry, with_line
from tests.conformance.test_payables import a_bill, a_payment, party, recorded

LATER = date(2026, 9, 1)


def reversed_all(system: AccountingSystem, documents: list[DocumentRef], on: date = OPEN) -> list[DocumentRef | None]:
    """Reverse payments before their bill."""
    return [system.reverse(each, on) for each in reversed(documents)]


def states(system: AccountingSystem, *documents: Document) -> list[DocumentState | None]:
    found = system.find_many([each.reference for each in documents])
    held = [found.get(each.reference) for each in documents]
    assert not [each for each in held if isinstance(each, AccountingError)], held
    return [each.state if isinstance(each, DocumentRef) else None for each in held]


def left(fixture: DeclaredFixture, *documents: Document) -> dict[str, int]:
    """What is left on each account of the documents, of what undoes them and of what belongs to them."""
    sums: Counter[str] = Counter()
    for each in documents:
        for held in [
            *fixture.held(each.reference),
            *fixture.derived(each.reference),
            *fixture.counters(each.reference),
        ]:
            undone = held.state is DocumentState.VOID and counter_entries(
                fixture
            )  # it counts, and so does what undoes it
            if held.state is DocumentState.POSTED or undone:
                for account, amount in held.lines:
                    sums[account] += amount
    return {account: amount for account, amount in sums.items() if amount}


def counter_entries(fixture: DeclaredFixture) -> int:
    """How many undo a posted document: none where it becomes void itself."""
    return fixture.capabilities.reversal is ReversalSupport.COUNTER_ENTRY


def created(fixture: DeclaredFixture, document: Document) -> set[DocumentState]:
    """What stays in the books of a reversed document besides void: itself as posted, undone by its counter-entry."""
    stays = draft_of(fixture, document.kind) is DocumentState.POSTED and counter_entries(fixture)
    return {DocumentState.POSTED} if stays else set()


ACTS, WAYS = (
    (Act.CREATE, Act.POST, Act.DELETE, Act.DERIVE),
    (Trouble.LOST, Trouble.AWAY, Trouble.EMPTY, Trouble.GATEWAY),
)
# A lost answer at every step, and every trouble at the first; the other pairs are for `make nightly`.
TROUBLES = [
    pytest.param(act, way, marks=() if way is Trouble.LOST or act is Act.CREATE else pytest.mark.exhaustive)
    for act in ACTS
    for way in WAYS
]


class TestReverse:
    def test_given_a_posted_entry_when_reversed_then_it_is_void_and_nothing_is_left(
        self, fixture: DeclaredFixture
    ) -> None:
        system, entry = fixture.connector(), an_entry()
        (document,) = recorded(system, [entry])

        counter = system.reverse(document, OPEN)

        assert states(fixture.connector(), entry) == [DocumentState.VOID]
        assert left(fixture, entry) == {}
        if fixture.capabilities.reversal is ReversalSupport.VOID:
            assert (counter, fixture.counters(entry.reference)) == (None, [])
            return
        assert counter is not None
        assert (counter.reference, counter.state, counter.date) == (
            f"{entry.reference}:rev",
            DocumentState.POSTED,
            OPEN,
        )
        (held,) = fixture.counters(entry.reference)
        check_number(fixture, held, counter)
        assert comes_to(held.lines) == {"6100": -5305, "2200": -1061, "1900": 6366}

    def test_given_a_reversed_entry_when_reversed_again_then_the_same_counter_entry_is_returned(
        self, fixture: DeclaredFixture
    ) -> None:
        system, entry = fixture.connector(), an_entry()
        (document,) = recorded(system, [entry])
        first = system.reverse(document, OPEN)

        again = fixture.connector().reverse(document, LATER)

        assert again == first
        assert len(fixture.counters(entry.reference)) == counter_entries(fixture)

    def test_given_a_draft_when_reversed_then_it_is_deleted_and_again_is_harmless(
        self, fixture: DeclaredFixture
    ) -> None:
        system, entry = fixture.connector(), an_entry()
        bill = a_bill(party(system, NORTHWIND))
        documents = recorded(system, [bill, entry], DocumentState.DRAFT)

        reversed_all(system, documents)

        gone = [
            None if draft_of(fixture, each.kind) is DocumentState.DRAFT else DocumentState.VOID for each in documents
        ]
        assert states(system, bill, entry) in (gone, [DocumentState.VOID] * 2)  # or a void one stays of it
        reversed_all(system, documents)
        for each in (bill, entry):
            assert {held.state for held in fixture.held(each.reference)} <= {
                DocumentState.VOID,
                *created(fixture, each),
            }
            assert left(fixture, each) == {}

    def test_given_an_entry_in_euros_when_reversed_later_then_nothing_is_left_at_its_own_rate(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        entry = an_entry(currency="EUR", lines=(JournalLine("6400", 24_200, "x"), JournalLine("1901", -24_200, "x")))
        (document,) = recorded(system, [entry])

        system.reverse(document, LATER)

        assert states(system, entry) == [DocumentState.VOID]
        assert left(fixture, entry) == {}

    def test_given_a_closed_period_when_reversed_on_its_day_then_it_is_refused_and_nothing_is_done(
        self, own_fixture: DeclaredFixture
    ) -> None:
        system, entry = own_fixture.connector(), an_entry()
        (document,) = recorded(system, [entry])
        own_fixture.close_period(OPEN)

        with pytest.raises(PeriodClosed):
            own_fixture.connector().reverse(document, OPEN)

        assert states(system, entry) == [DocumentState.POSTED]
        if own_fixture.capabilities.reversal is ReversalSupport.VOID:
            with pytest.raises(PeriodClosed):  # a void document keeps its own date
                own_fixture.connector().reverse(document, LATER)
            return
        counter = own_fixture.connector().reverse(document, LATER)
        assert counter is not None
        assert counter.date == LATER
        assert left(own_fixture, entry) == {}

    def test_given_an_entry_that_a_person_has_cancelled_then_nothing_more_is_made(
        self, fixture: DeclaredFixture
    ) -> None:
        system, entry = fixture.connector(), an_entry()
        (document,) = recorded(system, [entry])
        fixture.void(entry.reference)

        assert system.reverse(document, OPEN) is None

        assert [each for each in fixture.counters(entry.reference) if each.state is DocumentState.DRAFT] == []
        assert states(system, entry) == [DocumentState.VOID]

    @pytest.mark.with_login
    def test_given_a_paid_bill_when_both_are_reversed_then_nothing_is_left_or_open(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, NORTHWIND))
        payment = a_payment(bill)
        documents = recorded(system, [bill, payment])

        counters = reversed_all(system, documents)

        assert sum(each is not None for each in counters) == 2 * counter_entries(fixture)
        assert states(fixture.connector(), bill, payment) == [DocumentState.VOID, DocumentState.VOID]
        assert left(fixture, bill, payment) == {}
        parts = [*fixture.held(bill.reference), *fixture.held(payment.reference), *fixture.counters(payment.reference)]
        if fixture.traits.pairs_reversals:
            assert {each.open for each in parts} == {0}
            return
        assert sum(each.open for each in [*parts, *fixture.counters(bill.reference)]) == 0  # a person pairs them

    @pytest.mark.with_login
    def test_given_a_bill_paid_in_euros_when_both_are_reversed_then_its_exchange_difference_is_undone(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        line = JournalLine("6400", 24_200, "Rent")
        bill = a_bill(party(system, NORTHWIND), line, currency="EUR", document_date=date(2026, 6, 20))
        payment = replace(a_payment(bill), posting_date=LATER, document_date=LATER)
        documents = recorded(system, [bill, payment])
        assert len(fixture.derived(payment.reference)) == books_differences(fixture)

        system.reverse(documents[1], LATER)
        system.reverse(documents[0], documents[0].date)

        assert states(fixture.connector(), bill, payment) == [DocumentState.VOID, DocumentState.VOID]
        assert left(fixture, bill, payment) == {}

    @pytest.mark.with_login
    def test_given_a_bill_when_reversed_and_recorded_again_then_the_new_one_is_no_duplicate(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, NORTHWIND))
        (document,) = recorded(system, [bill])
        system.reverse(document, OPEN)
        again = replace(bill, reference=f"{bill.reference}:r2")

        (new,) = recorded(system, [again])

        assert new.state is DocumentState.POSTED
        assert states(system, bill, again) == [DocumentState.VOID, DocumentState.POSTED]

    @pytest.mark.with_login
    @pytest.mark.parametrize(("act", "trouble"), TROUBLES)
    def test_given_a_trouble_at_any_step_when_reversed_again_then_there_is_one_counter_entry(
        self, fixture: DeclaredFixture, trouble: Trouble, act: Act
    ) -> None:
        system = fixture.connector()
        bill = a_bill(party(system, NORTHWIND))
        payment = a_payment(bill)
        documents = recorded(system, [bill, payment])
        for number in (1, 2, 3):
            with fixture.troubled(lambda each, nth, n=number: trouble if (each, nth) == (act, n) else None) as way:  # type: ignore[misc]
                try:
                    reversed_all(way.system, documents)
                except AccountingError:
                    continue

        counters = reversed_all(fixture.connector(), documents)

        assert sum(each is not None for each in counters) == 2 * counter_entries(fixture)
        assert states(fixture.connector(), bill, payment) == [DocumentState.VOID, DocumentState.VOID]
        assert left(fixture, bill, payment) == {}
        assert [len(fixture.counters(each.reference)) for each in (bill, payment)] == [counter_entries(fixture)] * 2

    def test_given_a_counter_entry_that_arrives_late_then_one_counts(self, fixture: DeclaredFixture) -> None:
        entry = an_entry()
        (document,) = recorded(fixture.connector(), [entry])
        by_void = fixture.capabilities.reversal is ReversalSupport.VOID
        first = Act.DELETE if by_void else Act.CREATE
        with fixture.troubled(lambda act, nth: Trouble.LATE if (act, nth) == (first, 1) else None) as way:
            with pytest.raises(AccountingError):
                way.system.reverse(document, OPEN)
            fixture.connector().reverse(document, OPEN)
            way.deliver()

        fixture.connector().reverse(document, OPEN)

        counters = [each.state for each in fixture.counters(entry.reference)]
        assert counters == [DocumentState.POSTED] * counter_entries(fixture)
        assert states(fixture.connector(), entry) == [DocumentState.VOID]
        assert left(fixture, entry) == {}


class TestRefusals:
    def test_what_would_be_refused_is_foreseen_in_the_same_words_and_nothing_is_written(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        wrong: list[Document] = [
            with_line(an_entry(), account="9999"),
            with_line(an_entry(), dimensions=(), tax=replace(an_entry().lines[0].tax, code="XX")),  # type: ignore[type-var]
        ]
        right: list[Document] = [an_entry()]
        if system.period_state(CLOSED) is not PeriodState.UNKNOWN:
            wrong.append(an_entry(on=CLOSED))
        if DocumentKind.BILL in system.capabilities.kinds:
            wrong.append(a_bill(party(system, NORTHWIND), JournalLine("9999", 100, "x")))
            right.append(a_bill(party(system, NORTHWIND)))

        foreseen = system.refusals([*wrong, *right])

        assert all(fixture.held(each.reference) == [] for each in [*wrong, *right])
        told = system.record_many(wrong, DocumentState.POSTED)
        assert foreseen.keys() == told.keys()
        for reference, refusal in foreseen.items():
            answer = told[reference]
            assert isinstance(answer, Rejected)
            assert (type(answer), answer.message) == (type(refusal), refusal.message)
