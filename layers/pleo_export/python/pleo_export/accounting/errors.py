"""The errors of accounting systems, each named for the decision it leads to.

    AccountingError                 .failure: what Pleo is told about the item
    ├── AuthenticationFailed        stop posting: the connection must be renewed (R-6.11)
    ├── PermissionDenied            stop posting: a right is missing
    ├── InvalidConfiguration        stop posting: a setting names a database, company or journal that does not exist
    ├── RateLimited(retry_after)    nothing was done: wait, then go on
    ├── Unavailable                 nothing was done: try again
    ├── OutcomeUnknown              in doubt: only `find_many` may follow (R-8.3)
    └── Rejected                    the accounting system says no to this document
        ├── PeriodClosed(on)
        ├── UnknownAccount, UnknownTaxCode, UnknownDimension
        ├── PossibleDuplicate
        ├── KeptAsDraft(document)   it is recorded, but the accounting system does not post it
        ├── AttachmentTooLarge, AttachmentRejected: the file only; the document stays
        └── InternalFault           our own fault with this document: the operator reads the log

RateLimited and Unavailable say "nothing was done", so after a write they need proof: the request was surely not sent,
or the accounting system itself (not a gateway before it) says that it did nothing. Without proof: OutcomeUnknown.

The message is shown to the bookkeeper, so it names what to fix. Only a Rejected may quote the accounting system, whose
words may hold an expense's content: it stays with its item. The others can hold for the whole chunk and leave the
function with their message (promise 8). The evidence (status, code, request id) is for the operator's log. Mapping from
(HTTP status, provider code) to these is a table of data in each connector.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from pleo_export.errors import ItemFailure, PleoExportError
from pleo_export.failures.entry import FailureText
from pleo_export.failures.export import INTERNAL_FAULT
from pleo_export.failures.ledger import LEDGER_SAYS

if TYPE_CHECKING:
    from pleo_export.accounting.port import DocumentRef
    from pleo_export.bookkeeping.documents import Dimension


class AccountingError(PleoExportError):
    """The base of them all. `told` is for the bookkeeper, an entry of the failure catalogue; a plain text is quoted as
    the accounting system's own words. `status` (HTTP), `code` (the provider's) and `request_id`
    are evidence for the operator."""

    failure: ItemFailure

    def __init__(
        self,
        told: FailureText | str,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        self.told = told if isinstance(told, FailureText) else LEDGER_SAYS.told(words=told)
        super().__init__(self.message)
        self.status = status
        self.code = code
        self.request_id = request_id

    @property
    def message(self) -> str:
        """The full text, for where the company's support contact is not known."""
        return self.told.text()


class AuthenticationFailed(AccountingError):
    """The credential is refused, or there is none (R-6.11)."""

    failure = ItemFailure.ACCOUNTING_SYSTEM_AUTHENTICATION_FAILURE


class PermissionDenied(AccountingError):
    """The user of the credential lacks a right."""

    failure = ItemFailure.AUTHORIZATION_FAILURE


class InvalidConfiguration(AccountingError):
    """A setting names something that the accounting system does not have."""

    failure = ItemFailure.INVALID_CONFIGURATION


class RateLimited(AccountingError):
    """Nothing was done: there were too many requests. `retry_after` in seconds."""

    failure = ItemFailure.ACCOUNTING_SYSTEM_RATE_LIMIT

    def __init__(
        self, told: FailureText | str, *, retry_after: int, status: int | None = None, code: str | None = None
    ) -> None:
        super().__init__(told, status=status, code=code)
        self.retry_after = retry_after


class Unavailable(AccountingError):
    """Nothing was done: the accounting system cannot be reached, or is busy."""

    failure = ItemFailure.ACCOUNTING_SYSTEM_UNREACHABLE


class OutcomeUnknown(AccountingError):
    """A write was sent, and it is not known whether it was carried out (R-8.3)."""

    failure = ItemFailure.ACCOUNTING_SYSTEM_TIMEOUT


class Rejected(AccountingError):
    """The accounting system, or the connector for it, refuses this one document."""

    failure = ItemFailure.ACCOUNTING_SYSTEM_VALIDATION_FAILURE


class PeriodClosed(Rejected):
    """Nothing can be booked on the day `on` (R-5e)."""

    def __init__(
        self,
        told: FailureText | str,
        *,
        on: date,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(told, status=status, code=code, request_id=request_id)
        self.on = on


class UnknownAccount(Rejected):
    """An account's code names no account that can be booked on, or several. `unknown` is the code, where the text says
    SUBJECT for what uses it."""

    failure = ItemFailure.ACCOUNT_UNKNOWN

    def __init__(self, told: FailureText | str, *, unknown: str | None = None) -> None:
        super().__init__(told)
        self.unknown = unknown


class UnknownTaxCode(Rejected):
    """A tax code names no tax that can be used here, or several. `unknown` is the code, where the text says SUBJECT for
    what uses it."""

    failure = ItemFailure.TAX_CODE_UNKNOWN

    def __init__(
        self,
        told: FailureText | str,
        *,
        unknown: str | None = None,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(told, status=status, code=code, request_id=request_id)
        self.unknown = unknown


class UnknownDimension(Rejected):
    """A tag names no value of its dimension, or several. `unknown` is that value, where the text says SUBJECT for its
    tag group."""

    failure = ItemFailure.TAG_UNKNOWN

    def __init__(self, told: FailureText | str, *, unknown: Dimension | None = None) -> None:
        super().__init__(told)
        self.unknown = unknown


class PossibleDuplicate(Rejected):
    """Several documents carry one reference, or a person booked the same already: a person decides (R-8.5)."""


class KeptAsDraft(Rejected):
    """The document is in the accounting system as the draft `document`, which it does not post because of `cause`. The
    posting record stays, so that other content is never taken for this draft."""

    def __init__(self, told: FailureText | str, *, document: DocumentRef, cause: AccountingError) -> None:
        super().__init__(told, status=cause.status, code=cause.code, request_id=cause.request_id)
        self.document = document
        self.failure = cause.failure


class AttachmentTooLarge(Rejected):
    """A file is larger than the accounting system takes. The document stays."""

    failure = ItemFailure.RECEIPT_FILE_SIZE_LIMIT_EXCEEDED


class AttachmentRejected(Rejected):
    """A file is refused for another reason than its size. The document stays."""

    failure = ItemFailure.RECEIPT_UPLOAD_FAILURE


class InternalFault(Rejected):
    """An unforeseen exception, of ours or of a connector, as the outcome of the one document that it concerns."""

    failure = ItemFailure.UNEXPECTED_FAILURE

    def __init__(self, error: Exception) -> None:
        super().__init__(internal_fault(error))


def internal_fault(error: Exception) -> FailureText:
    """Return what the bookkeeper reads of an unforeseen exception: its class only, since its message may hold an
    expense's content (promise 8). The caller logs it for the operator."""
    return INTERNAL_FAULT.told(fault=type(error).__name__)
