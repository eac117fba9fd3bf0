"""The simulator of Xero over its test client: the traps that a schema does not show."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger_simulators.xero.app import create_app
from ledger_simulators.xero.ledger import XeroLedger
from ledger_simulators.xero.sample import TENANT, sample_ledger
from pleo_simulator.clock import Clock

ROOT = "/api.xro/2.0"


class Xero:
    """One organisation, and a client with a token for it."""

    def __init__(self) -> None:
        self.clock = Clock(datetime(2026, 9, 1, 9, tzinfo=UTC))
        self.ledger: XeroLedger = sample_ledger(self.clock)
        app = create_app(self.ledger, self.clock)
        app.testing = True
        self.client: FlaskClient = app.test_client()
        self.token = self.ledger.identity.grant()["access_token"]

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {self.token}", "xero-tenant-id": TENANT}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(ROOT + path, method=method, data=json.dumps(body) if body else None, headers=sent)

    def account(self, code: str) -> str:
        found = self.ledger.books.account({"Code": code})
        assert found is not None
        return str(found["AccountID"])

    def spent(self, **changes: Any) -> dict[str, Any]:
        line: Any = {"Description": "Train", "UnitAmount": 40, "AccountCode": "6200", "TaxType": "GB20"}
        values: dict[str, Any] = {
            "Type": "SPEND",
            "Contact": {"Name": "Trainline"},
            "Date": "2026-02-10",
            "LineItems": [line],
        }
        return {**values, "BankAccount": {"AccountID": self.account("1900")}, **changes}


@pytest.fixture
def xero() -> Xero:
    return Xero()


class TestIdempotency:
    def test_the_same_write_is_done_once_and_again_when_the_key_has_ended(self, xero: Xero) -> None:
        body = {"BankTransactions": [xero.spent()]}

        first, second = (xero.ask("PUT", "/BankTransactions", body, Idempotency_Key="k") for _ in range(2))
        assert first.json == second.json
        xero.clock.advance(timedelta(minutes=7))
        xero.token = xero.ledger.identity.grant()["access_token"]
        xero.ask("PUT", "/BankTransactions", body, Idempotency_Key="k")

        assert len(xero.ledger.books.documents["BankTransactions"]) == 2

    def test_a_success_is_answered_again_although_the_document_is_deleted(self, xero: Xero) -> None:
        body = {"BankTransactions": [xero.spent()]}
        (made,) = xero.ask("PUT", "/BankTransactions", body, Idempotency_Key="k").json["BankTransactions"]
        xero.ask("POST", f"/BankTransactions/{made['BankTransactionID']}", {"Status": "DELETED"})

        (again,) = xero.ask("PUT", "/BankTransactions", body, Idempotency_Key="k").json["BankTransactions"]

        assert again["Status"] == "AUTHORISED"
        assert [each["Status"] for each in xero.ledger.books.documents["BankTransactions"].values()] == ["DELETED"]

    def test_a_key_with_another_body_or_too_long_is_refused(self, xero: Xero) -> None:
        xero.ask("PUT", "/BankTransactions", {"BankTransactions": [xero.spent()]}, Idempotency_Key="k")
        other = {"BankTransactions": [xero.spent(Reference="another")]}

        answers = [xero.ask("PUT", "/BankTransactions", other, Idempotency_Key=key) for key in ("k", "k" * 129)]

        assert [each.status_code for each in answers] == [400, 400]
        assert len(xero.ledger.books.documents["BankTransactions"]) == 1


class TestLimits:
    def test_what_is_left_is_in_every_answer_and_ends_with_the_minute(self, xero: Xero) -> None:
        xero.ledger.limits.per_minute = 2
        left = [xero.ask("GET", "/Organisation").headers["X-MinLimit-Remaining"] for _ in range(2)]
        refused = xero.ask("GET", "/Organisation")

        assert left == ["1", "0"]
        assert (refused.status_code, refused.headers["X-Rate-Limit-Problem"]) == (429, "minute")
        xero.clock.advance(timedelta(seconds=int(refused.headers["Retry-After"])))
        assert xero.ask("GET", "/Organisation").status_code == 200

    def test_the_limit_of_a_day_takes_hours(self, xero: Xero) -> None:
        xero.ledger.limits.per_day = 1
        xero.ask("GET", "/Organisation")

        refused = xero.ask("GET", "/Organisation")

        assert refused.headers["X-Rate-Limit-Problem"] == "day"
        assert int(refused.headers["Retry-After"]) > 3600

    def test_too_many_at_a_time_are_refused(self, xero: Xero) -> None:
        xero.ledger.limits.running = 5

        assert xero.ask("GET", "/Organisation").headers["X-Rate-Limit-Problem"] == "concurrent"


class TestWrites:
    def test_without_summarised_errors_the_good_ones_are_kept(self, xero: Xero) -> None:
        bad = xero.spent(LineItems=[{"Description": "x", "UnitAmount": 1, "AccountCode": "999"}])

        answer = xero.ask("PUT", "/BankTransactions?summarizeErrors=false", {"BankTransactions": [bad, xero.spent()]})

        assert answer.status_code == 200
        assert [each["StatusAttributeString"] for each in answer.json["BankTransactions"]] == ["ERROR", "OK"]
        assert len(xero.ledger.books.documents["BankTransactions"]) == 1

    def test_with_them_one_bad_element_takes_all_back(self, xero: Xero) -> None:
        bad = xero.spent(Contact={})
        contacts = len(xero.ledger.books.contacts)

        answer = xero.ask("PUT", "/BankTransactions", {"BankTransactions": [xero.spent(), bad]})

        assert (answer.status_code, answer.json["ErrorNumber"], len(answer.json["Elements"])) == (400, 10, 1)
        assert xero.ledger.books.documents["BankTransactions"] == {}
        assert len(xero.ledger.books.contacts) == contacts

    def test_payments_that_are_taken_back_leave_their_bill_open(self, xero: Xero) -> None:
        ryman = next(each for each in xero.ledger.books.contacts if each["Name"] == "Ryman")
        line: Any = {"Description": "x", "UnitAmount": 10, "AccountCode": "6100"}
        bill: dict[str, Any] = {"Type": "ACCPAY", "Contact": {"ContactID": ryman["ContactID"]}, "Date": "2026-02-10"}
        bill |= {"DueDate": "2026-03-01", "Status": "AUTHORISED", "LineItems": [line], "Reference": "is dropped"}
        (owed,) = xero.ask("PUT", "/Invoices", bill).json["Invoices"]
        part = {"Invoice": {"InvoiceID": owed["InvoiceID"]}, "Account": {"AccountID": xero.account("1900")}}
        parts = [{**part, "Amount": amount, "Date": "2026-02-10"} for amount in (6, 6)]

        assert xero.ask("PUT", "/Payments", {"Payments": parts}).status_code == 400

        held = xero.ledger.books.documents["Invoices"][owed["InvoiceID"]]
        assert (held["AmountDue"], held["Status"], xero.ledger.books.documents["Payments"]) == (10, "AUTHORISED", {})
        assert "Reference" not in owed

    @pytest.mark.parametrize("body", [b"{", b'{"BankTransactions": ["x"]}', b'{"Narration": "a\\u0000b"}', b"[]"])
    def test_what_is_no_document_is_refused_as_a_whole(self, xero: Xero, body: bytes) -> None:
        sent = {"Authorization": f"Bearer {xero.token}", "xero-tenant-id": TENANT}

        answer: Any = xero.client.put(f"{ROOT}/BankTransactions", data=body, headers=sent)

        assert (answer.status_code, answer.json["ErrorNumber"]) == (400, 14)

    def test_a_document_in_a_locked_period_is_neither_made_nor_undone(self, xero: Xero) -> None:
        (made,) = xero.ask("PUT", "/BankTransactions", xero.spent()).json["BankTransactions"]
        xero.ledger.lock(date(2026, 2, 28))

        answers = [
            xero.ask("PUT", "/BankTransactions", xero.spent()),
            xero.ask("POST", f"/BankTransactions/{made['BankTransactionID']}", {"Status": "DELETED"}),
        ]

        told = [each.json["Elements"][0]["ValidationErrors"][0]["Message"] for each in answers]
        assert all("period lock date, currently set at 28 February 2026" in each for each in told)

    def test_what_is_reconciled_with_a_statement_stays(self, xero: Xero) -> None:
        (made,) = xero.ask("PUT", "/BankTransactions", xero.spent(IsReconciled=True)).json["BankTransactions"]

        answer = xero.ask("POST", f"/BankTransactions/{made['BankTransactionID']}", {"Status": "DELETED"})

        assert "reconciled with a Bank Statement" in answer.json["Elements"][0]["ValidationErrors"][0]["Message"]

    def test_an_eleventh_file_a_file_of_another_type_and_a_large_one_are_refused(self, xero: Xero) -> None:
        (made,) = xero.ask("PUT", "/BankTransactions", xero.spent()).json["BankTransactions"]
        path = f"/BankTransactions/{made['BankTransactionID']}/Attachments/"
        for number in range(10):
            xero.ask("PUT", f"{path}{number}.pdf", "x")

        assert xero.ask("PUT", f"{path}0.pdf", "another").status_code == 200  # takes the place of the other
        assert xero.ask("PUT", f"{path}10.pdf", "x").status_code == 400
        assert xero.ask("PUT", f"{path}0.exe", "x").status_code == 400
        assert xero.ask("PUT", f"{path}0.pdf", "x" * 3_600_000).status_code == 413
        assert len(xero.ledger.files(made["BankTransactionID"])) == 10


class TestIdentity:
    def test_a_code_gives_a_grant_whose_refresh_token_works_once(self, xero: Xero) -> None:
        identity = xero.ledger.identity
        asked = f"client_id={identity.client_id}&redirect_uri=https://us.test/back&scope=accounting.invoices&state=s"
        sent_to = xero.client.get(f"/identity/connect/authorize?{asked}").headers["Location"]
        code = sent_to.partition("code=")[2].partition("&")[0]
        client = {"client_id": identity.client_id, "client_secret": identity.client_secret}
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://us.test/back", **client}

        grant: Any = xero.client.post("/connect/token", data=form).json
        again = {"grant_type": "refresh_token", "refresh_token": grant["refresh_token"], **client}
        answers = [xero.client.post("/connect/token", data=again) for _ in range(2)]

        assert [each.status_code for each in answers] == [200, 400]
        assert answers[1].json == {"error": "invalid_grant"}
        assert xero.client.post("/connect/token", data=form).json == {"error": "invalid_grant"}

    def test_an_access_token_ends_after_half_an_hour_and_an_unused_refresh_token_after_sixty_days(
        self, xero: Xero
    ) -> None:
        grant = xero.ledger.identity.grant()
        xero.token = grant["access_token"]
        xero.clock.advance(timedelta(minutes=31))
        client = {"client_id": xero.ledger.identity.client_id, "client_secret": xero.ledger.identity.client_secret}
        form = {"grant_type": "refresh_token", "refresh_token": grant["refresh_token"], **client}

        assert xero.ask("GET", "/Organisation").status_code == 401
        xero.clock.advance(timedelta(days=60))
        assert xero.client.post("/connect/token", data=form).json == {"error": "invalid_grant"}

    def test_a_scope_that_is_missing_and_an_organisation_that_is_not_connected_are_refused(self, xero: Xero) -> None:
        xero.token = xero.ledger.identity.grant({"accounting.settings.read"})["access_token"]
        unscoped = xero.ask("PUT", "/BankTransactions", xero.spent())
        xero.ledger.identity.disconnect(xero.ledger.identity.connections[0]["id"])

        assert (unscoped.status_code, xero.ask("GET", "/Organisation").status_code) == (403, 403)


def test_the_page_shows_balances_and_documents_and_escapes_what_people_wrote(xero: Xero) -> None:
    xero.ask("PUT", "/BankTransactions", xero.spent(Contact={"Name": "<script>alert(1)</script>"}, Reference="pleo:1"))

    page = xero.client.get("/").get_data(as_text=True)

    assert "Brightwater Trading Ltd" in page
    assert "pleo:1" in page
    assert "-48.00" in page
    assert "<script>" not in page


class TestLists:
    def test_what_is_archived_is_shown_only_where_it_is_asked_for(self, xero: Xero) -> None:
        xero.ledger.books.tracking[0]["Options"][0]["Status"] = "ARCHIVED"

        usual = xero.ask("GET", "/TrackingCategories").get_json()["TrackingCategories"][0]["Options"]
        every = xero.ask("GET", "/TrackingCategories?includeArchived=true").get_json()["TrackingCategories"][0]

        assert len(every["Options"]) == len(usual) + 1

    def test_a_search_term_finds_contacts_in_any_case(self, xero: Xero) -> None:
        found = xero.ask("GET", "/Contacts?searchTerm=RYMAN").get_json()["Contacts"]
        assert [each["Name"] for each in found] == ["Ryman"]

    def test_a_number_of_a_contact_has_at_most_fifty_characters(self, xero: Xero) -> None:
        sent = {"Contacts": [{"Name": "Harbour Print", "ContactNumber": "n" * 51}]}
        assert xero.ask("PUT", "/Contacts", sent).status_code == 400
