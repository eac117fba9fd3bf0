"""The Accounting API of one organisation: which request does what."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from flask import Request, Response

from ledger_simulators.xero.answers import (
    element_error,
    envelope,
    not_found,
    problem,
    shown,
    unreadable,
    validation_exception,
)
from ledger_simulators.xero.attachments import XeroFiles
from ledger_simulators.xero.books import KINDS, XeroBooks
from ledger_simulators.xero.contacts import create_contact
from ledger_simulators.xero.documents import CREATE, update
from ledger_simulators.xero.limits import XeroLimits
from ledger_simulators.xero.lists import contacts_of, page_of, selected, tracking_of
from ledger_simulators.xero.payments import allocate, delete_payment, payment
from ledger_simulators.xero.rules import XeroValidation
from ledger_simulators.xero.where import WhereUnreadable
from ledger_simulators.xero.wire import Json

MAX_URL = 8_000
SETTINGS = ("Organisation", "Accounts", "TaxRates", "TrackingCategories", "Currencies")


class XeroApi:
    """Answers the requests below `/api.xro/2.0`, once they are let in."""

    def __init__(self, books: XeroBooks, limits: XeroLimits) -> None:
        self._books = books
        self._files = XeroFiles(books, limits)

    def answer(self, request: Request, path: str) -> Response:
        """Answer one request."""
        if len(request.full_path) > MAX_URL:
            return Response("<h1>Request URI Too Long</h1>", 414, content_type="text/html")
        endpoint, *rest = path.split("/")
        try:
            return self._routed(request, endpoint, rest)
        except WhereUnreadable as error:
            return unreadable(16, "QueryParseException", str(error))
        except _Malformed as error:
            return unreadable(14, "PostDataInvalidException", str(error))

    def _routed(self, request: Request, endpoint: str, rest: list[str]) -> Response:
        match request.method, rest:
            case "GET", []:
                found = self._list(endpoint, request)
            case "GET", [id_]:
                found = self._one(endpoint, id_)
            case ("PUT" | "POST") as method, []:
                found = self._write(endpoint, request, new=method == "PUT")
            case "POST", [id_]:
                found = self._change(endpoint, id_, request)
            case _, [id_, "Attachments", *name]:
                found = self._files.answer(request, endpoint, id_, name)
            case _, [id_, "History"]:
                found = self._history(endpoint, id_, request)
            case "PUT", [id_, "Allocations"]:
                found = self._allocate(endpoint, id_, request)
            case _:
                found = not_found()
        return found

    # Reading

    def _list(self, endpoint: str, request: Request) -> Response:
        rows = self._rows(endpoint, request)
        if rows is None:
            return not_found()
        since = request.headers.get("If-Modified-Since")
        found = selected(rows, request.args, since)
        page, told = page_of(found, request.args)
        lines = "page" in request.args or endpoint in SETTINGS
        return self._enveloped(endpoint, [shown(row, lines=lines) for row in page], told)

    def _rows(self, endpoint: str, request: Request) -> list[Json] | None:
        books = self._books
        archived = request.args.get("includeArchived", "").lower() == "true"
        lists: dict[str, list[Json]] = {
            "Organisation": [books.organisation],
            "Accounts": books.accounts,
            "TaxRates": books.tax_rates,
            "TrackingCategories": tracking_of(books.tracking, archived=archived),
            "Currencies": [{"Code": each} for each in (books.own_currency, *books.currencies)],
            "Contacts": contacts_of(books.contacts, request.args.get("searchTerm"), archived=archived),
            "ContactGroups": books.groups,
        }
        if endpoint in KINDS:
            return list(books.documents[endpoint].values())
        return lists.get(endpoint)

    def _one(self, endpoint: str, id_: str) -> Response:
        if endpoint == "Contacts":
            found = self._books.contact(id_)
        elif endpoint in KINDS:
            found = self._books.documents[endpoint].get(id_)
        else:
            found = None
        return self._enveloped(endpoint, [shown(found)]) if found else not_found()

    # Writing

    def _write(self, endpoint: str, request: Request, *, new: bool) -> Response:
        make = self._maker(endpoint, new=new)
        if make is None:
            return not_found()
        given = _elements(request, endpoint)
        if request.args.get("summarizeErrors", "true").lower() != "false":
            return self._all_or_none(endpoint, given, make)
        rows: list[Json] = []
        for each in given:
            try:
                rows.append({**shown(make(each)), "StatusAttributeString": "OK"})
            except XeroValidation as error:
                rows.append(element_error(each, error.messages))
        return self._enveloped(endpoint, rows)

    def _all_or_none(self, endpoint: str, given: list[Json], make: Callable[[Json], Json]) -> Response:
        """Take all elements, or say what is wrong with some and take none."""
        kept = self._copy()
        rows, wrong = [], []
        for each in given:
            try:
                rows.append(make(each))
            except XeroValidation as error:
                wrong.append(element_error(each, error.messages))
        if wrong:
            self._restore(kept)
            return validation_exception(wrong)
        return self._enveloped(endpoint, [shown(each) for each in rows])

    def _maker(self, endpoint: str, *, new: bool) -> Callable[[Json], Json] | None:
        books = self._books
        if endpoint == "Contacts":
            return lambda given: create_contact(books, given)
        if endpoint == "Payments":
            return lambda given: payment(books, given)
        if endpoint not in CREATE:
            return None
        id_ = KINDS[endpoint].id

        def make(given: Json) -> Json:
            held = books.documents[endpoint].get(str(given.get(id_) or "").lower())
            if given.get(id_) and held is None:
                raise XeroValidation(f"The {id_} could not be found")
            if held is not None and not new:
                return update(books, endpoint, held, given)
            made = CREATE[endpoint](books, given)
            books.note(made[id_], "Created", "Received through the Xero API from pleo-export")
            return made

        return make

    def _change(self, endpoint: str, id_: str, request: Request) -> Response:
        kind = KINDS.get(endpoint)
        held = self._books.documents[endpoint].get(id_) if kind else None
        if kind is None or held is None:
            return not_found()
        (given, *_) = _elements(request, endpoint)
        try:
            if endpoint == "Payments":
                changed = delete_payment(self._books, held, given)
            else:
                changed = update(self._books, endpoint, held, given)
        except XeroValidation as error:
            return validation_exception([element_error({kind.id: id_}, error.messages)])
        self._books.note(id_, changed["Status"].capitalize(), "Changed through the Xero API from pleo-export")
        return self._enveloped(endpoint, [shown(changed)])

    def _allocate(self, endpoint: str, id_: str, request: Request) -> Response:
        held = self._books.documents[endpoint].get(id_) if endpoint == "CreditNotes" else None
        if held is None:
            return not_found()
        made = []
        try:
            made = [allocate(self._books, held, each) for each in _elements(request, "Allocations")]
        except XeroValidation as error:
            return validation_exception([element_error({"CreditNoteID": id_}, error.messages)])
        return self._enveloped("Allocations", [shown(each) for each in made])

    def _history(self, endpoint: str, id_: str, request: Request) -> Response:
        if endpoint not in KINDS or id_ not in self._books.documents[endpoint]:
            return not_found()
        if request.method == "PUT":
            for each in _elements(request, "HistoryRecords"):
                self._books.note(id_, "Note", str(each.get("Details") or "")[:450], "pleo-export")
        return self._enveloped("HistoryRecords", [shown(each) for each in self._books.history[id_]])

    def _enveloped(self, endpoint: str, rows: list[Json], pagination: Json | None = None) -> Response:
        name = "Organisations" if endpoint == "Organisation" else endpoint
        return envelope(self._books.clock.now(), self._books.ids.uuid("answer"), name, rows, pagination)

    def _copy(self) -> tuple[dict[str, list[str]], int]:
        held = {endpoint: list(rows) for endpoint, rows in self._books.documents.items()}
        return held, len(self._books.contacts)

    def _restore(self, kept: tuple[dict[str, list[str]], int]) -> None:
        """Take back what a refused request had made. Payments are taken off their bills."""
        held, contacts = kept
        for endpoint, ids in held.items():
            rows = self._books.documents[endpoint]
            for id_ in [each for each in rows if each not in ids]:
                if endpoint == "Payments":
                    delete_payment(self._books, rows[id_], {"Status": "DELETED"})
                del rows[id_]
        del self._books.contacts[contacts:]


class _Malformed(Exception):
    """The body is not what Xero can read."""


def _elements(request: Request, name: str) -> list[Json]:
    """Return the elements of a body: a list below its name, or one element by itself. Raises _Malformed."""
    try:
        body: Any = json.loads(request.get_data(), parse_float=Decimal)
    except (ValueError, RecursionError):
        raise _Malformed("JSON for post data was invalid") from None
    if isinstance(body, dict) and isinstance(body.get(name), list):
        body = body[name]
    elements = body if isinstance(body, list) else [body]
    if not elements or not all(isinstance(each, dict) for each in elements):
        raise _Malformed(f"No {name} could be found")
    if _holds_nul(elements):
        raise _Malformed("hexadecimal value 0x00, is an invalid character")
    return elements


def _holds_nul(value: Any) -> bool:
    match value:
        case str():
            return "\0" in value or any("\ud800" <= each <= "\udfff" for each in value)
        case dict():
            return any(map(_holds_nul, value.values()))
        case list():
            return any(map(_holds_nul, value))
    return False


def forbidden(detail: str) -> Response:
    """Return the refusal of an organisation that is not connected, or of a scope that is missing."""
    return problem(403, "Forbidden", detail)
