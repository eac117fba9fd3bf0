"""Xero's own client library drives the simulator: what it cannot parse would be an invention of ours.

`xero-python` was written against the real service. Here it lists, creates, reads, changes, attaches and is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from xero_python.accounting import (
    Account,
    AccountingApi,
    Allocation,
    Allocations,
    BankTransaction,
    BankTransactions,
    Contact,
    Contacts,
    CreditNote,
    CreditNotes,
    CurrencyCode,
    HistoryRecord,
    HistoryRecords,
    Invoice,
    Invoices,
    LineAmountTypes,
    LineItem,
    LineItemTracking,
    ManualJournal,
    ManualJournalLine,
    ManualJournals,
    Payment,
    PaymentDelete,
    Payments,
)
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token
from xero_python.exceptions import AccountingBadRequestException, HTTPStatusException
from xero_python.identity import IdentityApi

from ledger_simulators.base.known import LedgerSimulator
from ledger_simulators.xero.sample import TENANT
from pleo_export.accounting.errors import AuthenticationFailed
from pleo_export.accounting.ledger_oauth import Tenant
from pleo_export.accounting.registry import CONNECTORS
from pleo_export.accounting.xero.settings import XeroSettings
from pleo_simulator.fault_queue import Fault

DAY = date(2026, 2, 10)
LOCKED = date(2025, 12, 10)


class XeroClient:
    """The library, pointed at a simulator. Its address is an attribute of each API."""

    def __init__(self, simulator: LedgerSimulator, token: str | None = None) -> None:
        self.simulator = simulator
        grant = simulator.ledger.identity.grant()
        given = {"access_token": token or grant["access_token"], "scope": grant["scope"].split(), "expires_in": 1800}
        oauth = OAuth2Token(client_id="app", client_secret="secret")
        client = ApiClient(
            Configuration(oauth2_token=oauth),
            oauth2_token_getter=lambda: {**given, "token_type": "Bearer", "expires_at": 2**33},
            oauth2_token_saver=lambda token: None,
        )
        self.api = AccountingApi(client)
        self.api.base_url = f"{simulator.url}/api.xro/2.0"
        self.identity = IdentityApi(client)
        self.identity.base_url = simulator.url


@pytest.fixture(scope="module")
def simulator() -> Iterator[LedgerSimulator]:
    with LedgerSimulator("xero") as simulator:
        simulator.ledger.limits.per_minute = 10_000
        yield simulator


@pytest.fixture
def xero(simulator: LedgerSimulator) -> XeroClient:
    return XeroClient(simulator)


def account_id(xero: XeroClient, code: str) -> str:
    found = xero.api.get_accounts(TENANT, where=f'Code=="{code}"').accounts
    return str(found[0].account_id)


def spent(xero: XeroClient, reference: str, **changes: Any) -> BankTransaction:
    values = {
        "type": "SPEND",
        "contact": Contact(name="Trainline"),
        "bank_account": Account(account_id=account_id(xero, "1900")),
        "date": DAY,
        "reference": reference,
        "line_amount_types": LineAmountTypes.EXCLUSIVE,
        "line_items": [
            LineItem(
                description="Train to Leeds",
                quantity=1,
                unit_amount=40,
                account_code="6200",
                tax_type="GB20",
                tax_amount=8,
                tracking=[LineItemTracking(name="cost_centre", option="LON")],
            )
        ],
    }
    return BankTransaction(**{**values, **changes})


def a_line(**changes: Any) -> LineItem:
    return LineItem(description="x", quantity=1, unit_amount=1, **changes)


def bill(xero: XeroClient, number: str, kind: str = "ACCPAY") -> Any:
    ryman = xero.api.get_contacts(TENANT, where='ContactNumber=="V-1001"').contacts[0]
    line = LineItem(description="Paper", quantity=1, unit_amount=100, account_code="6100", tax_type="GB20")
    values = {"type": kind, "contact": Contact(contact_id=ryman.contact_id), "date": DAY, "status": "AUTHORISED"}
    values |= {"line_items": [line], "line_amount_types": LineAmountTypes.EXCLUSIVE, "currency_code": CurrencyCode.GBP}
    if kind == "ACCPAY":
        made = Invoice(**values, invoice_number=number, due_date=date(2026, 3, 1))
        return xero.api.create_invoices(TENANT, Invoices(invoices=[made])).invoices[0]
    credit = CreditNote(**values, credit_note_number=number)
    return xero.api.create_credit_notes(TENANT, CreditNotes(credit_notes=[credit])).credit_notes[0]


class TestLists:
    def test_the_organisation_has_its_currency_and_lock_dates(self, xero: XeroClient) -> None:
        (found,) = xero.api.get_organisations(TENANT).organisations

        assert (found.base_currency, found.short_code) == (CurrencyCode.GBP, "!23vS9")
        assert found.end_of_year_lock_date == date(2025, 12, 31)
        assert found.timezone is not None

    def test_accounts_tax_rates_tracking_and_contacts_are_read(self, xero: XeroClient) -> None:
        accounts = {each.code: each for each in xero.api.get_accounts(TENANT).accounts}
        taxes = {each.tax_type: each for each in xero.api.get_tax_rates(TENANT).tax_rates}
        tracking = {each.name: each for each in xero.api.get_tracking_categories(TENANT).tracking_categories}

        assert accounts["1901"].currency_code is CurrencyCode.EUR
        assert (accounts["2100"].system_account, accounts["6990"].status) == ("CREDITORS", "ARCHIVED")
        assert taxes["GB20"].effective_rate == 20
        assert [each.name for each in tracking["cost_centre"].options] == ["LON", "CPH", "MAD"]
        archived = xero.api.get_contacts(TENANT, where='ContactStatus=="ARCHIVED"', include_archived=True).contacts
        assert [each.name for each in archived] == ["Paper Trail (blocked)"]

    def test_pages_end_and_tell_how_many_there_are(self, xero: XeroClient) -> None:
        first = xero.api.get_contacts(TENANT, page=1, page_size=10)
        second = xero.api.get_contacts(TENANT, page=2, page_size=10)

        assert len(first.contacts) == 10
        assert first.pagination.item_count > 10
        assert not {each.contact_id for each in first.contacts} & {each.contact_id for each in second.contacts}

    def test_the_connections_name_the_organisation(self, xero: XeroClient) -> None:
        (found,) = xero.identity.get_connections()

        assert (str(found.tenant_id), found.tenant_type) == (TENANT, "ORGANISATION")
        assert found.created_date_utc is not None


class TestCreateAndRead:
    def test_money_spent_is_there_with_its_lines_dates_and_contact(self, xero: XeroClient) -> None:
        made = xero.api.create_bank_transactions(
            TENANT, BankTransactions(bank_transactions=[spent(xero, "spent-1")]), summarize_errors=False
        ).bank_transactions[0]

        (found,) = xero.api.get_bank_transactions(
            TENANT, where='Reference=="spent-1"', page=1, page_size=50
        ).bank_transactions
        assert found.bank_transaction_id == made.bank_transaction_id
        assert (found.status, found.date, found.currency_code) == ("AUTHORISED", DAY, CurrencyCode.GBP)
        assert (float(found.sub_total), float(found.total_tax), float(found.total)) == (40, 8, 48)
        assert found.contact.name == "Trainline"
        assert found.line_items[0].tracking[0].option == "LON"

    def test_a_list_without_pages_leaves_the_lines_out(self, xero: XeroClient) -> None:
        xero.api.create_bank_transactions(TENANT, BankTransactions(bank_transactions=[spent(xero, "spent-2")]))

        (found,) = xero.api.get_bank_transactions(TENANT, where='Reference=="spent-2"').bank_transactions

        assert found.line_items == []

    def test_a_journal_balances_and_becomes_void(self, xero: XeroClient) -> None:
        lines = [
            ManualJournalLine(line_amount=30, account_code="6210", description="Mileage"),
            ManualJournalLine(line_amount=-30, account_code="2250", description="Mileage"),
        ]
        journal = ManualJournal(narration="Mileage | j-1", date=DAY, status="POSTED", journal_lines=lines)

        made = xero.api.create_manual_journals(TENANT, ManualJournals(manual_journals=[journal])).manual_journals[0]
        void = xero.api.update_manual_journal(
            TENANT,
            made.manual_journal_id,
            ManualJournals(manual_journals=[ManualJournal(narration="Mileage | j-1", status="VOIDED")]),
        ).manual_journals[0]

        assert (made.status, made.date, void.status) == ("POSTED", DAY, "VOIDED")

    def test_a_bill_is_paid_and_its_payment_taken_back(self, xero: XeroClient) -> None:
        owed = bill(xero, "INV-1")
        payment = Payment(
            invoice=Invoice(invoice_id=owed.invoice_id),
            account=Account(account_id=account_id(xero, "1900")),
            date=DAY,
            amount=120,
            reference="pay-1",
        )

        made = xero.api.create_payments(TENANT, Payments(payments=[payment])).payments[0]
        paid = xero.api.get_invoice(TENANT, owed.invoice_id).invoices[0]
        xero.api.delete_payment(TENANT, made.payment_id, PaymentDelete(status="DELETED"))
        again = xero.api.get_invoice(TENANT, owed.invoice_id).invoices[0]

        assert (paid.status, float(paid.amount_due), float(paid.amount_paid)) == ("PAID", 0, 120)
        assert [each.payment_id for each in paid.payments] == [made.payment_id]
        assert (again.status, float(again.amount_due)) == ("AUTHORISED", 120)

    def test_a_credit_note_is_set_off_against_a_bill(self, xero: XeroClient) -> None:
        owed, credit = bill(xero, "INV-2"), bill(xero, "CN-2", "ACCPAYCREDIT")
        share = Allocation(amount=20, date=DAY, invoice=Invoice(invoice_id=owed.invoice_id))

        xero.api.create_credit_note_allocation(TENANT, credit.credit_note_id, Allocations(allocations=[share]))

        found = xero.api.get_invoice(TENANT, owed.invoice_id).invoices[0]
        left = xero.api.get_credit_note(TENANT, credit.credit_note_id).credit_notes[0]
        assert (float(found.amount_credited), float(found.amount_due)) == (20, 100)
        assert float(left.remaining_credit) == 100

    def test_a_file_and_a_note_are_read_back(self, xero: XeroClient) -> None:
        made = xero.api.create_bank_transactions(TENANT, BankTransactions(bank_transactions=[spent(xero, "spent-3")]))
        id_ = made.bank_transactions[0].bank_transaction_id

        xero.api.create_bank_transaction_attachment_by_file_name(TENANT, id_, "receipt 1.pdf", b"%PDF-1.4")
        note = HistoryRecords(history_records=[HistoryRecord(details="From Pleo")])
        xero.api.create_bank_transaction_history_record(TENANT, id_, note)

        (file,) = xero.api.get_bank_transaction_attachments(TENANT, id_).attachments
        assert (file.file_name, file.content_length) == ("receipt 1.pdf", 8)
        history = xero.api.get_bank_transactions_history(TENANT, id_).history_records
        assert history[-1].details == "From Pleo"

    def test_a_write_with_a_key_that_was_used_is_done_once(self, xero: XeroClient) -> None:
        body = BankTransactions(bank_transactions=[spent(xero, "spent-4")])

        ids = {
            xero.api.create_bank_transactions(TENANT, body, idempotency_key="key-4")
            .bank_transactions[0]
            .bank_transaction_id
            for _ in range(2)
        }

        assert len(ids) == 1


class TestErrors:
    def test_each_element_is_judged_for_itself(self, xero: XeroClient) -> None:
        unknown = LineItem(description="x", quantity=1, unit_amount=1, account_code="999")
        good, bad = spent(xero, "spent-5"), spent(xero, "spent-6", line_items=[unknown])

        made = xero.api.create_bank_transactions(
            TENANT, BankTransactions(bank_transactions=[good, bad]), summarize_errors=False
        ).bank_transactions

        assert [each.status_attribute_string for each in made] == ["OK", "ERROR"]
        assert made[1].validation_errors[0].message == "Account code '999' is not a valid code for this document."

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"date": LOCKED}, "end of year lock date, currently set at 31 December 2025"),
            ({"contact": Contact()}, "The Contact must contain at least 1 of the following elements"),
            ({"line_items": []}, "At least one line item is required"),
            (
                {"line_items": [a_line(account_code="6990")]},
                "Account code '6990' has been archived, or has been deleted",
            ),
            (
                {"line_items": [a_line(account_code="6100", tax_type="OUTPUT2")]},
                "The TaxType code 'OUTPUT2' cannot be used with account code '6100'.",
            ),
        ],
        ids=["lock date", "contact", "lines", "archived account", "tax and account"],
    )
    def test_a_refusal_of_the_whole_request_has_its_messages(
        self, xero: XeroClient, changes: dict[str, Any], said: str
    ) -> None:
        body = BankTransactions(bank_transactions=[spent(xero, "spent-7", **changes)])

        with pytest.raises(AccountingBadRequestException) as refused:
            xero.api.create_bank_transactions(TENANT, body)

        assert refused.value.error_data["ErrorNumber"] == 10
        messages = [each["Message"] for each in refused.value.error_data["Elements"][0]["ValidationErrors"]]
        assert said in messages[0]

    def test_a_name_is_taken_once(self, xero: XeroClient) -> None:
        with pytest.raises(AccountingBadRequestException, match="already assigned to another contact"):
            xero.api.create_contacts(TENANT, Contacts(contacts=[Contact(name="ryman")]))

    def test_a_payment_cannot_exceed_what_is_open(self, xero: XeroClient) -> None:
        owed = bill(xero, "INV-3")
        account = Account(account_id=account_id(xero, "1900"))
        payment = Payment(invoice=Invoice(invoice_id=owed.invoice_id), account=account, date=DAY, amount=121)

        with pytest.raises(AccountingBadRequestException, match="exceeds the amount outstanding"):
            xero.api.create_payments(TENANT, Payments(payments=[payment]))

    def test_a_token_that_has_ended_and_another_organisation_are_told_apart(self, simulator: LedgerSimulator) -> None:
        with pytest.raises(HTTPStatusException) as ended:
            XeroClient(simulator, token="nobody's").api.get_accounts(TENANT)
        with pytest.raises(HTTPStatusException) as other:
            XeroClient(simulator).api.get_accounts("00000000-0000-0000-0000-000000000000")

        assert (ended.value.status, other.value.status) == (401, 403)

    def test_a_rate_limit_says_which_one_and_how_long(self, xero: XeroClient, simulator: LedgerSimulator) -> None:
        body = BankTransactions(bank_transactions=[spent(xero, "spent-8")])
        simulator.faults.order(Fault(effect="rate_limit", method="POST", retry_after=7))

        with pytest.raises(HTTPStatusException) as limited:  # a POST: of others the library waits and tries again
            xero.api.update_or_create_bank_transactions(TENANT, body)

        headers = limited.value.headers
        assert (limited.value.status, headers["X-Rate-Limit-Problem"], headers["Retry-After"]) == (429, "minute", "7")


class TestTenants:
    """Our own side of the same: the organisations of a grant, over the network."""

    def test_the_organisation_is_offered_to_choose_and_released_at_the_end(self) -> None:
        with LedgerSimulator("xero") as simulator:
            settings = XeroSettings.model_validate({"name": "xero", "tenant": TENANT, "api_url": simulator.url})
            token = simulator.ledger.identity.grant()["access_token"]

            offered = CONNECTORS["xero"].tenants(token, settings)
            for _ in range(2):  # again is harmless
                CONNECTORS["xero"].release(token, settings)

            assert offered == [Tenant(TENANT, "Brightwater Trading Ltd")]
            assert CONNECTORS["xero"].tenants(token, settings) == []

    def test_a_token_that_has_ended_is_told(self) -> None:
        with LedgerSimulator("xero") as simulator:
            settings = XeroSettings.model_validate({"name": "xero", "api_url": simulator.url})

            with pytest.raises(AuthenticationFailed):
                CONNECTORS["xero"].tenants("nobody's", settings)
