"""What Xero's answers mean: each row of the two tables, with the body that Xero documents for it."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from pleo_export.accounting.errors import (
    AccountingError,
    AuthenticationFailed,
    InvalidConfiguration,
    OutcomeUnknown,
    PeriodClosed,
    PermissionDenied,
    PossibleDuplicate,
    RateLimited,
    Rejected,
    Unavailable,
    UnknownAccount,
    UnknownDimension,
    UnknownTaxCode,
)
from pleo_export.accounting.http import AccountingResponse
from pleo_export.accounting.xero.error_table import MESSAGES, STATUSES, error_of, refusal
from pleo_export.accounting.xero.rest import XeroRefused, content_of, day, encode, idempotency_key, scopes_of
from pleo_export.accounting.xero.settings import XeroSettings

ON = date(2025, 12, 10)


def problem(status: int, title: str, detail: str) -> dict[str, Any]:
    return {"Type": None, "Title": title, "Status": status, "Detail": detail, "Instance": "1f2e"}


VALIDATION = {"ErrorNumber": 10, "Type": "ValidationException", "Message": "A validation exception occurred"}
UNREADABLE = {"ErrorNumber": 14, "Type": "PostDataInvalidException", "Message": "JSON for post data was invalid"}
KEY = problem(400, "Bad Request", "The Idempotency-Key was used for a request with another body")
EXPIRED = problem(401, "Unauthorized", "TokenExpired: token expired at 11/27/2026 00:12:31")
UNSCOPED = problem(401, "Unauthorized", "AuthorizationUnsuccessful")
UNCONNECTED = problem(403, "Forbidden", "AuthenticationUnsuccessful")
FORBIDDEN = problem(403, "Forbidden", "insufficient_scope")
OFFLINE = problem(503, "Service Unavailable", "The organisation is offline")
FAILED = problem(500, "Internal Server Error", "An error occurred in Xero. Check the API Status page")

BODIES = [
    (400, VALIDATION, Rejected),
    (400, UNREADABLE, Rejected),
    (400, KEY, Rejected),
    (401, UNSCOPED, PermissionDenied),
    (401, EXPIRED, AuthenticationFailed),
    (403, UNCONNECTED, AuthenticationFailed),
    (403, FORBIDDEN, PermissionDenied),
    (404, None, InvalidConfiguration),
    (413, None, Rejected),
    (414, None, Rejected),
    (503, OFFLINE, Unavailable),
]


def meaning(status: int, body: Any, *, write: bool = True, headers: dict[str, str] | None = None) -> AccountingError:
    return error_of(status, headers or {}, body, write=write)


class TestStatuses:
    @pytest.mark.parametrize(("status", "body", "error"), BODIES)
    @pytest.mark.parametrize("write", [True, False])
    def test_each_answer_of_xeros_own_has_its_error(
        self, status: int, body: Any, error: type[AccountingError], write: bool
    ) -> None:
        found = meaning(status, body, write=write)

        assert type(found) is error
        assert found.status == status

    def test_every_row_of_the_table_has_a_body_here(self) -> None:
        met = set()
        for status, body, _ in BODIES:
            said = " ".join(str((body or {}).get(name) or "") for name in ("Type", "Title", "Detail"))
            met.add(next(n for n, row in enumerate(STATUSES) if row.status == status and re.search(row.pattern, said)))

        assert met == set(range(len(STATUSES)))

    @pytest.mark.parametrize(
        ("status", "body"),
        [(500, FAILED), (502, None), (503, None), (504, None), (429, None), (401, None), (403, None)],
    )
    def test_a_write_without_xeros_own_refusal_is_in_doubt(self, status: int, body: Any) -> None:
        """A gateway answers so to requests that still arrive."""
        assert type(meaning(status, body)) is OutcomeUnknown

    @pytest.mark.parametrize(("status", "body"), [(500, FAILED), (502, None), (503, None), (504, None)])
    def test_a_read_that_fails_did_nothing(self, status: int, body: Any) -> None:
        assert type(meaning(status, body, write=False)) is Unavailable

    @pytest.mark.parametrize("which", ["minute", "concurrent", "appminute"])
    def test_a_limit_of_a_moment_is_waited_for(self, which: str) -> None:
        headers = {"X-Rate-Limit-Problem": which, "Retry-After": "12"}
        answer = AccountingResponse(429, b"", headers)

        with pytest.raises(RateLimited) as limited:
            content_of(answer, write=True)

        assert (limited.value.retry_after, limited.value.code) == (12, which)

    def test_the_limit_of_a_day_says_when_it_ends(self) -> None:
        answer = AccountingResponse(429, b"", {"X-Rate-Limit-Problem": "day", "Retry-After": "20000"})

        with pytest.raises(RateLimited, match=r"before \d\d:\d\d UTC on \d{4}-") as limited:
            content_of(answer, write=True)

        assert limited.value.retry_after == 20_000


MESSAGES_OF_XERO = [
    ("The document date cannot be before the end of year lock date, currently set at 31 December 2025", PeriodClosed),
    ("The document date cannot be before the period lock date, currently set at 31 January 2026", PeriodClosed),
    ("The payment date cannot be before the period lock date, currently set at 31 January 2026", PeriodClosed),
    ("The account is locked on the payment date", PeriodClosed),
    (
        "Account code '477' has been archived, or has been deleted. Each line item must reference a valid account.",
        UnknownAccount,
    ),
    ("Account code '999' is not a valid code for this document.", UnknownAccount),
    ("The TaxType code 'OUTPUT2' cannot be used with account code '429'.", UnknownTaxCode),
    ("The TaxType code 'XX' does not exist or cannot be used for this type of transaction.", UnknownTaxCode),
    ("Tax rate must be Active", UnknownTaxCode),
    ("The tracking category 'Region' does not exist", UnknownDimension),
    ("The tracking option 'North' does not exist in category 'Region'", UnknownDimension),
    ("Invoice # must be unique.", PossibleDuplicate),
    ("You have reached the limit of invoices you can approve", PermissionDenied),
]
OTHER_MESSAGES = [
    "The contact Ryman has been archived",
    "This document cannot be edited as it has a payment or credit note allocated to it",
    "Invoice not of valid status for modification",
    "Payment amount exceeds the amount outstanding on this document",
    "The tax amount cannot be greater than the line amount",
    "The Total for this document must be greater than zero",
]


class TestMessages:
    @pytest.mark.parametrize(("message", "error"), MESSAGES_OF_XERO)
    def test_each_message_has_its_error(self, message: str, error: type[AccountingError]) -> None:
        assert type(refusal([message], ON)) is error

    def test_every_row_of_the_table_has_a_message_here(self) -> None:
        met = {
            next(number for number, row in enumerate(MESSAGES) if re.search(row.pattern, message))
            for message, _ in MESSAGES_OF_XERO
        }

        assert met == set(range(len(MESSAGES)))

    @pytest.mark.parametrize("message", OTHER_MESSAGES)
    def test_any_other_message_is_quoted(self, message: str) -> None:
        found = refusal([message], ON)

        assert type(found) is Rejected
        assert message in found.message

    def test_a_closed_period_comes_before_anything_else(self) -> None:
        found = refusal([OTHER_MESSAGES[0], MESSAGES_OF_XERO[0][0]], ON)

        assert isinstance(found, PeriodClosed)
        assert found.on == ON
        assert str(ON) in found.message

    def test_an_unknown_account_is_named(self) -> None:
        found = refusal(["Account code '999' is not a valid code for this document."], ON)

        assert isinstance(found, UnknownAccount)
        assert found.unknown == "999"

    def test_a_refusal_of_a_whole_request_keeps_the_messages_of_its_elements(self) -> None:
        body = {**VALIDATION, "Elements": [{"ValidationErrors": [{"Message": "one"}, {"Message": "two"}]}]}

        with pytest.raises(XeroRefused) as refused:
            content_of(AccountingResponse(400, json.dumps(body).encode(), {}), write=True)

        assert refused.value.messages == ["one", "two"]


class TestWire:
    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("/Date(1546214400000+0000)/", date(2018, 12, 31)),
            ("/Date(-86400000)/", date(1969, 12, 31)),
            ("2026-02-10T00:00:00", date(2026, 2, 10)),
            ("", None),
            (None, None),
        ],
    )
    def test_days_are_read_as_xero_writes_them(self, written: str | None, meant: date | None) -> None:
        assert day(written) == meant

    def test_amounts_keep_their_digits(self) -> None:
        assert encode({"a": [Decimal("0.10"), Decimal("90071992547409.93")]}) == '{"a":[0.10,90071992547409.93]}'

    def test_the_same_write_has_the_same_key_and_another_has_another(self) -> None:
        keys = {idempotency_key("PUT", "Invoices", body) for body in (b"{}", b"{}", b"{ }")}

        assert len(keys) == 2
        assert all(len(key) <= 128 for key in keys)

    def test_the_scopes_are_read_from_the_token_and_nothing_from_another(self) -> None:
        claims = "eyJzY29wZSI6WyJhY2NvdW50aW5nLmludm9pY2VzIl19"  # {"scope":["accounting.invoices"]}

        assert scopes_of(f"head.{claims}.signature") == frozenset({"accounting.invoices"})
        assert scopes_of("opaque") is scopes_of("a.b.c") is None


class TestSettings:
    @pytest.mark.parametrize("url", ["http://api.xero.com", "http://10.0.0.1:8082"])
    def test_the_api_is_reached_by_https_except_on_this_machine(self, url: str) -> None:
        with pytest.raises(ValidationError, match="https"):
            XeroSettings.model_validate({"name": "xero", "api_url": url})

        assert XeroSettings.model_validate({"name": "xero", "api_url": "http://127.0.0.1:8082"}).tenant is None
