"""ValidateJob: can this job be booked at all? Nothing has been booked yet, so failing is free (R-2).

Whether single account codes, tax codes or tags exist is not asked here: one bad code must not fail the job (R-2.3).
"""

from typing import TYPE_CHECKING

from pleo_export.accounting.errors import (
    AccountingError,
    AuthenticationFailed,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Unavailable,
)
from pleo_export.bookkeeping.documents import DocumentKind
from pleo_export.errors import InvalidSettings, JobFailure, JobRejected, Misconfigured, TryAgain
from pleo_export.failures.job import NO_VENDOR_BOOKKEEPING, SETTINGS_WRONG
from pleo_export.services.error_mapping import LONGEST_WAIT
from pleo_export.services.events import JobInput
from pleo_export.services.services import Services

if TYPE_CHECKING:
    from pleo_export.accounting.port import AccountingSystem

# The failure of the whole job for each error of the accounting system's check (the table of R-2).
PASSING: dict[type[AccountingError], JobFailure] = {
    Unavailable: JobFailure.ACCOUNTING_SYSTEM_UNREACHABLE,
    OutcomeUnknown: JobFailure.ACCOUNTING_SYSTEM_TIMEOUT,
    RateLimited: JobFailure.ACCOUNTING_SYSTEM_RATE_LIMIT,
}
FINAL: dict[type[AccountingError], JobFailure] = {
    AuthenticationFailed: JobFailure.ACCOUNTING_SYSTEM_AUTHENTICATION_FAILURE,
    PermissionDenied: JobFailure.INVALID_CONFIGURATION,
}


class ValidateJobInput(JobInput):
    """The input of ValidateJob."""

    vendor_based_bookkeeping: bool


def validate_job(run: ValidateJobInput, services: Services) -> None:
    """Check the settings, the method of bookkeeping and the connection. Raises JobRejected (fail the job), TryAgain
    (the accounting system cannot be reached at the moment)."""
    connection = services.connection(run.company_id)
    try:
        system = services.accounting_system(connection)
        _check_method(run, system)
        system.check()
    except (InvalidSettings, Misconfigured) as error:  # correct when entered; the product or our OAuth client is not
        raise JobRejected(
            JobFailure.INVALID_CONFIGURATION,
            SETTINGS_WRONG.told(fault=error),
        ) from error
    except AccountingError as error:
        if _passes(error):
            raise TryAgain(PASSING[type(error)], error.told) from error
        failures = {**PASSING, **FINAL}
        raise JobRejected(failures.get(type(error), JobFailure.INVALID_CONFIGURATION), error.told) from error


def _passes(error: AccountingError) -> bool:
    """Return whether it may pass while the job waits: a day's limit does not."""
    if isinstance(error, RateLimited) and error.retry_after > LONGEST_WAIT.total_seconds():
        return False
    return type(error) in PASSING


def _check_method(run: ValidateJobInput, system: "AccountingSystem") -> None:
    if run.vendor_based_bookkeeping and DocumentKind.BILL not in system.capabilities.kinds:
        raise JobRejected(
            JobFailure.INVALID_CONFIGURATION,
            NO_VENDOR_BOOKKEEPING.told(),
        )
