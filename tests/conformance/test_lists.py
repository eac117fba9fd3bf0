"""The lists of a ledger: each is complete, inactive entries included, or an error; a supplier is entered once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import count
from uuid import uuid4

import pytest

from pleo_export.accounting.errors import AccountingError, OutcomeUnknown, Rejected, UnknownAccount, UnknownTaxCode
from pleo_export.accounting.lists import LedgerList, LedgerLists, NewSupplier, TaxCodeType
from pleo_export.accounting.port import DocumentRef, DocumentState
from pleo_export.bookkeeping.documents import Dimension, JournalEntry, JournalLine, Party, PartyRole, TaxPart, TaxRole
from pleo_export.bookkeeping.parties import KeyKind, PartyKey, PartyQuery
from pleo_export.failures.ledger_lists import SUPPLIER_AMBIGUOUS, SUPPLIER_BLOCKED, SUPPLIER_NUMBER_TAKEN
from tests.conformance.connector_fixture import OPEN, Act, Pages, Plan, Trouble
from tests.conformance.declared import DeclaredFixture
from tests.conformance.test_payables import a_bill

COST_CENTRE = "cost_centre"
NUMBERS = count(1)
READ: dict[str, Callable[[LedgerLists], Iterator[object]]] = {
    "dimension values": lambda lists: lists.dimension_values(COST_CENTRE),
    "accounts": lambda lists: lists.chart(),
    "tax codes": lambda lists: lists.tax_codes(),
    "suppliers": lambda lists: lists.suppliers(),
}
each_list = pytest.mark.parametrize("read", READ.values(), ids=READ)


def new(name: str | None = None, **numbers: str | None) -> NewSupplier:
    """A vendor of Pleo's that no other test knows."""
    unique = uuid4().hex[:12]
    return NewSupplier(f"pleo:vendor:{unique}", name if name is not None else f"Harbour {unique}", "GBP", **numbers)


def a_tax_number() -> str:
    """One that nobody has."""
    return f"GB{600_000_000 + uuid4().int % 99_999_999}"


def an_entry(reference: str, line: JournalLine) -> JournalEntry:
    """One with that line, paid from the wallet."""
    lines = (line, JournalLine("1950", -line.amount))
    return JournalEntry(reference, OPEN, OPEN, "GBP", lines, "Paper")


def on(act: Act, trouble: Trouble, nth: int = 1) -> Plan:
    """Let the trouble happen to one act."""
    return lambda seen, number: trouble if seen is act and number == nth else None


# Complete or an error


@each_list
def test_a_list_is_the_same_each_time_and_names_no_entry_twice(
    fixture: DeclaredFixture, read: Callable[[LedgerLists], Iterator[object]]
) -> None:
    listed = list(read(fixture.lists()))

    assert len(listed) > 2, "more than one page"
    assert len(set(listed)) == len(listed)
    assert set(read(fixture.lists())) >= set(listed)


@pytest.mark.parametrize("pages", Pages, ids=lambda pages: pages.name)
@each_list
def test_a_list_that_ends_early_or_repeats_itself_is_an_error_and_never_another_list(
    fixture: DeclaredFixture, read: Callable[[LedgerLists], Iterator[object]], pages: Pages
) -> None:
    whole = list(read(fixture.lists()))

    with fixture.misled(pages) as lists:
        try:
            assert list(read(lists)) == whole
        except AccountingError as error:
            assert not isinstance(error, Rejected | OutcomeUnknown)
    assert list(read(fixture.lists())) == whole


@pytest.mark.parametrize("trouble", [Trouble.CUT_OFF, Trouble.EMPTY], ids=lambda t: t.name)
@each_list
def test_whatever_request_of_a_list_fails_there_is_an_error_or_the_whole_list(
    fixture: DeclaredFixture, read: Callable[[LedgerLists], Iterator[object]], trouble: Trouble
) -> None:
    whole = list(read(fixture.lists()))
    failed = 0

    for nth in count(1):
        seen = 0

        def plan(act: Act, number: int, nth: int = nth) -> Trouble | None:
            nonlocal seen
            seen = max(seen, number)
            return trouble if act is Act.READ and number >= nth else None

        with fixture.troubled(plan) as way:
            try:
                assert list(read(way.lists)) == whole
            except AccountingError as error:
                assert not isinstance(error, Rejected | OutcomeUnknown)
                failed += 1
        if seen < nth:
            break

    assert failed


def test_a_key_that_is_refused_lists_nothing(fixture: DeclaredFixture) -> None:
    with pytest.raises(AccountingError):
        list(fixture.lists(url="http://127.0.0.1:9").chart())


# Dimension values


def test_a_dimension_that_is_not_there_is_an_error_and_no_empty_list(
    fixture: DeclaredFixture,
) -> None:
    with pytest.raises(AccountingError) as error:
        list(fixture.lists().dimension_values("no such dimension"))
    assert not isinstance(error.value, OutcomeUnknown)


def test_a_dimension_may_have_no_value_or_one(own_fixture: DeclaredFixture) -> None:
    own_fixture.lists().dimension_values(COST_CENTRE)
    own_fixture.master_data.add_dimension("team")
    assert list(own_fixture.lists().dimension_values("team")) == []

    (code,) = own_fixture.master_data.add_values("team", ["Sales"])
    (value,) = own_fixture.lists().dimension_values("team")

    assert (value.code, value.name, value.active) == (code, "Sales", True)


def test_values_that_people_add_rename_and_close_are_listed_as_they_are_now(own_fixture: DeclaredFixture) -> None:
    own_fixture.lists().dimension_values(COST_CENTRE)
    people = own_fixture.master_data
    renamed, *kept, closed = people.add_values(COST_CENTRE, [f"Location {number}" for number in range(1, 8)])
    people.rename_value(COST_CENTRE, renamed, "London and South East")
    people.close_value(COST_CENTRE, closed)

    values = {each.code: each for each in own_fixture.lists().dimension_values(COST_CENTRE)}

    assert [values[code].name for code in kept] == [f"Location {number}" for number in range(2, 7)]
    if own_fixture.traits.removes_values:
        assert closed not in values
    else:
        assert [code for code, each in values.items() if not each.active] == [closed]
    if own_fixture.traits.values_are_names:
        assert "London and South East" in values
        assert renamed not in values
    else:
        assert values[renamed].name == "London and South East"


def test_the_value_that_is_listed_is_the_one_that_recording_finds(own_fixture: DeclaredFixture) -> None:
    own_fixture.lists().dimension_values(COST_CENTRE)
    code, closed = own_fixture.master_data.add_values(COST_CENTRE, ["Harbour", "Quay"])
    own_fixture.master_data.close_value(COST_CENTRE, closed)

    for value in own_fixture.lists().dimension_values(COST_CENTRE):
        line = JournalLine("6100", 100, dimensions=(Dimension(COST_CENTRE, value.code),))
        entry = an_entry(f"value {value.code}", line)
        refused = own_fixture.connector().refusals([entry])
        assert refused == {} or not value.active, value
    assert code


# Accounts


def test_accounts_are_listed_with_what_can_be_booked_on(own_fixture: DeclaredFixture) -> None:
    own_fixture.lists().chart()
    people = own_fixture.master_data
    people.add_account("6310", "Team lunches")
    people.close_account("6300")
    if own_fixture.traits.has_headings:
        people.add_account("6390", "Other staff costs", heading=True)

    accounts = {each.code: each for each in own_fixture.lists().chart() if each.code}

    assert "lunches" in accounts["6310"].name
    assert (accounts["6310"].active, accounts["6310"].postable) == (True, True)
    assert not accounts["6300"].active
    assert accounts["6100"].active
    if own_fixture.traits.has_headings:
        assert not accounts["6390"].postable
    assert len({each.id for each in accounts.values()}) == len(accounts)
    assert {each.code for each in own_fixture.setup().accounts()} <= {
        code for code, each in accounts.items() if each.active
    }


def test_the_accounts_that_are_listed_as_open_are_those_that_recording_knows(fixture: DeclaredFixture) -> None:
    usable = [each.code for each in fixture.lists().chart() if each.active and each.postable]
    entries = [an_entry(f"account {code}", JournalLine(code, 100)) for code in usable]

    refused = fixture.connector().refusals(entries)

    assert len(usable) > 10
    assert [name for name, error in refused.items() if isinstance(error, UnknownAccount)] == []


def test_the_tax_codes_that_are_listed_as_open_are_those_that_recording_knows(fixture: DeclaredFixture) -> None:
    taxes = [each for each in fixture.lists().tax_codes() if each.active]
    usable = [each.code for each in taxes if each.allowed_accounts is None or "6100" in each.allowed_accounts]
    parts = {code: TaxPart(code, TaxRole.BASE) for code in usable}
    entries = [an_entry(f"tax {code}", JournalLine("6100", 100, "Paper", part)) for code, part in parts.items()]

    refused = fixture.connector().refusals(entries)

    assert usable
    assert [name for name, error in refused.items() if isinstance(error, UnknownTaxCode)] == []


def test_an_account_keeps_its_id_whatever_its_name(own_fixture: DeclaredFixture) -> None:
    ids = {each.code: each.id for each in own_fixture.lists().chart()}
    own_fixture.master_data.close_account("6300")
    assert {each.code: each.id for each in own_fixture.lists().chart()} == ids


# Tax codes


def test_tax_codes_have_their_rates_and_ended_ones_are_not_active(own_fixture: DeclaredFixture) -> None:
    own_fixture.lists().tax_codes()
    own_fixture.master_data.end_tax("ES21")

    taxes = {each.code: each for each in own_fixture.lists().tax_codes()}

    assert (taxes["GB20"].type, taxes["GB20"].active) == (TaxCodeType.INCLUSIVE, True)
    assert taxes["GB20"].rate in (None, Decimal("0.20"))
    assert taxes["RC20"].rate in (None, Decimal("0.20"), Decimal(0))
    if own_fixture.traits.removes_values:
        assert "ES21" not in taxes
    else:
        assert not taxes["ES21"].active


# Suppliers


def test_suppliers_are_listed_with_those_that_are_not_active(fixture: DeclaredFixture) -> None:
    fixture.lists().suppliers()
    people = fixture.master_data
    added = people.add_suppliers([f"Supplier {number}" for number in range(1, 6)], tax_number=None)
    (closed,) = people.add_suppliers(["Closed supplier"], active=False)

    suppliers = {each.id: each for each in fixture.lists().suppliers()}

    assert [suppliers[each].name for each in added] == [f"Supplier {number}" for number in range(1, 6)]
    assert all(suppliers[each].active for each in added)
    assert not suppliers[closed].active


def test_a_supplier_that_was_entered_in_pleo_is_made_once(fixture: DeclaredFixture) -> None:
    wanted = new(country="GB", tax_registration_number=a_tax_number())

    first = fixture.lists().ensure_supplier(wanted)
    second = fixture.lists().ensure_supplier(wanted)

    assert first == second
    assert (first.name, first.active) == (wanted.name, True)
    assert fixture.master_data.suppliers_called(wanted.name) == [first.id]
    assert first in list(fixture.lists().suppliers())


def test_the_supplier_that_is_listed_or_made_is_the_one_that_recording_finds(fixture: DeclaredFixture) -> None:
    made = fixture.lists().ensure_supplier(new(tax_registration_number=a_tax_number()))
    (id_,) = fixture.master_data.add_suppliers([f"Quay {uuid4().hex[:8]}"])
    listed = next(each for each in fixture.lists().suppliers() if each.id == id_)

    for supplier in (made, listed):
        keys = [PartyKey(KeyKind.EXTERNAL_ID, supplier.id)]
        keys += [PartyKey(KeyKind.CODE, supplier.code)] if supplier.code else []
        queries = [PartyQuery(PartyRole.SUPPLIER, supplier.name, (key,), True) for key in keys]
        found = fixture.connector().find_parties(queries)
        parties = [found[query] for query in queries]
        assert all(isinstance(each, Party) and each.name == supplier.name for each in parties), parties
        assert len(set(parties)) == 1


def test_a_bill_is_booked_on_the_supplier_that_was_made(fixture: DeclaredFixture) -> None:
    made = fixture.lists().ensure_supplier(new(country="GB", tax_registration_number=a_tax_number()))
    system = fixture.connector()
    query = PartyQuery(PartyRole.SUPPLIER, made.name, (PartyKey(KeyKind.EXTERNAL_ID, made.id),), required=True)
    party = system.find_parties([query])[query]
    assert isinstance(party, Party)

    bill = a_bill(party)
    outcome = system.record_many([bill], DocumentState.POSTED)[bill.reference]

    assert isinstance(outcome, DocumentRef), outcome
    (held,) = fixture.held(bill.reference)
    assert held.bill is not None
    assert (held.state, held.bill.party) == (DocumentState.POSTED, made.name)


def test_a_supplier_that_is_there_already_is_found_by_its_tax_number(fixture: DeclaredFixture) -> None:
    fixture.lists().suppliers()
    number = a_tax_number()
    (id_,) = fixture.master_data.add_suppliers([f"Old name {number}"], tax_number=number)
    wanted = new(tax_registration_number=f"{number[:2]} {number[2:5]} {number[5:]}".lower())

    assert fixture.lists().ensure_supplier(wanted).id == id_
    assert fixture.master_data.suppliers_called(wanted.name) == []


def test_a_supplier_that_is_there_already_is_found_by_its_name(fixture: DeclaredFixture) -> None:
    fixture.lists().suppliers()
    name = f"Pier & Sons {uuid4().hex[:8]}"
    (id_,) = fixture.master_data.add_suppliers([name])

    assert fixture.lists().ensure_supplier(new(name.upper())).id == id_
    assert fixture.master_data.suppliers_called(name) == [id_]


def test_of_several_that_fit_none_is_chosen(fixture: DeclaredFixture) -> None:
    number = a_tax_number()
    fixture.lists().suppliers()
    for name in ("Harbour North", "Harbour South"):
        fixture.master_data.add_suppliers([name], tax_number=number)

    with pytest.raises(Rejected) as refused:
        fixture.lists().ensure_supplier(new("Harbour East", tax_registration_number=number))

    assert refused.value.told.code == SUPPLIER_AMBIGUOUS.code
    assert "Harbour North" in refused.value.message
    assert fixture.master_data.suppliers_called("Harbour East") == []


def test_beside_one_that_is_blocked_no_second_one_is_made(fixture: DeclaredFixture) -> None:
    fixture.lists().suppliers()
    (id_,) = fixture.master_data.add_suppliers(["Sunken Ltd"], active=False)

    with pytest.raises(Rejected) as refused:
        fixture.lists().ensure_supplier(new("Sunken Ltd"))

    assert refused.value.told.code == SUPPLIER_BLOCKED.code
    assert fixture.master_data.suppliers_called("Sunken Ltd") == [id_]


@pytest.mark.parametrize("trouble", [Trouble.LOST, Trouble.CUT_OFF, Trouble.EMPTY], ids=lambda t: t.name)
def test_a_supplier_whose_answer_was_lost_is_not_made_again(fixture: DeclaredFixture, trouble: Trouble) -> None:
    wanted = new(tax_registration_number=None)

    with fixture.troubled(on(Act.OTHER, trouble)) as way, pytest.raises(OutcomeUnknown):
        way.lists.ensure_supplier(wanted)
    made = fixture.lists().ensure_supplier(wanted)

    assert fixture.master_data.suppliers_called(wanted.name) == [made.id]


def test_a_supplier_that_people_rename_is_found_by_our_key(fixture: DeclaredFixture) -> None:
    wanted = new()
    made = fixture.lists().ensure_supplier(wanted)
    fixture.master_data.rename_supplier(made.id, f"Renamed {wanted.name}")

    if fixture.traits.key_with_name:
        with pytest.raises(Rejected) as refused:
            fixture.lists().ensure_supplier(wanted)
        assert refused.value.told.code == SUPPLIER_NUMBER_TAKEN.code
    else:
        assert fixture.lists().ensure_supplier(wanted).id == made.id
    assert fixture.master_data.suppliers_called(wanted.name) == []


def test_a_name_that_is_registered_under_another_number_is_another_company(fixture: DeclaredFixture) -> None:
    """Where names are unique, that is refused; the other company's supplier is never taken for it."""
    fixture.lists().suppliers()
    (id_,) = fixture.master_data.add_suppliers(["Harbour Print"], tax_number=a_tax_number())

    try:
        made = fixture.lists().ensure_supplier(new("Harbour Print", tax_registration_number=a_tax_number()))
    except Rejected:
        return
    assert made.id != id_


def test_a_supplier_whose_request_arrives_late_is_not_made_again(fixture: DeclaredFixture) -> None:
    wanted = new()

    with fixture.troubled(on(Act.OTHER, Trouble.LATE)) as way:
        with pytest.raises(OutcomeUnknown):
            way.lists.ensure_supplier(wanted)
        way.deliver()
    made = fixture.lists().ensure_supplier(wanted)

    assert fixture.master_data.suppliers_called(wanted.name) == [made.id]


def test_a_refusal_of_the_ledger_makes_nothing(fixture: DeclaredFixture) -> None:
    wanted = new()

    with fixture.troubled(on(Act.OTHER, Trouble.REFUSED)) as way, pytest.raises(AccountingError) as refused:
        way.lists.ensure_supplier(wanted)

    assert not isinstance(refused.value, OutcomeUnknown)
    assert fixture.master_data.suppliers_called(wanted.name) == []


def test_the_supplier_is_the_same_whatever_request_of_making_it_fails(fixture: DeclaredFixture) -> None:
    for nth in count(1):
        wanted, seen = new(tax_registration_number=a_tax_number()), 0

        def plan(act: Act, number: int, nth: int = nth) -> Trouble | None:
            nonlocal seen
            seen += 1
            return Trouble.LOST if seen >= nth else None

        with fixture.troubled(plan) as way:
            try:
                way.lists.ensure_supplier(wanted)
            except AccountingError as error:
                assert not isinstance(error, Rejected)
        made = fixture.lists().ensure_supplier(wanted)
        assert fixture.master_data.suppliers_called(wanted.name) == [made.id]
        if seen < nth:
            break
    assert nth > 2


NAMES = {
    "emoji": "Café 😀 Lumière",
    "right to left": "חברת הנמל בע״מ",
    "quotes": 'O\'Neill & "Sons" <b>%_\\ Ltd',
    "very long": "n" * 10_000,
    "empty": " ",
    "null": "Null\0 Ltd",
    "half a character": "Half \ud83d Ltd",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_is_stored_as_it_is_or_refused_with_a_reason(fixture: DeclaredFixture, name: str) -> None:
    longest = fixture.traits.supplier_name
    unique = name if not name.strip() else f"{name} {uuid4().hex[:8]}"
    wanted = new(unique)
    refusable = not name.strip() or "\0" in name or "\ud83d" in name or (longest and len(unique) > longest)
    try:
        made = fixture.lists().ensure_supplier(wanted)
    except Rejected as refused:
        assert refusable, refused
        assert refused.message
        return
    assert made.name == unique
    assert fixture.lists().ensure_supplier(wanted) == made


# The company


def test_the_company_is_told_with_its_registration_number(fixture: DeclaredFixture) -> None:
    company = fixture.lists().company()

    assert company.name
    if fixture.lists().lists >= {LedgerList.VENDORS}:
        assert company.registration_number or company.tax_registration_number
