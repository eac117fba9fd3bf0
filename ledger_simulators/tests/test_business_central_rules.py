"""What a schema cannot say of Business Central: the rules that its simulator keeps, as its answers show them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ledger_simulators.business_central.app import CALLS, PER_SECONDS, SCOPE, TOKEN_SECONDS, create_app
from ledger_simulators.business_central.ledger import BusinessCentralLedger
from ledger_simulators.business_central.sample import sample_ledger
from pleo_simulator.clock import Clock

BASE = "/v2.0/tenant/Production/api/v2.0"
DAY = "2026-02-10"


class Company:
    """The sample company, and a client that is signed in."""

    def __init__(self) -> None:
        self.clock = Clock(datetime(2026, 2, 10, 9, tzinfo=UTC))
        self.ledger: BusinessCentralLedger = sample_ledger(self.clock)
        app = create_app(self.ledger, self.clock)
        app.testing = True
        self.client: FlaskClient = app.test_client()
        self.headers = {"Authorization": f"Bearer {self.sign_in().get_json()['access_token']}"}
        self.id = self.ledger.company["id"]

    def sign_in(self, **changes: str) -> TestResponse:
        client, secret = self.ledger.client
        form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret, "scope": SCOPE}
        return self.client.post("/tenant/oauth2/v2.0/token", data=form | changes)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        address = f"{BASE}/companies({self.id})/{path}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(address, method=method, json=body, headers={**self.headers, **named})

    def batch(self, *requests: tuple[str, str, Any], **headers: str) -> list[Any]:
        parts = [
            {"id": str(number), "method": method, "url": f"companies({self.id})/{path}", "body": body}
            for number, (method, path, body) in enumerate(requests)
        ]
        answer = self.client.post(f"{BASE}/$batch", json={"requests": parts}, headers={**self.headers, **headers})
        assert answer.status_code == 200, answer.get_json()
        return list(answer.get_json()["responses"])

    def journal(self, code: str = "TEST") -> str:
        return str(self.call("POST", "journals", {"code": code, "displayName": code}).get_json()["id"])

    def lines_of(self, journal: str) -> list[Any]:
        return list(self.call("GET", f"journals({journal})/journalLines").get_json()["value"])


def a_line(amount: float, document: str = "D-1", **changes: Any) -> dict[str, Any]:
    line = {"accountType": "G/L Account", "accountNumber": "6100", "postingDate": DAY, "documentNumber": document}
    return line | {"amount": amount} | changes


def error_of(answer: TestResponse) -> tuple[int, str, str]:
    error = answer.get_json()["error"]
    return answer.status_code, error["code"], error["message"]


@pytest.fixture
def company() -> Company:
    return Company()


class TestBatches:
    def test_one_failure_reverts_all_of_a_transactional_batch(self, company: Company) -> None:
        path = f"journals({company.journal()})/journalLines"

        answers = company.batch(
            ("POST", path, a_line(1)), ("POST", path, a_line(2, accountNumber="9999")), Isolation="snapshot"
        )

        assert [each["status"] for each in answers] == [201, 400]  # though the first is undone
        assert company.ledger.store.rows("journalLines") == []

    def test_a_post_inside_of_a_transactional_batch_stays_whatever_follows(self, company: Company) -> None:
        journal = company.journal()
        for amount, account in ((1, "6100"), (-1, "1900")):
            company.call("POST", f"journals({journal})/journalLines", a_line(amount, accountNumber=account))

        company.batch(
            ("POST", f"journals({journal})/Microsoft.NAV.post", {}),
            ("POST", f"journals({journal})/journalLines", a_line(1, accountNumber="9999")),
            Isolation="snapshot",
        )

        assert len(company.ledger.store.rows("generalLedgerEntries")) == 2

    def test_a_batch_ends_at_its_first_failure_unless_it_shall_go_on(self, company: Company) -> None:
        path = f"journals({company.journal()})/journalLines"
        parts = [("POST", path, a_line(1)), ("POST", path, a_line(1, accountNumber="9")), ("POST", path, a_line(2))]

        ended = company.batch(*parts)
        went_on = company.batch(*parts, Prefer="odata.continue-on-error")

        assert [[each["status"] for each in answers] for answers in (ended, went_on)] == [[201, 400], [201, 400, 201]]

    def test_more_than_a_hundred_requests_are_refused(self, company: Company) -> None:
        parts = [{"id": str(each), "method": "GET", "url": f"companies({company.id})/accounts"} for each in range(101)]

        answer = company.client.post(f"{BASE}/$batch", json={"requests": parts}, headers=company.headers)

        assert error_of(answer)[:2] == (400, "BadRequest_BatchTooLarge")


class TestJournals:
    def test_a_post_takes_all_lines_of_the_journal_or_none(self, company: Company) -> None:
        journal = company.journal()
        for line in (
            a_line(1),
            a_line(-1, accountNumber="1900"),
            a_line(5, "D-2", postingDate="2025-12-10"),
            a_line(-5, "D-2", postingDate="2025-12-10", accountNumber="1900"),
        ):
            company.call("POST", f"journals({journal})/journalLines", line)

        status, code, text = error_of(company.call("POST", f"journals({journal})/Microsoft.NAV.post"))

        assert (status, code) == (400, "Application_DialogException")
        assert "not within your range of allowed posting dates" in text
        assert "Line No.='30000'" in text
        assert len(company.lines_of(journal)) == 4

    def test_a_number_in_the_code_is_counted_up_by_a_post(self, company: Company) -> None:
        journal = company.journal("PLEO0009")
        for amount, account in ((1, "6100"), (-1, "1900")):
            company.call("POST", f"journals({journal})/journalLines", a_line(amount, accountNumber=account))

        company.call("POST", f"journals({journal})/Microsoft.NAV.post")

        assert company.call("GET", f"journals({journal})").get_json()["code"] == "PLEO0010"

    def test_vat_is_taken_out_of_the_amount_by_the_code_of_the_line_or_of_the_account(self, company: Company) -> None:
        account = company.ledger.store.one("accounts", number="6200")
        company.ledger.store.update("accounts", account, _taxCode="GB20")
        journal = company.journal()
        for line in (
            a_line(12, taxCode="RC20"),
            a_line(12, accountNumber="6200"),
            a_line(-24, accountNumber="1900"),
        ):
            company.call("POST", f"journals({journal})/journalLines", line)

        company.call("POST", f"journals({journal})/Microsoft.NAV.post")

        entries = company.call("GET", "generalLedgerEntries").get_json()["value"]
        assert [(each["accountNumber"], each["debitAmount"] - each["creditAmount"]) for each in entries] == [
            ("6100", 12),
            ("2201", 2.4),
            ("2202", -2.4),
            ("6200", 10),
            ("2200", 2),
            ("1900", -24),
        ]

    def test_codes_are_kept_in_capitals_and_texts_are_not_longer_than_their_fields(self, company: Company) -> None:
        path = f"journals({company.journal()})/journalLines"

        line = company.call("POST", path, a_line(1, "d-1", description="as written")).get_json()
        refused = error_of(company.call("POST", path, a_line(1, "x" * 21)))

        assert (line["documentNumber"], line["description"]) == ("D-1", "as written")
        assert refused[:2] == (400, "Application_StringExceededLength")


class TestQueries:
    def test_or_joins_comparisons_of_one_field_only(self, company: Company) -> None:
        one = company.call("GET", "accounts?$filter=number eq '6100' or number eq '6200'")
        two = company.call("GET", "accounts?$filter=number eq '6100' or displayName eq 'x'")

        assert len(one.get_json()["value"]) == 2
        assert error_of(two)[:2] == (501, "BadRequest_NotSupported")

    def test_long_lists_come_in_pages(self, company: Company) -> None:
        company.ledger.page_size = 5
        found, address = [], f"{BASE}/companies({company.id})/accounts?$select=number"
        while address:
            page = company.client.get(address, headers=company.headers).get_json()
            found += page["value"]
            address = page.get("@odata.nextLink", "")

        assert len(found) == len(company.ledger.store.rows("accounts")) > 5

    @pytest.mark.parametrize(
        "query", ["$filter=nothing eq 1", "$select=nothing", "$expand=nothing", "$fliter=x", "$filter=number"]
    )
    def test_what_is_not_understood_is_refused(self, company: Company, query: str) -> None:
        assert error_of(company.call("GET", f"accounts?{query}"))[0] == 400

    @pytest.mark.parametrize(
        "change", [{"amuont": 1}, {"id": "x"}, {"postingDate": "10/02/2026"}, {"amount": "1"}, {"description": 5}]
    )
    def test_a_body_has_known_properties_of_the_right_type_only(self, company: Company, change: dict[str, Any]) -> None:
        journal = company.journal()

        assert company.call("POST", f"journals({journal})/journalLines", a_line(1) | change).status_code == 400


class TestPurchases:
    def test_a_vendors_number_is_taken_once(self, company: Company) -> None:
        body = {
            "vendorNumber": "V-2001",
            "vendorInvoiceNumber": "inv-1",
            "purchaseInvoiceLines": [{"lineType": "Account", "lineObjectNumber": "6100", "quantity": 1, "unitCost": 5}],
        }
        made = [company.call("POST", "purchaseInvoices", body).get_json() for _ in range(2)]
        posts = [company.call("POST", f"purchaseInvoices({each['id']})/Microsoft.NAV.post") for each in made]

        assert posts[0].status_code == 204
        assert "INV-1 already exists for this vendor" in error_of(posts[1])[2]
        changed = company.call("PATCH", f"purchaseInvoices({made[0]['id']})", {"dueDate": DAY}, If_Match="*")
        assert "draft invoice only" in error_of(changed)[2]

    def test_an_old_version_is_not_changed(self, company: Company) -> None:
        made = company.call("POST", "purchaseInvoices", {"vendorNumber": "V-2001"}).get_json()
        path, version = f"purchaseInvoices({made['id']})", made["@odata.etag"]

        first = company.call("PATCH", path, {"dueDate": "2026-03-01"}, If_Match=version)
        second = company.call("PATCH", path, {"dueDate": "2026-04-01"}, If_Match=version)

        assert first.status_code == 200
        assert error_of(second)[:2] == (409, "Request_EntityChanged")
        assert company.call("PATCH", path, {"dueDate": DAY}).status_code == 428


class TestAccess:
    def test_a_token_ends_after_an_hour(self, company: Company) -> None:
        company.clock.advance(timedelta(seconds=TOKEN_SECONDS))

        assert error_of(company.call("GET", "accounts"))[:2] == (401, "Authentication_InvalidCredentials")

    @pytest.mark.parametrize(
        ("change", "status"), [({"client_secret": "x"}, 401), ({"scope": "x"}, 400), ({"grant_type": "password"}, 400)]
    )
    def test_a_sign_in_needs_the_right_client_scope_and_grant(
        self, company: Company, change: dict[str, str], status: int
    ) -> None:
        answer = company.sign_in(**change)

        assert answer.status_code == status
        assert "error" in answer.get_json()

    def test_too_many_calls_in_five_minutes_are_refused_until_some_are_past(self, company: Company) -> None:
        statuses = {company.call("GET", "taxGroups?$top=1").status_code for _ in range(CALLS)}
        refused = company.call("GET", "taxGroups")
        company.clock.advance(timedelta(seconds=PER_SECONDS))

        assert statuses == {200}
        assert refused.status_code == 429
        assert company.call("GET", "taxGroups").status_code == 200

    def test_a_client_without_rights_reads_and_does_not_write(self, company: Company) -> None:
        company.ledger.write_rights = False

        assert company.call("GET", "accounts").status_code == 200
        answer = company.call("POST", "journals", {"code": "X", "displayName": "X"})
        assert error_of(answer)[:2] == (403, "Internal_ClientPermissionError")


def test_the_page_shows_what_is_posted_and_escapes_it(company: Company) -> None:
    journal = company.journal()
    for amount, account in ((1, "6100"), (-1, "1900")):
        line = a_line(amount, accountNumber=account, description="<script>")
        company.call("POST", f"journals({journal})/journalLines", line)
    before = company.client.get("/").get_data(as_text=True)

    company.call("POST", f"journals({journal})/Microsoft.NAV.post")

    after = company.client.get("/").get_data(as_text=True)
    assert "Nothing is posted." in before
    assert "Nothing is posted." not in after
    assert "<script>" not in before + after
    assert "&lt;script&gt;" in after


class TestNewVendors:
    def test_a_number_is_taken_once(self, company: Company) -> None:
        sent = {"number": "PXHARBOUR", "displayName": "Harbour Print", "taxRegistrationNumber": "GB611222333"}

        first, second = company.call("POST", "vendors", sent), company.call("POST", "vendors", sent)

        assert first.status_code == 201
        assert error_of(second)[:2] == (400, "Internal_EntityWithSameKeyExists")

    def test_a_series_may_take_no_numbers_that_are_entered(self, company: Company) -> None:
        company.ledger.manual_vendor_numbers = False

        entered = company.call("POST", "vendors", {"number": "PX1", "displayName": "Harbour Print"})
        numbered = company.call("POST", "vendors", {"displayName": "Harbour Print"})

        assert error_of(entered)[:2] == (400, "Application_DialogException")
        assert numbered.get_json()["number"]

    def test_a_currency_has_to_be_there(self, company: Company) -> None:
        sent = {"displayName": "Harbour Print", "currencyCode": "USD"}
        assert error_of(company.call("POST", "vendors", sent))[:2] == (400, "Internal_InvalidTableRelation")


def test_a_page_in_a_batch_leads_to_the_next_one(company: Company) -> None:
    company.ledger.page_size = 5
    request = {"method": "GET", "id": "0", "url": f"companies({company.id})/accounts?$count=true", "headers": {}}
    (part,) = company.client.post(f"{BASE}/$batch", json={"requests": [request]}, headers=company.headers).get_json()[
        "responses"
    ]

    found, address = part["body"]["value"], part["body"]["@odata.nextLink"]
    while address:
        page = company.client.get(address, headers=company.headers).get_json()
        found += page["value"]
        address = page.get("@odata.nextLink", "")

    assert len(found) == part["body"]["@odata.count"] == len(company.ledger.store.rows("accounts")) > 5
