"""What e-conomic's answers mean: each row of its tables, with bodies as its specifications and its guide show them."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest

from pleo_export.accounting.economic.error_table import BY_CODE, BY_PROPERTY, BY_STATUS, EconomicBody, meaning
from pleo_export.accounting.economic.filters import among, begins, both, either, equals
from pleo_export.accounting.economic.rest import error_of, key_of
from pleo_export.accounting.errors import (
    AccountingError,
    AttachmentRejected,
    AttachmentTooLarge,
    AuthenticationFailed,
    InvalidConfiguration,
    OutcomeUnknown,
    PeriodClosed,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
    UnknownAccount,
    UnknownDimension,
    UnknownTaxCode,
)
from pleo_export.accounting.http import AccountingResponse

ON = date(2026, 1, 17)
HTML = b"<html><head><title>503 Service Unavailable</title></head></html>"

# The codes that the specifications list at the calls of the connector, and what each is to an export.
PUBLISHED = {
    "JournalEntryDateAccountingYearDoesNotExist": PeriodClosed,
    "JournalEntryDateAccountingYearClosed": PeriodClosed,
    "JournalEntryDateAccountingYearPeriodBarred": PeriodClosed,
    "JournalVoucherAccountingYearDoesNotExist": PeriodClosed,
    "JournalVoucherAccountingYearClosed": PeriodClosed,
    "AccountingYearClosed": PeriodClosed,
    "ENTRYMATCHING_ERROR_CLOSEDPERIOD": PeriodClosed,
    "JournalEntryAccountNotFound": UnknownAccount,
    "JournalEntryContraAccountNotAccessible": UnknownAccount,
    "JournalEntryAccountIsBlockedForDirectEntries": UnknownAccount,
    "JournalEntryWrongAccountType": UnknownAccount,
    "JournalEntryProjectNotFound": UnknownDimension,
    "JournalEntryCostTypeNotAccessible": UnknownDimension,
    "JournalEntryProjectIdSetWithoutModuleAccess": UnknownDimension,
    "JournalEntryProjectCostTypeSetMismatch": UnknownDimension,
    "JournalEntryMultipleDimensionNotFound": UnknownDimension,
    "CONTAINSINVALIDVALUES": UnknownDimension,
    "CONTAINSBARREDVALUES": UnknownDimension,
    "JournalDoesNotExist": InvalidConfiguration,
    "JournalEntryVoucherNumberNotWithinBoundaries": InvalidConfiguration,
    "JournalEntryVoucherNumberCannotBeGenerated": InvalidConfiguration,
    "JournalEntryTypeNotCorrect": InvalidConfiguration,
    "AccessDeniedAgreementMissingModules": PermissionDenied,
    "InvalidFileData": AttachmentRejected,
    "DocumentAlreadyAttachedToVoucher": AttachmentRejected,
    "UnableToAttach": AttachmentRejected,
    "JournalVoucherDataIntegrityError": Rejected,
    "ValidationError": Rejected,
}


def answer(status: int, body: Any, **headers: str) -> AccountingResponse:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return AccountingResponse(status, content, headers)


def problem(status: int, code: str, words: str = "Not possible", property_: str | None = None) -> dict[str, Any]:
    """Problem details as the services send them."""
    first = {"message": words, "errorCode": code, "property": property_}
    return {"title": "Validation error", "status": status, "traceId": "00-0af7651916cd43dd", "errors": [first]}


def old(code: str, words: str) -> dict[str, Any]:
    """An error of the old API, as its documentation shows it."""
    return {
        "message": words,
        "errorCode": code,
        "developerHint": "Inspect validation errors and correct your request.",
        "logId": "c64b7bb6-4bcd-4b3c-9fbb-1b1b0f0f0f0f",
        "httpStatusCode": 400,
        "logTime": "2026-01-17T10:00:00",
    }


def told(status: int, body: Any, *, write: bool = True) -> AccountingError:
    return error_of(answer(status, body), write=write, on=ON)


class TestPublishedCodes:
    @pytest.mark.parametrize(("code", "error"), PUBLISHED.items())
    def test_given_a_published_code_then_it_is_known(self, code: str, error: type[AccountingError]) -> None:
        found = told(400, problem(400, code))
        assert type(found) is error

    @pytest.mark.parametrize("pattern", [pattern for pattern, _ in BY_CODE])
    def test_given_each_row_then_a_published_code_uses_it(self, pattern: str) -> None:
        assert any(re.fullmatch(pattern, code) for code in [*PUBLISHED, "AccountingYearNotFound"])

    def test_given_a_closed_period_then_the_day_is_told(self) -> None:
        found = told(400, problem(400, "JournalEntryDateAccountingYearPeriodBarred"))
        assert isinstance(found, PeriodClosed)
        assert found.on == ON

    def test_given_a_refusal_then_its_words_and_evidence_are_kept(self) -> None:
        found = told(400, problem(400, "JournalVoucherDataIntegrityError", "Voucher 50117 does not balance"))
        assert "Voucher 50117 does not balance" in found.told.sentence
        assert (found.status, found.code) == (400, "JournalVoucherDataIntegrityError")


class TestProperties:
    @pytest.mark.parametrize(("name", "error"), BY_PROPERTY.items())
    def test_given_a_property_without_a_published_code_then_it_decides(
        self, name: str, error: type[AccountingError]
    ) -> None:
        assert type(told(400, problem(400, "SomethingNew", property_=name.upper()))) is error
        assert error is UnknownTaxCode


class TestStatuses:
    @pytest.mark.parametrize(("status", "error"), BY_STATUS.items())
    def test_given_a_status_of_either_api_then_it_decides(self, status: int, error: type[AccountingError]) -> None:
        assert type(told(status, problem(status, "SomethingNew"))) is error
        assert type(told(status, old("E00000", "Something new"))) is error

    def test_given_a_fault_when_writing_then_only_a_search_tells(self) -> None:
        assert type(told(500, problem(500, "InternalError"))) is OutcomeUnknown
        assert type(told(500, problem(500, "InternalError"), write=False)) is Unavailable

    def test_given_a_429_then_its_time_is_kept_or_that_of_the_bucket(self) -> None:
        for headers, seconds in (({"Retry-After": "7"}, 7), ({}, 60)):
            found = error_of(answer(429, problem(429, "RateLimit"), **headers), write=True)
            assert isinstance(found, RateLimited)
            assert found.retry_after == seconds

    def test_given_refused_tokens_then_they_are_what_the_sentence_names(self) -> None:
        found = told(401, old("E01200", "Unauthorized"))
        assert type(found) is AuthenticationFailed
        assert "its two tokens" in found.told.sentence


class TestGateways:
    @pytest.mark.parametrize("status", [400, 404, 414, 500, 502, 503, 504])
    def test_given_a_page_of_a_gateway_when_writing_then_nothing_is_known(self, status: int) -> None:
        assert type(told(status, HTML)) is OutcomeUnknown

    @pytest.mark.parametrize(("status", "error"), [(502, Unavailable), (503, Unavailable), (404, InvalidConfiguration)])
    def test_given_a_page_of_a_gateway_when_reading_then_it_is_another_address_or_a_fault(
        self, status: int, error: type[AccountingError]
    ) -> None:
        assert type(told(status, HTML, write=False)) is error

    @pytest.mark.parametrize(("status", "error"), [(413, AttachmentTooLarge), (429, RateLimited)])
    def test_given_what_only_a_gateway_says_then_it_is_believed(
        self, status: int, error: type[AccountingError]
    ) -> None:
        assert meaning(status, EconomicBody.FOREIGN, "", "") is error

    def test_given_problem_details_of_another_status_then_they_are_not_e_conomics(self) -> None:
        assert type(told(400, problem(422, "JournalEntryAccountNotFound"))) is OutcomeUnknown


class TestFilters:
    def test_given_values_then_what_the_language_uses_is_escaped(self) -> None:
        assert equals("name", "a$(b)*,[c]") == "name$eq:a$$$(b$)$*$,$[c$]"
        assert begins("text", "pleo:1*") == "text$like:pleo:1$**"
        assert both(among("number", [1, 2]), either(["a$eq:1", "b$eq:2"])) == ("number$in:[1,2]$and:(a$eq:1$or:b$eq:2)")


class TestKeys:
    def test_given_the_same_write_then_the_key_is_the_same_and_else_another(self) -> None:
        first = key_of("draft", "/a", b"1", "")
        others = [
            ("book", "/a", b"1", ""),
            ("draft", "/b", b"1", ""),
            ("draft", "/a", b"2", ""),
            ("draft", "/a", b"1", "+"),
        ]
        assert first == key_of("draft", "/a", b"1", "")
        assert len({first, *(key_of(*each) for each in others)}) == 5
        assert len(first) <= 64
