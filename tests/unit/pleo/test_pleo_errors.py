from __future__ import annotations

import pytest

from pleo_export.errors import PleoExportError
from pleo_export.pleo import errors
from pleo_export.pleo.errors import (
    PleoError,
    PleoForbidden,
    PleoNotFound,
    PleoOutcomeUnknown,
    PleoProtocolError,
    PleoRateLimited,
    PleoRefused,
    PleoUnauthorized,
    PleoUnavailable,
    error_class,
)

STATUS_TABLE = [
    # status, for a read, for a write
    (301, PleoProtocolError, PleoProtocolError),
    (400, PleoRefused, PleoRefused),
    (401, PleoUnauthorized, PleoUnauthorized),
    (403, PleoForbidden, PleoForbidden),
    (404, PleoNotFound, PleoNotFound),
    (408, PleoUnavailable, PleoOutcomeUnknown),
    (409, PleoRefused, PleoRefused),
    (413, PleoRefused, PleoRefused),
    (422, PleoRefused, PleoRefused),
    (429, PleoRateLimited, PleoRateLimited),
    (500, PleoUnavailable, PleoOutcomeUnknown),
    (502, PleoUnavailable, PleoOutcomeUnknown),
    (503, PleoUnavailable, PleoOutcomeUnknown),
    (504, PleoUnavailable, PleoOutcomeUnknown),
    (999, PleoProtocolError, PleoProtocolError),
]


@pytest.mark.parametrize(("status", "read", "write"), STATUS_TABLE)
def test_each_status_means_one_error(status: int, read: type[PleoError], write: type[PleoError]) -> None:
    assert error_class(status, write=False) is read
    assert error_class(status, write=True) is write


def test_every_error_is_in_the_tree_that_opens_the_module() -> None:
    named = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, PleoError)}

    assert [name for name in named if name not in (errors.__doc__ or "")] == []


def test_given_evidence_when_the_error_is_read_then_the_sentence_holds_all_of_it() -> None:
    error = PleoRefused(
        "Export job is finished.",
        method="PUT",
        path="/v3/export-jobs/1/items",
        status=422,
        type="export_job_status_unprocessable",
        request_id="abc",
    )

    assert isinstance(error, PleoExportError)
    assert str(error) == (
        "PUT /v3/export-jobs/1/items 422 EXPORT_JOB_STATUS_UNPROCESSABLE: Export job is finished. (request abc)"
    )


@pytest.mark.parametrize("code", ["MISSING_CONTRA_ACCOUNTS", "missing_contra_accounts", "Missing_Contra_Accounts"])
def test_given_a_code_in_any_case_when_compared_then_it_is_the_same_code(code: str) -> None:
    assert PleoRefused(type=code).type == "MISSING_CONTRA_ACCOUNTS"


def test_given_an_endless_message_when_kept_then_it_is_cut() -> None:
    assert len(PleoRefused("x" * 10_000).message) == 500


def test_given_nothing_to_wait_for_when_rate_limited_then_the_wait_is_still_a_second() -> None:
    assert PleoRateLimited(retry_after=0).retry_after == 1
