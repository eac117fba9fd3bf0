"""What it means to be a connector: the contract of `pleo_export.accounting.port`, against the real system."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from pleo_export.accounting.errors import (
    AccountingError,
    AuthenticationFailed,
    InvalidConfiguration,
    OutcomeUnknown,
    PeriodClosed,
    PermissionDenied,
    PossibleDuplicate,
    Rejected,
    Unavailable,
    UnknownAccount,
    UnknownDimension,
    UnknownTaxCode,
)
from pleo_export.accounting.port import AccountingSystem, DocumentRef, DocumentState, PeriodState, PeriodSupport
from pleo_export.bookkeeping.documents import Dimension, DocumentKind, JournalEntry, JournalLine, TaxPart, TaxRole
from tests.conformance.connector_fixture import CLOSED, LAST_PERIOD_END, NO_PERIOD, OPEN, Act, Trouble
from tests.conformance.declared import DeclaredFixture, RefusedAsDeclared
from tests.conformance.expected import check_link, check_number, comes_to, created_as, draft_of, posting_acts

NOWHERE = "http://127.0.0.1:9"


def an_entry(*, on: date = OPEN, **changes: object) -> JournalEntry:
    """E1 of the worked examples: 63.66 by card, 20 % VAT inside."""
    lines = (
        JournalLine("6100", 5305, "Paper", TaxPart("GB20", TaxRole.BASE), (Dimension("cost_centre", "LON"),)),
        JournalLine("2200", 1061, "Paper", TaxPart("GB20", TaxRole.TAX)),
        JournalLine("1900", -6366, "Paper"),
    )
    entry = JournalEntry(f"pleo:{uuid4()}", on, on, "GBP", lines, "Northwind | Ann | reconciliation 1")
    return replace(entry, **changes)  # type: ignore[arg-type]


def with_line(entry: JournalEntry, **changes: object) -> JournalEntry:
    return replace(entry, lines=(replace(entry.lines[0], **changes), *entry.lines[1:]))  # type: ignore[arg-type]


def recorded(system: AccountingSystem, entry: JournalEntry, state: DocumentState) -> DocumentRef:
    outcome = system.record_many([entry], state)[entry.reference]
    assert isinstance(outcome, DocumentRef), outcome
    return outcome


def refused(system: AccountingSystem, entry: JournalEntry) -> AccountingError:
    outcome = system.record_many([entry], DocumentState.POSTED)[entry.reference]
    assert isinstance(outcome, AccountingError), outcome
    return outcome


def refused_or_on_its_own_day(fixture: DeclaredFixture, entry: JournalEntry, on: date) -> None:
    """Where the day is not known to be closed, the entry is refused for it, or in the books on that very day: never
    moved. Ends the test then."""
    if fixture.connector().period_state(on) in (PeriodState.CLOSED, PeriodState.NONE):
        return
    assert fixture.connector().refusals([entry]) == {}
    outcome = fixture.connector().record_many([entry], DocumentState.POSTED)[entry.reference]
    if isinstance(outcome, DocumentRef):
        assert [held.date for held in fixture.held(entry.reference)] == [outcome.date] == [on]
    else:
        assert isinstance(outcome, PeriodClosed), outcome
        assert fixture.held(entry.reference) == []
    raise RefusedAsDeclared("the day is not known to be closed")


@pytest.mark.with_login
class TestCheck:
    def test_given_a_good_connection_when_checked_then_nothing_is_said(self, fixture: DeclaredFixture) -> None:
        fixture.connector().check()

    def test_given_a_wrong_key_when_checked_then_authentication_has_failed(self, fixture: DeclaredFixture) -> None:
        with pytest.raises(AuthenticationFailed, match=r"key|authorisation"):
            fixture.with_wrong_key().check()

    def test_given_a_user_without_rights_when_checked_then_permission_is_denied(
        self, own_fixture: DeclaredFixture
    ) -> None:
        system = own_fixture.without_rights()
        with pytest.raises(PermissionDenied):
            system.check()

    def test_given_a_missing_journal_when_checked_then_the_setting_is_named(self, fixture: DeclaredFixture) -> None:
        with pytest.raises((InvalidConfiguration, AuthenticationFailed), match=fixture.traits.missing_journal):
            fixture.with_missing_journal().check()

    def test_given_no_server_when_checked_then_it_is_unavailable(self, fixture: DeclaredFixture) -> None:
        with pytest.raises(Unavailable):
            fixture.connector(url=NOWHERE).check()


class TestRecord:
    def test_given_an_entry_when_recorded_as_draft_then_the_books_hold_a_draft_of_its_lines(
        self, fixture: DeclaredFixture
    ) -> None:
        entry = an_entry()

        document = recorded(fixture.connector(), entry, DocumentState.DRAFT)

        (held,) = fixture.held(entry.reference)
        assert held.state is document.state is draft_of(fixture, entry.kind)
        assert comes_to(held.lines) == {"6100": 5305, "2200": 1061, "1900": -6366}
        assert document.kind is DocumentKind.JOURNAL_ENTRY
        check_link(fixture, document)

    def test_given_an_entry_when_recorded_as_posted_then_it_has_a_number_and_its_date(
        self, fixture: DeclaredFixture
    ) -> None:
        entry = an_entry()

        document = recorded(fixture.connector(), entry, DocumentState.POSTED)

        (held,) = fixture.held(entry.reference)
        assert held.state is document.state is DocumentState.POSTED
        check_number(fixture, held, document)
        assert held.date == document.date == OPEN

    @pytest.mark.with_login
    def test_given_many_entries_when_recorded_then_their_numbers_follow_their_order(
        self, own_fixture: DeclaredFixture
    ) -> None:
        entries = [an_entry() for _ in range(6)]

        outcomes = own_fixture.connector().record_many(entries, DocumentState.POSTED)

        documents = [outcomes[entry.reference] for entry in entries]
        numbers = [document.number for document in documents if isinstance(document, DocumentRef)]
        assert len(numbers) == 6
        numbered = DocumentKind.JOURNAL_ENTRY in own_fixture.traits.numbered
        assert [number is not None for number in numbers] == [numbered] * 6
        assert numbers == sorted(numbers, key=str) or not own_fixture.traits.in_order

    def test_given_a_refund_when_recorded_then_debit_and_credit_change_sides(self, fixture: DeclaredFixture) -> None:
        entry = an_entry()
        refund = replace(entry, lines=tuple(replace(line, amount=-line.amount) for line in entry.lines))

        recorded(fixture.connector(), refund, DocumentState.POSTED)

        (held,) = fixture.held(refund.reference)
        assert comes_to(held.lines) == {"6100": -5305, "2200": -1061, "1900": 6366}

    def test_given_an_entry_in_another_currency_when_recorded_then_both_currencies_balance(
        self, fixture: DeclaredFixture
    ) -> None:
        lines = (JournalLine("6400", 20000), JournalLine("2200", 4200), JournalLine("1901", -24200))
        entry = an_entry(currency="EUR", lines=lines)

        recorded(fixture.connector(), entry, DocumentState.POSTED)

        (held,) = fixture.held(entry.reference)
        foreign, own = comes_to(held.foreign), comes_to(held.lines)
        assert foreign == {"6400": 20000, "2200": 4200, "1901": -24200}
        assert sum(own.values()) == 0
        assert all(0 < abs(own[account]) < abs(amount) for account, amount in foreign.items())

    @pytest.mark.with_login
    def test_given_one_bad_entry_of_five_when_recorded_then_the_other_four_are_there(
        self, fixture: DeclaredFixture
    ) -> None:
        entries = [an_entry() for _ in range(5)]
        poison: Any = fixture.traits.poison  # for the accounting system to refuse, not for us
        entries[2] = replace(an_entry(), **poison)

        outcomes = fixture.connector().record_many(entries, DocumentState.POSTED)

        assert isinstance(outcomes[entries[2].reference], Rejected)
        assert [len(fixture.held(entry.reference)) for entry in entries] == [1, 1, 0, 1, 1]
        assert [isinstance(outcomes[entry.reference], DocumentRef) for entry in entries] == [
            True,
            True,
            False,
            True,
            True,
        ]

    def test_given_an_unbalanced_entry_when_recorded_then_it_never_leaves_us(self, fixture: DeclaredFixture) -> None:
        sent: list[Act] = []
        entry = with_line(an_entry(), amount=5306)

        def note(act: Act, _: int) -> None:
            sent.append(act)

        with fixture.troubled(note) as way:
            error = refused(way.system, entry)

        assert "balance" in error.message
        assert Act.CREATE not in sent

    def test_given_more_dimensions_than_a_line_takes_when_recorded_then_that_is_said(
        self, fixture: DeclaredFixture
    ) -> None:
        most = fixture.capabilities.max_dimensions
        assert most is None or most > 0
        one, more = Dimension("cost_centre", "LON"), [Dimension(f"group_{each}", "X") for each in range(most or 0)]
        recorded(fixture.connector(), with_line(an_entry(), dimensions=(one, *more)), DocumentState.DRAFT)


class TestCapabilities:
    """What a connector declares has to fit together; that it holds is what all tests of this suite show."""

    def test_no_kind_can_do_more_than_be_recorded(self, fixture: DeclaredFixture) -> None:
        takes = fixture.capabilities
        assert takes.kinds
        for kinds in (takes.drafts, takes.foreign, takes.tax_as_given, takes.files):
            assert kinds <= takes.kinds
        assert bool(takes.purposes) == (DocumentKind.PAYMENT in takes.kinds)
        assert takes.attach_to_posted or takes.files <= takes.drafts

    def test_limits_leave_room_for_what_is_recorded(self, fixture: DeclaredFixture) -> None:
        takes = fixture.capabilities
        assert len(f"pleo:{uuid4()}:pay:rev") <= takes.reference_length
        assert min(takes.text_length, takes.max_batch, takes.max_find) > 0
        assert bool(takes.files) == bool(takes.attachment_types) == (takes.max_attachment_bytes > 0)

    def test_the_faces_that_record_and_compare_declare_the_same(self, fixture: DeclaredFixture) -> None:
        assert fixture.reader().capabilities == fixture.connector().capabilities


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "error", "named"),
        [
            ({"account": "6999"}, UnknownAccount, "6999"),
            ({"tax": TaxPart("XX99", TaxRole.BASE)}, UnknownTaxCode, "XX99"),
            ({"dimensions": (Dimension("cost_centre", "OSL"),)}, UnknownDimension, "OSL"),
            ({"dimensions": (Dimension("region", "LON"),)}, UnknownDimension, "region"),
        ],
        ids=["account", "tax code", "dimension value", "dimension"],
    )
    def test_given_an_unknown_code_when_recorded_then_the_error_names_it(
        self, fixture: DeclaredFixture, changes: dict[str, object], error: type[AccountingError], named: str
    ) -> None:
        good, bad = an_entry(), with_line(an_entry(), **changes)

        outcomes = fixture.connector().record_many([good, bad], DocumentState.DRAFT)

        outcome = outcomes[bad.reference]
        assert type(outcome) is error
        assert named in outcome.message
        assert isinstance(outcomes[good.reference], DocumentRef)
        assert fixture.held(bad.reference) == []

    @pytest.mark.parametrize(
        ("currency", "lines"),
        [
            ("GBP", (JournalLine("6100", 100), JournalLine("1901", -100))),
            ("GBP", (JournalLine("1901", 100), JournalLine("1900", -100))),
        ],
        ids=["paid from it", "paid into it"],
    )
    def test_given_an_account_of_another_currency_when_recorded_then_both_are_named_and_no_amount(
        self, fixture: DeclaredFixture, currency: str, lines: tuple[JournalLine, ...]
    ) -> None:
        error = refused(fixture.connector(), an_entry(currency=currency, lines=lines))

        assert isinstance(error, Rejected)
        assert all(word in error.message for word in ("1901", "EUR", "GBP"))
        assert "1.00" not in error.message

    def test_given_a_closed_period_when_recorded_then_the_error_names_date_and_period(
        self, fixture: DeclaredFixture
    ) -> None:
        entry = an_entry(on=CLOSED)
        refused_or_on_its_own_day(fixture, entry, CLOSED)

        error = refused(fixture.connector(), entry)

        assert isinstance(error, PeriodClosed)
        assert error.on == CLOSED
        assert "2025" in error.message
        assert fixture.held(entry.reference) == []

    def test_given_no_period_when_recorded_then_the_error_names_the_date(self, fixture: DeclaredFixture) -> None:
        entry = an_entry(on=NO_PERIOD)
        refused_or_on_its_own_day(fixture, entry, NO_PERIOD)

        error = refused(fixture.connector(), entry)

        assert isinstance(error, PeriodClosed)
        assert "2031-02-10" in error.message

    @pytest.mark.with_login
    def test_given_a_period_closed_between_two_batches_when_recorded_then_the_second_is_refused(
        self, own_fixture: DeclaredFixture
    ) -> None:
        system = own_fixture.connector()
        recorded(system, an_entry(), DocumentState.POSTED)
        own_fixture.close_period(OPEN)

        error = refused(system, an_entry())

        assert isinstance(error, PeriodClosed)
        assert system.period_state(OPEN) is PeriodState.CLOSED

    @pytest.mark.parametrize(
        ("after", "following"),
        [
            (CLOSED, date(2026, 1, 1)),
            (date(2025, 12, 31), date(2026, 1, 1)),
            (OPEN, date(2026, 2, 11)),
            (date(2026, 2, 28), date(2026, 3, 1)),
            (date(2024, 5, 1), date(2026, 1, 1)),
            (LAST_PERIOD_END, None),
            (date(2031, 2, 9), None),
            (date.max, None),
        ],
    )
    def test_given_a_day_when_asked_for_the_next_open_one_then_it_is_the_first_later_day_to_post_on(
        self, fixture: DeclaredFixture, after: date, following: date | None
    ) -> None:
        if fixture.capabilities.periods is PeriodSupport.UNKNOWN:
            following = None
        elif fixture.capabilities.periods is PeriodSupport.LOCK_DATE and following is None and after < date.max:
            following = after + timedelta(days=1)  # nothing ends

        assert fixture.connector().next_open_date(after) == following

    def test_given_a_period_opened_meanwhile_when_recorded_then_nobody_remembers_that_it_was_closed(
        self, own_fixture: DeclaredFixture
    ) -> None:
        system = own_fixture.connector()
        own_fixture.close_period(OPEN)
        assert isinstance(refused(system, an_entry()), PeriodClosed)
        own_fixture.reopen_period(OPEN)

        recorded(system, an_entry(), DocumentState.POSTED)

    def test_given_periods_when_asked_for_their_state_then_it_is_that_of_the_books(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()

        assert [system.period_state(on) for on in (OPEN, CLOSED, NO_PERIOD)] == {
            PeriodSupport.CALENDAR: [PeriodState.OPEN, PeriodState.CLOSED, PeriodState.NONE],
            PeriodSupport.LOCK_DATE: [PeriodState.OPEN, PeriodState.CLOSED, PeriodState.OPEN],
            PeriodSupport.UNKNOWN: [PeriodState.UNKNOWN] * 3,
        }[system.capabilities.periods]

    def test_given_a_wrong_key_when_recorded_then_the_call_fails_as_a_whole(self, fixture: DeclaredFixture) -> None:
        with pytest.raises(AuthenticationFailed):
            fixture.with_wrong_key().record_many([an_entry()], DocumentState.POSTED)

    def test_given_no_server_when_recorded_then_it_is_unavailable(self, fixture: DeclaredFixture) -> None:
        with pytest.raises(Unavailable):
            fixture.connector(url=NOWHERE).record_many([an_entry()], DocumentState.POSTED)


class TestFind:
    def test_given_recorded_entries_when_searched_then_they_are_found_as_they_were_recorded(
        self, fixture: DeclaredFixture
    ) -> None:
        system = fixture.connector()
        draft, posted = an_entry(), an_entry()
        expected = {
            draft.reference: recorded(system, draft, DocumentState.DRAFT),
            posted.reference: recorded(system, posted, DocumentState.POSTED),
        }

        assert fixture.connector().find_many([posted.reference, draft.reference, "pleo:unknown"]) == expected

    def test_given_unknown_references_when_searched_then_nothing_is_found(self, fixture: DeclaredFixture) -> None:
        assert fixture.connector().find_many(["pleo:unknown", "%", ""]) == {}

    def test_given_two_documents_with_one_reference_when_searched_then_a_person_has_to_decide(
        self, fixture: DeclaredFixture
    ) -> None:
        system, entry = fixture.connector(), an_entry()
        document = recorded(system, entry, DocumentState.POSTED)
        fixture.duplicate(entry.reference)

        found = system.find_many([entry.reference])[entry.reference]

        assert isinstance(found, PossibleDuplicate)
        assert document.number is None or document.number in found.message

    @pytest.mark.parametrize("state", [DocumentState.DRAFT, DocumentState.POSTED])
    def test_given_a_voided_document_when_searched_then_it_is_void(
        self, fixture: DeclaredFixture, state: DocumentState
    ) -> None:
        system, entry = fixture.connector(), an_entry()
        document = recorded(system, entry, state)
        fixture.void(entry.reference)

        found = system.find_many([entry.reference])
        if state is DocumentState.DRAFT and fixture.traits.deletes_drafts:
            assert found == {}
            return
        assert found == {entry.reference: replace(document, state=DocumentState.VOID)}

    def test_given_no_server_when_searched_then_nobody_could_look(self, fixture: DeclaredFixture) -> None:
        with pytest.raises(Unavailable):
            fixture.connector(url=NOWHERE).find_many(["pleo:unknown"])


class TestFinalise:
    def test_given_a_draft_when_finalised_then_it_is_posted_under_the_same_id(self, fixture: DeclaredFixture) -> None:
        system, entry = fixture.connector(), an_entry()
        draft = recorded(system, entry, DocumentState.DRAFT)

        posted = system.post_many([draft])[entry.reference]

        assert isinstance(posted, DocumentRef)
        assert posted.state is DocumentState.POSTED
        assert posted.id == draft.id or fixture.traits.new_id_when_posted
        assert fixture.connector().find_many([entry.reference]) == {entry.reference: posted}
        assert [held.state for held in fixture.held(entry.reference)] == [DocumentState.POSTED]

    def test_given_a_posted_document_when_finalised_again_then_it_is_the_same(self, fixture: DeclaredFixture) -> None:
        system, entry = fixture.connector(), an_entry()
        draft = recorded(system, entry, DocumentState.DRAFT)
        first = system.post_many([draft])

        assert system.post_many([draft]) == first


class TestDiscard:
    def test_given_a_draft_when_discarded_then_it_is_as_if_it_had_never_been(self, fixture: DeclaredFixture) -> None:
        system, entry = fixture.connector(), an_entry()
        draft = recorded(system, entry, DocumentState.DRAFT)

        fixture.setup().discard(draft)

        assert fixture.held(entry.reference) == []
        assert system.find_many([entry.reference]) == {}

    def test_given_a_draft_that_is_gone_when_discarded_then_nothing_is_said(self, fixture: DeclaredFixture) -> None:
        system = fixture.connector()
        draft = recorded(system, an_entry(), DocumentState.DRAFT)
        fixture.setup().discard(draft)

        fixture.setup().discard(draft)

    def test_given_an_entry_that_was_posted_meanwhile_when_discarded_then_it_stays(
        self, fixture: DeclaredFixture
    ) -> None:
        system, entry = fixture.connector(), an_entry()
        draft = recorded(system, entry, DocumentState.DRAFT)
        system.post_many([draft])

        with pytest.raises(Rejected):
            fixture.setup().discard(draft)

        assert [held.state for held in fixture.held(entry.reference)] == [DocumentState.POSTED]

    def test_given_a_user_without_rights_when_discarded_then_permission_is_denied(
        self, own_fixture: DeclaredFixture
    ) -> None:
        entry = an_entry()
        draft = recorded(own_fixture.connector(), entry, DocumentState.DRAFT)
        own_fixture.without_rights()

        with pytest.raises(AccountingError):
            own_fixture.setup().discard(draft)

        assert len(own_fixture.held(entry.reference)) == 1


class TestChoices:
    def test_accounts_and_dimensions_are_listed_by_code_and_can_be_used(self, fixture: DeclaredFixture) -> None:
        setup = fixture.setup()
        accounts, dimensions = ([each.code for each in found] for found in (setup.accounts(), setup.dimensions()))

        assert {"1900", "2200", "6100"} <= set(accounts)
        assert accounts == sorted(accounts)
        assert "cost_centre" in dimensions
        assert not setup.unknown_accounts(accounts)
        assert not setup.unknown_dimensions(dimensions)
        assert all(each.name for each in (*setup.accounts(), *setup.dimensions()))

    def test_the_books_own_currency_is_told(self, fixture: DeclaredFixture) -> None:
        assert fixture.setup().currency() == "GBP"

    def test_the_books_own_time_zone_is_told_where_they_have_one(self, fixture: DeclaredFixture) -> None:
        assert fixture.setup().time_zone() == fixture.traits.time_zone

    def test_the_same_books_have_one_identity_and_others_another(
        self, fixture: DeclaredFixture, own_fixture: DeclaredFixture
    ) -> None:
        identity = fixture.setup().ledger_id

        assert identity == fixture.setup().ledger_id == fixture.setup(url=f"{fixture.url}/").ledger_id
        assert identity != own_fixture.setup().ledger_id
        assert 0 < len(identity) <= 200


class TestLostAnswers:
    """The reply is lost after the effect (R-8.3)."""

    def test_given_a_lost_answer_to_create_when_searched_then_each_is_found_once(
        self, fixture: DeclaredFixture
    ) -> None:
        entries = [an_entry() for _ in range(3)]
        with fixture.troubled(lambda act, _: Trouble.LOST if act is Act.CREATE else None) as way:
            outcomes = way.system.record_many(entries, DocumentState.POSTED)

        assert {type(outcome) for outcome in outcomes.values()} == {OutcomeUnknown}
        found = fixture.connector().find_many(list(outcomes))
        assert {reference: getattr(document, "state", None) for reference, document in found.items()} == {
            entry.reference: created_as(fixture, entry.kind) for entry in entries
        }
        assert [len(fixture.held(entry.reference)) for entry in entries] == [1, 1, 1]

    @pytest.mark.with_login
    def test_given_a_lost_answer_to_post_when_finalised_then_each_is_posted_once(
        self, fixture: DeclaredFixture
    ) -> None:
        entries = [an_entry() for _ in range(3)]
        acts = posting_acts(fixture, DocumentKind.JOURNAL_ENTRY)
        with fixture.troubled(lambda act, _: Trouble.LOST if act in acts else None) as way:
            outcomes = way.system.record_many(entries, DocumentState.POSTED)

        assert {type(outcome) for outcome in outcomes.values()} == {OutcomeUnknown}
        system = fixture.connector()
        found = system.find_many(list(outcomes)).values()
        system.post_many([document for document in found if isinstance(document, DocumentRef)])
        assert [[held.state for held in fixture.held(entry.reference)] for entry in entries] == [
            [DocumentState.POSTED]
        ] * 3

    def test_given_a_lost_answer_to_a_discard_when_repeated_then_the_draft_is_gone(
        self, fixture: DeclaredFixture
    ) -> None:
        entry = an_entry()
        draft = recorded(fixture.connector(), entry, DocumentState.DRAFT)

        with (
            fixture.troubled(lambda act, _: Trouble.LOST if act is Act.DELETE else None) as way,
            pytest.raises(OutcomeUnknown),
        ):
            way.setup.discard(draft)
        fixture.setup().discard(draft)

        assert fixture.held(entry.reference) == []

    def test_given_a_lost_answer_to_a_search_when_asked_again_then_it_is_found(self, fixture: DeclaredFixture) -> None:
        entry = an_entry()
        document = recorded(fixture.connector(), entry, DocumentState.DRAFT)

        with fixture.troubled(lambda _, number: Trouble.LOST if number == 1 else None) as way:
            found = way.system.find_many([entry.reference])

        assert [getattr(each, "id", None) for each in found.values()] == [document.id]
