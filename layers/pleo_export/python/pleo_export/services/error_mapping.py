"""Maps the errors of calls to what the state machine does: tables of data (R-11)."""

from __future__ import annotations

from datetime import timedelta

from botocore.exceptions import BotoCoreError, ClientError

from pleo_export.errors import JobFailure, JobRejected, NotOurs, PleoExportError, RetryAfter, TryAgain, Unexpected
from pleo_export.failures.entry import FailureText
from pleo_export.failures.job import CONNECTION_LOST, CONTRA_ACCOUNT_MISSING, OVERLOADED, PLEO_LIMIT, PLEO_SILENT
from pleo_export.pleo.errors import (
    PleoError,
    PleoNotFound,
    PleoOutcomeUnknown,
    PleoProtocolError,
    PleoRateLimited,
    PleoRefused,
    PleoUnavailable,
)

# Faults of Pleo that pass; what Pleo's user reads if they do not.
PLEO_PASSING: dict[type[PleoError], tuple[JobFailure, FailureText]] = {
    PleoUnavailable: (JobFailure.SERVICE_TIMEOUT, PLEO_SILENT.told()),
    PleoOutcomeUnknown: (JobFailure.SERVICE_TIMEOUT, PLEO_SILENT.told()),
    PleoRateLimited: (JobFailure.PLEO_RATE_LIMIT, PLEO_LIMIT.told()),
}
# The longest that Pleo is waited for at once. A job that has to wait longer is failed while Pleo still knows it: it
# expires an hour after its last action (open question 3).
LONGEST_WAIT = timedelta(minutes=15)
# Pleo's codes for acting on a job that is over: completed, expired or cancelled under us.
JOB_IS_OVER = frozenset({"EXPORT_JOB_STATUS_UNPROCESSABLE", "INVALID_EXPORT_JOB_STATUS_CHANGE"})
MISSING_CONTRA_ACCOUNTS = "MISSING_CONTRA_ACCOUNTS"

# AWS's codes for "not now": of throttling as botocore knows it, and of faults that pass, whatever their HTTP status.
# Where a code has a prefix (`KMS.ThrottlingException`), what follows it.
AWS_PASSING = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "ExecutionLimitExceeded",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "KmsThrottled",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceException",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
TOO_MANY_REQUESTS, SERVER_FAULT = 429, 500  # HTTP status; the second and all above it


def translate(error: Exception) -> PleoExportError:
    """Return the error that the state machine and Pleo see. It never holds an expense's content."""
    if isinstance(error, PleoError):
        return _pleo(error)
    if isinstance(error, PleoExportError):
        return error
    if isinstance(error, ClientError) and _passes(error):
        return TryAgain(JobFailure.SERVICE_TIMEOUT, OVERLOADED.told())
    if isinstance(error, BotoCoreError):  # no connection, time-out: botocore has retried already
        return TryAgain(JobFailure.SERVICE_UNREACHABLE, CONNECTION_LOST.told())
    if isinstance(error, ClientError):
        return Unexpected(f"{error.operation_name}: {error.response['Error']['Code']}")
    return Unexpected(type(error).__name__)


def _passes(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = error.response["Error"]["Code"].rpartition(".")[2]
    return status >= SERVER_FAULT or status == TOO_MANY_REQUESTS or code in AWS_PASSING


def _pleo(error: PleoError) -> PleoExportError:
    if isinstance(error, PleoRateLimited) and timedelta(seconds=error.retry_after) <= LONGEST_WAIT:
        return RetryAfter(error.retry_after)
    if type(error) in PLEO_PASSING:
        return TryAgain(*PLEO_PASSING[type(error)])
    if isinstance(error, PleoNotFound):
        return NotOurs("the job no longer exists at Pleo")
    if isinstance(error, PleoRefused):
        code = (error.type or "").upper()
        if code in JOB_IS_OVER:
            return NotOurs("the job is no longer in progress at Pleo")
        if code == MISSING_CONTRA_ACCOUNTS:
            return JobRejected(
                JobFailure.MISSING_CONFIGURATION,
                CONTRA_ACCOUNT_MISSING.told(words=error.message or "A contra account is missing."),
            )
    return error if isinstance(error, PleoProtocolError) else _without_words(error)


def _without_words(error: PleoError) -> PleoError:
    """Return the same error with its evidence only. Pleo's message may quote an expense; that of a protocol error is
    ours."""
    return type(error)(
        method=error.method, path=error.path, status=error.status, type=error.type, request_id=error.request_id
    )
