"""What e-conomic's refusals mean: by the error code that its services publish, else by the HTTP status.

The published codes are in the specifications (`x-error-codes`) of the services. The words of an answer are in the
language of the agreement, so nothing is read from them; they are only quoted.
"""

from __future__ import annotations

import re
from enum import StrEnum

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

Meaning = type[AccountingError]


class EconomicBody(StrEnum):
    """Whose words an answer holds: the new services' problem details, the old API's form, or a gateway's."""

    PROBLEM = "problem"
    OLD = "old"
    FOREIGN = "foreign"


# Pattern of the error code -> what it means. The first that fits decides.
BY_CODE: tuple[tuple[str, Meaning], ...] = (
    (r"JournalEntryDateAccountingYear(DoesNotExist|Closed|PeriodBarred)", PeriodClosed),
    (r"JournalVoucherAccountingYear(DoesNotExist|Closed)", PeriodClosed),
    (
        r"(AccountingYearClosed|EntryDateInClosedPeriod|DateInClosedPeriod|PeriodClosed|ClosedAccountingYear)",
        PeriodClosed,
    ),
    (r"ENTRYMATCHING_ERROR_(CLOSED|BARRED).*", PeriodClosed),
    (r"JournalEntry(Contra)?Account(NotFound|NotAccessible|IsBlockedForDirectEntries)", UnknownAccount),
    (r"JournalEntryWrong(Contra)?AccountType", UnknownAccount),
    (r"JournalEntry(Project|CostType)(NotFound|NotAccessible|SetIsClosed|SetIsMainProject)", UnknownDimension),
    (r"JournalEntry(ProjectId|CostType)SetWithoutModuleAccess", UnknownDimension),
    (r"JournalEntryProjectCostTypeSetMismatch", UnknownDimension),
    (r"JournalEntryMultipleDimension.*", UnknownDimension),
    (r"(CONTAINSINVALIDVALUES|CONTAINSBARRED.*|ONLYONEITEMPERDIMENSION|ONLYONEDISTRIBUTIONALLOWED)", UnknownDimension),
    (r"(JournalDoesNotExist|JOURNALNOTFOUND)", InvalidConfiguration),
    (r"Journal(Entry|Voucher)(Next|Voucher)Number(NotWithinBoundaries|CannotBeGenerated)", InvalidConfiguration),
    (r"JournalEntryVoucherNumberCannotBeGenerated", InvalidConfiguration),
    (r"JournalEntryTypeNotCorrect", InvalidConfiguration),
    (r"AccessDeniedAgreementMissingModules", PermissionDenied),
    (r"(InvalidFileData|CannotAttachToElectronicInvoice|DocumentAlreadyAttachedToVoucher)", AttachmentRejected),
    (r"(UnableToAttach|InvalidVoucherNumber|AccountingYearNotFound)", AttachmentRejected),
)
# Where no code is published: the property that is refused, in small letters.
BY_PROPERTY: dict[str, Meaning] = {"vatcode": UnknownTaxCode, "contravatcode": UnknownTaxCode}
BY_STATUS: dict[int, Meaning] = {
    400: Rejected,
    401: AuthenticationFailed,
    403: PermissionDenied,
    404: Rejected,
    405: InvalidConfiguration,
    409: Rejected,
    413: AttachmentTooLarge,
    415: InvalidConfiguration,
    429: RateLimited,
    503: Unavailable,
}
OTHER_FAULT: Meaning = OutcomeUnknown  # 5xx, whoever says it: only a search tells
_BY_CODE = tuple((re.compile(pattern), meaning) for pattern, meaning in BY_CODE)


def meaning(status: int, body: EconomicBody, code: str, property_: str) -> Meaning:
    """Return the kind of error. A gateway's refusal of a read or a write proves nothing, but for its 413 and 429."""
    if body is EconomicBody.FOREIGN:
        return {413: AttachmentTooLarge, 429: RateLimited}.get(status, OTHER_FAULT)
    for pattern, known in _BY_CODE:
        if pattern.fullmatch(code):
            return known
    if property_.lower() in BY_PROPERTY and status == 400:
        return BY_PROPERTY[property_.lower()]
    return BY_STATUS.get(status, OTHER_FAULT if status >= 500 else Rejected)


def nothing_done(status: int, body: EconomicBody) -> Meaning:
    """Return what a fault means for a read, which changes nothing."""
    return (
        Unavailable
        if status >= 500 or status in (408, 421, 425) or body is EconomicBody.PROBLEM
        else InvalidConfiguration
    )
