"""What a call met, in the words of the state machine: each row of the tables (R-11)."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker

from pleo_export.errors import JobFailure, JobRejected, NotOurs, PleoExportError, RetryAfter, TryAgain, Unexpected
from pleo_export.failures.job import NO_VENDOR_BOOKKEEPING
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
from pleo_export.services.error_mapping import LONGEST_WAIT, translate

BOTOCORE_REPEATS = {
    *ThrottledRetryableChecker._THROTTLED_ERROR_CODES,  # type: ignore[attr-defined]
    *TransientRetryableChecker._TRANSIENT_ERROR_CODES,  # type: ignore[attr-defined]
}
PASSING_AT_AWS = [  # service, code, HTTP status
    ("s3", "InternalError", 500),
    ("s3", "503", 503),  # of a HEAD, which has no body
    ("s3", "SlowDown", 503),
    ("s3", "RequestTimeout", 400),
    ("secretsmanager", "InternalServiceError", 500),
    ("lambda", "ServiceException", 500),
    ("lambda", "EC2ThrottledException", 502),
    ("lambda", "TooManyRequestsException", 429),
    ("lambda", "SomethingNew", 429),
    ("sqs", "RequestThrottled", 403),
    ("sqs", "KmsThrottled", 400),
    ("sqs", "KMS.ThrottlingException", 400),
    ("dynamodb", "TransactionInProgressException", 400),
    ("dynamodb", "TransactionConflictException", 400),
    ("dynamodb", "ReplicatedWriteConflictException", 400),
    ("states", "ExecutionLimitExceeded", 400),
    ("states", "SomethingNew", 504),
    *(("any", code, 400) for code in sorted(BOTOCORE_REPEATS)),
]


def refused_by_aws(code: str, status: int) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Call")  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (PleoUnavailable("away"), JobFailure.SERVICE_TIMEOUT),
        (PleoOutcomeUnknown("no answer"), JobFailure.SERVICE_TIMEOUT),
        (PleoRateLimited("slow down", retry_after=901), JobFailure.PLEO_RATE_LIMIT),
        (ConnectTimeoutError(endpoint_url="https://dynamodb"), JobFailure.SERVICE_UNREACHABLE),
        (EndpointConnectionError(endpoint_url="https://dynamodb"), JobFailure.SERVICE_UNREACHABLE),
        *((refused_by_aws(code, status), JobFailure.SERVICE_TIMEOUT) for _, code, status in PASSING_AT_AWS),
        (ClientError({"Error": {"Code": "SlowDown"}}, "Call"), JobFailure.SERVICE_TIMEOUT),
    ],
)
def test_what_passes_by_itself_is_tried_again(error: Exception, failure: JobFailure) -> None:
    known = translate(error)
    assert isinstance(known, TryAgain)
    assert known.failure is failure


@pytest.mark.parametrize("seconds", [1, 60, LONGEST_WAIT.total_seconds()])
def test_a_request_limit_of_pleo_s_is_waited_for_as_long_as_pleo_says(seconds: int) -> None:
    known = translate(PleoRateLimited("slow down", retry_after=int(seconds)))
    assert isinstance(known, RetryAfter)
    assert known.seconds == seconds


@pytest.mark.parametrize(
    ("code", "status"),
    [("AccessDeniedException", 400), ("ValidationException", 400), ("NoSuchKey", 404), ("AccessDenied", 403)],
)
def test_what_aws_refuses_for_good_is_a_fault_of_ours(code: str, status: int) -> None:
    assert isinstance(translate(refused_by_aws(code, status)), Unexpected)


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
    assert known.told.text().startswith("Pleo says: Map contra accounts for: EUR. Add the contra account in Pleo")


@pytest.mark.parametrize(
    "error",
    [
        PleoProtocolError("not JSON"),
        JobRejected(JobFailure.INVALID_CONFIGURATION, NO_VENDOR_BOOKKEEPING.told()),
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
