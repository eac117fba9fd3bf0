"""Business Central's simulator, judged by a client that was generated from the real API: what that cannot send or read
is an invention of the simulator's. `pybusinesscentral` speaks v1.0 and v2.0; what differs in v1.0 is not used."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from pybusinesscentral import apis
from pybusinesscentral.api_client import ApiClient
from pybusinesscentral.configuration import Configuration
from pybusinesscentral.exceptions import ApiException, BadRequestException, ConflictException, UnauthorizedException
from pybusinesscentral.model.post_journal_line_dimension_set_line_request import PostJournalLineDimensionSetLineRequest
from pybusinesscentral.model.post_journal_line_for_journal_request import PostJournalLineForJournalRequest
from pybusinesscentral.model.post_journal_request import PostJournalRequest
from pybusinesscentral.models import (
    Attachments,
    DimensionSetLine,
    JournalLine,
    PostPurchaseInvoiceRequest,
    PostVendorRequest,
    PurchaseInvoiceLine,
)

from ledger_simulators.base.known import LedgerSimulator
from ledger_simulators.business_central.resources import RESOURCES
from pleo_simulator.clock import Clock

bc: Any = apis  # its answers are typed as if every field could be missing
JSON = "application/json"
DAY = date(2026, 2, 10)
SPECS = Path(os.environ.get("PLEO_SPECS") or Path(__file__).parents[3] / "shared" / "specs")
TABLES = SPECS / "businesscentral" / "bc_v2_resources.json"


@pytest.fixture(scope="module")
def simulator() -> Iterator[LedgerSimulator]:
    with LedgerSimulator("business-central", clock=Clock(datetime(2026, 2, 10, 9, tzinfo=UTC))) as simulator:
        yield simulator


def token(simulator: LedgerSimulator) -> str:
    """What the sign-in gives for client credentials."""
    client, secret = simulator.ledger.client
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    form["scope"] = "https://api.businesscentral.dynamics.com/.default"
    answer = requests.post(f"{simulator.url}/tenant/oauth2/v2.0/token", data=form, timeout=10)
    assert answer.status_code == 200
    return str(answer.json()["access_token"])


@pytest.fixture(scope="module")
def client(simulator: LedgerSimulator) -> ApiClient:
    configuration = Configuration(host=f"{simulator.url}/v2.0/tenant/Production/api/v2.0")
    configuration.access_token = token(simulator)
    return ApiClient(configuration)


@pytest.fixture(scope="module")
def company(client: ApiClient) -> str:
    (found,) = bc.CompanyApi(client).list_companies().value
    assert found.id is not None
    return str(found.id)


def a_line(number: int, account: str, amount: float, document: str, **values: Any) -> PostJournalLineForJournalRequest:
    return PostJournalLineForJournalRequest(
        lineNumber=number,
        accountType="G/L Account",
        accountNumber=account,
        postingDate=DAY.isoformat(),
        documentNumber=document,
        amount=amount,
        **values,
    )


class TestList:
    def test_accounts_are_filtered_selected_and_paged(self, client: ApiClient, company: str) -> None:
        api = bc.AccountApi(client)

        found = api.list_accounts(company, filter="number ge '6100' and number lt '6300'", select=["number"]).value
        second = api.list_accounts(company, top=1, skip=1).value

        assert [each.number for each in found] == ["6100", "6200", "6210"]
        assert all(each.display_name is None for each in found)
        assert len(second) == 1

    def test_dimensions_come_with_a_code_and_a_name(self, client: ApiClient, company: str) -> None:
        found = bc.DimensionApi(client).list_dimensions(company).value

        assert [each.code for each in found] == ["cost_centre", "project"]
        assert all(each.display_name for each in found)

    def test_vendors_and_the_general_ledger_setup_are_read(self, client: ApiClient, company: str) -> None:
        vendors = bc.VendorApi(client).list_vendors(company, filter="startswith(number,'V-20')").value
        (setup,) = bc.DefaultApi(client).get_general_ledger_setup(company).value

        assert {each.number for each in vendors} == {f"V-200{number}" for number in range(1, 6)}
        assert setup.local_currency_code == "GBP"
        assert setup.allow_posting_from == date(1, 1, 1)


class TestJournals:
    def test_a_journal_is_made_filled_posted_and_read_in_the_general_ledger(
        self, client: ApiClient, company: str
    ) -> None:
        journals, lines = bc.JournalApi(client), bc.JournalLineApi(client)
        journal = journals.post_journal(company, JSON, PostJournalRequest(code="CONTRACT", displayName="By contract"))
        expense = lines.post_journal_line_for_journal(
            company, journal.id, JSON, a_line(10000, "6100", 63.66, "C-1", taxCode="GB20", description="Paper")
        )
        lines.post_journal_line_for_journal(company, journal.id, JSON, a_line(20000, "1900", -63.66, "C-1"))
        request = PostJournalLineDimensionSetLineRequest(code="cost_centre", valueCode="LON")
        dimensions = bc.DimensionSetLineApi(client)
        dimensions.post_journal_line_dimension_set_line(company, journal.id, expense.id, JSON, request)
        held = lines.list_journal_lines_for_journal(company, journal.id, expand=["dimensionSetLines"]).value
        (dimension,) = held[0].dimension_set_lines

        journals.post_action_journals(company, journal.id)

        assert [(each.line_number, each.amount) for each in held] == [(10000, 63.66), (20000, -63.66)]
        assert dimension.value_display_name == "London"
        entries = bc.GeneralLedgerEntryApi(client).list_general_ledger_entries(
            company, filter="documentNumber eq 'C-1'"
        )
        assert [(each.account_number, each.debit_amount, each.credit_amount) for each in entries.value] == [
            ("6100", 53.05, 0),
            ("2200", 10.61, 0),
            ("1900", 0, 63.66),
        ]
        assert {str(each.posting_date) for each in entries.value} == {DAY.isoformat()}
        assert lines.list_journal_lines_for_journal(company, journal.id).value == []

    def test_a_journal_comes_with_its_lines_in_one_request(self, client: ApiClient, company: str) -> None:
        line = JournalLine(
            accountNumber="6200",
            amount=1.5,
            documentNumber="C-2",
            postingDate=DAY.isoformat(),
            dimensionSetLines=[DimensionSetLine(code="project", valueCode="P-100")],
        )
        request = PostJournalRequest(code="DEEP", displayName="Deep insert", journalLines=[line])

        journal = bc.JournalApi(client).post_journal(company, JSON, request)

        (held,) = (
            bc.JournalLineApi(client)
            .list_journal_lines_for_journal(company, journal.id, expand=["dimensionSetLines"])
            .value
        )
        assert held.dimension_set_lines is not None
        assert [(each.code, each.value_code) for each in held.dimension_set_lines] == [("project", "P-100")]

    def test_a_file_is_attached_to_a_line_and_follows_it_to_the_general_ledger(
        self, client: ApiClient, company: str
    ) -> None:
        journals, lines = bc.JournalApi(client), bc.JournalLineApi(client)
        journal = journals.post_journal(company, JSON, PostJournalRequest(code="FILES", displayName="Files"))
        line = lines.post_journal_line_for_journal(company, journal.id, JSON, a_line(10000, "6100", 1.0, "C-3"))
        lines.post_journal_line_for_journal(company, journal.id, JSON, a_line(20000, "1900", -1.0, "C-3"))
        base, headers = (
            f"{client.configuration.host}/companies({company})",
            {"Authorization": f"Bearer {client.configuration.access_token}"},
        )
        row = {"parentId": line.id, "parentType": "Journal", "fileName": "receipt.pdf"}
        made = requests.post(f"{base}/attachments", json=row, headers=headers, timeout=10)
        file = Attachments.from_json(made.text)
        assert file is not None
        content = f"{base}/attachments({file.id})/attachmentContent"
        sent = requests.patch(
            content,
            data=b"%PDF-1.4",
            headers={**headers, "If-Match": "*", "Content-Type": "application/octet-stream"},
            timeout=10,
        )
        journals.post_action_journals(company, journal.id)

        assert (made.status_code, sent.status_code) == (201, 204)
        entries = bc.GeneralLedgerEntryApi(client).list_general_ledger_entries(
            company, filter="documentNumber eq 'C-3'"
        )
        first = entries.value[0].id
        listed = requests.get(f"{base}/generalLedgerEntries({first})/attachments", headers=headers, timeout=10)
        found = [Attachments.from_dict(each) for each in listed.json()["value"]]
        assert [(each.file_name, each.byte_size) for each in found if each] == [("receipt.pdf", 8)]
        assert requests.get(content, headers=headers, timeout=10).content == b"%PDF-1.4"


class TestPurchaseInvoices:
    def test_an_invoice_is_made_with_its_lines_posted_and_read_by_the_same_id(
        self, client: ApiClient, company: str
    ) -> None:
        api = bc.PurchaseInvoiceApi(client)
        line = PurchaseInvoiceLine(lineType="Account", description="Paper", unitCost=53.05, quantity=1, taxCode="GB20")
        account = bc.AccountApi(client).list_accounts(company, filter="number eq '6100'").value[0]
        line.account_id = account.id
        request = PostPurchaseInvoiceRequest(
            vendorNumber="V-2001",
            vendorInvoiceNumber="INV-1",
            invoiceDate=DAY,
            shipToContact="a key",
            purchaseInvoiceLines=[line],
        )

        made = api.post_purchase_invoice(company, JSON, request)
        api.post_action_purchase_invoices(company, made.id)

        (found,) = api.list_purchase_invoices(
            company, filter="shipToContact eq 'a key'", expand=["purchaseInvoiceLines"]
        ).value
        assert (made.status, found.status, found.id) == ("Draft", "Open", made.id)
        assert found.number != made.number
        assert (found.total_amount_excluding_tax, found.total_tax_amount) == (53.05, 10.61)
        assert found.purchase_invoice_lines is not None
        assert [each.tax_percent for each in found.purchase_invoice_lines] == [20]

    def test_a_draft_is_changed_under_its_version_only(self, client: ApiClient, company: str) -> None:
        api = bc.VendorApi(client)
        vendor = api.post_vendor(company, JSON, PostVendorRequest(number="V-9001", displayName="New Vendor"))

        changed = api.patch_vendor(company, vendor.id, JSON, "*", PostVendorRequest(displayName="Newer Vendor"))
        with pytest.raises(ConflictException) as refused:
            api.patch_vendor(company, vendor.id, JSON, 'W/"another"', PostVendorRequest(displayName="X"))

        assert changed.display_name == "Newer Vendor"
        assert code_of(refused.value) == "Request_EntityChanged"


class TestErrors:
    def test_a_wrong_token_is_refused(self, simulator: LedgerSimulator, company: str) -> None:
        configuration = Configuration(host=f"{simulator.url}/v2.0/tenant/Production/api/v2.0")
        configuration.access_token = "another"

        with pytest.raises(UnauthorizedException) as refused:
            bc.AccountApi(ApiClient(configuration)).list_accounts(company)

        assert code_of(refused.value) == "Authentication_InvalidCredentials"

    def test_an_empty_journal_has_nothing_to_post(self, client: ApiClient, company: str) -> None:
        api = bc.JournalApi(client)
        journal = api.post_journal(company, JSON, PostJournalRequest(code="EMPTY", displayName="Empty"))

        with pytest.raises(BadRequestException, match="There is nothing to post") as refused:
            api.post_action_journals(company, journal.id)

        assert code_of(refused.value) == "Application_DialogException"

    def test_an_unknown_account_and_an_unbalanced_document_are_refused(self, client: ApiClient, company: str) -> None:
        journals, lines = bc.JournalApi(client), bc.JournalLineApi(client)
        journal = journals.post_journal(company, JSON, PostJournalRequest(code="WRONG", displayName="Wrong"))

        with pytest.raises(BadRequestException, match="does not match to an Account"):
            lines.post_journal_line_for_journal(company, journal.id, JSON, a_line(10000, "9999", 1.0, "C-4"))
        lines.post_journal_line_for_journal(company, journal.id, JSON, a_line(10000, "6100", 1.0, "C-4"))
        with pytest.raises(BadRequestException, match=r"Document No\. C-4 is out of balance by 1\.00"):
            journals.post_action_journals(company, journal.id)

    def test_lines_are_not_listed_without_their_journal(self, client: ApiClient, company: str) -> None:
        base = f"{client.configuration.host}/companies({company})/journalLines"
        headers = {"Authorization": f"Bearer {client.configuration.access_token}"}

        answer = requests.get(base, headers=headers, timeout=10)

        assert answer.status_code == 400
        assert "You must specify a journal batch ID" in answer.json()["error"]["message"]


def code_of(error: ApiException) -> str:
    return str(json.loads(error.body or "{}")["error"]["code"])


@pytest.mark.skipif(not TABLES.exists(), reason="the tables of the API are not here (PLEO_SPECS names their folder)")
class TestTables:
    """Against the vendor's reference tables of v2.0."""

    @staticmethod
    def tables() -> dict[str, Any]:
        read = json.loads(TABLES.read_text())["resources"]
        return {name.lower(): table for name, table in read.items()}

    @pytest.mark.parametrize("entity_set", [name for name in RESOURCES if name != "employees"])
    def test_the_simulator_has_the_properties_that_are_documented_and_no_others(self, entity_set: str) -> None:
        resource = RESOURCES[entity_set]
        documented = self.tables()[resource.entity.lower()]["properties"]

        assert set(resource.properties) == {each["name"] for each in documented}

    @pytest.mark.parametrize("entity_set", list(RESOURCES))
    def test_what_can_be_written_is_not_read_only_and_each_method_is_documented(self, entity_set: str) -> None:
        resource = RESOURCES[entity_set]
        table = self.tables()[resource.entity.lower()]
        read_only = {each["name"] for each in table["properties"] if each["readOnly"]}

        assert resource.writable & read_only == set()
        assert resource.methods <= set(table["methods"])
