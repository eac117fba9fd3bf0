"""The table of Business Central's errors, row by row, with the bodies that its documents and sources show."""

from __future__ import annotations

import json
import re

import pytest
from flask import Flask

from pleo_export.accounting.business_central.error_table import (
    ALREADY_EXISTS,
    FOREIGN,
    POSTING_DATE,
    TABLE,
    BusinessCentralRejected,
    error_body,
    error_of,
    words_of,
)
from pleo_export.accounting.business_central.rest import BusinessCentralRest
from pleo_export.accounting.business_central.settings import BusinessCentralSettings
from pleo_export.accounting.errors import (
    AccountingError,
    AttachmentTooLarge,
    AuthenticationFailed,
    InvalidConfiguration,
    OutcomeUnknown,
    PermissionDenied,
    PossibleDuplicate,
    RateLimited,
    Rejected,
    Unavailable,
    UnknownDimension,
)
from pleo_export.accounting.http import AccountingTransport
from pleo_export.http.session import IsolatedSession
from tests.system.fake_network import Answer, Request
from tests.system.wsgi_adapter import WsgiAdapter, session_through

CORRELATION = "CorrelationId:  1b6e1b1f-9a7c-4b8e-8f0a-3f2b1c0d9e8f."


def answer(code: str, text: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": f"{text}  {CORRELATION}"}}).encode()


PAGE = b"<html><head><title>502 Bad Gateway</title></head></html>"
REJECTED = BusinessCentralRejected
# status, body, the error after a read, the error after a write, what the sentence holds
ROWS: list[tuple[int, bytes, type[AccountingError], type[AccountingError], str]] = [
    (
        401,
        answer("Authentication_InvalidCredentials", "The server has rejected the client credentials."),
        AuthenticationFailed,
        AuthenticationFailed,
        "access key",
    ),
    (401, b"", AuthenticationFailed, AuthenticationFailed, "access key"),
    (400, answer("Authentication_InvalidCredentials", "x"), AuthenticationFailed, AuthenticationFailed, "access key"),
    (
        403,
        answer("Internal_ClientPermissionError", "You do not have the following permissions on TableData 81: Insert."),
        PermissionDenied,
        PermissionDenied,
        "permission sets",
    ),
    (403, answer("Other", "Forbidden"), PermissionDenied, PermissionDenied, "permission sets"),
    (429, answer("Application_TooManyRequests", "Too many requests."), RateLimited, RateLimited, "busy"),
    (429, PAGE, RateLimited, OutcomeUnknown, ""),
    (
        404,
        answer("Internal_CompanyNotFound", "The company does not exist."),
        InvalidConfiguration,
        InvalidConfiguration,
        "settings",
    ),
    (
        503,
        answer("Internal_TenantUnavailable", "The tenant is being upgraded."),
        Unavailable,
        Unavailable,
        "Nothing was done",
    ),
    (
        409,
        answer("Request_EntityChanged", "Another user has already changed the record."),
        Unavailable,
        Unavailable,
        "Nothing was done",
    ),
    (400, answer("Internal_EntityLocked", "The record is locked."), Unavailable, Unavailable, "Nothing was done"),
    (413, PAGE, AttachmentTooLarge, AttachmentTooLarge, "larger"),
    (
        400,
        answer("Application_DialogException", "Purchase Invoice INV-1 already exists for this vendor."),
        PossibleDuplicate,
        PossibleDuplicate,
        "INV-1",
    ),
    (
        400,
        answer("Application_DialogException", 'The "valueCode" does not match to a Dimension Value.'),
        UnknownDimension,
        UnknownDimension,
        "valueCode",
    ),
    (
        404,
        answer("BadRequest_ResourceNotFound", "Resource not found for the segment 'journals'."),
        InvalidConfiguration,
        InvalidConfiguration,
        "settings",
    ),
    (404, PAGE, InvalidConfiguration, OutcomeUnknown, ""),
    (
        400,
        answer("Internal_InvalidTableRelation", "The field Account No. contains a value (9999) that cannot be found."),
        REJECTED,
        REJECTED,
        "9999",
    ),
    (404, answer("Internal_RecordNotFound", "The Vendor does not exist."), REJECTED, REJECTED, "Vendor"),
    (400, answer("Internal_EntityWithSameKeyExists", "The record already exists."), REJECTED, REJECTED, "exists"),
    (
        400,
        answer("Application_FieldValidationException", "Due Date must have a value."),
        REJECTED,
        REJECTED,
        "Due Date",
    ),
    (400, answer("Application_StringExceededLength", "The length of the string is 40."), REJECTED, REJECTED, "40"),
    (
        400,
        answer("BadRequest_RequiredParamNotProvided", "Required parameter not provided."),
        REJECTED,
        REJECTED,
        "parameter",
    ),
    (500, answer("Internal_ServerError", "An unexpected error."), Unavailable, OutcomeUnknown, ""),
    (400, answer("Somewhat_New", "A rule of next year."), REJECTED, REJECTED, "next year"),
    (404, answer("Somewhat_New", "It is not there."), REJECTED, REJECTED, "not there"),
    (502, PAGE, Unavailable, OutcomeUnknown, ""),
    (504, answer("Timeout", "The request took longer than ten minutes."), Unavailable, OutcomeUnknown, ""),
]


@pytest.mark.parametrize(("status", "body", "after_read", "after_write", "said"), ROWS)
def test_an_error_leads_to_the_right_decision(
    status: int, body: bytes, after_read: type[AccountingError], after_write: type[AccountingError], said: str
) -> None:
    errors = [error_of(status, error_body(body), {}, write=write) for write in (False, True)]

    assert [type(each) for each in errors] == [after_read, after_write]
    assert all(said in each.message for each in errors)


def test_each_row_of_the_table_is_met_by_an_answer() -> None:
    met = set()
    for status, body, *_ in ROWS:
        read = error_body(body)
        for number, row in enumerate(TABLE):
            code = re.fullmatch(row.code, read.code)
            if row.status in (None, status) and code and row.message.search(read.message):
                met.add(number)
                break

    assert met == set(range(len(TABLE)))


def test_the_correlation_id_is_not_told_and_the_code_is_kept_for_the_operator() -> None:
    error = error_of(400, error_body(answer("Application_DialogException", "No.")), {}, write=True)

    assert "Correlation" not in error.message
    assert (error.status, error.code) == (400, "Application_DialogException")


def test_a_long_refusal_is_cut_for_people_and_whole_for_the_connector() -> None:
    text = "x" * 400 + " Line No.='20000'"

    error = error_of(400, error_body(answer("Application_DialogException", text)), {}, write=True)

    assert isinstance(error, Rejected)
    assert len(error.message) < 300
    assert words_of(error) == text


@pytest.mark.parametrize(
    ("headers", "seconds"), [({}, 60), ({"Retry-After": "5"}, 5), ({"Retry-After": "soon"}, 60)], ids=str
)
def test_a_rate_limit_says_how_long_to_wait(headers: dict[str, str], seconds: int) -> None:
    error = error_of(429, error_body(answer("Application_TooManyRequests", "x")), headers, write=True)

    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


@pytest.mark.parametrize("content", [b"", b"[]", b'{"error": "no object"}', b'{"error": {"code": 5}}', PAGE])
def test_what_is_no_error_of_business_central_is_foreign(content: bytes) -> None:
    assert error_body(content).code == FOREIGN


@pytest.mark.parametrize(
    "text",
    [
        "Posting Date is not within your range of allowed posting dates.",
        "Bogføringsdato er ikke inden for perioden med tilladte bogføringsdatoer.",
        "Buchungsdatum ist nicht innerhalb Ihres Bereichs zulässiger Buchungsdaten.",
    ],
)
def test_a_closed_day_is_told_in_the_language_of_the_user(text: str) -> None:
    assert POSTING_DATE.search(text)
    assert not ALREADY_EXISTS.search(text)


@pytest.mark.parametrize(("headers", "seconds"), [([], 60), ([("Retry-After", "7")], 7)], ids=str)
def test_a_refusal_for_too_many_calls_is_told_to_the_budget(headers: list[tuple[str, str]], seconds: int) -> None:
    class Budget:
        def __init__(self) -> None:
            self.seen: list[tuple[int | None, int | None]] = []

        def take(self, calls: int = 1) -> None:
            """Let every call pass."""

        def observe(self, remaining: int | None, resets_in: int | None = None) -> None:
            self.seen.append((remaining, resets_in))

    def refuse(_: Request, __: object) -> Answer:
        return Answer(429, headers, answer("Application_TooManyRequests", "Too many requests."))

    budget = Budget()
    session = session_through(WsgiAdapter(Flask("nobody"), refuse), IsolatedSession())
    transport = AccountingTransport("Business Central", "https://bc.test", {}, session=session, budget=budget)
    where = {"name": "business-central", "tenant": "t", "company": "0a1b2c3d-0000-4000-8000-000000000001"}
    rest = BusinessCentralRest(transport, BusinessCentralSettings.model_validate(where))

    with pytest.raises(RateLimited) as refused:
        rest.act("journals(1)")

    assert refused.value.retry_after == seconds
    assert budget.seen == [(None, seconds)]
