"""Who has to act on a failure: few words, by which failures are counted, alarms told apart and notifications grouped.

| Cause             | Failures of                                     | Who acts                           |
|-------------------|-------------------------------------------------|------------------------------------|
| credentials       | a key or grant that is no longer accepted       | the operator, with the company     |
| settings          | the company's settings, or accounts and codes   | the company's bookkeeper           |
| expenses          | the expense itself                              | the company's bookkeeper           |
| receipts          | a receipt                                       | the company's bookkeeper           |
| accounting_system | an accounting system that does not answer       | who runs the accounting system     |
| pleo              | Pleo's request limit                            | nobody: it passes                  |
| ours              | this installation                               | the operator                       |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

from pleo_export.errors import ItemFailure, JobFailure


class FailureCause(StrEnum):
    """Who or what a failure is due to."""

    CREDENTIALS = "credentials"
    SETTINGS = "settings"
    EXPENSES = "expenses"
    RECEIPTS = "receipts"
    ACCOUNTING_SYSTEM = "accounting_system"
    PLEO = "pleo"
    OURS = "ours"


CAUSES: Mapping[str, FailureCause] = {
    ItemFailure.ACCOUNTING_SYSTEM_AUTHENTICATION_FAILURE: FailureCause.CREDENTIALS,
    ItemFailure.AUTHORIZATION_FAILURE: FailureCause.CREDENTIALS,
    ItemFailure.INVALID_CONFIGURATION: FailureCause.SETTINGS,
    ItemFailure.MISSING_CONFIGURATION: FailureCause.SETTINGS,
    ItemFailure.VENDOR_UNKNOWN: FailureCause.SETTINGS,
    ItemFailure.ACCOUNT_UNKNOWN: FailureCause.SETTINGS,
    ItemFailure.TAX_CODE_UNKNOWN: FailureCause.SETTINGS,
    ItemFailure.TAG_UNKNOWN: FailureCause.SETTINGS,
    ItemFailure.VALIDATION_FAILURE: FailureCause.EXPENSES,
    ItemFailure.ACCOUNTING_SYSTEM_VALIDATION_FAILURE: FailureCause.EXPENSES,
    ItemFailure.RECEIPT_UPLOAD_FAILURE: FailureCause.RECEIPTS,
    ItemFailure.RECEIPT_DOWNLOAD_FAILURE: FailureCause.RECEIPTS,
    ItemFailure.RECEIPT_FILE_SIZE_LIMIT_EXCEEDED: FailureCause.RECEIPTS,
    ItemFailure.RECEIPT_CONVERSION_FAILURE: FailureCause.RECEIPTS,
    ItemFailure.ACCOUNTING_SYSTEM_RATE_LIMIT: FailureCause.ACCOUNTING_SYSTEM,
    ItemFailure.ACCOUNTING_SYSTEM_UNREACHABLE: FailureCause.ACCOUNTING_SYSTEM,
    ItemFailure.ACCOUNTING_SYSTEM_TIMEOUT: FailureCause.ACCOUNTING_SYSTEM,
    JobFailure.PLEO_RATE_LIMIT: FailureCause.PLEO,
    ItemFailure.UNEXPECTED_FAILURE: FailureCause.OURS,
    JobFailure.SERVICE_UNREACHABLE: FailureCause.OURS,
    JobFailure.SERVICE_TIMEOUT: FailureCause.OURS,
    JobFailure.INTEGRATION_UNUSABLE: FailureCause.OURS,
}


def cause_of(failure: str) -> FailureCause:
    """Return the cause of a failure by its type at Pleo; of a type that we do not know it is ours."""
    return CAUSES.get(failure, FailureCause.OURS)


def by_cause(failures: Mapping[str, int]) -> Mapping[FailureCause, int]:
    """Return how many of these failures, given by their types, each cause has."""
    sums: Counter[FailureCause] = Counter()
    for failure, number in failures.items():
        sums[cause_of(failure)] += number
    return sums
