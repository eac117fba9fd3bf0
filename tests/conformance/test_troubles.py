"""The port's contract when the books refuse, are away, or answer through a gateway that does not tell the truth.

Whatever happens: no document is told not booked that may be, none is there twice, and what stays a draft is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from pleo_export.accounting.errors import (
    KeptAsDraft,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from pleo_export.accounting.port import AccountingSystem, DocumentRef, DocumentState, SettlementSupport
from pleo_export.bookkeeping.documents import Bill, Document, JournalLine, Party, Payment, TaxPart, TaxRole
from tests.conformance.connector_fixture import NORTHWIND, REFUSAL, Act, Plan, Trouble
from tests.conformance.declared import DeclaredFixture
from tests.conformance.expected import books_differences, one_step, posting_acts
from tests.conformance.test_connector import an_entry, recorded
from tests.conformance.test_payables import a_bill, a_payment, by_number, party, still_open, that_came_back
from tests.conformance.test_payables import recorded as all_recorded

POSTING = (Act.POST, Act.POST_ALL)


def well(act: Act, number: int) -> None:
    """No trouble at all."""


def always(trouble: Trouble, *acts: Act) -> Plan:
    return lambda act, _: trouble if act in acts else None


def once(trouble: Trouble, *acts: Act, number: int = 1) -> Plan:
    """The n-th of each of the acts."""
    return lambda act, seen: trouble if act in acts and seen == number else None


def an_entry_or_bill(fixture: DeclaredFixture, kind: str) -> Document:
    return an_entry() if kind == "entry" else a_bill(party(fixture.connector(), NORTHWIND))


def found(system: AccountingSystem, references: Sequence[str]) -> list[DocumentRef]:
    return [each for each in system.find_many(references).values() if isinstance(each, DocumentRef)]


def states(fixture: DeclaredFixture, *documents: Document) -> list[list[DocumentState]]:
    return [[held.state for held in fixture.held(document.reference)] for document in documents]


class TestRefusedPosts:
    """The books take the draft and refuse to post it."""

    @pytest.mark.parametrize("kind", ["entry", "bill"])
    def test_given_a_refused_post_when_recorded_then_the_draft_is_named_and_a_later_export_posts_it(
        self, fixture: DeclaredFixture, kind: str
    ) -> None:
        document = an_entry_or_bill(fixture, kind)

        with fixture.troubled(always(Trouble.REFUSED, *posting_acts(fixture, document.kind))) as way:
            outcome = way.system.record_many([document], DocumentState.POSTED)[document.reference]

        if one_step(fixture, document.kind):
            assert type(outcome) is Rejected
            assert REFUSAL in outcome.message
            assert states(fixture, document) == [[]]
            all_recorded(fixture.connector(), [document])
            assert states(fixture, document) == [[DocumentState.POSTED]]
            return
        assert isinstance(outcome, KeptAsDraft)
        assert REFUSAL in outcome.message
        assert (outcome.document.state, outcome.document.kind) == (DocumentState.DRAFT, document.kind)
        (held,) = found(fixture.connector(), [document.reference])
        assert held == replace(outcome.document, url=held.url)  # the way there was another one
        fixture.connector().post_many([outcome.document])
        assert states(fixture, document) == [[DocumentState.POSTED]]

    @pytest.mark.parametrize("kind", ["entry", "bill"])
    def test_given_a_refused_post_when_finalised_then_the_draft_is_named(
        self, fixture: DeclaredFixture, kind: str
    ) -> None:
        document = an_entry_or_bill(fixture, kind)
        (draft,) = fixture.connector().record_many([document], DocumentState.DRAFT).values()
        assert isinstance(draft, DocumentRef)

        with fixture.troubled(always(Trouble.REFUSED, *POSTING)) as way:
            outcome = way.system.post_many([draft])[document.reference]

        if draft.state is DocumentState.POSTED:  # there is nothing left to post
            assert isinstance(outcome, DocumentRef)
            assert outcome == replace(draft, url=outcome.url)
            return
        assert isinstance(outcome, KeptAsDraft)
        assert outcome.document == replace(draft, url=outcome.document.url)

    def test_given_a_refused_bill_when_recorded_with_its_payment_then_that_is_not_booked(
        self, fixture: DeclaredFixture
    ) -> None:
        bill = a_bill(party(fixture.connector(), NORTHWIND))
        paid = a_payment(bill)

        with fixture.troubled(always(Trouble.REFUSED, *posting_acts(fixture, bill.kind))) as way:
            outcomes = way.system.record_many([bill, paid], DocumentState.POSTED)

        at_once = one_step(fixture, bill.kind)
        assert type(outcomes[bill.reference]) is (Rejected if at_once else KeptAsDraft)
        assert type(outcomes[paid.reference]) is Rejected
        assert states(fixture, bill, paid) == [[] if at_once else [DocumentState.DRAFT], []]

    @pytest.mark.with_login
    @pytest.mark.parametrize("kind", ["entry", "bill"])
    def test_given_a_refused_post_and_then_no_books_then_every_outcome_is_accurate(
        self, fixture: DeclaredFixture, kind: str
    ) -> None:
        documents = [an_entry_or_bill(fixture, kind) for _ in range(6)]
        acts = posting_acts(fixture, documents[0].kind)
        refused = False

        def plan(act: Act, number: int) -> Trouble | None:
            nonlocal refused
            if refused and act is not Act.POST_ALL:
                return Trouble.AWAY
            refused = act in acts and act is not Act.POST_ALL and number == 4
            return Trouble.REFUSED if refused or act is Act.POST_ALL else None

        with fixture.troubled(plan) as way:
            outcomes = way.system.record_many(documents, DocumentState.POSTED)

        told = [outcomes[document.reference] for document in documents]
        if not refused:  # all were posted, or created, by one request
            assert {type(each) for each in told} == {DocumentRef}
            assert states(fixture, *documents) == [[DocumentState.POSTED]] * 6
            return
        assert [type(each) for each in told[:3]] == [DocumentRef] * 3
        assert states(fixture, *documents[:3]) == [[DocumentState.POSTED]] * 3
        if one_step(fixture, documents[0].kind):  # what was not sent, or was refused, is not there
            assert not any(isinstance(each, DocumentRef) for each in told[3:])
            assert states(fixture, *documents[3:]) == [[]] * 3
            return
        assert [type(each) for each in told[3:]] == [OutcomeUnknown] * 3
        assert states(fixture, *documents[3:]) == [[DocumentState.DRAFT]] * 3

    @pytest.mark.parametrize("kind", ["entry", "bill"])
    def test_given_books_that_are_busy_with_others_when_posted_then_it_is_tried_again(
        self, fixture: DeclaredFixture, kind: str
    ) -> None:
        """While another transaction posts 3,000 lines, Tryton fails on a post without saying why."""
        document = an_entry_or_bill(fixture, kind)

        with fixture.troubled(once(Trouble.FAILED, *posting_acts(fixture, document.kind))) as way:
            outcome = way.system.record_many([document], DocumentState.POSTED)[document.reference]

        if not fixture.traits.rolls_back:
            assert isinstance(outcome, OutcomeUnknown)
            assert states(fixture, document) == [[]]
            return
        assert isinstance(outcome, DocumentRef)
        assert states(fixture, document) == [[DocumentState.POSTED]]

    @pytest.mark.with_login
    def test_given_books_that_are_busy_with_others_when_created_then_it_is_tried_again(
        self, fixture: DeclaredFixture
    ) -> None:
        entry = an_entry()

        with fixture.troubled(once(Trouble.FAILED, Act.CREATE)) as way:
            outcome = way.system.record_many([entry], DocumentState.POSTED)[entry.reference]

        expected = DocumentRef if fixture.traits.rolls_back else OutcomeUnknown
        assert isinstance(outcome, expected)
        assert states(fixture, entry) == ([[DocumentState.POSTED]] if expected is DocumentRef else [[]])


class TestGateways:
    """Between us and the books there may be a gateway, whose answers say nothing about what the books do."""

    @pytest.mark.parametrize("trouble", [Trouble.GATEWAY, Trouble.CUT_OFF, Trouble.EMPTY, Trouble.LOST])
    @pytest.mark.parametrize("kind", ["entry", "bill"])
    def test_given_a_creation_without_the_books_own_answer_when_recorded_then_it_is_in_doubt(
        self, fixture: DeclaredFixture, trouble: Trouble, kind: str
    ) -> None:
        documents = [an_entry_or_bill(fixture, kind) for _ in range(2)]

        with fixture.troubled(always(trouble, Act.CREATE)) as way:
            outcomes = way.system.record_many(documents, DocumentState.POSTED)

        assert {type(outcome) for outcome in outcomes.values()} == {OutcomeUnknown}

    @pytest.mark.parametrize("trouble", [Trouble.GATEWAY, Trouble.CUT_OFF, Trouble.EMPTY, Trouble.LOST])
    @pytest.mark.parametrize("kind", ["entry", "bill"])
    def test_given_a_post_without_the_books_own_answer_when_recorded_then_it_is_in_doubt(
        self, fixture: DeclaredFixture, trouble: Trouble, kind: str
    ) -> None:
        document = an_entry_or_bill(fixture, kind)

        with fixture.troubled(always(trouble, *posting_acts(fixture, document.kind))) as way:
            outcome = way.system.record_many([document], DocumentState.POSTED)[document.reference]

        assert type(outcome) is OutcomeUnknown

    @pytest.mark.with_login
    def test_given_a_creation_that_a_gateway_delivers_late_when_looked_for_then_each_is_there_once(
        self, fixture: DeclaredFixture
    ) -> None:
        entries = [an_entry() for _ in range(3)]

        with fixture.troubled(always(Trouble.LATE, Act.CREATE)) as way:
            outcomes = way.system.record_many(entries, DocumentState.POSTED)
            assert {type(outcome) for outcome in outcomes.values()} == {OutcomeUnknown}
            way.deliver()

        documents = found(fixture.connector(), list(outcomes))
        fixture.connector().post_many(documents)
        assert states(fixture, *entries) == [[DocumentState.POSTED]] * 3

    def test_given_books_that_say_themselves_that_they_are_busy_when_recorded_then_nothing_was_done(
        self, fixture: DeclaredFixture
    ) -> None:
        entry = an_entry()

        with fixture.troubled(always(Trouble.BUSY, Act.CREATE)) as way, pytest.raises(Unavailable):
            way.system.record_many([entry], DocumentState.POSTED)

        assert fixture.held(entry.reference) == []

    def test_given_a_gateway_before_the_first_draft_when_finalised_then_it_is_in_doubt(
        self, fixture: DeclaredFixture
    ) -> None:
        entry = an_entry()
        draft = recorded(fixture.connector(), entry, DocumentState.DRAFT)

        with fixture.troubled(always(Trouble.GATEWAY, *POSTING)) as way:
            outcome = way.system.post_many([draft])[entry.reference]

        posted = draft.state is DocumentState.POSTED  # which nothing more needs to be asked for
        assert type(outcome) is OutcomeUnknown or (posted and outcome == draft)


def a_bill_in_euros_with_its_payment(owed_to: Party) -> tuple[Bill, Payment]:
    lines = [
        JournalLine("6400", 20000, tax=TaxPart("ES21", TaxRole.BASE)),
        JournalLine("2200", 4200, tax=TaxPart("ES21", TaxRole.TAX)),
    ]
    bill = a_bill(owed_to, *lines, currency="EUR")
    return bill, a_payment(bill, posting_date=date(2026, 7, 2))  # the rate has changed on 1 July


class TestDifferences:
    """What the connector makes beside the documents is there once as well."""

    def test_given_a_payment_at_another_rate_then_its_difference_is_booked_under_its_reference(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        bill, paid = a_bill_in_euros_with_its_payment(party(system, NORTHWIND))

        all_recorded(system, [bill, paid])

        assert still_open(fixture, bill, paid) == [0, 0]
        if not books_differences(fixture):
            assert fixture.derived(paid.reference) == []
            return
        (difference,) = fixture.derived(paid.reference)
        assert difference.state is DocumentState.POSTED
        assert "6950" in dict(difference.lines)

    @pytest.mark.parametrize("trouble", [Trouble.LOST, Trouble.AWAY, Trouble.LATE])
    def test_given_a_fault_after_the_posts_then_there_is_one_difference_and_nothing_open(
        self, fixture: DeclaredFixture, trouble: Trouble
    ) -> None:
        system = fixture.connector()
        northwind = party(system, NORTHWIND)
        acts: list[Act] = []

        def watch(act: Act, _: int) -> None:
            acts.append(act)

        bill, paid = a_bill_in_euros_with_its_payment(northwind)
        with fixture.troubled(watch) as way:
            all_recorded(way.system, [bill, paid])
        changing = [act for act in acts if act is not Act.READ]
        made_beside = len(changing) - changing.index(Act.DERIVE) if Act.DERIVE in changing else 0
        assert made_beside > 0 or not books_differences(fixture)

        for skipped in range(made_beside):
            bill, paid = a_bill_in_euros_with_its_payment(northwind)
            plan = _nth_after_the_first_difference(trouble, skipped)
            with fixture.troubled(plan) as way:
                documents = all_recorded(way.system, [bill, paid])
                assert still_open(fixture, bill, paid) != [0, 0] or trouble is Trouble.LOST
                if trouble is Trouble.LATE:
                    way.deliver()

            system.post_many(documents)

            derived = fixture.derived(paid.reference)
            count = int(books_differences(fixture))
            assert [each.state for each in derived] == [DocumentState.POSTED] * count, (skipped, trouble)
            assert still_open(fixture, bill, paid) == [0, 0], (skipped, trouble)

    def test_given_a_difference_when_documents_are_searched_then_it_is_none_of_them(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        bill, paid = a_bill_in_euros_with_its_payment(party(system, NORTHWIND))
        documents = all_recorded(system, [bill, paid])

        assert {each.id for each in found(system, [bill.reference, paid.reference])} == {
            document.id for document in documents
        }

    def test_given_a_returned_payment_with_a_difference_when_paid_again_then_none_stays_open(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        bill, paid = a_bill_in_euros_with_its_payment(party(system, NORTHWIND))
        back = that_came_back(paid)
        again = a_payment(bill, by_number(bill), posting_date=paid.posting_date)
        all_recorded(system, [bill, paid])

        all_recorded(system, [back])
        assert still_open(fixture, bill, paid, back) == ([-24200, 0, 0] if fixture.traits.reopens else [0, 0, -24200])
        count = int(books_differences(fixture))
        assert [each.open for each in fixture.derived(paid.reference)] == [0] * 2 * count  # one there, one back

        all_recorded(system, [again])
        assert still_open(fixture, bill, paid, back, again) == [0, 0, 0, 0]
        assert [each.open for each in fixture.derived(again.reference)] == [0] * count

    def test_given_a_late_difference_when_another_run_was_faster_then_one_is_posted(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        northwind = party(system, NORTHWIND)
        steps = 3 if books_differences(fixture) else 0  # the difference, its post, the reconciliation
        all_recorded(system, a_bill_in_euros_with_its_payment(northwind))
        for skipped in range(steps):
            bill, paid = a_bill_in_euros_with_its_payment(northwind)
            with fixture.troubled(_nth_after_the_first_difference(Trouble.LATE, skipped)) as way:
                documents = all_recorded(way.system, [bill, paid])
                system.post_many(documents)

                way.deliver()

            system.post_many(documents)
            assert [each.state for each in fixture.derived(paid.reference)] == [DocumentState.POSTED], skipped
            assert still_open(fixture, bill, paid) == [0, 0], skipped


def _nth_after_the_first_difference(trouble: Trouble, skipped: int) -> Plan:
    """From the first difference on, the request after that many others that change something."""
    seen: list[Act] = []

    def plan(act: Act, _: int) -> Trouble | None:
        if act is Act.DERIVE or seen:
            if act is Act.READ:
                return None
            seen.append(act)
            return trouble if len(seen) == skipped + 1 else None
        return None

    return plan


class TestAdoption:
    """A document that is found under the reference may differ from what would be recorded now."""

    @pytest.mark.parametrize("kind", ["entry", "bill", "payment"])
    @pytest.mark.parametrize("currency", ["GBP", "EUR"])
    def test_given_a_document_as_recorded_when_compared_then_nothing_differs(
        self, fixture: DeclaredFixture, kind: str, currency: str
    ) -> None:
        document = a_document(fixture, kind, currency)
        if isinstance(document, Payment):  # in a ledger that takes none before it
            record_bill_of(fixture, document)
        for state in (DocumentState.DRAFT, DocumentState.POSTED):
            (ref,) = (
                fixture.connector().record_many([document], DocumentState.DRAFT).values()
                if state is DocumentState.DRAFT
                else (fixture.connector().post_many(found(fixture.connector(), [document.reference])).values())
            )
            assert isinstance(ref, DocumentRef)

            assert fixture.connector().differences([(ref, document)]) == {}

    @pytest.mark.parametrize("kind", ["entry", "bill", "payment"])
    @pytest.mark.parametrize("currency", ["GBP", "EUR"])
    def test_given_a_draft_of_other_amounts_when_compared_then_it_is_named(
        self, fixture: DeclaredFixture, kind: str, currency: str
    ) -> None:
        document = a_document(fixture, kind, currency)
        if isinstance(document, Payment):
            record_bill_of(fixture, document)
        (draft,) = fixture.connector().record_many([document], DocumentState.DRAFT).values()
        assert isinstance(draft, DocumentRef)
        fixture.change_amount(document.reference)

        difference = fixture.connector().differences([(draft, document)])[document.reference]

        assert isinstance(difference, Rejected)
        assert draft.id in difference.message

    @pytest.mark.parametrize("kind", ["entry", "bill"])
    def test_given_a_draft_with_another_category_when_compared_then_nothing_differs(
        self, fixture: DeclaredFixture, kind: str
    ) -> None:
        document = a_document(fixture, kind, "GBP")
        (draft,) = fixture.connector().record_many([document], DocumentState.DRAFT).values()
        assert isinstance(draft, DocumentRef)
        fixture.recategorise(document.reference, "6100", "6200")

        assert fixture.connector().differences([(draft, document)]) == {}

    @pytest.mark.parametrize("kind", ["entry", "bill"])
    def test_given_a_document_in_another_currency_when_compared_then_it_differs(
        self, fixture: DeclaredFixture, kind: str
    ) -> None:
        document = a_document(fixture, kind, "EUR")
        (draft,) = fixture.connector().record_many([document], DocumentState.DRAFT).values()
        assert isinstance(draft, DocumentRef)
        in_pounds = a_document(fixture, kind, "GBP", like=document)

        assert fixture.connector().differences([(draft, in_pounds)]).keys() == {document.reference}

    def test_given_a_draft_that_is_gone_when_compared_then_nothing_differs(self, fixture: DeclaredFixture) -> None:
        entry = an_entry()
        draft = recorded(fixture.connector(), entry, DocumentState.DRAFT)
        fixture.setup().discard(draft)

        assert fixture.connector().differences([(draft, entry)]) == {}

    def test_given_no_documents_when_compared_then_nothing_is_asked(self, fixture: DeclaredFixture) -> None:
        assert fixture.connector().differences([]) == {}

    def test_given_a_lost_creation_of_another_total_when_found_then_that_is_said(
        self, fixture: DeclaredFixture
    ) -> None:
        bill = a_bill(party(fixture.connector(), NORTHWIND))
        with fixture.troubled(always(Trouble.LOST, Act.CREATE)) as way:
            way.system.record_many([bill], DocumentState.DRAFT)
        fixture.change_amount(bill.reference)
        (draft,) = found(fixture.connector(), [bill.reference])

        difference = fixture.connector().differences([(draft, bill)])[bill.reference]

        assert draft.id in difference.message
        assert states(fixture, bill) == [[DocumentState.DRAFT]]


def a_document(fixture: DeclaredFixture, kind: str, currency: str, like: Document | None = None) -> Document:
    """With 60.50 in total, or with the lines and the reference of another one."""
    lines = (
        like.lines
        if like
        else (
            JournalLine("6100", 5000, tax=TaxPart("ES21", TaxRole.BASE)),
            JournalLine("2200", 1050, tax=TaxPart("ES21", TaxRole.TAX)),
        )
    )
    reference: dict[str, Any] = {"reference": like.reference} if like else {}
    if kind == "entry":
        wallet = JournalLine({"GBP": "1900", "EUR": "1901"}[currency], -6050)
        return an_entry(currency=currency, lines=like.lines if like else (*lines, wallet), **reference)
    northwind = party(fixture.connector(), NORTHWIND)
    bill = a_bill(northwind, *(lines[:-1] if like else lines), currency=currency, **reference)
    return bill if kind == "bill" else a_payment(bill)


def record_bill_of(fixture: DeclaredFixture, payment: Payment) -> None:
    """The bill that the payment settles, posted, where a payment needs one."""
    if fixture.capabilities.settlement is not SettlementSupport.BILL_FIRST or not payment.settles.reference:
        return
    lines = JournalLine("6100", payment.payable.amount)
    bill = a_bill(payment.party, lines, currency=payment.currency, reference=payment.settles.reference)
    all_recorded(fixture.connector(), [replace(bill, lines=(lines, replace(payment.payable, amount=-lines.amount)))])


class TestManyReferences:
    def test_given_as_many_references_as_one_search_takes_when_searched_then_all_are_found(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        entries = [an_entry() for _ in range(3)]
        system.record_many(entries, DocumentState.DRAFT)
        limit = system.capabilities.max_find
        others = [f"pleo:{uuid4()}" for _ in range(limit - len(entries))]

        assert len(system.find_many([*others, *(entry.reference for entry in entries)])) == len(entries)
