"""From what a call met to what the state machine does: tables of data (section 11)."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from pleo_export.errors import JobFailure, JobRejected, NotOurs, PleoExportError, TryAgain, Unexpected
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
PLEO_PASSING: dict[type[PleoError], tuple[JobFailure, str]] = {
    PleoUnavailable: (JobFailure.SERVICE_TIMEOUT, "Pleo did not answer in time; export again."),
    PleoOutcomeUnknown: (JobFailure.SERVICE_TIMEOUT, "Pleo did not answer in time; export again."),
    PleoRateLimited: (JobFailure.PLEO_RATE_LIMIT, "Pleo's request limit was reached; export again in some minutes."),
}
# Pleo's codes for acting on a job that is over: completed, expired or cancelled under us.
JOB_IS_OVER = frozenset({"EXPORT_JOB_STATUS_UNPROCESSABLE", "INVALID_EXPORT_JOB_STATUS_CHANGE"})
MISSING_CONTRA_ACCOUNTS = "MISSING_CONTRA_ACCOUNTS"

# AWS's codes for "not now".
AWS_PASSING = frozenset(
    {
        "InternalServerError",
        "InternalFailure",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
    }
)


def translate(error: Exception) -> PleoExportError:
    """The error that the state machine, and Pleo, are to see. Never holds expense content."""
    if isinstance(error, PleoError):
        return _pleo(error)
    if isinstance(error, PleoExportError):
        return error
    if isinstance(error, ClientError) and error.response["Error"]["Code"] in AWS_PASSING:
        return TryAgain(JobFailure.SERVICE_TIMEOUT, "The integration was overloaded; export again.")
    if isinstance(error, BotoCoreError):  # no connection, time-out: botocore has retried already
        return TryAgain(JobFailure.SERVICE_UNREACHABLE, "The integration lost its connection; export again.")
    if isinstance(error, ClientError):
        return Unexpected(f"{error.operation_name}: {error.response['Error']['Code']}")
    return Unexpected(type(error).__name__)


def _pleo(error: PleoError) -> PleoExportError:
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
                f"{error.message or 'A contra account is missing.'} "
                "Add it in Pleo (Settings, Accounting, Contra accounts) and export again.",
            )
    return error if isinstance(error, PleoProtocolError) else _without_words(error)


def _without_words(error: PleoError) -> PleoError:
    """The same by its evidence. Pleo's words may quote an expense; in a protocol error they are our own."""
    return type(error)(
        method=error.method, path=error.path, status=error.status, type=error.type, request_id=error.request_id
    )
