"""What the connector to Business Central does beyond the port's contract, against its simulator in process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest

from pleo_export.accounting.business_central.batches import _code
from pleo_export.accounting.business_central.connector import BusinessCentralConnector
from pleo_export.accounting.business_central.rest import Change
from pleo_export.accounting.business_central.settings import BusinessCentralSettings
from pleo_export.accounting.errors import KeptAsDraft, PeriodClosed, Rejected, Unavailable, UnknownAccount
from pleo_export.accounting.port import DocumentRef, DocumentState, PeriodState
from pleo_export.accounting.short_key import short_key
from pleo_export.bookkeeping.documents import (
    Bill,
    Dimension,
    DocumentKind,
    JournalEntry,
    JournalLine,
    Party,
    TaxPart,
    TaxRole,
)
from tests.conformance.business_central_fixture import BusinessCentralFixture
from tests.conformance.connector_fixture import OPEN
from tests.system.fake_network import Answer, Request

POSTED, DRAFT = DocumentState.POSTED, DocumentState.DRAFT
CALLS_OF_A_CHUNK = 6  # search, look-ups, journal, lines, post, read back


PAPER = (
    JournalLine("6100", 5305, "Paper", TaxPart("GB20", TaxRole.BASE), (Dimension("cost_centre", "LON"),)),
    JournalLine("2200", 1061, "Paper", TaxPart("GB20", TaxRole.TAX)),
)
NORTHWIND = Party("V-2001", "Northwind Office Supplies")


def an_entry(*, on: date = OPEN, **changes: Any) -> JournalEntry:
    lines = (*PAPER, JournalLine("1900", -6366, "Paper"))
    entry = JournalEntry(f"pleo:{uuid4()}", on, on, "GBP", lines, "Northwind | Ann | reconciliation 1")
    return replace(entry, **changes)


def a_bill(*lines: JournalLine, **changes: Any) -> Bill:
    lines, identity = lines or PAPER, f"BK-{uuid4().hex[:8]}"
    bill = Bill(
        kind=DocumentKind.BILL,
        reference=f"pleo:{uuid4()}",
        party=NORTHWIND,
        invoice_number=f"INV-{identity}",
        reconciliation_id=identity,
        posting_date=OPEN,
        document_date=date(2026, 2, 1),
        due_date=date(2026, 3, 1),
        currency="GBP",
        lines=(*lines, JournalLine("2100", -sum(line.amount for line in lines), "Paper")),
        memo=f"Northwind | Ann | {identity}",
    )
    return replace(bill, **changes)


@pytest.fixture
def books() -> BusinessCentralFixture:
    return BusinessCentralFixture()


@contextmanager
def watched(books: BusinessCentralFixture) -> Iterator[tuple[BusinessCentralConnector, list[Request]]]:
    """A connection whose requests are noted."""
    seen: list[Request] = []

    def crossing(request: Request, forward: Callable[[], Answer]) -> Answer:
        seen.append(request)
        return forward()

    yield books._through(crossing), seen


def state_of(books: BusinessCentralFixture, reference: str) -> list[DocumentState]:
    return [held.state for held in books.held(reference)]


def enter_by_hand(books: BusinessCentralFixture, journal: str, **values: Any) -> None:
    """A person enters a line, and its opposite."""
    ledger = books._general_ledger
    for amount in (5, -5):
        row = {"journalId": journal, "lineNumber": 0, "postingDate": OPEN.isoformat(), "documentNumber": "BY-HAND"}
        row |= {"accountType": "G/L Account", "accountNumber": "6200", "accountId": NO_ID, "taxCode": "", "comment": ""}
        ledger.insert_line("journalLines", row | {"amount": amount, "description": "by hand"} | values)


def two_drafts_of_which_the_first_has_a_file(
    books: BusinessCentralFixture, system: BusinessCentralConnector
) -> tuple[list[JournalEntry], list[DocumentRef]]:
    entries = [an_entry(), an_entry()]
    drafts = [each for each in system.record_many(entries, DRAFT).values() if isinstance(each, DocumentRef)]
    line = books._drafts(entries[0].reference)[-1]
    row = {"parentId": line["id"], "parentType": "Journal", "fileName": "a.pdf", "_content": b"a", "byteSize": 1}
    books.ledger.store.insert("attachments", row)
    return entries, drafts


NO_ID = "00000000-0000-0000-0000-000000000000"


class TestJournals:
    def test_given_lines_of_other_people_when_posted_then_theirs_are_not(self, books: BusinessCentralFixture) -> None:
        system, entry = books.connector(), an_entry()
        (draft,) = system.record_many([entry], DRAFT).values()
        (journal,) = [row["id"] for row in books.ledger.store.rows("journals") if row["code"] == "PLEODRAFT"]
        enter_by_hand(books, journal)

        assert isinstance(draft, DocumentRef)
        (posted,) = system.post_many([draft]).values()

        assert isinstance(posted, DocumentRef)
        assert state_of(books, entry.reference) == [POSTED]
        left = books.ledger.store.select("journalLines", journalId=journal)
        assert [row["documentNumber"] for row in left] == ["BY-HAND", "BY-HAND"]

    def test_given_a_draft_with_a_file_among_others_when_posted_then_it_has_its_file(
        self, books: BusinessCentralFixture
    ) -> None:
        system = books.connector()
        entries, drafts = two_drafts_of_which_the_first_has_a_file(books, system)

        outcomes = system.post_many(drafts[:1])

        assert isinstance(outcomes[entries[0].reference], DocumentRef)
        assert [state_of(books, each.reference) for each in entries] == [[POSTED], [DRAFT]]
        assert books.files(entries[0].reference) == [("a.pdf", b"a")]

    def test_given_files_that_cannot_be_attached_again_when_posted_then_that_is_said(
        self, books: BusinessCentralFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        system = books.connector()
        entries, drafts = two_drafts_of_which_the_first_has_a_file(books, system)
        away = Unavailable("The service is busy.")
        monkeypatch.setattr(system._files, "attach", mock.Mock(side_effect=away))

        posted = system.post_many(drafts[:1])[entries[0].reference]

        assert isinstance(posted, DocumentRef)
        assert (posted.state, posted.files_lost) == (POSTED, away)
        assert "look for what people had added" in posted.warnings[-1]

    def test_given_a_post_that_is_refused_for_one_line_then_the_others_are_posted(
        self, books: BusinessCentralFixture
    ) -> None:
        system = books.connector()
        entries = [an_entry() for _ in range(4)]
        entries[2] = an_entry(lines=(JournalLine("6300", 100), JournalLine("1900", -100)))
        system.refusals(entries)  # reads the accounts, of which one is blocked then
        account = books.ledger.store.one("accounts", number="6300")
        books.ledger.store.update("accounts", account, blocked=True)

        outcomes = system.record_many(entries, POSTED)

        kept = outcomes[entries[2].reference]
        assert isinstance(kept, KeptAsDraft)
        assert "6300" in kept.message
        assert [state_of(books, each.reference) for each in entries] == [[POSTED], [POSTED], [DRAFT], [POSTED]]

        books.ledger.store.update("accounts", account, blocked=False)
        assert isinstance(system.post_many([kept.document])[entries[2].reference], DocumentRef)
        assert state_of(books, entries[2].reference) == [POSTED]

    def test_given_one_bad_line_among_fifty_entries_then_it_costs_one_call_more(
        self, books: BusinessCentralFixture
    ) -> None:
        entries = [an_entry() for _ in range(50)]
        entries[30] = an_entry(memo="\0")
        with watched(books) as (system, seen):
            outcomes = system.record_many(entries, POSTED)

        assert [isinstance(outcomes[each.reference], DocumentRef) for each in entries] == [
            number != 30 for number in range(50)
        ]
        assert len(seen) == 1 + CALLS_OF_A_CHUNK  # no search, but the periods; and the lines twice

    @pytest.mark.parametrize("language", ["en", "da", "de"])
    def test_given_a_narrower_range_of_the_user_when_posted_then_the_day_is_closed_and_nothing_is_left(
        self, books: BusinessCentralFixture, language: str
    ) -> None:
        books.ledger.user_range = ("2026-02-11", "2026-12-31")
        books.ledger.language = language
        closed, opened = an_entry(), an_entry(on=date(2026, 3, 1))

        outcomes = books.connector().record_many([closed, opened], POSTED)

        refusal = outcomes[closed.reference]
        assert isinstance(refusal, PeriodClosed)
        assert refusal.on == OPEN
        assert books.held(closed.reference) == []
        assert state_of(books, opened.reference) == [POSTED]

    def test_a_code_of_a_journal_has_letters_only_since_a_number_would_be_counted_up(self) -> None:
        codes = {_code([str(number)], attempt) for number in range(200) for attempt in range(2)}

        assert len(codes) == 400
        assert all(code.isalpha() and code.isupper() and len(code) <= 10 for code in codes)

    def test_given_a_journal_with_the_code_then_another_is_made(self, books: BusinessCentralFixture) -> None:
        entry = an_entry()
        row = {"code": _code([entry.reference], 0), "displayName": "x", "templateDisplayName": ""}
        books._general_ledger.insert_batch("journals", row | {"balancingAccountId": NO_ID})

        books.connector().record_many([entry], POSTED)

        assert state_of(books, entry.reference) == [POSTED]

    def test_empty_journals_of_earlier_recordings_are_removed_by_the_next_check(
        self, books: BusinessCentralFixture
    ) -> None:
        system = books.connector()
        system.record_many([an_entry()], POSTED)
        system.record_many([an_entry()], DRAFT)
        assert len(books.ledger.store.rows("journals")) == 2

        system.check()

        assert [row["code"] for row in books.ledger.store.rows("journals")] == ["PLEODRAFT"]

    def test_an_entry_of_more_lines_than_a_call_takes_is_refused_alone(self, books: BusinessCentralFixture) -> None:
        many = tuple(JournalLine("6100", 1) for _ in range(100))
        large, small = an_entry(lines=(*many, JournalLine("1900", -100))), an_entry()

        outcomes = books.connector().record_many([large, small], POSTED)

        assert isinstance(outcomes[large.reference], Rejected)
        assert "100" in outcomes[large.reference].message  # type: ignore[union-attr]
        assert state_of(books, small.reference) == [POSTED]

    def test_an_action_is_never_part_of_a_batch(self, books: BusinessCentralFixture) -> None:
        rest = books.connector()._rest

        with pytest.raises(ValueError, match="no action"):
            rest.change_all([Change("POST", "journals(1)/Microsoft.NAV.post")])
        with pytest.raises(ValueError, match="100"):
            rest.change_all([Change("POST", "journals", {})] * 101)


class TestVat:
    def test_given_another_rate_there_when_posted_then_it_is_said_and_the_wallet_is_right(
        self, books: BusinessCentralFixture
    ) -> None:
        books.ledger.add_vat("GB20X", "Another rate", "25", "2200")
        lines = (
            JournalLine("6100", 5305, "Paper", TaxPart("GB20X", TaxRole.BASE)),
            JournalLine("2200", 1061, "Paper", TaxPart("GB20X", TaxRole.TAX)),
            JournalLine("1900", -6366, "Paper"),
        )
        entry = an_entry(lines=lines)

        (document,) = books.connector().record_many([entry], POSTED).values()

        assert isinstance(document, DocumentRef)
        (warning,) = document.warnings
        assert all(word in warning for word in ("VAT", "2200", "6100"))
        assert not any(amount in warning for amount in ("10.61", "1061"))
        (held,) = books.held(entry.reference)
        assert dict(held.lines)["1900"] == -6366

    def test_given_a_last_digit_that_is_rounded_otherwise_when_a_bill_is_recorded_then_its_total_is_pleos(
        self, books: BusinessCentralFixture
    ) -> None:
        system = books.connector()
        lines = (
            JournalLine("6100", 83, "Paper", TaxPart("GB20", TaxRole.BASE)),
            JournalLine("2200", 16, "Paper", TaxPart("GB20", TaxRole.TAX)),
        )
        bill = a_bill(*lines)

        (document,) = system.record_many([bill], POSTED).values()

        assert isinstance(document, DocumentRef)
        assert len(document.warnings) == 1
        (held,) = books.held(bill.reference)
        assert held.open == -99
        assert system.differences([(document, bill)]) == {}
        (read,) = system.reader().read([bill.reference])[bill.reference]
        assert sum(line.amount for line in read.lines if line.account == "2200") == 16

    def test_lines_without_vat_have_the_code_that_the_settings_name(self, books: BusinessCentralFixture) -> None:
        books.ledger.add_vat("NOVAT", "No VAT", "0", "2200")
        account = books.ledger.store.one("accounts", number="6100")
        books.ledger.store.update("accounts", account, _taxCode="GB20")  # what its card says
        plain = books.connector()
        settings = plain._settings.model_copy(update={"tax_code_without_vat": "NOVAT"})
        entries = [an_entry(lines=(JournalLine("6100", 600, "x"), JournalLine("1900", -600, "x"))) for _ in range(2)]

        (wrong,) = plain.record_many(entries[:1], POSTED).values()
        (right,) = BusinessCentralConnector(settings, plain._rest).record_many(entries[1:], POSTED).values()

        assert isinstance(wrong, DocumentRef)
        assert len(wrong.warnings) == 1
        assert isinstance(right, DocumentRef)
        assert right.warnings == ()


class TestBills:
    def test_a_bill_that_is_recorded_again_has_its_revision_in_the_vendors_number(
        self, books: BusinessCentralFixture
    ) -> None:
        system = books.connector()
        bill = replace(a_bill(), invoice_number="N" * 40)

        system.record_many([replace(bill, reference=f"pleo:{uuid4()}:r2")], POSTED)

        (row,) = books.ledger.store.rows("purchaseInvoices")
        assert row["vendorInvoiceNumber"] == "N" * 32 + "/R2"

    def test_memo_and_accounts_of_pleo_are_in_comments_of_the_invoice(self, books: BusinessCentralFixture) -> None:
        system = books.connector()
        bill = a_bill()

        system.record_many([bill], DRAFT)

        comments = [
            row["description"]
            for row in books.ledger.store.rows("purchaseInvoiceLines")
            if row["lineType"] == "Comment"
        ]
        assert comments == [bill.memo, "Pleo VAT: 2200 [GB20] 1061", "Pleo payables: 2100"]


class TestPeriods:
    def test_the_posting_range_of_the_company_closes_days(self, books: BusinessCentralFixture) -> None:
        setup = books.ledger.setup
        books.ledger.store.update(
            "generalLedgerSetup", setup, allowPostingFrom="2026-02-01", allowPostingTo="2026-02-28"
        )
        system = books.connector()

        found = [system.period_state(date(2026, month, 28)) for month in (1, 2, 3)]

        assert found == [PeriodState.CLOSED, PeriodState.OPEN, PeriodState.CLOSED]
        assert system.next_open_date(date(2026, 1, 5)) == date(2026, 2, 1)
        assert system.next_open_date(date(2026, 2, 28)) is None
        (refusal,) = system.refusals([an_entry(on=date(2026, 3, 1))]).values()
        assert all(word in refusal.message for word in ("2026-02-01", "2026-02-28", "Allow Posting"))


class TestAccounts:
    def test_a_bank_account_is_one_to_book_on_and_one_of_another_currency_is_not(
        self, books: BusinessCentralFixture
    ) -> None:
        system = books.connector()
        lines = JournalLine("6100", 500, "x"), JournalLine("PLEO", -500, "x")
        entry = an_entry(lines=lines)

        (document,) = system.record_many([entry], POSTED).values()

        assert isinstance(document, DocumentRef)
        assert document.warnings == ()
        (held,) = books.held(entry.reference)
        assert held.lines == (("6100", 500), ("1900", -500))
        assert system.setup().unknown_accounts(["PLEO", "1900", "1901", "nothing"]) == {"nothing"}

    @pytest.mark.parametrize("changes", [{"blocked": True}, {"directPosting": False}, {"accountType": "Heading"}])
    def test_an_account_that_takes_no_entries_is_unknown(
        self, books: BusinessCentralFixture, changes: dict[str, Any]
    ) -> None:
        books.ledger.store.update("accounts", books.ledger.store.one("accounts", number="6100"), **changes)
        entry = an_entry()

        assert isinstance(books.connector().record_many([entry], POSTED)[entry.reference], UnknownAccount)


class TestCalls:
    def test_a_thousand_entries_take_no_more_calls_than_needed(self, books: BusinessCentralFixture) -> None:
        """A connector lives for one chunk, as in the function that records items."""
        entries = [an_entry() for _ in range(1_000)]
        calls = 0
        for chunk in (entries[start : start + 50] for start in range(0, 1_000, 50)):
            with watched(books) as (system, seen):
                system.find_many([each.reference for each in chunk])
                outcomes = system.record_many(chunk, POSTED)
            assert all(isinstance(each, DocumentRef) for each in outcomes.values())
            calls += len(seen)
            batches = [json.loads(each.body) for each in seen if each.path.endswith("$batch")]
            assert max(len(each["requests"]) for each in batches) == 100

        floor = 20 * CALLS_OF_A_CHUNK
        assert calls <= 1.1 * floor
        assert len(books.ledger.store.rows("generalLedgerEntries")) == 3_000

    def test_bills_take_one_post_each_and_five_calls_beside(self, books: BusinessCentralFixture) -> None:
        bills = [a_bill() for _ in range(50)]
        with watched(books) as (system, seen):
            outcomes = system.record_many(bills, POSTED)

        assert all(isinstance(each, DocumentRef) for each in outcomes.values())
        assert len(seen) == 50 + 6  # periods, look-ups; made, compared, duplicates, read back


class TestKeys:
    def test_a_short_key_is_made_of_capitals_and_digits_and_fits_a_document_number(self) -> None:
        keys = {short_key(f"pleo:{number}") for number in range(1_000)}

        assert len(keys) == 1_000
        assert all(len(key) == 20 and key.startswith("PX") and key == key.upper() and key.isalnum() for key in keys)

    @pytest.mark.parametrize("url", ["http://books.example.com", "ftp://books.example.com"])
    def test_a_token_is_sent_over_encrypted_connections_only(self, url: str) -> None:
        settings = {"name": "business-central", "tenant": "t", "company": str(uuid4()), "api_url": url}

        with pytest.raises(ValueError, match=r"https|scheme"):
            BusinessCentralSettings.model_validate(settings)
        assert BusinessCentralSettings.model_validate({**settings, "api_url": "http://127.0.0.1:80"}).api_url.port == 80
