"""The two APIs of e-conomic: how they are called, and what their answers mean.

The services at apis.e-conomic.com have their versions in the path, pinned to those that this was written against. The
old API is there for what has no successor: the agreement itself, VAT accounts, suppliers.

A write carries an Idempotency-Key, made from what it asks for: if one whose answer got lost is asked for again while it
is still on its way, e-conomic carries it out once. For an hour it answers a repeated key from its memory, whatever has
become of the entries since, so every success is proved by a search.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from pleo_export.accounting.economic.error_table import EconomicBody, meaning, nothing_done
from pleo_export.accounting.economic.json_numbers import decode, encode
from pleo_export.accounting.economic.title import TITLE
from pleo_export.accounting.errors import (
    AccountingError,
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
)
from pleo_export.accounting.http import AccountingResponse, AccountingTransport, Upload, rate_limit_wait
from pleo_export.failures.connection import (
    ADDRESS_WRONG,
    LEDGER_BUSY,
    LEDGER_IN_DOUBT,
    LEDGER_UNREACHABLE,
    ROLE_MISSING,
    SETTING_UNKNOWN_THERE,
    TOKENS_REFUSED,
)
from pleo_export.failures.ledger import LEDGER_SAYS, PERIOD_CLOSED

JOURNALS, BOOKED = "/journalsapi/v16.0.1", "/bookedEntriesapi/v4.0.0"
ACCOUNTS, YEARS = "/accountsapi/v7.0.0", "/accountingyearsapi/v2.0.1"
DIMENSIONS, DOCUMENTS, PROJECTS = "/dimensionsapi/v5.3.1", "/documentsapi/v4.0.1", "/projectsapi/v1.1.0"
Row = dict[str, Any]
WINDOW = 60  # seconds, of e-conomic's bucket
OLD_PAGE = 1000
_TOO_LONG = frozenset({HTTPStatus.REQUEST_URI_TOO_LONG, HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST})
_USED = re.compile(r"(\d+)/(\d+)\s*$")
_JSON = {"Content-Type": "application/json"}


class TargetTooLong(Exception):
    """A gateway refused the address of a search: it must be asked in parts."""


@dataclass(frozen=True, slots=True)
class Written:
    """The answer to a write. `replayed`: it is e-conomic's memory of an earlier one, and proves nothing."""

    value: Any
    replayed: bool


class EconomicTransport(AccountingTransport):
    """Sends calls to e-conomic, whose answers tell "<name of the bucket>: <used>/<size>"."""

    def calls_left(self, headers: Mapping[str, str]) -> tuple[int, int] | None:
        """Return the calls that are left, and the seconds of the bucket's window."""
        used = _USED.search(headers.get("X-RateLimiting", ""))
        return (max(0, int(used[2]) - int(used[1])), WINDOW) if used else None


class EconomicRest:
    """Calls both APIs for one agreement. Every method raises AccountingError."""

    def __init__(self, new: AccountingTransport, old: AccountingTransport) -> None:
        self._new = new
        self._old = old

    def pause(self, seconds: float) -> None:
        """Wait."""
        self._new.pause(seconds)

    def get(self, path: str) -> Any:
        """Read one resource of the services."""
        return _content(self._new.read("GET", path), write=False)

    def items(self, path: str, filter_: str = "") -> list[Row]:
        """Read a collection of the services, all pages of it. Raises TargetTooLong."""
        found: list[Row] = []
        query = f"filter={_quoted(filter_)}" if filter_ else ""
        cursor = ""
        while True:
            asked = "&".join(part for part in (query, cursor and f"cursor={quote(cursor)}") if part)
            answer = self._new.read("GET", f"{path}?{asked}" if asked else path)
            if filter_ and answer.status in _TOO_LONG and _body(answer)[0] is EconomicBody.FOREIGN:
                raise TargetTooLong
            page = _content(answer, write=False)
            if not isinstance(page, dict):
                raise InvalidConfiguration(ADDRESS_WRONG.told(ledger=TITLE))
            found += page.get("items") or []
            if not page.get("cursor"):
                return found
            if cursor == str(page["cursor"]):
                raise Unavailable(LEDGER_UNREACHABLE.told(ledger=TITLE), code="the page comes again")
            cursor = str(page["cursor"])

    def old_page(self, path: str, skipped: int, size: int, filter_: str = "") -> Row:
        """Read one page of a collection of the old API."""
        condition = f"&filter={_quoted(filter_)}" if filter_ else ""
        page = self.old(f"{path}?skippages={skipped}&pagesize={size}{condition}")
        if not isinstance(page, dict) or "collection" not in page:
            raise InvalidConfiguration(ADDRESS_WRONG.told(ledger=TITLE))
        return page

    def old_post(self, path: str, body: Any) -> Any:
        """Send a write to the old API, which knows no idempotency keys."""
        return _content(self._old.write("POST", path, encode(body), _JSON), write=True)

    def old(self, path: str) -> Any:
        """Read one resource of the old API."""
        return _content(self._old.read("GET", path), write=False)

    def old_items(self, path: str, filter_: str = "") -> list[Row]:
        """Read a collection of the old API, all pages of it."""
        found: list[Row] = []
        skipped = 0
        while True:
            page = self.old_page(path, skipped, OLD_PAGE, filter_)
            found += page["collection"]
            if "nextPage" not in page.get("pagination", {}):
                return found
            skipped += 1

    def post(self, path: str, body: Any, purpose: str, *, on: date | None = None, salt: str = "") -> Written:
        """Send a write. `purpose` begins its key, `salt` makes another one of it. `on` is the day that is booked on,
        for a refusal."""
        content = encode(body)
        key = key_of(purpose, path, content, salt)
        return _read_written(self._write("POST", path, lambda: content, _JSON, key), on)

    def upload(self, path: str, body: Callable[[], Upload], content_type: str, key: str) -> Written:
        """Send a file."""
        return _read_written(self._write("POST", path, body, {"Content-Type": content_type}, key))

    def delete(self, path: str) -> None:
        """Delete one resource; harmless if it is gone."""
        answer = self._write("DELETE", path, lambda: None, {}, key_of("delete", path, b"", ""))
        if answer.status != HTTPStatus.NOT_FOUND and not 200 <= answer.status < 300:
            raise error_of(answer, write=True)

    def _write(
        self,
        method: str,
        path: str,
        body: Callable[[], bytes | Upload | None],
        headers: Mapping[str, str],
        key: str,
    ) -> AccountingResponse:
        """Send a write. A refusal that e-conomic only remembers says nothing about now: it is asked for anew."""
        for each in (key, f"{key}-{uuid4().hex[:16]}"):
            sent = {**headers, "Idempotency-Key": each}
            answer = self._new.write(method, path, body(), sent)
            if not 400 <= answer.status < 500 or not _remembered(answer):
                break
        return answer


def failed_by_itself(error: AccountingError) -> bool:
    """Return whether e-conomic itself says that it failed, and not a gateway: it may be asked again if a search finds
    nothing."""
    return error.status == HTTPStatus.INTERNAL_SERVER_ERROR and error.code not in (None, EconomicBody.FOREIGN)


def key_of(purpose: str, path: str, content: bytes, salt: str) -> str:
    """Return the Idempotency-Key of a write: the same for the same write, another for each purpose and each URL."""
    digest = hashlib.sha256(b"\0".join((path.encode(), salt.encode(), content))).digest()
    return f"{purpose}-{base64.urlsafe_b64encode(digest).decode()[:32]}"


def headers(app_secret: str, grant: str) -> dict[str, str]:
    """Return the headers of every call."""
    return {"X-AppSecretToken": app_secret, "X-AgreementGrantToken": grant, "Accept": "application/json"}


def error_of(answer: AccountingResponse, *, write: bool, on: date | None = None) -> AccountingError:
    """Return the error that an answer other than 2xx means (`error_table`)."""
    body, code, property_, words = _body(answer)
    kind = meaning(answer.status, body, code, property_)
    if kind is OutcomeUnknown and not write:
        kind = nothing_done(answer.status, body)
    evidence: dict[str, Any] = {"status": answer.status, "code": code or body}
    if kind is RateLimited:
        told = LEDGER_BUSY.told(ledger=TITLE)
        return RateLimited(told, retry_after=rate_limit_wait(answer.headers), **evidence)
    if kind is PeriodClosed:
        day = on or date.min
        told = PERIOD_CLOSED.told(ledger=TITLE, period=f"{day:%Y-%m}", state="closed", on=day)
        return PeriodClosed(told, on=day, **evidence)
    if issubclass(kind, Rejected):
        said = LEDGER_SAYS.told(words=words)
        return kind(said) if kind in (UnknownAccount, UnknownDimension) else kind(said, **evidence)
    if kind is InvalidConfiguration and body is EconomicBody.PROBLEM:
        told = SETTING_UNKNOWN_THERE.told(ledger=TITLE, count="no", setting="journal", value="of the settings")
        return InvalidConfiguration(told, **evidence)
    entry = {
        AuthenticationFailed: TOKENS_REFUSED,
        PermissionDenied: ROLE_MISSING,
        InvalidConfiguration: ADDRESS_WRONG,
        Unavailable: LEDGER_UNREACHABLE,
    }.get(kind, LEDGER_IN_DOUBT)
    return kind(entry.told(ledger=TITLE), **evidence)


def _read_written(answer: AccountingResponse, on: date | None = None) -> Written:
    value = _content(answer, write=True, on=on)
    return Written(value, _remembered(answer))


def _remembered(answer: AccountingResponse) -> bool:
    return answer.headers.get("X-ResultFromCache", "").lower() == "true"


def _content(answer: AccountingResponse, *, write: bool, on: date | None = None) -> Any:
    if not 200 <= answer.status < 300:
        raise error_of(answer, write=write, on=on)
    if answer.status == HTTPStatus.NO_CONTENT:
        return None
    try:
        return decode(answer.content)
    except ValueError:
        if write:
            raise OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE), status=answer.status) from None
        if answer.content[:1] in (b"", b"[", b"{"):  # cut off
            raise Unavailable(LEDGER_UNREACHABLE.told(ledger=TITLE), status=answer.status) from None
        raise InvalidConfiguration(ADDRESS_WRONG.told(ledger=TITLE), status=answer.status) from None


def _body(answer: AccountingResponse) -> tuple[EconomicBody, str, str, str]:
    """Return whose words a refusal holds, its error code, the property that it names, and its message."""
    try:
        held = decode(answer.content)
    except ValueError:
        return EconomicBody.FOREIGN, "", "", ""
    if not isinstance(held, dict):
        return EconomicBody.FOREIGN, "", "", ""
    if "traceId" in held and held.get("status") == answer.status:
        errors = [each for each in held.get("errors") or [] if isinstance(each, dict)]
        first = errors[0] if errors else {}
        code = str(first.get("errorCode") or held.get("errorCode") or "")
        words = str(first.get("message") or held.get("detail") or held.get("title") or "")
        return EconomicBody.PROBLEM, code, str(first.get("property") or ""), words
    if "logId" in held:
        return (
            EconomicBody.OLD,
            str(held.get("errorCode") or ""),
            str(held.get("property") or ""),
            str(held.get("message")),
        )
    return EconomicBody.FOREIGN, "", "", ""


def _quoted(filter_: str) -> str:
    """Return a filter as a part of an address: `$`, `:`, `*`, `,` and brackets may stand in a query as they are."""
    return quote(filter_, safe="$:*,()")
