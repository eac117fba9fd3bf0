"""Xero's Accounting API: requests in batches, lists in pages, and what its answers hold.

Amounts go out as JSON numbers with their own digits and come back as Decimal: never as a binary fraction.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

from pleo_export.accounting.errors import OutcomeUnknown, Rejected, Unavailable
from pleo_export.accounting.http import AccountingResponse, AccountingTransport, Upload
from pleo_export.accounting.xero.error_table import error_of
from pleo_export.accounting.xero.title import TITLE
from pleo_export.failures.connection import LEDGER_IN_DOUBT, LEDGER_UNREACHABLE
from pleo_export.failures.ledger_lists import LIST_INCOMPLETE

Record = dict[str, Any]
ROOT = "/api.xro/2.0"
PAGE_SIZE = 1_000
MINUTE = 60
_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
_PER_ELEMENT = {"summarizeErrors": "false"}
_LEFT_IN_MINUTE = "X-MinLimit-Remaining"


class XeroTransport(AccountingTransport):
    """Sends calls to Xero, whose answers tell the calls that are left in the minute."""

    def calls_left(self, headers: Mapping[str, str]) -> tuple[int, int] | None:
        """Return the calls that are left, and the seconds of a minute."""
        left = headers.get(_LEFT_IN_MINUTE, "")
        return (int(left), MINUTE) if left.isdecimal() else None


class XeroRest:
    """Calls the API of one organisation. Every method raises AccountingError."""

    def __init__(self, transport: AccountingTransport) -> None:
        self._transport = transport

    def whole(self, endpoint: str, parameters: Mapping[str, str] | None = None) -> list[Record]:
        """Read a list that has no pages."""
        return _rows(self._read(endpoint, parameters or {}), endpoint)

    def pages(
        self, endpoint: str, parameters: Mapping[str, str], *, whole: str | None = None, size: int = PAGE_SIZE
    ) -> Iterator[Record]:
        """Read a list with the lines of its rows, page by page. `whole` names the field that tells the rows apart: then
        Unavailable (LIST_INCOMPLETE) is raised where fewer rows come than Xero counts, or one comes again."""
        page, seen, expected = 1, set(), 0
        while True:
            answer = self._read(endpoint, {**parameters, "page": str(page), "pageSize": str(size)})
            rows = _rows(answer, endpoint)
            expected = max(expected, int((answer.get("pagination") or {}).get("itemCount") or 0))
            for row in rows:
                if whole and row[whole] in seen:
                    raise _incomplete(endpoint)
                seen.add(row[whole] if whole else None)
                yield row
            if page >= _page_count(answer, len(rows), page, size):
                break
            page += 1
        if whole and len(seen) < expected:
            raise _incomplete(endpoint)

    def create(self, endpoint: str, elements: Sequence[Record], *, together: bool = False) -> list[Record]:
        """Create documents, each individually: the answer has one row for each, in order, with its own errors. All or
        none if `together`: then Xero's messages are raised. Raises XeroRefused where Xero refuses the request as a
        whole; then none is created."""
        return self._write_all("PUT", endpoint, elements, {} if together else _PER_ELEMENT)

    def update(self, endpoint: str, elements: Sequence[Record]) -> list[Record]:
        """Change documents individually, as `create` creates them."""
        return self._write_all("POST", endpoint, elements, _PER_ELEMENT)

    def change(self, endpoint: str, id_: str, body: Record) -> None:
        """Change one document. Raises XeroRefused with Xero's messages."""
        self._write("POST", f"{endpoint}/{id_}", _encoded(body), {})

    def note(self, endpoint: str, id_: str, text: str) -> None:
        """Add a note to the history of a document."""
        self._write("PUT", f"{endpoint}/{id_}/History", _encoded({"HistoryRecords": [{"Details": text}]}), {})

    def files(self, endpoint: str, id_: str) -> list[Record]:
        """Read the names and sizes of the files of a document."""
        return _rows(self._read(f"{endpoint}/{id_}/Attachments", {}), "Attachments")

    def upload(self, endpoint: str, id_: str, name: str, content_type: str, body: Upload) -> None:
        """Attach a file; one that has its name already is replaced."""
        path = f"{ROOT}/{endpoint}/{id_}/Attachments/{quote(name, safe='')}"
        answer = self._transport.write("PUT", path, body, {"Content-Type": content_type})
        content_of(answer, write=True)

    def _read(self, endpoint: str, parameters: Mapping[str, str]) -> Any:
        query = f"?{urlencode(parameters, quote_via=quote)}" if parameters else ""
        answer = self._transport.read("GET", f"{ROOT}/{endpoint}{query}")
        return content_of(answer, write=False)

    def _write_all(
        self,
        method: str,
        path: str,
        elements: Sequence[Record],
        parameters: Mapping[str, str],
    ) -> list[Record]:
        rows = self._write(method, path, _encoded({path: list(elements)}), parameters).get(path)
        if not isinstance(rows, list) or len(rows) != len(elements) or not all(isinstance(each, dict) for each in rows):
            raise OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE))
        return rows

    def _write(self, method: str, path: str, body: bytes, parameters: Mapping[str, str]) -> Record:
        query = f"?{urlencode(parameters)}" if parameters else ""
        headers = {"Content-Type": "application/json", "Idempotency-Key": idempotency_key(method, path, body)}
        answer = self._transport.write(method, f"{ROOT}/{path}{query}", body, headers)
        content = content_of(answer, write=True)
        if not isinstance(content, dict):
            raise OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE))
        return content


def _rows(answer: Any, endpoint: str) -> list[Record]:
    name = {"Organisation": "Organisations"}.get(endpoint, endpoint)
    rows = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unavailable(LEDGER_UNREACHABLE.told(ledger=TITLE))
    return rows


def headers(access_token: str, tenant: str) -> dict[str, str]:
    """Return the headers of every call: the token, the organisation, and JSON as the format."""
    return {"Authorization": f"Bearer {access_token}", "xero-tenant-id": tenant, "Accept": "application/json"}


def scopes_of(access_token: str) -> frozenset[str] | None:
    """Return what the token says that it may (it is a JWT; Xero checks it, so its signature is not looked at); None
    for a token that says nothing."""
    try:
        claims = access_token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["scope"]
    except (IndexError, KeyError, TypeError, ValueError):
        return None
    return frozenset(found.split() if isinstance(found, str) else found)


def idempotency_key(method: str, path: str, body: bytes) -> str:
    """Return the key of a write: the same write has the same, so that one which a gateway delivers twice, or late, is
    done once while Xero remembers it (minutes). What makes it certain is the reference in the document."""
    return "px-" + hashlib.sha256(f"{method} {path} ".encode() + body).hexdigest()[:40]


def day(value: Any) -> date | None:
    """Read a day as Xero answers it; None where there is none."""
    found = _DATE.match(str(value or ""))
    if found:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(found[1]))).date()
    try:
        return date.fromisoformat(str(value or "")[:10])
    except ValueError:
        return None


def text(value: str) -> str:
    """Return a text as a value in a `where` filter."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def moment(on: date) -> str:
    """Return a day as a value in a `where` filter."""
    return f"DateTime({on.year},{on.month:02},{on.day:02})"


def encode(value: Any) -> str:
    """Return JSON in which each Decimal is a number with its own digits."""
    match value:
        case dict():
            return "{" + ",".join(f"{json.dumps(name)}:{encode(inner)}" for name, inner in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(map(encode, value)) + "]"
        case Decimal():
            return format(value, "f")
        case date():
            return json.dumps(value.isoformat())
        case _:
            return json.dumps(value)


def _encoded(value: Any) -> bytes:
    return encode(value).encode()


def content_of(answer: AccountingResponse, *, write: bool, empty: bool = False) -> Any:
    """Return the decoded answer, None for one that is to be `empty`. Raises AccountingError for any other than 2xx, and
    for one that is cut off."""
    decoded: Any = None
    try:
        decoded = json.loads(answer.content, parse_float=Decimal)
        readable = True
    except ValueError:
        readable = False
    if not 200 <= answer.status < 300:
        error = error_of(answer.status, answer.headers, decoded, write=write)
        if type(error) is Rejected and isinstance(decoded, dict):
            raise XeroRefused(error, messages_of(decoded))
        raise error
    if readable or empty:
        return decoded
    if write:
        raise OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE), status=answer.status)
    raise Unavailable(LEDGER_UNREACHABLE.told(ledger=TITLE), status=answer.status)


class XeroRefused(Rejected):
    """Xero refuses a request as a whole; `messages` are its validation messages, if it gives any."""

    def __init__(self, error: Rejected, messages: Sequence[str]) -> None:
        super().__init__(error.told, status=error.status, code=error.code)
        self.messages = messages


def messages_of(row: Record) -> list[str]:
    """Return the validation messages of a row, or of all elements of a refusal."""
    elements = row.get("Elements") or []
    found = [row.get("ValidationErrors") or [], *(each.get("ValidationErrors") or [] for each in elements)]
    return [str(each.get("Message") or "") for errors in found for each in errors]


def _incomplete(endpoint: str) -> Unavailable:
    return Unavailable(LIST_INCOMPLETE.told(ledger=TITLE, what=endpoint.lower()))


def _page_count(answer: Any, rows: int, page: int, size: int) -> int:
    """Return the number of pages; where Xero does not tell it, a full page may have another behind it."""
    told = (answer.get("pagination") or {}).get("pageCount")
    return int(told) if told is not None else page + (rows >= size)
