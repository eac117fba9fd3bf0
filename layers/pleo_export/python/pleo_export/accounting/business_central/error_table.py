"""What an error of Business Central means: one row for each code or text, the first that fits counts.

Codes are the same everywhere, texts are in the language of the user, so a text is asked for only where a code says too
little; each language that is known is in its pattern.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.errors import (
    AccountingError,
    AttachmentTooLarge,
    AuthenticationFailed,
    InvalidConfiguration,
    OutcomeUnknown,
    PermissionDenied,
    PossibleDuplicate,
    RateLimited,
    Rejected,
    Unavailable,
    UnknownDimension,
)
from pleo_export.accounting.http import rate_limit_wait
from pleo_export.failures.business_central import ACCESS_REFUSED, PERMISSION_SET_MISSING
from pleo_export.failures.connection import ADDRESS_WRONG, LEDGER_BUSY, LEDGER_IN_DOUBT, LEDGER_UNREACHABLE
from pleo_export.failures.entry import FailureEntry
from pleo_export.failures.ledger import LEDGER_SAYS
from pleo_export.failures.receipts import FILE_LARGER_THAN_REQUEST

FOREIGN = "not of Business Central"  # the code of a body that a gateway may have written
ANY = re.compile("")

# "Posting Date is not within your range of allowed posting dates", as the user's language has it.
POSTING_DATE = re.compile(
    r"not within your range of allowed posting dates"
    r"|ikke inden for perioden med tilladte bogføringsdatoer"
    r"|nicht innerhalb Ihres Bereichs zulässiger Buchungsdaten"
    r"|n'est pas comprise dans votre plage de dates de validation autorisées"
    r"|no se encuentra dentro de su intervalo de fechas de registro permitidas"
    r"|niet binnen uw bereik van toegestane boekingsdatums"
    r"|ligger inte inom ditt intervall av tillåtna bokföringsdatum"
    r"|ikke innenfor området for tillatte bokføringsdatoer",
    re.IGNORECASE,
)
ALREADY_EXISTS = re.compile(
    r"already exists for this vendor|findes allerede for denne kreditor|für diesen Kreditor bereits vorhanden"
    r"|existe déjà pour ce fournisseur|ya existe para este proveedor|bestaat al voor deze leverancier",
    re.IGNORECASE,
)
_CORRELATION = re.compile(r"\s*CorrelationId:\s*[0-9a-fA-F-]{36}\.?\s*$")


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One row. `status` None: any. `code` is the whole code, as a pattern."""

    status: int | None
    code: str
    message: re.Pattern[str]
    error: type[AccountingError]
    told: FailureEntry


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """What an error says: Business Central's own `code` and `message`; `code` FOREIGN for a body of something else."""

    code: str
    message: str


class BusinessCentralRejected(Rejected):
    """A refusal of Business Central's. `words` are all of its own, which a sentence may cut."""

    words: str = ""


TABLE = (
    ErrorRow(401, ".*", ANY, AuthenticationFailed, ACCESS_REFUSED),
    ErrorRow(None, "Authentication_InvalidCredentials", ANY, AuthenticationFailed, ACCESS_REFUSED),
    ErrorRow(None, "Internal_ClientPermissionError|Authorization_.*", ANY, PermissionDenied, PERMISSION_SET_MISSING),
    ErrorRow(403, ".*", ANY, PermissionDenied, PERMISSION_SET_MISSING),
    ErrorRow(429, ".*", ANY, RateLimited, LEDGER_BUSY),
    ErrorRow(None, "Internal_CompanyNotFound|BadRequest_InvalidToken", ANY, InvalidConfiguration, ADDRESS_WRONG),
    ErrorRow(None, "Internal_TenantUnavailable|Internal_TenantNotFound", ANY, Unavailable, LEDGER_BUSY),
    ErrorRow(409, ".*", ANY, Unavailable, LEDGER_BUSY),
    ErrorRow(None, "Request_EntityChanged|Internal_EntityLocked|Internal_Deadlock", ANY, Unavailable, LEDGER_BUSY),
    ErrorRow(413, ".*", ANY, AttachmentTooLarge, FILE_LARGER_THAN_REQUEST),
    ErrorRow(None, ".*", ALREADY_EXISTS, PossibleDuplicate, LEDGER_SAYS),
    ErrorRow(None, "Application_DialogException", re.compile(r'"valueCode"'), UnknownDimension, LEDGER_SAYS),
    ErrorRow(404, "BadRequest_ResourceNotFound|" + re.escape(FOREIGN), ANY, InvalidConfiguration, ADDRESS_WRONG),
    ErrorRow(None, "Internal_InvalidTableRelation", ANY, Rejected, LEDGER_SAYS),
    ErrorRow(None, "Internal_RecordNotFound|BadRequest_NotFound", ANY, Rejected, LEDGER_SAYS),
    ErrorRow(None, "Internal_EntityWithSameKeyExists", ANY, Rejected, LEDGER_SAYS),
    ErrorRow(None, "Application_.*|BadRequest.*|Internal_Invalid.*", ANY, Rejected, LEDGER_SAYS),
    # It failed on a request without a reason of the books: whether anything was done is not said.
    ErrorRow(500, ".*", ANY, OutcomeUnknown, LEDGER_IN_DOUBT),
    ErrorRow(400, ".*", ANY, Rejected, LEDGER_SAYS),
    ErrorRow(404, ".*", ANY, Rejected, LEDGER_SAYS),
)
OTHER = ErrorRow(None, ".*", ANY, OutcomeUnknown, LEDGER_IN_DOUBT)


def words_of(error: AccountingError) -> str:
    """Return what Business Central said, whole where it is known."""
    return error.words if isinstance(error, BusinessCentralRejected) else error.told.sentence


def error_body(content: bytes) -> ErrorBody:
    """Read the body of an error answer."""
    try:
        decoded = json.loads(content)
    except ValueError:
        return ErrorBody(FOREIGN, "")
    return error_in(decoded)


def error_in(decoded: object) -> ErrorBody:
    """Read the decoded body of an error answer, or of a part of a batch."""
    error = decoded.get("error") if isinstance(decoded, dict) else None
    if not isinstance(error, dict) or not isinstance(error.get("code"), str):
        return ErrorBody(FOREIGN, "")
    return ErrorBody(error["code"], _CORRELATION.sub("", str(error.get("message", ""))).strip())


def error_of(status: int, body: ErrorBody, headers: Mapping[str, str], *, write: bool) -> AccountingError:
    """Return the error that an answer means. After a write only Business Central itself can say that nothing was
    done: whatever else answers, the request may still arrive."""
    row = next((row for row in TABLE if _fits(row, status, body)), OTHER)
    kind, entry = row.error, row.told
    if write and body.code == FOREIGN and status not in (401, 413):
        kind, entry = OutcomeUnknown, LEDGER_IN_DOUBT
    elif kind is OutcomeUnknown and not write:
        kind, entry = Unavailable, LEDGER_UNREACHABLE
    told = entry.told(ledger=TITLE, words=body.message, what="do this", file="The file")
    if kind is RateLimited:
        return RateLimited(told, retry_after=rate_limit_wait(headers), status=status, code=body.code)
    if kind is UnknownDimension:
        return UnknownDimension(told)
    if kind is not Rejected:
        return kind(told, status=status, code=body.code)
    rejected = BusinessCentralRejected(told, status=status, code=body.code)
    rejected.words = body.message
    return rejected


def _fits(row: ErrorRow, status: int, body: ErrorBody) -> bool:
    same = row.status in (None, status) and re.fullmatch(row.code, body.code) is not None
    return same and row.message.search(body.message) is not None
