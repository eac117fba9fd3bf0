"""The errors of Pleo's API, each named for the decision it leads to.

    PleoError                         keeps the evidence of the call
    ├── PleoUnauthorized              401: the credential is expired or wrong, the connection must be renewed (R-10.6)
    ├── PleoForbidden                 403: a scope or a right is missing, the connection must be renewed
    ├── PleoNotFound                  404: the job, entry or subscription does not exist, drop it
    ├── PleoRefused                   any other 4xx: Pleo refuses the request, and `type` says why
    │   └── PleoAlreadyExists         409 of a list: its code or id is taken, read the list again and use what is there
    ├── PleoRateLimited(retry_after)  429: nothing was done, wait that many seconds and do the same again
    ├── PleoUnavailable               nothing was changed: try again later
    ├── PleoOutcomeUnknown            a write was sent and no proper answer came: read back before going on
    └── PleoProtocolError             the answer is not what Pleo's specification says: a person must look

An error's text never holds a credential, a query or a body. Of an answer it holds Pleo's own `type` and `message` only,
and of a 401, which may repeat what it refuses, not even these. Errors are raised outside the `except` that caught the
cause, so that no traceback shows the cause's text.
"""

from __future__ import annotations

from collections.abc import Mapping

from pleo_export.errors import PleoExportError

MESSAGE_LENGTH = 500


class PleoError(PleoExportError):
    """A call to Pleo that failed, with its evidence.

    `method`, `path` (without query), HTTP `status` (None if no answer came), Pleo's `type` and `message` (or our own
    sentence if Pleo gave none), `request_id`.

    `type` is kept in upper case, because Pleo's pages write the codes in both (API-10); "" if there is none.
    """

    def __init__(
        self,
        message: str = "",
        *,
        method: str = "",
        path: str = "",
        status: int | None = None,
        type: str = "",
        request_id: str | None = None,
    ) -> None:
        self.message = message[:MESSAGE_LENGTH]
        self.method = method
        self.path = path
        self.status = status
        self.type = type.upper()
        self.request_id = request_id
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        what = " ".join(str(part) for part in (self.method, self.path, self.status, self.type) if part)
        who = f"(request {self.request_id})" if self.request_id else ""
        return " ".join(part for part in (f"{what}:" if what else "", self.message, who) if part)


class PleoUnauthorized(PleoError):
    """The credential is expired, revoked or wrong."""


class PleoForbidden(PleoError):
    """The credential lacks a scope (API-1), or may not see this company. `scope` is the one to grant; "" if unknown."""

    scope: str = ""


class PleoNotFound(PleoError):
    """The job, entry or subscription does not exist for this credential."""


class PleoRefused(PleoError):
    """Pleo understood the request and refuses it: `MISSING_CONTRA_ACCOUNTS`, `INVALID_EXPORT_JOB_STATUS_CHANGE`,
    `EXPORT_JOB_STATUS_UNPROCESSABLE`, ... in `type` (API-2)."""


class PleoAlreadyExists(PleoRefused):
    """An element of a list cannot get this code or id, because another one has it; or it cannot be deleted, because
    entries refer to it."""


class PleoRateLimited(PleoError):
    """The request limit is reached. `retry_after` is in whole seconds, at least 1."""

    def __init__(
        self,
        message: str = "",
        *,
        retry_after: int,
        method: str = "",
        path: str = "",
        status: int | None = None,
        type: str = "",
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, method=method, path=path, status=status, type=type, request_id=request_id)
        self.retry_after = max(1, retry_after)


class PleoUnavailable(PleoError):
    """Pleo could not be reached, or could not answer a read."""


class PleoOutcomeUnknown(PleoError):
    """A write that may or may not have been carried out."""


class PleoProtocolError(PleoError):
    """An answer that is not JSON or lacks a required field, a cursor that repeats, or a redirect."""


# HTTP status, or its hundreds for all others of its class -> the error for a read, the error for a write.
# 408 and 5xx also come from gateways in front of Pleo's service, so that a write may have got through.
ERROR_BY_STATUS: Mapping[int, tuple[type[PleoError], type[PleoError]]] = {
    401: (PleoUnauthorized, PleoUnauthorized),
    403: (PleoForbidden, PleoForbidden),
    404: (PleoNotFound, PleoNotFound),
    408: (PleoUnavailable, PleoOutcomeUnknown),
    429: (PleoRateLimited, PleoRateLimited),
    4: (PleoRefused, PleoRefused),
    5: (PleoUnavailable, PleoOutcomeUnknown),
}


def error_class(status: int, *, write: bool) -> type[PleoError]:
    """Return the error that an answer with this HTTP status means; PleoProtocolError for one that Pleo never gives."""
    read_error, write_error = (
        ERROR_BY_STATUS.get(status) or ERROR_BY_STATUS.get(status // 100) or (PleoProtocolError, PleoProtocolError)
    )
    return write_error if write else read_error
