"""What is particular to Xero's connector, in process: which document is made of what, and how many calls that takes."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, BinaryIO
from uuid import uuid4

import pytest

from ledger_simulators.xero import documents, rules
from ledger_simulators.xero.app import create_app
from ledger_simulators.xero.books import PAYMENTS
from ledger_simulators.xero.ledger import XeroLedger
from ledger_simulators.xero.sample import TENANT, sample_ledger
from pleo_export.accounting.errors import (
    AccountingError,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Rejected,
    UnknownAccount,
    UnknownTaxCode,
)
from pleo_export.accounting.http import AccountingTransport
from pleo_export.accounting.kept_lists import Held
from pleo_export.accounting.port import DocumentRef, DocumentState
from pleo_export.accounting.xero import connector
from pleo_export.accounting.xero.connector import XeroConnector
from pleo_export.accounting.xero.reading import XeroReader
from pleo_export.accounting.xero.rest import XeroRest, headers, scopes_of
from pleo_export.accounting.xero.settings import XeroSettings
from pleo_export.bookkeeping.documents import (
    Bill,
    Dimension,
    DocumentKind,
    JournalEntry,
    JournalLine,
    Party,
    PartyRole,
    Payment,
    PaymentPurpose,
    SettlementTarget,
    TaxPart,
    TaxRole,
)
from pleo_export.bookkeeping.parties import KeyKind, PartyKey, PartyQuery
from pleo_export.http.session import IsolatedSession
from pleo_simulator.clock import Clock
from tests.system.wsgi_adapter import WsgiAdapter, session_through

DAY = date(2026, 2, 10)
ITEMS, CHUNK = 1_000, 50
SEARCHES = 5  # bank transactions, manual journals, bills, credit notes, payments
LISTS = 3  # accounts, tax rates, tracking categories; the organisation was read by the check


@dataclass(frozen=True)
class Receipt:
    name: str = "receipt.pdf"
    content_type: str = "application/pdf"
    size: int = 8
    sha256: str = hashlib.sha256(b"%PDF-1.4").hexdigest()

    def open(self) -> BinaryIO:
        return io.BytesIO(b"%PDF-1.4")


@dataclass
class Books:
    ledger: XeroLedger
    scopes: frozenset[str] | None = None
    kept: Held = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    def connect(self) -> XeroConnector:
        """A new connection, as each call of a function makes it in one environment."""
        grant = self.ledger.identity.grant(self.scopes) if self.scopes else self.ledger.identity.grant()
        settings = XeroSettings.model_validate({"name": "xero", "tenant": TENANT, **self.settings})
        token = grant["access_token"]
        return XeroConnector(settings, self._rest(token), scopes_of(token), self.kept)

    def _rest(self, token: str) -> XeroRest:
        app = create_app(self.ledger, self.ledger.books.clock)
        app.testing = True
        session = session_through(WsgiAdapter(app), IsolatedSession())
        transport = AccountingTransport("Xero", "https://xero.test", headers(token, TENANT), session=session)
        return XeroRest(transport)

    def reader(self) -> XeroReader:
        return XeroReader(self._rest(self.ledger.identity.grant()["access_token"]), XeroConnector.capabilities)

    def rows(self, endpoint: str) -> list[dict[str, Any]]:
        return list(self.ledger.books.documents[endpoint].values())


@pytest.fixture
def books() -> Books:
    ledger = sample_ledger(Clock(datetime(2026, 9, 1, tzinfo=UTC)))
    ledger.limits.per_minute = 10**6
    return Books(ledger)


def spent(
    *lines: JournalLine, account: str = "1900", memo: str = "Trainline | Ann | BK-1", **more: Any
) -> JournalEntry:
    lines = lines or (
        JournalLine("6200", 4000, "Train", TaxPart("GB20", TaxRole.BASE), (Dimension("cost_centre", "LON"),)),
        JournalLine("2200", 800, "Train", TaxPart("GB20", TaxRole.TAX)),
    )
    other = JournalLine(account, -sum(each.amount for each in lines), "Train")
    entry = JournalEntry(f"pleo:{uuid4()}", DAY, DAY, "GBP", (*lines, other), memo)
    return replace(entry, **more)


def outcome(books: Books, entry: JournalEntry) -> Any:
    return books.connect().record_many([entry], DocumentState.POSTED)[entry.reference]


class TestDocuments:
    def test_card_spend_is_a_bank_transaction_of_the_wallet_with_its_merchant_and_pleos_tax(self, books: Books) -> None:
        lines = (
            JournalLine("6200", 4000, "Train", TaxPart("GB20", TaxRole.BASE)),
            JournalLine("2200", 799, "Train", TaxPart("GB20", TaxRole.TAX)),  # a penny less than 20 %
        )
        outcome(books, spent(*lines))

        (made,) = books.rows("BankTransactions")
        assert (made["Type"], made["BankAccount"]["Code"], made["Contact"]["Name"]) == ("SPEND", "1900", "Trainline")
        (line,) = made["LineItems"]
        assert (line["LineAmount"], line["TaxAmount"], line["TaxType"]) == (Decimal(40), Decimal("7.99"), "GB20")
        assert line["Description"] == "Trainline | Ann | BK-1"
        assert made["Total"] == Decimal("47.99")

    def test_a_refund_is_money_received(self, books: Books) -> None:
        outcome(books, spent(JournalLine("6200", -4800)))

        (made,) = books.rows("BankTransactions")
        assert (made["Type"], made["Total"]) == ("RECEIVE", Decimal(48))

    def test_the_merchant_is_made_once_and_found_again_in_any_case(self, books: Books) -> None:
        before = len(books.ledger.books.contacts)
        for memo in ("Deliveroo | Ann | BK-1", "DELIVEROO | Tom | BK-2"):
            outcome(books, spent(memo=memo))

        assert len(books.ledger.books.contacts) == before + 1

    def test_with_one_contact_in_the_settings_all_card_spend_is_its(self, books: Books) -> None:
        books.settings = {"contact": "Pleo"}
        outcome(books, spent())

        assert books.rows("BankTransactions")[0]["Contact"]["Name"] == "Pleo"

    def test_an_entry_without_the_wallet_is_a_manual_journal_in_the_own_currency(self, books: Books) -> None:
        made = outcome(books, spent(JournalLine("6210", 900, "Mileage"), account="2250"))
        refused = outcome(books, spent(JournalLine("6210", 900, "Mileage"), account="2250", currency="EUR"))

        assert isinstance(made, DocumentRef)
        assert [each["Status"] for each in books.rows("ManualJournals")] == ["POSTED"]
        assert type(refused) is Rejected
        assert "GBP" in refused.message
        assert "EUR" in refused.message

    def test_a_manual_journal_whose_tax_xero_computes_otherwise_is_refused_with_its_code(self, books: Books) -> None:
        lines = (
            JournalLine("6210", 4000, "Mileage", TaxPart("GB20", TaxRole.BASE)),
            JournalLine("2200", 799, "Mileage", TaxPart("GB20", TaxRole.TAX)),
        )

        refused = outcome(books, spent(*lines, account="2250"))

        assert type(refused) is Rejected
        assert "by the rate of tax code GB20" in refused.message
        assert books.rows("ManualJournals") == []

    def test_a_reverse_charge_has_a_tax_code_and_no_tax_of_its_own(self, books: Books) -> None:
        base, tax = TaxPart("RC20", TaxRole.BASE), TaxPart("RC20", TaxRole.TAX)
        outcome(
            books,
            spent(
                JournalLine("6500", 10000, tax=base),
                JournalLine("2201", 2000, tax=tax),
                JournalLine("2202", -2000, tax=tax),
            ),
        )

        (made,) = books.rows("BankTransactions")
        (line,) = made["LineItems"]
        assert (line["TaxType"], line["TaxAmount"], made["Total"]) == ("RC20", Decimal(0), Decimal(100))

    @pytest.mark.parametrize(
        ("lines", "account", "error", "named"),
        [
            ((JournalLine("2100", 100),), "1900", UnknownAccount, "2100"),
            ((JournalLine("6990", 100),), "1900", UnknownAccount, "6990"),
            ((JournalLine("6100", 100, tax=TaxPart("OUTPUT2", TaxRole.BASE)),), "1900", UnknownTaxCode, "OUTPUT2"),
            ((JournalLine("2200", 100, tax=TaxPart("GB20", TaxRole.TAX)),), "1900", Rejected, "GB20"),
            ((JournalLine("1200", 100),), "1900", Rejected, "1200"),
        ],
        ids=["payables", "archived", "tax and account", "tax without base", "two bank accounts"],
    )
    def test_what_xero_would_refuse_is_refused_before_it_is_sent(
        self, books: Books, lines: tuple[JournalLine, ...], account: str, error: type[AccountingError], named: str
    ) -> None:
        entry = spent(*lines, account=account)

        foreseen = books.connect().refusals([entry])[entry.reference]

        assert type(foreseen) is error
        assert named in foreseen.message
        assert outcome(books, entry).message == foreseen.message
        assert books.rows("BankTransactions") == books.rows("ManualJournals") == []

    def test_one_unreadable_document_of_fifty_costs_few_calls_and_no_other_document(self, books: Books) -> None:
        entries = [spent() for _ in range(CHUNK)]
        entries[17] = spent(memo="\0")
        system = books.connect()
        system.check()
        before = books.ledger.limits.calls

        outcomes = system.record_many(entries, DocumentState.POSTED)

        assert [
            number for number, each in enumerate(entries) if not isinstance(outcomes[each.reference], DocumentRef)
        ] == [17]
        assert len(books.rows("BankTransactions")) == CHUNK - 1
        assert books.ledger.limits.calls - before <= LISTS + 13  # halves of halves


class TestManualJournals:
    """The suite of all connectors books on the wallet; these are the entries without one."""

    def test_a_journal_is_found_compared_read_and_undone(self, books: Books) -> None:
        entry = spent(JournalLine("6210", 900, "Mileage"), account="2250", memo="Mileage | Ann | BK-7")
        system, made = books.connect(), outcome(books, entry)

        assert system.find_many([entry.reference]) == {entry.reference: made}
        assert system.differences([(made, entry)]) == {}
        more = replace(entry, lines=(JournalLine("6210", 901), JournalLine("2250", -901)))
        assert set(system.differences([(made, more)])) == {entry.reference}
        (held,) = books.reader().read([entry.reference])[entry.reference]
        assert [(each.account, each.amount) for each in held.lines] == [("6210", 900), ("2250", -900)]
        assert entry.reference in books.reader().ours(DAY, DAY)
        system.attach(made, [Receipt()])
        assert system.reverse(made, DAY) is None
        assert [each["Status"] for each in books.rows("ManualJournals")] == ["VOIDED"]
        assert system.find_many([entry.reference])[entry.reference] == replace(made, state=DocumentState.VOID)
        history = books.ledger.books.history[books.rows("ManualJournals")[0]["ManualJournalID"]]
        assert history[-1]["Details"] == f"Reversed by pleo-export: {entry.reference}"


class TestPaymentsOfSeveralBills:
    def bills(self, books: Books, party: Party) -> list[Bill]:
        return [
            Bill(
                DocumentKind.BILL,
                f"pleo:{uuid4()}",
                party,
                f"BK-{amount}",
                f"BK-{amount}",
                DAY,
                DAY,
                None,
                "GBP",
                (JournalLine("6200", amount, "Taxi"), JournalLine("2100", -amount)),
                f"Taxi | Tom | BK-{amount}",
            )
            for amount in (2400, 1250)
        ]

    def reimbursement(self, party: Party, amount: int = 3650) -> Payment:
        lines = JournalLine("2100", amount), JournalLine("1900", -amount)
        settles = SettlementTarget(None, None, ("BK-2400", "BK-1250"))
        reference = f"pleo:{uuid4()}"
        return Payment(
            PaymentPurpose.PAYMENT, reference, party, settles, DAY, DAY, "GBP", lines, "Reimbursement | BK-9"
        )

    def employee(self, system: XeroConnector) -> Party:
        query = PartyQuery(PartyRole.EMPLOYEE, "employee E002", (PartyKey(KeyKind.CODE, "E002"),), required=True)
        found = system.find_parties([query])[query]
        assert isinstance(found, Party)
        return found

    def test_a_reimbursement_is_one_document_of_a_payment_for_each_bill(self, books: Books) -> None:
        system = books.connect()
        tom = self.employee(system)
        bills, paid = self.bills(books, tom), self.reimbursement(tom)

        outcomes = system.record_many([*bills, paid], DocumentState.POSTED)

        made = outcomes[paid.reference]
        assert isinstance(made, DocumentRef), made
        assert [each["Amount"] for each in books.rows("Payments")] == [Decimal(24), Decimal("12.50")]
        assert [each["AmountDue"] for each in books.rows("Invoices")] == [0, 0]
        assert system.find_many([paid.reference]) == {paid.reference: made}
        assert system.differences([(made, paid)]) == {}
        (held,) = books.reader().read([paid.reference])[paid.reference]
        assert [(each.account, each.amount) for each in held.lines] == [("2100", 3650), ("1900", -3650)]
        assert system.reverse(made, DAY) is None
        assert [each["AmountDue"] for each in books.rows("Invoices")] == [Decimal(24), Decimal("12.50")]
        assert system.find_many([paid.reference])[paid.reference] == replace(made, state=DocumentState.VOID)

    def test_when_xero_refuses_one_of_them_none_is_booked(self, books: Books, monkeypatch: Any) -> None:
        system = books.connect()
        tom = self.employee(system)
        system.record_many(self.bills(books, tom), DocumentState.POSTED)
        whole = documents.amount_of

        def refusing(given: Any) -> Decimal:
            if whole(given) == Decimal("12.50"):
                raise rules.XeroValidation("This bill is being looked at by somebody else")
            return whole(given)

        monkeypatch.setattr("ledger_simulators.xero.payments.amount_of", refusing)
        paid = self.reimbursement(tom)

        found = system.record_many([paid], DocumentState.POSTED)[paid.reference]

        assert type(found) is Rejected
        assert "somebody else" in found.message
        assert books.rows("Payments") == []

    def test_one_that_a_person_has_taken_back_in_part_differs(self, books: Books) -> None:
        system = books.connect()
        tom = self.employee(system)
        bills, paid = self.bills(books, tom), self.reimbursement(tom)
        system.record_many([*bills, paid], DocumentState.POSTED)
        books.ledger.set_status(PAYMENTS, books.rows("Payments")[0], "DELETED")

        found = books.connect().find_many([paid.reference])[paid.reference]

        assert isinstance(found, DocumentRef)
        assert found.state is DocumentState.POSTED
        assert set(system.differences([(found, paid)])) == {paid.reference}

    def test_more_than_is_open_is_refused(self, books: Books) -> None:
        system = books.connect()
        tom = self.employee(system)
        system.record_many(self.bills(books, tom), DocumentState.POSTED)
        paid = self.reimbursement(tom, 3651)

        assert type(system.record_many([paid], DocumentState.POSTED)[paid.reference]) is Rejected
        assert books.rows("Payments") == []


class TestCalls:
    def test_a_thousand_card_expenses_take_the_calls_that_the_api_allows_and_no_more(self, books: Books) -> None:
        entries = [spent() for _ in range(ITEMS)]
        books.connect().check()
        before = books.ledger.limits.calls

        for start in range(0, ITEMS, CHUNK):
            chunk, system = entries[start : start + CHUNK], books.connect()
            assert system.find_many([each.reference for each in chunk]) == {}
            outcomes = system.record_many(chunk, DocumentState.POSTED)
            assert all(isinstance(each, DocumentRef) for each in outcomes.values())

        calls = books.ledger.limits.calls - before
        floor = ITEMS // CHUNK * (SEARCHES + 1) + LISTS
        print(f"\nXero: {calls} calls for {ITEMS} card expenses; the floor is {floor}")  # noqa: T201
        assert calls <= 1.1 * floor
        assert len(books.rows("BankTransactions")) == ITEMS

    def test_a_receipt_of_a_document_made_just_now_is_one_call(self, books: Books) -> None:
        """It has no files yet. One that was there before may have some, from a try that broke off."""
        system, entry = books.connect(), spent()
        made = system.record_many([entry], DocumentState.POSTED)[entry.reference]
        assert isinstance(made, DocumentRef)
        before = books.ledger.limits.calls

        system.attach(made, [Receipt()])
        first = books.ledger.limits.calls - before
        system.attach(made, [Receipt()])
        books.connect().attach(made, [Receipt()])

        assert first == 1
        assert books.ledger.limits.calls - before == 3

    def test_what_looks_unknown_is_read_again_before_it_is_refused(self, books: Books) -> None:
        outcome(books, spent())
        account = books.ledger.books.account({"Code": "6990"})
        assert account is not None
        account["Status"] = "ACTIVE"  # a person restores it

        assert isinstance(outcome(books, spent(JournalLine("6990", 100))), DocumentRef)

    def test_the_check_before_a_job_reads_the_lists_again(self, books: Books) -> None:
        outcome(books, spent())
        assert books.kept

        books.connect().check()

        assert set(books.kept) == {"Organisation"}

    def test_connections_of_one_organisation_share_their_lists_and_others_do_not(self) -> None:
        secret = {"access_token": "token"}
        other = "00000000-0000-0000-0000-000000000001"
        made = [
            connector.connect(XeroSettings.model_validate({"name": "xero", "tenant": tenant}), secret)
            for tenant in (TENANT, TENANT, other)
        ]

        kept = [id(each._lookups._lists._held) for each in made]
        assert kept[0] == kept[1] != kept[2]


class TestLimits:
    def test_a_minutes_limit_is_waited_for_and_a_days_ends_with_its_hour(self, books: Books) -> None:
        entry = spent()
        books.connect().check()
        books.ledger.limits.per_minute = books.ledger.limits.calls

        with pytest.raises(RateLimited) as minute:
            books.connect().record_many([entry], DocumentState.POSTED)
        books.ledger.limits.per_day = books.ledger.limits.calls
        with pytest.raises(RateLimited) as day:
            books.connect().record_many([entry], DocumentState.POSTED)

        assert (minute.value.code, day.value.code) == ("minute", "day")
        assert minute.value.retry_after <= 60 < day.value.retry_after
        assert books.rows("BankTransactions") == []

    def test_a_grant_that_does_not_cover_everything_is_told_at_the_check(self, books: Books) -> None:
        books.scopes = frozenset({"accounting.settings.read", "accounting.invoices"})

        with pytest.raises(PermissionDenied):
            books.connect().check()

    def test_a_document_that_xero_gives_another_tax_is_taken_back(self, books: Books, monkeypatch: Any) -> None:
        """A rule of Xero's that we do not know must not leave another total in the books."""
        kept = rules._line

        def ignoring_our_tax(*given: Any, **options: Any) -> Any:
            made = kept(*given, **options)
            return {**made, "TaxAmount": Decimal(0)}

        monkeypatch.setattr(rules, "_line", ignoring_our_tax)

        found = outcome(books, spent())

        assert type(found) is Rejected
        assert [each["Status"] for each in books.rows("BankTransactions")] == ["DELETED"]

    def test_a_document_that_could_not_be_found_again_is_taken_back(self, books: Books, monkeypatch: Any) -> None:
        monkeypatch.setattr("ledger_simulators.xero.documents._limited", lambda given, name: "")

        found = outcome(books, spent())

        assert type(found) is Rejected
        assert "reference" in found.message
        assert [each["Status"] for each in books.rows("BankTransactions")] == ["DELETED"]

    def test_answers_in_another_order_than_the_documents_are_no_proof(self, books: Books, monkeypatch: Any) -> None:
        whole = XeroRest.create
        monkeypatch.setattr(XeroRest, "create", lambda *given, **options: whole(*given, **options)[::-1])
        entries = [spent(), spent()]

        outcomes = books.connect().record_many(entries, DocumentState.POSTED)

        assert [type(each) for each in outcomes.values()] == [OutcomeUnknown, OutcomeUnknown]
        assert len(books.connect().find_many([each.reference for each in entries])) == 2
