"""Tryton's REST interface (8.0 or later), and what its answers mean.

The batches of Tryton's clients are there as well, though its manual shows single records only: any method that clients
may call is a path below its model, with its arguments by name in the body. So one call creates, or finds, many records.
It cannot press a button (such as Post) on many: over REST such a method gets its records from the path, one at a time.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from http import HTTPStatus
from itertools import chain
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode

from pleo_export.accounting.attaching import UploadedParts, chunks
from pleo_export.accounting.errors import (
    AccountingError,
    InvalidConfiguration,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
)
from pleo_export.accounting.http import AccountingResponse, AccountingTransport, rate_limit_wait
from pleo_export.accounting.tryton.meaning import MEANING, OTHER_ANSWER, OTHER_FAULT, Body
from pleo_export.accounting.tryton.title import TITLE
from pleo_export.failures.connection import ADDRESS_WRONG, LEDGER_IN_DOUBT, LEDGER_UNREACHABLE
from pleo_export.failures.ledger_lists import LIST_INCOMPLETE

Record = dict[str, Any]
_CHUNK = 3 * 2**16  # bytes of a file at a time; base64 pads only what is not a multiple of 3


WORDS = {
    "account.account": "accounts",
    "account.tax": "tax codes",
    "analytic_account.account": "tags",
    "party.party": "suppliers",
}  # for people
_ELSEWHERE = ADDRESS_WRONG.told(ledger=TITLE)
_NO_PROOF = _UNREADABLE = LEDGER_IN_DOUBT.told(ledger=TITLE)
_TOO_LARGE = 413

# The whole page: one that is cut off proves nothing.
_PAGE_OF_TRYTON = re.compile(
    rb"\s*<!doctype html>\s*<html lang=en>\s*<title>(\d{3}) ([^<]+)</title>\s*<h1>\2</h1>\s*(?:<p>.*</p>\s*)?",
    re.DOTALL | re.IGNORECASE,
)
_LOGIN_OF_TRYTON = 'Basic realm="Tryton"'  # a 401 of its JSON-RPC has no page
# Which entry a refusal is about: the amount is in its name.
_RECORD_NAME = re.compile(r' in record "[^"]*?(?: @ ([^"@]+))?"')


class TrytonRest:
    """Calls the REST interface of one database, for one company. Every method raises AccountingError."""

    def __init__(self, transport: AccountingTransport, database: str, company: int) -> None:
        self._transport = transport
        self._root = f"/{quote(database)}/rest/model"
        self.company = company

    def search_read(
        self,
        model: str,
        domain: Sequence[Any],
        fields: Sequence[str],
        order: Sequence[Any] | None = None,
        *,
        inactive: bool = False,
    ) -> list[Record]:
        """Find records and read their fields. Fields of other records by a dotted path (`type.statement`) come nested:
        `{"type": {"statement": ..}}`. Deactivated records are left out, unless `inactive`."""
        arguments = {"domain": domain, "fields_names": fields, "order": order}
        headers = context_header(self.company, active_test=False) if inactive else None
        return _rows(self._read(f"/{model}/search_read", arguments, headers))

    def read_all(self, model: str, domain: Sequence[Any], fields: Sequence[str], page: int) -> Iterator[Record]:
        """Yield every record, deactivated ones too, in the order of their ids, `page` of them with one call. Raises
        Unavailable (LIST_INCOMPLETE) if fewer come than there were at the beginning, or one comes again."""
        context = context_header(self.company, active_test=False)
        expected = self._read(f"/{model}/search_count", {"domain": domain}, context)
        last, seen, more = 0, 0, True
        while more:
            beyond = [*domain, ["id", ">", last]]
            arguments = {"domain": beyond, "fields_names": fields, "order": [["id", "ASC"]], "limit": page}
            rows = _rows(self._read(f"/{model}/search_read", arguments, context))
            for row in rows:
                if row["id"] <= last:
                    raise Unavailable(LIST_INCOMPLETE.told(ledger=TITLE, what=WORDS.get(model, "records")))
                last = row["id"]
                yield row
            seen += len(rows)
            more = len(rows) == page
        if seen < expected:
            raise Unavailable(LIST_INCOMPLETE.told(ledger=TITLE, what=WORDS.get(model, "records")))

    def access(self, *models: str) -> Mapping[str, Mapping[str, bool]]:
        """Return the user's rights on each model: read, write, create, delete."""
        rights: Mapping[str, Mapping[str, bool]] = self._read("/ir.model.access/get_access", {"models": models})
        return rights

    def create_many(self, model: str, records: Sequence[Record]) -> list[int]:
        """Create records in one transaction, and return their ids in order. A refusal has no details: a closed period
        is a 403 too."""
        ids = self._write(f"/{model}/create", {"vlist": records})
        if not isinstance(ids, list) or [type(each) for each in ids] != [int] * len(records):
            raise OutcomeUnknown(_UNREADABLE)
        return ids

    def create(self, model: str, record: Record) -> int:
        """Create one record, and return its id. A refusal has Tryton's own message."""
        return int(_row(self._write(f"/{model}?f=id", record), ["id"])["id"])

    def press_button(
        self, model: str, record: int, button: str, fields: Sequence[str], *, skip_warnings: bool = False
    ) -> Record:
        """Press a button on one record, and return its fields. A warning of Tryton's is a refusal, unless skipped."""
        query = urlencode([("f", field) for field in fields])
        headers = context_header(self.company, _skip_warnings=True) if skip_warnings else None
        return _row(self._write(f"/{model}/{record}/{button}?{query}", {}, headers), ["id", *fields])

    def upload(self, name: str, description: str, resource: str, size: int, file: BinaryIO) -> None:
        """Attach a file of that size to a record (`account.move,17`), reading it while it is sent."""
        record = {"name": name, "description": description, "type": "data", "resource": resource}
        body = _file_in_json(record, "data", size, file)
        _content(self._transport.write("POST", f"{self._root}/ir.attachment?f=id", body), write=True)

    def delete(self, model: str, record: int, *, skip_warnings: bool = False) -> None:
        """Delete one record. A warning of Tryton's is a refusal, unless skipped."""
        headers = context_header(self.company, _skip_warnings=True) if skip_warnings else None
        answer = self._transport.write("DELETE", f"{self._root}/{model}/{record}", headers=headers)
        if not 200 <= answer.status < 300:
            raise error_of(answer, write=True)

    def _read(self, path: str, arguments: Record, headers: Mapping[str, str] | None = None) -> Any:
        answer = self._transport.read("POST", self._root + path, _encode(arguments), headers)
        return _content(answer, write=False)

    def _write(self, path: str, arguments: Record, headers: Mapping[str, str] | None = None) -> Any:
        answer = self._transport.write("POST", self._root + path, _encode(arguments), headers)
        return _content(answer, write=True)


def headers(key: str, company: int) -> dict[str, str]:
    """Return the headers of every call: the key, the context, and JSON as the format."""
    return {
        "Authorization": f"Bearer {key}",
        **context_header(company),
        "Content-Type": "application/json",
        "Accept": "application/json",
    }


def context_header(company: int, **options: bool) -> dict[str, str]:
    """Return the header with Tryton's context: the company of the records, and options such as skipped warnings."""
    context = {"company": company, "language": "en", **options}
    return {"X-Tryton-Context": base64.urlsafe_b64encode(json.dumps(context).encode()).decode()}


def literal(text: str) -> str:
    """Escape a text for a pattern of `like`."""
    return re.sub(r"([\\%_])", r"\\\1", text)


def _file_in_json(record: Record, field: str, size: int, file: BinaryIO) -> UploadedParts:
    """Return a record as JSON with a file in its last field, encoded in base64 while it is read."""
    head = (json.dumps(record)[:-1] + f', "{field}": {{"__class__": "bytes", "base64": "').encode()
    encoded = map(base64.b64encode, chunks(file, _CHUNK))
    tail = b'"}}'
    return UploadedParts(len(head) + (size + 2) // 3 * 4 + len(tail), chain([head], encoded, [tail]))


def error_of(answer: AccountingResponse, *, write: bool) -> AccountingError:
    """Return the error that an answer other than 2xx means (the table `MEANING`)."""
    body, from_tryton = _body(answer)
    if write and body is Body.FOREIGN and answer.status != _TOO_LARGE:
        return OutcomeUnknown(_NO_PROOF, status=answer.status, code=body)
    kind, entry = MEANING.get((answer.status, body)) or MEANING.get(
        (answer.status, Body.PAGE), OTHER_FAULT if answer.status >= 500 else OTHER_ANSWER
    )
    if kind is OutcomeUnknown and not write:
        kind, entry = Unavailable, LEDGER_UNREACHABLE
    told = entry.told(ledger=TITLE, words=from_tryton, what="do this")
    if kind is RateLimited:
        return RateLimited(told, retry_after=rate_limit_wait(answer.headers), status=answer.status)
    return kind(told, status=answer.status, code=body)


def failed_without_reason(error: AccountingError) -> bool:
    """Return whether Tryton itself rolled the request back without a message about a document. It answers so to
    unforeseen exceptions, and while other transactions hold the same records."""
    return (error.status, error.code) == (400, Body.PAGE)


def _content(answer: AccountingResponse, *, write: bool) -> Any:
    if not 200 <= answer.status < 300:
        raise error_of(answer, write=write)
    try:
        return json.loads(answer.content, object_hook=_decode)
    except (ValueError, LookupError, TypeError, ArithmeticError):
        if write:
            raise OutcomeUnknown(_UNREADABLE, status=answer.status) from None
        if answer.content[:1] in (b"", b"[", b"{"):  # cut off
            raise Unavailable(LEDGER_UNREACHABLE.told(ledger=TITLE), status=answer.status) from None
        raise InvalidConfiguration(_ELSEWHERE, status=answer.status) from None


def _rows(value: Any) -> list[Record]:
    """Return the records of the answer to a search. Raises InvalidConfiguration if it is something else."""
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise InvalidConfiguration(_ELSEWHERE)
    return value


def _row(value: Any, fields: Iterable[str]) -> Record:
    """Return the record of the answer to a write. Raises OutcomeUnknown if it lacks one of the fields."""
    if not isinstance(value, dict) or not value.keys() >= {field.partition(".")[0] for field in fields}:
        raise OutcomeUnknown(_UNREADABLE)
    return value


def _body(answer: AccountingResponse) -> tuple[Body, str]:
    """Return the kind of body, and Tryton's message to the user, if any."""
    page = _PAGE_OF_TRYTON.fullmatch(answer.content)
    if page and int(page[1]) == answer.status:
        return Body.PAGE, ""
    if answer.status == HTTPStatus.UNAUTHORIZED and answer.headers.get("WWW-Authenticate") == _LOGIN_OF_TRYTON:
        return Body.PAGE, ""
    try:
        decoded = json.loads(answer.content)
    except ValueError:
        return Body.FOREIGN, ""
    fits = isinstance(decoded, dict) and decoded.keys() == {"status", "message", "description"}
    if not fits or decoded["status"] != answer.status:
        return Body.FOREIGN, ""
    message = " ".join(str(part) for part in (decoded["message"], decoded["description"]) if part)
    return Body.MESSAGE, _RECORD_NAME.sub(lambda found: f" on account {found[1]}" if found[1] else "", message)


def _encode(value: Any) -> bytes:
    return json.dumps(value, default=_encode_value).encode()


def _encode_value(value: Any) -> Record:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(f"no place for {type(value).__name__} in Tryton's JSON")


def _decode(value: Record) -> Any:
    match value.get("__class__"):
        case "Decimal":
            return Decimal(value["decimal"])
        case "date":
            return date(value["year"], value["month"], value["day"])
    return {name.removesuffix("."): inner for name, inner in value.items()}
