"""The API v2.0 of Business Central: reading lists, writing single rows, and up to a hundred requests in one call.

A batch of writes is one transaction (`Isolation: snapshot`): if one request fails, none is carried out. A post must
never be in one, since it ends the transaction; so there is no way to do that here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from pleo_export.accounting.business_central.error_table import error_body, error_in, error_of
from pleo_export.accounting.business_central.settings import BusinessCentralSettings
from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.errors import AccountingError, InvalidConfiguration, OutcomeUnknown, Unavailable
from pleo_export.accounting.http import AccountingResponse, AccountingTransport, Upload
from pleo_export.failures.connection import ADDRESS_WRONG, LEDGER_IN_DOUBT, LEDGER_UNREACHABLE
from pleo_export.failures.ledger_lists import LIST_INCOMPLETE

Row = dict[str, Any]
LARGEST_BATCH = 100
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}
_ANY_VERSION = {"If-Match": "*"}
_WORDS = {"dimensionValues": "tags", "taxGroups": "tax codes", "bankAccounts": "bank accounts"}  # for people


@dataclass(frozen=True, slots=True)
class Listing:
    """A question for rows: the path below the company, and the query options, without their `$`."""

    path: str
    options: tuple[tuple[str, str], ...] = ()

    @property
    def address(self) -> str:
        """The path with its query."""
        query = urlencode([(f"${name}", value) for name, value in self.options], quote_via=quote, safe="$(),'=;")
        return f"{self.path}?{query}" if query else self.path


@dataclass(frozen=True, slots=True)
class Change:
    """One request of a transactional batch; `path` below the company."""

    method: str
    path: str
    body: Row | None = None


class RefusedChange(Exception):
    """One request of a transactional batch was refused, so none was carried out. `number` counts from 0."""

    def __init__(self, number: int, error: AccountingError) -> None:
        super().__init__(f"request {number}")
        self.number = number
        self.error = error


class BusinessCentralRest:
    """Calls the API for one company. Every method raises AccountingError."""

    def __init__(self, transport: AccountingTransport, settings: BusinessCentralSettings) -> None:
        self._transport = transport
        self._root = f"/v2.0/{quote(settings.tenant)}/{quote(settings.environment)}/api/v2.0"
        self._company = f"companies({settings.company})"
        self._base = f"{self._root}/{self._company}"

    def list_all(self, path: str, **options: str) -> list[Row]:
        """Read all rows, page by page."""
        (rows,) = self.list_many([listing(path, **options)])
        return rows

    def list_many(self, listings: Sequence[Listing], *, whole: bool = False) -> list[list[Row]]:
        """Read the rows of several questions in one call, and of the pages that follow in one call each. If `whole`,
        Unavailable (LIST_INCOMPLETE) is raised where fewer rows come than Business Central counts, or one comes
        again."""
        if whole:
            listings = [Listing(each.path, (*each.options, ("count", "true"))) for each in listings]
        addresses = [f"{self._company}/{each.address}" for each in listings]
        requests = [{"method": "GET", "id": str(i), "url": url, "headers": {}} for i, url in enumerate(addresses)]
        answer = self._transport.read("POST", f"{self._root}/$batch", _encode({"requests": requests}), _JSON)
        parts = _parts(answer, len(requests), write=False)
        found = []
        for part in parts:
            if part.status != 200:
                raise error_of(part.status, error_in(part.body), {}, write=False)
            found.append(self._pages(part.body))
        for each, part, rows in zip(listings, parts, found, strict=False):
            if "@odata.count" in part.body:
                _require_whole(each.path, rows, int(part.body["@odata.count"]))
        return found

    def company(self) -> Row:
        """Read the company itself."""
        return _content(self._transport.read("GET", self._base, headers=_JSON), write=False)

    def content(self, path: str) -> bytes:
        """Read the content of a file."""
        answer = self._transport.read("GET", f"{self._base}/{path}")
        if answer.status != 200:
            raise error_of(answer.status, error_body(answer.content), answer.headers, write=False)
        return answer.content

    def create(self, path: str, row: Row) -> Row:
        """Create a row, with the rows below it, and return it."""
        created = _content(self._transport.write("POST", f"{self._base}/{path}", _encode(row), _JSON), write=True)
        if not isinstance(created.get("id"), str):
            raise OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE), status=201)
        return created

    def update(self, path: str, row: Row) -> None:
        """Change a row, whatever its version."""
        answer = self._transport.write("PATCH", f"{self._base}/{path}", _encode(row), _JSON | _ANY_VERSION)
        _content(answer, write=True)

    def upload(self, path: str, content: bytes | Upload) -> None:
        """Send the content of a file."""
        headers = {"Content-Type": "application/octet-stream", **_ANY_VERSION}
        _done(self._transport.write("PATCH", f"{self._base}/{path}", content, headers))

    def delete(self, path: str) -> None:
        """Delete a row with all below it."""
        _done(self._transport.write("DELETE", f"{self._base}/{path}", headers=_JSON | _ANY_VERSION))

    def act(self, path: str, action: str = "post") -> None:
        """Carry out an action on a row, such as its post."""
        _done(self._transport.write("POST", f"{self._base}/{path}/Microsoft.NAV.{action}", b"{}", _JSON))

    def change_all(self, changes: Sequence[Change]) -> list[Row]:
        """Carry out up to a hundred changes, all or none, in order. Raises RefusedChange for the first that is refused,
        and ValueError for too many, or for an action, which would end the transaction."""
        if len(changes) > LARGEST_BATCH or any("Microsoft.NAV" in each.path for each in changes):
            raise ValueError("at most 100 changes go into a batch, and no action")
        requests = [_request(self._company, number, change) for number, change in enumerate(changes)]
        headers = _JSON | {"Isolation": "snapshot"}
        answer = self._transport.write("POST", f"{self._root}/$batch", _encode({"requests": requests}), headers)
        parts = _parts(answer, len(requests), write=True)
        for number, part in enumerate(parts):
            if part.status >= 400:
                raise RefusedChange(number, error_of(part.status, error_in(part.body), {}, write=True))
        if len(parts) < len(changes):
            raise OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE), status=200)
        return [part.body if isinstance(part.body, dict) else {} for part in parts]

    def _pages(self, body: Any) -> list[Row]:
        rows, links = _rows(body), set()
        while link := body.get("@odata.nextLink"):
            if link in links:
                raise Unavailable(LEDGER_UNREACHABLE.told(ledger=TITLE), code="the page comes again")
            links.add(link)
            split = urlsplit(str(link))
            body = _content(self._transport.read("GET", f"{split.path}?{split.query}", headers=_JSON), write=False)
            rows += _rows(body)
        return rows


@dataclass(frozen=True, slots=True)
class _Part:
    status: int
    body: Any


def _require_whole(path: str, rows: Sequence[Row], expected: int) -> None:
    if len(rows) < expected or len({row["id"] for row in rows}) < len(rows):
        what = path.rpartition("/")[2]
        raise Unavailable(LIST_INCOMPLETE.told(ledger=TITLE, what=_WORDS.get(what, what)))


def listing(path: str, **options: str) -> Listing:
    """Return a question for rows."""
    return Listing(path, tuple(options.items()))


def text(value: str) -> str:
    """Return a text as filters write it."""
    return "'" + value.replace("'", "''") + "'"


def any_of(field: str, values: Sequence[str]) -> str:
    """Return the filter for rows whose field has one of the values. Raises ValueError if there is none."""
    if not values:
        raise ValueError("a filter needs a value")
    return " or ".join(f"{field} eq {text(value)}" for value in values)


def _request(company: str, number: int, change: Change) -> Row:
    request: Row = {"method": change.method, "id": str(number), "url": f"{company}/{change.path}"}
    request["headers"] = dict(_JSON if change.method == "POST" else _JSON | _ANY_VERSION)
    return request if change.body is None else request | {"body": change.body}


def _encode(value: Any) -> bytes:
    return json.dumps(value, default=_number).encode()


def _number(value: Any) -> float:
    if isinstance(value, Decimal):
        return float(value)  # two decimals survive
    raise TypeError(f"no place for {type(value).__name__} in a request")


def _content(answer: AccountingResponse, *, write: bool) -> Row:
    if not 200 <= answer.status < 300:
        raise error_of(answer.status, error_body(answer.content), answer.headers, write=write)
    try:
        decoded = json.loads(answer.content, parse_float=Decimal)
    except ValueError:
        decoded = None
    if isinstance(decoded, dict):
        return decoded
    raise _unreadable(answer, write=write)


def _done(answer: AccountingResponse) -> None:
    """Check the answer of a write that is answered by its status alone."""
    if answer.status not in (200, 204):
        raise error_of(answer.status, error_body(answer.content), answer.headers, write=True)
    if answer.status == 200 and not answer.content.startswith(b"{"):
        raise OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE), status=answer.status)


def _unreadable(answer: AccountingResponse, *, write: bool) -> AccountingError:
    if write:
        return OutcomeUnknown(LEDGER_IN_DOUBT.told(ledger=TITLE), status=answer.status)
    if answer.content[:1] in (b"", b"[", b"{"):  # cut off
        return Unavailable(LEDGER_UNREACHABLE.told(ledger=TITLE), status=answer.status)
    return InvalidConfiguration(ADDRESS_WRONG.told(ledger=TITLE), status=answer.status)


def _parts(answer: AccountingResponse, count: int, *, write: bool) -> list[_Part]:
    """Return the answers to the parts of a batch, in the order of the requests; those that were not processed after a
    failure are missing."""
    responses = _content(answer, write=write).get("responses")
    try:
        found = {int(each["id"]): _Part(int(each["status"]), each.get("body")) for each in responses or ()}
    except (KeyError, TypeError, ValueError):
        raise _unreadable(answer, write=write) from None
    parts = [found[number] for number in sorted(found)]
    if not write and len(parts) < count and not any(part.status >= 400 for part in parts):
        raise Unavailable(LEDGER_UNREACHABLE.told(ledger=TITLE), status=answer.status)
    return parts


def _rows(body: Any) -> list[Row]:
    rows = body.get("value") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InvalidConfiguration(ADDRESS_WRONG.told(ledger=TITLE))
    return rows
