"""What a call met, in the words of the state machine: each row of the tables (section 11)."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError

from pleo_export.errors import JobFailure, JobRejected, NotOurs, PleoExportError, TryAgain, Unexpected
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
)
from pleo_export.workflow.translation import AWS_PASSING, translate


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (PleoUnavailable("away"), JobFailure.SERVICE_TIMEOUT),
        (PleoOutcomeUnknown("no answer"), JobFailure.SERVICE_TIMEOUT),
        (PleoRateLimited("slow down", retry_after=60), JobFailure.PLEO_RATE_LIMIT),
        (ConnectTimeoutError(endpoint_url="https://dynamodb"), JobFailure.SERVICE_UNREACHABLE),
        (EndpointConnectionError(endpoint_url="https://dynamodb"), JobFailure.SERVICE_UNREACHABLE),
        *(
            (ClientError({"Error": {"Code": code}}, "GetItem"), JobFailure.SERVICE_TIMEOUT)
            for code in sorted(AWS_PASSING)
        ),
    ],
)
def test_what_passes_by_itself_is_tried_again(error: Exception, failure: JobFailure) -> None:
    known = translate(error)
    assert isinstance(known, TryAgain)
    assert known.failure is failure


@pytest.mark.parametrize(
    "error",
    [
        PleoNotFound("no such job"),
        PleoRefused("finished", type="EXPORT_JOB_STATUS_UNPROCESSABLE"),
        PleoRefused("finished", type="invalid_export_job_status_change"),
    ],
)
def test_a_job_that_is_over_is_left_alone(error: PleoError) -> None:
    assert isinstance(translate(error), NotOurs)


@pytest.mark.parametrize("code", ["MISSING_CONTRA_ACCOUNTS", "missing_contra_accounts"])
def test_missing_contra_accounts_fail_the_job_in_pleo_s_words(code: str) -> None:
    known = translate(PleoRefused("Map contra accounts for: EUR.", type=code))
    assert isinstance(known, JobRejected)
    assert known.failure is JobFailure.MISSING_CONFIGURATION
    assert known.reason.startswith("Map contra accounts for: EUR. Add it in Pleo")


@pytest.mark.parametrize(
    "error",
    [
        PleoProtocolError("not JSON"),
        JobRejected(JobFailure.INVALID_CONFIGURATION, "Turn it off."),
        NotOurs("another run"),
    ],
)
def test_an_error_that_has_a_name_keeps_it(error: PleoExportError) -> None:
    assert translate(error) is error


@pytest.mark.parametrize("kind", [PleoUnauthorized, PleoForbidden, PleoRefused])
def test_a_refusal_of_pleo_s_keeps_its_name_and_evidence_but_not_its_words(kind: type[PleoError]) -> None:
    words = "Dinner with the Harbour team: 987654.32 is too much"
    known = translate(kind(words, method="PUT", path="/v3/items", status=400, type="NOPE", request_id="r1"))
    assert type(known) is kind
    assert str(known) == "PUT /v3/items 400 NOPE: (request r1)"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KeyError("Dinner with Amelia"), "KeyError"),
        (
            ClientError({"Error": {"Code": "AccessDeniedException", "Message": "Dinner with Amelia"}}, "GetItem"),
            "GetItem: AccessDeniedException",
        ),
    ],
)
def test_what_nobody_foresaw_is_told_without_its_message(error: Exception, told: str) -> None:
    known = translate(error)
    assert isinstance(known, Unexpected)
    assert str(known) == told
