"""What Xero's answers mean: by HTTP status and detail, and by the words of its validation messages. Tables of data.

Xero validates before it stores, so its own 400 with an error number proves that nothing was done. Its 5xx prove
nothing about a write, and neither does any answer that is not Xero's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pleo_export.accounting.errors import (
    AccountingError,
    AuthenticationFailed,
    InvalidConfiguration,
    OutcomeUnknown,
    PeriodClosed,
    PermissionDenied,
    PossibleDuplicate,
    RateLimited,
    Rejected,
    Unavailable,
    UnknownAccount,
    UnknownDimension,
    UnknownTaxCode,
)
from pleo_export.accounting.http import rate_limit_wait
from pleo_export.accounting.xero.title import TITLE
from pleo_export.failures.connection import (
    ADDRESS_WRONG,
    CONNECTION_REFUSED,
    LEDGER_BUSY,
    LEDGER_DAY_USED_UP,
    LEDGER_IN_DOUBT,
    LEDGER_UNREACHABLE,
    REQUEST_TOO_LARGE,
    SCOPE_MISSING,
)
from pleo_export.failures.entry import FailureEntry
from pleo_export.failures.ledger import ACCOUNT_UNKNOWN, LEDGER_SAYS, TAX_CODE_UNKNOWN
from pleo_export.failures.ledger_rules import PERIOD_LOCKED, TAG_REFUSED, TAX_CODE_NOT_FOR_ACCOUNT


@dataclass(frozen=True, slots=True)
class StatusRow:
    """What an answer of this status means, if its `Detail`, `Title` or kind fits the pattern."""

    status: int
    pattern: str
    error: type[AccountingError]
    entry: FailureEntry


# The first row that fits counts. `Detail` and `Title` are those of Xero's gateway, `Type` that of its API.
STATUSES: Sequence[StatusRow] = (
    StatusRow(400, r"Exception", Rejected, LEDGER_SAYS),
    StatusRow(400, r"Idempotency-Key", Rejected, LEDGER_SAYS),
    StatusRow(401, r"AuthorizationUnsuccessful|scope", PermissionDenied, SCOPE_MISSING),
    StatusRow(401, r"", AuthenticationFailed, CONNECTION_REFUSED),
    StatusRow(403, r"AuthenticationUnsuccessful", AuthenticationFailed, CONNECTION_REFUSED),
    StatusRow(403, r"", PermissionDenied, SCOPE_MISSING),
    StatusRow(404, r"", InvalidConfiguration, ADDRESS_WRONG),
    StatusRow(413, r"", Rejected, REQUEST_TOO_LARGE),
    StatusRow(414, r"", Rejected, REQUEST_TOO_LARGE),
    StatusRow(503, r"offline", Unavailable, LEDGER_BUSY),
)
_OWN = frozenset({400, 401, 403, 404, 503})  # count for a write only in Xero's own form
_BEFORE_IT_IS_READ = frozenset({413, 414})


def error_of(status: int, headers: Mapping[str, str], body: Any, *, write: bool) -> AccountingError:
    """Return the error that an answer other than 2xx means. `body` is the decoded JSON, None for anything else."""
    problem = headers.get("X-Rate-Limit-Problem", "")
    if status == 429 and (problem or not write):
        return _rate_limited(problem, rate_limit_wait(headers))
    own = isinstance(body, dict) and ("ErrorNumber" in body or "Title" in body)
    if not write and status >= 500:
        return Unavailable(LEDGER_UNREACHABLE.told(ledger=TITLE), status=status)
    if write and not (own and status in _OWN) and status not in _BEFORE_IT_IS_READ and status != 404:
        return OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE), status=status)
    said = " ".join(str(body.get(name) or "") for name in ("Type", "Title", "Detail")) if own else ""
    words = str(body.get("Detail") or body.get("Message") or "") if own else ""
    for row in STATUSES:
        if row.status == status and re.search(row.pattern, said):
            code = str(body.get("ErrorNumber") or body.get("Title") or "") if own else None
            return row.error(row.entry.told(ledger=TITLE, words=words), status=status, code=code)
    if status >= 500:
        return OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE), status=status)
    return InvalidConfiguration(ADDRESS_WRONG.told(ledger=TITLE), status=status)


def _rate_limited(problem: str, wait: int) -> RateLimited:
    """Return how long to wait; for the limit of a day that is hours, and its text says when it ends."""
    told = LEDGER_BUSY.told(ledger=TITLE)
    if problem == "day":
        ends = datetime.now(UTC) + timedelta(seconds=wait)
        told = LEDGER_DAY_USED_UP.told(ledger=TITLE, until=f"{ends:%H:%M UTC on %Y-%m-%d}")
    return RateLimited(told, retry_after=wait, status=429, code=problem or None)


Made = Callable[[re.Match[str], str, date], AccountingError]


@dataclass(frozen=True, slots=True)
class MessageRow:
    """What a validation message means. `made` gets what the pattern found, the message and the document's day."""

    pattern: str
    made: Made


def _account(found: re.Match[str], _: str, __: date) -> AccountingError:
    return UnknownAccount(ACCOUNT_UNKNOWN.told(account=found[1], ledger=TITLE), unknown=found[1])


# In the order of precedence.
MESSAGES: Sequence[MessageRow] = (
    MessageRow(r"lock date", lambda _, __, on: PeriodClosed(PERIOD_LOCKED.told(ledger=TITLE, on=on), on=on)),
    MessageRow(
        r"accounts? (?:is|are) locked", lambda _, __, on: PeriodClosed(PERIOD_LOCKED.told(ledger=TITLE, on=on), on=on)
    ),
    MessageRow(r"Account code '([^']*)' (?:has been archived|is not a valid code)", _account),
    MessageRow(
        r"TaxType code '([^']*)' cannot be used with account code '([^']*)'",
        lambda found, _, __: UnknownTaxCode(
            TAX_CODE_NOT_FOR_ACCOUNT.told(code=found[1], account=found[2], ledger=TITLE)
        ),
    ),
    MessageRow(
        r"TaxType code '([^']*)'",
        lambda found, _, __: UnknownTaxCode(TAX_CODE_UNKNOWN.told(code=found[1], ledger=TITLE), unknown=found[1]),
    ),
    MessageRow(
        r"Tax rate must be Active", lambda _, words, __: UnknownTaxCode(LEDGER_SAYS.told(ledger=TITLE, words=words))
    ),
    MessageRow(
        r"[Tt]racking (?:category|option) '([^']*)'",
        lambda found, _, __: UnknownDimension(TAG_REFUSED.told(tag=found[1], ledger=TITLE)),
    ),
    MessageRow(r"Invoice # must be unique", lambda _, words, __: PossibleDuplicate(words)),
    MessageRow(
        r"limit of invoices you can approve",
        lambda _, words, __: PermissionDenied(LEDGER_SAYS.told(ledger=TITLE, words="The plan's limit is reached.")),
    ),
)


def refusal(messages: Sequence[str], on: date) -> AccountingError:
    """Return what Xero's validation messages about one document mean."""
    for row in MESSAGES:
        for message in messages:
            if found := re.search(row.pattern, message):
                return row.made(found, message, on)
    return Rejected(LEDGER_SAYS.told(ledger=TITLE, words=" ".join(messages) or "no reason given"), status=400)
