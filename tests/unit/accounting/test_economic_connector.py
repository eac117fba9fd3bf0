"""What is particular to e-conomic's connector, in process: its keys, its two steps, its VAT, and how many calls it
makes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import requests

from ledger_simulators.economic.app import create_app
from ledger_simulators.economic.ledger import APP_SECRET, GRANT, EconomicLedger
from ledger_simulators.economic.sample import AGREEMENT, JOURNAL, sample_ledger
from pleo_export.accounting.attaching import FileInMemory
from pleo_export.accounting.economic.connector import EconomicConnector, tokens_in
from pleo_export.accounting.economic.rest import EconomicRest, EconomicTransport
from pleo_export.accounting.economic.settings import EconomicSettings
from pleo_export.accounting.errors import (
    AccountingError,
    KeptAsDraft,
    OutcomeUnknown,
    RateLimited,
    UnknownAccount,
    UnknownDimension,
)
from pleo_export.accounting.kept_lists import Held, KeptLists
from pleo_export.accounting.port import DocumentOutcome, DocumentRef, DocumentState
from pleo_export.bookkeeping.documents import Dimension, JournalEntry, JournalLine, TaxPart, TaxRole
from pleo_export.call_budget import UNLIMITED, CallBudget
from pleo_export.http.session import IsolatedSession
from pleo_export.number_sequence import NumberSequence, UnsharedSequence
from pleo_simulator.clock import Clock
from tests.system.fake_network import Answer, Request
from tests.system.wsgi_adapter import WsgiAdapter, session_through

DAY = date(2026, 2, 10)
URL = "https://economic.test"
ITEMS, BATCH = 1_000, 100
# For a batch: drafts and booked entries to find; create, prove, dimension values, book, read back.
STEPS = 7
LISTS = 6  # accounts, VAT accounts, dimensions with values, years with periods
KEPT = 10  # agreement, journal, accounts, VAT accounts, dimensions with values, years with periods, voucher numbers


@dataclass
class Wire:
    """The way to the simulator: it counts, and may lose an answer to what ends so."""

    calls: list[str] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    lost: str = ""

    def cross(self, request: Request, send: Any) -> Answer:
        answer: Answer = send()
        path = request.path.partition("?")[0]
        self.calls.append(f"{request.method} {path.rpartition('/')[2]}")
        self.answers.append(answer)
        if self.lost and path.endswith(self.lost):
            self.lost = ""
            raise requests.ReadTimeout("no answer")
        return answer


@dataclass
class Books:
    ledger: EconomicLedger
    clock: Clock
    wire: Wire = field(default_factory=Wire)
    app: Any = None
    kept: Held | None = None

    def connect(self, budget: CallBudget = UNLIMITED, sequence: NumberSequence | None = None) -> EconomicConnector:
        session = session_through(WsgiAdapter(self.app, self.wire.cross), IsolatedSession())
        tokens = tokens_in({"app_secret_token": APP_SECRET, "agreement_grant_token": GRANT})
        transport = EconomicTransport("e-conomic", URL, tokens, session=session, sleep=lambda _: None, budget=budget)
        settings = EconomicSettings.model_validate(
            {"name": "e-conomic", "agreement": AGREEMENT, "journal": JOURNAL, "api_url": URL}
        )
        return EconomicConnector(settings, EconomicRest(transport, transport), KeptLists(self.kept), sequence)

    def texts(self, reference: str) -> tuple[int, int]:
        drafts, booked = self.ledger.texted(reference)
        return len(drafts), len(booked)


@pytest.fixture
def books() -> Books:
    clock = Clock(datetime(2026, 3, 1, tzinfo=UTC))
    ledger = sample_ledger(clock)
    app = create_app(ledger, clock)
    app.testing = True
    return Books(ledger, clock, app=app)


def spent(number: int = 1, *lines: JournalLine, **more: Any) -> JournalEntry:
    lines = lines or (
        JournalLine("6200", 4000, "Train", TaxPart("GB20", TaxRole.BASE), (Dimension("cost_centre", "LON"),)),
        JournalLine("2200", 800, "Train", TaxPart("GB20", TaxRole.TAX)),
    )
    wallet = JournalLine("1900", -sum(line.amount for line in lines), "Train")
    made: dict[str, Any] = {
        "reference": f"pleo:{UUID(int=number)}",
        "posting_date": DAY,
        "document_date": DAY,
        "currency": "GBP",
        "memo": f"Trainline | Ann | {number}",
        "lines": (*lines, wallet),
    }
    return JournalEntry(**{**made, **more})


def booked(outcome: DocumentOutcome) -> DocumentRef:
    assert isinstance(outcome, DocumentRef), outcome
    assert outcome.state is DocumentState.POSTED
    return outcome


class TestNumbers:
    def test_given_a_write_that_arrives_late_then_its_number_is_not_given_again(self, books: Books) -> None:
        """Its function has died, and what it has sent shows only after another has asked which numbers are free."""
        sequence = UnsharedSequence()
        books.connect(sequence=sequence)._recording._numbers.take(2)

        entry = spent()
        ref = booked(books.connect(sequence=sequence).record_many([entry], DocumentState.POSTED)[entry.reference])

        assert int(ref.id) == 50003


class TestVat:
    def test_given_a_tax_that_e_conomic_would_make_itself_then_one_gross_line_has_the_code(self, books: Books) -> None:
        entry = spent()
        ref = booked(books.connect().record_many([entry], DocumentState.POSTED)[entry.reference])

        assert ref.warnings == ()
        amounts = {(each.account, each.amount, each.vat_code) for each in books.ledger.texted(entry.reference)[1]}
        assert (6200, Decimal("40.00"), "GB20") in amounts
        assert {amount for account, amount, _ in amounts if account == 2200} == {Decimal("8.00")}

    def test_given_another_tax_by_a_penny_then_it_is_booked_as_given_and_told(self, books: Books) -> None:
        lines = (
            JournalLine("6200", 4001, "Train", TaxPart("GB20", TaxRole.BASE)),
            JournalLine("2200", 799, "Train", TaxPart("GB20", TaxRole.TAX)),
        )
        entry = spent(2, *lines)
        ref = booked(books.connect().record_many([entry], DocumentState.POSTED)[entry.reference])

        assert len(ref.warnings) == 1
        lines_there = sorted((each.account, each.amount) for each in books.ledger.texted(entry.reference)[1])
        assert lines_there == [(1900, Decimal("-48.00")), (2200, Decimal("7.99")), (6200, Decimal("40.01"))]

    def test_given_an_account_that_proposes_a_code_then_a_line_without_tax_gets_none(self, books: Books) -> None:
        entry = spent(3, JournalLine("6200", 4800, "Train"))
        booked(books.connect().record_many([entry], DocumentState.POSTED)[entry.reference])

        assert books.ledger.accounts[6200].vat_code == "GB20"
        assert sorted((each.account, each.amount) for each in books.ledger.texted(entry.reference)[1]) == [
            (1900, Decimal("-48.00")),
            (6200, Decimal("48.00")),
        ]


class TestKeys:
    def test_given_an_answer_that_got_lost_then_another_run_finds_what_was_made(self, books: Books) -> None:
        entry = spent()
        books.wire.lost = "draft-entries/bulk"
        outcome = books.connect().record_many([entry], DocumentState.POSTED)[entry.reference]
        assert type(outcome) is OutcomeUnknown

        found = books.connect().find_many([entry.reference])[entry.reference]
        assert isinstance(found, DocumentRef)
        booked(books.connect().post_many([found])[entry.reference])
        assert books.texts(entry.reference)[0] == 0

    def test_given_a_voucher_deleted_within_the_hour_then_the_remembered_success_is_not_believed(
        self, books: Books
    ) -> None:
        entry = spent()
        booked_before = books.connect().record_many([entry], DocumentState.DRAFT)[entry.reference]
        assert isinstance(booked_before, DocumentRef)
        books.ledger.delete(books.ledger.texted(entry.reference)[0])
        assert books.connect().find_many([entry.reference]) == {}

        again = books.connect().record_many([entry], DocumentState.POSTED)[entry.reference]

        assert any(answer.status in {200, 201} for answer in books.wire.answers)
        booked(again)
        assert books.texts(entry.reference)[0] == 0

    @pytest.mark.parametrize("minutes", [59, 61])
    def test_given_an_hour_then_the_simulator_forgets_a_key(self, books: Books, minutes: int) -> None:
        client = books.app.test_client()
        path = "/journalsapi/v16.0.1/draft-entries/bulk"
        row = {"journalNumber": JOURNAL, "voucherNumber": 50_001, "entryTypeNumber": 5, "date": f"{DAY}T00:00:00Z"}
        row |= {"accountNumber": 6200, "amount": 1, "currency": "GBP", "text": "x", "vatCode": ""}
        sent = {"X-AppSecretToken": APP_SECRET, "X-AgreementGrantToken": GRANT, "Idempotency-Key": "k"}
        first = client.post(path, json={"entries": [row]}, headers=sent)
        books.clock.advance(timedelta(minutes=minutes))
        second = client.post(path, json={"entries": [row]}, headers=sent)
        elsewhere = client.post("/journalsapi/v16.0.1/draft-entries", json=row, headers=sent)

        assert first.status_code < 300
        assert ("X-ResultFromCache" in second.headers) is (minutes < 60)
        assert len(books.ledger.drafts) == (1 if minutes < 60 else 2)
        assert (elsewhere.status_code, elsewhere.json["errorCode"]) == (400, "URLChanged")


class TestTwoSteps:
    def test_given_a_crash_before_the_tags_then_booking_gives_them_first(self, books: Books) -> None:
        entry = spent()
        books.connect().record_many([entry], DocumentState.DRAFT)
        for each in books.ledger.texted(entry.reference)[0]:
            each.dimensions.clear()

        (found,) = books.connect().find_many([entry.reference]).values()
        assert isinstance(found, DocumentRef)
        assert "lacks tags" in found.warnings[0]
        booked(books.connect().post_many([found])[entry.reference])

        assert next(each.dimensions for each in books.ledger.texted(entry.reference)[1] if each.account == 6200)

    def test_given_other_peoples_drafts_in_the_journal_then_they_are_not_booked(self, books: Books) -> None:
        entry, theirs = spent(), spent(2)
        books.connect().record_many([theirs], DocumentState.DRAFT)

        booked(books.connect().record_many([entry], DocumentState.POSTED)[entry.reference])

        assert books.texts(theirs.reference)[0] > 0

    def test_given_a_period_that_closes_between_the_steps_then_the_draft_is_kept(self, books: Books) -> None:
        entry = spent()
        system = books.connect()
        (draft,) = system.record_many([entry], DocumentState.DRAFT).values()
        assert isinstance(draft, DocumentRef)
        books.ledger.set_closed(DAY, closed=True)

        outcome = system.post_many([draft])[entry.reference]

        assert isinstance(outcome, KeptAsDraft)
        assert (outcome.code or "").startswith("JournalEntryDateAccountingYear")

    def test_given_a_period_that_opens_again_then_the_remembered_refusal_is_not_believed(self, books: Books) -> None:
        entry = spent()
        (draft,) = books.connect().record_many([entry], DocumentState.DRAFT).values()
        assert isinstance(draft, DocumentRef)
        books.ledger.set_closed(DAY, closed=True)
        assert isinstance(books.connect().post_many([draft])[entry.reference], KeptAsDraft)

        books.ledger.set_closed(DAY, closed=False)
        booked(books.connect().post_many([draft])[entry.reference])


class TestDocuments:
    def test_given_a_deleted_draft_whose_document_stayed_then_its_number_is_not_given_again(self, books: Books) -> None:
        first, second = spent(1), spent(2)
        draft = books.connect().record_many([first], DocumentState.DRAFT)[first.reference]
        assert isinstance(draft, DocumentRef)
        receipts = [FileInMemory("receipt.png", b"\x89PNG\r\n\x1a\n", "image/png")]
        books.connect().attach(draft, receipts)
        books.ledger.delete(list(books.ledger.drafts.values()))

        following = books.connect().record_many([second], DocumentState.DRAFT)[second.reference]

        assert isinstance(following, DocumentRef)
        assert following.id != draft.id
        books.connect().attach(following, receipts)
        assert {each.voucher for each in books.ledger.documents.values()} == {int(draft.id), int(following.id)}


class TestTags:
    def test_given_a_project_without_cost_type_then_it_is_refused_before_anything_is_sent(self, books: Books) -> None:
        line = JournalLine("6200", 4800, "Train", None, (Dimension("cost type", "1"),))
        refused: AccountingError = books.connect().refusals([spent(1, line)])[spent().reference]
        assert type(refused) is UnknownDimension
        assert not books.ledger.drafts


class TestSearches:
    def test_given_a_gateway_with_short_addresses_then_the_search_is_made_in_parts(self, books: Books) -> None:
        books.ledger.longest_target = 2_000
        entries = [spent(number) for number in range(1, 61)]
        system = books.connect()
        system.record_many(entries, DocumentState.POSTED)

        assert set(books.connect().find_many([each.reference for each in entries])) == {
            each.reference for each in entries
        }

    def test_given_more_rows_than_a_page_then_all_pages_are_read(self, books: Books) -> None:
        system = books.connect()
        for begin in range(0, 500, BATCH):
            system.record_many([spent(number) for number in range(begin + 1, begin + 101)], DocumentState.DRAFT)
        assert len(books.ledger.drafts) == 1_000

        more = spent(501)
        system.record_many([more], DocumentState.DRAFT)
        assert set(books.connect().find_many([more.reference])) == {more.reference}

    def test_given_a_longer_reference_with_the_same_beginning_then_it_is_not_found(self, books: Books) -> None:
        entry = spent()
        longer = replace(entry, reference=f"{entry.reference}:r2")
        books.connect().record_many([longer], DocumentState.POSTED)
        assert books.connect().find_many([entry.reference]) == {}


class _Noting:
    def __init__(self) -> None:
        self.taken, self.seen = 0, list[tuple[int | None, int | None]]()

    def take(self, calls: int = 1) -> None:
        self.taken += calls

    def observe(self, remaining: int | None, resets_in: int | None = None) -> None:
        self.seen.append((remaining, resets_in))


class TestCalls:
    def test_given_a_thousand_expenses_then_each_call_carries_as_much_as_it_can(self, books: Books) -> None:
        entries = [spent(number) for number in range(1, ITEMS + 1)]
        budget = _Noting()
        system = books.connect(budget)
        for begin in range(0, ITEMS, BATCH):
            chosen = entries[begin : begin + BATCH]
            assert system.find_many([each.reference for each in chosen]) == {}
            for outcome in system.record_many(chosen, DocumentState.POSTED).values():
                booked(outcome)

        floor = ITEMS // BATCH * STEPS + KEPT
        assert len(books.wire.calls) <= 1.1 * floor, books.wire.calls
        assert budget.taken == len(books.wire.calls) == len(budget.seen)

    def test_given_a_connector_for_each_chunk_then_the_lists_are_read_once(self, books: Books) -> None:
        books.kept = {}
        made = []
        for number in (1, 2, 3):
            before = len(books.wire.calls)
            booked(books.connect().record_many([spent(number)], DocumentState.POSTED)[spent(number).reference])
            made.append(len(books.wire.calls) - before)

        assert made[1:] == [made[0] - LISTS] * 2

    def test_given_lists_of_the_chunk_before_when_a_code_is_new_then_they_are_read_again(self, books: Books) -> None:
        books.kept = {}
        new = books.ledger.accounts.pop(6200)
        assert isinstance(books.connect().refusals([spent()])[spent().reference], UnknownAccount)
        books.ledger.accounts[6200] = new  # a person enters it

        assert books.connect().refusals([spent()]) == {}
        booked(books.connect().record_many([spent()], DocumentState.POSTED)[spent().reference])

    def test_given_a_code_that_no_list_has_then_one_connector_reads_them_once_more_and_no_oftener(
        self, books: Books
    ) -> None:
        books.kept = {}
        unknown = spent(1, JournalLine("9999", 4800, "Train"))
        books.connect().refusals([unknown])
        system, before = books.connect(), len(books.wire.calls)

        for _ in range(3):
            assert isinstance(system.refusals([unknown])[unknown.reference], UnknownAccount)

        assert 0 < len(books.wire.calls) - before <= LISTS

    def test_given_a_full_bucket_then_the_budget_is_told_when_it_empties(self, books: Books) -> None:
        books.ledger.most_calls = 1
        budget = _Noting()
        system = books.connect(budget)
        with pytest.raises(RateLimited) as caught:
            system.find_many([spent().reference])
        assert 0 < caught.value.retry_after <= 60
        assert budget.seen[-1] == (None, caught.value.retry_after)
