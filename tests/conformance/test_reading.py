"""Reading a ledger to compare it: the contract of `LedgerReader`, against each accounting system."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from pleo_export.accounting.errors import AccountingError, Unavailable
from pleo_export.accounting.port import DocumentState, LedgerDocument
from pleo_export.bookkeeping.documents import Document, DocumentKind, JournalLine, TaxPart, TaxRole
from pleo_export.store.booked import BookedAmount, booked_as, sums
from tests.conformance.connector_fixture import LAST_PERIOD_END, NORTHWIND, OPEN, Act, Trouble
from tests.conformance.declared import DeclaredFixture
from tests.conformance.expected import check_link
from tests.conformance.test_connector import NOWHERE, an_entry
from tests.conformance.test_payables import a_bill as bill_to
from tests.conformance.test_payables import a_payment, party

REVERSE_CHARGE = (
    JournalLine("6100", 10_000, "Software", TaxPart("RC20", TaxRole.BASE)),
    JournalLine("2201", 2_000, "Software", TaxPart("RC20", TaxRole.TAX)),
    JournalLine("2202", -2_000, "Software", TaxPart("RC20", TaxRole.TAX)),
)
MARCH = date(2026, 3, 3)


Make = Callable[[DeclaredFixture], Document]


def booked(fixture: DeclaredFixture, document: Document, state: DocumentState = DocumentState.POSTED) -> None:
    outcome = fixture.connector().record_many([document], state)[document.reference]
    assert not isinstance(outcome, AccountingError), outcome


def read(fixture: DeclaredFixture, reference: str) -> list[LedgerDocument]:
    return list(fixture.reader().read([reference]).get(reference, ()))


def agrees(fixture: DeclaredFixture, held: LedgerDocument, document: Document) -> bool:
    """Whether both come to the same, as `pleo-export reconcile` compares them; where tax goes to an account of the
    ledger's own, on whichever account that is."""
    named = {line.account for line in document.lines if line.tax is None or line.tax.role is TaxRole.BASE}

    def compared(lines: Iterable[tuple[str, str | None, int]]) -> tuple[BookedAmount, ...]:
        if fixture.capabilities.tax_accounts:
            return sums(lines)
        return sums((account if account in named else "tax", tax, amount) for account, tax, amount in lines)

    (expected,) = booked_as([document])
    there = compared((line.account, line.tax, line.amount) for line in held.lines)
    booked = compared((each.account, each.tax, each.amount) for each in expected.amounts)
    return (held.currency, there, held.ref.date) == (expected.currency, booked, expected.date)


def entry(_: DeclaredFixture) -> Document:
    return an_entry()


def bill(fixture: DeclaredFixture) -> Document:
    return bill_to(party(fixture.connector(), NORTHWIND))


def credit_note(fixture: DeclaredFixture) -> Document:
    lines = (
        JournalLine("6100", -5305, "Paper", TaxPart("GB20", TaxRole.BASE)),
        JournalLine("2200", -1061, "Paper", TaxPart("GB20", TaxRole.TAX)),
    )
    return bill_to(party(fixture.connector(), NORTHWIND), *lines)


def reverse_charge_bill(fixture: DeclaredFixture) -> Document:
    return bill_to(party(fixture.connector(), NORTHWIND), *REVERSE_CHARGE)


def euro_bill(fixture: DeclaredFixture) -> Document:
    return bill_to(party(fixture.connector(), NORTHWIND), JournalLine("6100", 9_999, "Paper"), currency="EUR")


def reverse_charge(_: DeclaredFixture) -> Document:
    return an_entry(lines=(*REVERSE_CHARGE, JournalLine("1900", -10_000, "Software")))


def in_euros(_: DeclaredFixture) -> Document:
    lines = (JournalLine("6100", 10_001), JournalLine("6200", 999), JournalLine("1901", -11_000))
    return an_entry(lines=lines, currency="EUR")


@pytest.mark.parametrize("state", [DocumentState.DRAFT, DocumentState.POSTED])
@pytest.mark.parametrize(
    "make",
    [entry, reverse_charge, in_euros, bill, credit_note, reverse_charge_bill, euro_bill],
    ids=lambda make: make.__name__,
)
def test_given_a_document_when_read_then_it_comes_to_what_was_booked(
    fixture: DeclaredFixture, make: Make, state: DocumentState
) -> None:
    document = make(fixture)
    booked(fixture, document, state)

    (held,) = read(fixture, document.reference)

    assert agrees(fixture, held, document), held
    assert held.ref.state is (state if document.kind in fixture.capabilities.drafts else DocumentState.POSTED)
    check_link(fixture, held.ref)


def test_given_nothing_when_read_then_the_reference_is_left_out(fixture: DeclaredFixture) -> None:
    assert fixture.reader().read([f"pleo:{uuid4()}"]) == {}
    assert fixture.reader().read([]) == {}


def test_given_a_payment_when_read_then_it_comes_to_what_was_booked(fixture: DeclaredFixture) -> None:
    owed = bill_to(party(fixture.connector(), NORTHWIND))
    payment = a_payment(owed)
    booked(fixture, owed)
    booked(fixture, payment)

    (held,) = read(fixture, payment.reference)

    assert agrees(fixture, held, payment), held


def test_given_a_duplicate_when_read_then_both_documents_are_returned(fixture: DeclaredFixture) -> None:
    document = entry(fixture)
    booked(fixture, document)
    fixture.duplicate(document.reference)

    assert len({each.ref.id for each in read(fixture, document.reference)}) == 2


@pytest.mark.parametrize("make", [entry, bill], ids=lambda make: make.__name__)
def test_given_a_void_document_when_read_then_it_is_void(fixture: DeclaredFixture, make: Make) -> None:
    document = make(fixture)
    booked(fixture, document)
    fixture.void(document.reference)

    assert [each.ref.state for each in read(fixture, document.reference)] == [DocumentState.VOID]


def test_given_a_deleted_draft_when_read_then_it_is_not_there(fixture: DeclaredFixture) -> None:
    document = entry(fixture)
    booked(fixture, document, DocumentState.DRAFT)
    fixture.delete(document.reference)

    assert read(fixture, document.reference) == []


@pytest.mark.parametrize("make", [entry, bill], ids=lambda make: make.__name__)
def test_given_what_people_changed_when_read_then_it_is_seen(fixture: DeclaredFixture, make: Make) -> None:
    changed, moved = make(fixture), make(fixture)
    for each in (changed, moved):
        booked(fixture, each, DocumentState.DRAFT)
    fixture.change_amount(changed.reference)
    fixture.recategorise(moved.reference, "6100", "6200")

    assert not agrees(fixture, read(fixture, changed.reference)[0], changed)
    assert "6200" in {line.account for line in read(fixture, moved.reference)[0].lines}


@pytest.mark.parametrize("make", [entry, bill], ids=lambda make: make.__name__)
def test_given_a_draft_that_was_moved_when_read_then_its_new_date_and_period_count(
    fixture: DeclaredFixture, make: Make
) -> None:
    document = make(fixture)
    booked(fixture, document, DocumentState.DRAFT)
    fixture.redate(document.reference, MARCH)

    reader = fixture.reader()

    assert [each.ref.date for each in read(fixture, document.reference)] == [MARCH]
    assert document.reference in reader.ours(MARCH, MARCH)
    assert document.reference not in reader.ours(OPEN, OPEN)


def test_given_a_period_then_all_of_our_documents_on_its_days_are_listed_and_no_others(
    own_fixture: DeclaredFixture,
) -> None:
    first, last, after = (an_entry(on=date(2026, 6, day)) for day in (1, 30, 29))
    after = replace(after, posting_date=date(2026, 7, 1))
    within: list[Document] = [first, last]
    if DocumentKind.BILL in own_fixture.capabilities.kinds:
        within.append(replace(bill_to(party(own_fixture.connector(), NORTHWIND)), posting_date=date(2026, 6, 15)))
    theirs = an_entry(on=date(2026, 6, 2), reference="somebody else's: pleo:1")
    for each in (*within, after, theirs):
        booked(own_fixture, each)

    listed = own_fixture.reader().ours(date(2026, 6, 1), date(2026, 6, 30))

    assert set(listed) == {each.reference for each in within}


def test_given_void_and_draft_documents_then_they_are_listed_too(own_fixture: DeclaredFixture) -> None:
    void, draft = an_entry(), an_entry()
    booked(own_fixture, void)
    booked(own_fixture, draft, DocumentState.DRAFT)
    own_fixture.void(void.reference)

    assert set(own_fixture.reader().ours(OPEN, OPEN)) == {void.reference, draft.reference}
    assert set(own_fixture.reader().ours(LAST_PERIOD_END, LAST_PERIOD_END)) == set()


def test_given_more_references_than_fit_then_they_are_refused(fixture: DeclaredFixture) -> None:
    reader = fixture.reader()
    with pytest.raises(ValueError, match="max_find"):
        reader.read([str(number) for number in range(reader.capabilities.max_find + 1)])


def test_the_names_of_accounts_are_read_for_those_that_exist(fixture: DeclaredFixture) -> None:
    names = fixture.reader().account_names({"6100", "1900", "0000"})

    assert set(names) == {"6100", "1900"}
    assert all(names.values())
    assert fixture.reader().account_names(()) == {}


def test_given_no_server_when_read_then_it_is_unavailable(fixture: DeclaredFixture) -> None:
    reader = fixture.reader(url=NOWHERE)
    with pytest.raises(Unavailable):
        reader.read([f"pleo:{uuid4()}"])
    with pytest.raises(Unavailable):
        reader.ours(OPEN, OPEN)


def test_given_an_answer_that_is_cut_off_when_read_then_nothing_is_taken_for_missing(
    fixture: DeclaredFixture,
) -> None:
    document = entry(fixture)
    booked(fixture, document)
    with fixture.troubled(lambda act, _: Trouble.CUT_OFF if act is Act.READ else None) as way:
        with pytest.raises(Unavailable):
            way.reader.read([document.reference])
        with pytest.raises(Unavailable):
            way.reader.ours(OPEN, OPEN)
