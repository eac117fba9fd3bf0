"""What Xero answers: its envelope, rows with its dates and without what lists leave out, and its errors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from flask import Response

from ledger_simulators.xero.wire import Json, encode, xero_day, xero_moment

_OF_AN_INVOICE = ("Type", "InvoiceID", "InvoiceNumber", "CreditNoteID", "CreditNoteNumber", "Contact", "CurrencyCode")
_OF_AN_ALLOCATION = ("AllocationID", "Amount", "Date", "Invoice")
_LEFT_OUT = ("Url", "DueDate", "PeriodLockDate", "EndOfYearLockDate")
_OF_A_PAYMENT = ("PaymentID", "Date", "Amount", "Reference", "CurrencyRate", "HasAccount")


def answer(content: Any, status: int = 200) -> Response:
    """Return an answer in JSON."""
    return Response(encode(content), status, content_type="application/json; charset=utf-8")


def envelope(now: datetime, number: str, name: str, rows: Sequence[Json], pagination: Json | None = None) -> Response:
    """Return rows as Xero wraps them."""
    head: Json = {
        "Id": number,
        "Status": "OK",
        "ProviderName": "pleo-export",
        "DateTimeUTC": xero_moment(now),
    }
    if pagination:
        head["pagination"] = pagination
    return answer({**head, name: list(rows)})


def shown(row: Json, *, lines: bool = True) -> Json:
    """Return a row as it is answered; lists that are not paged leave the lines out."""
    made: Json = {}
    for name, value in row.items():
        if not name.startswith("_") and not (value is None and name in _LEFT_OUT):
            made |= _field(row, name, value, lines=lines)
    if "_paid" in row:
        made["Payments"] = [shown({key: each[key] for key in _OF_A_PAYMENT}) for each in row["_paid"]]
    if "InvoiceID" in row and "_paid" in row:
        made.pop("Allocations", None)
        made |= {"CreditNotes": [], "Prepayments": [], "Overpayments": [], "HasErrors": False, "IsDiscounted": False}
    return made


def _field(row: Json, name: str, value: Any, *, lines: bool) -> Json:
    """Return a field as it is answered; a day has a readable twin in most documents."""
    if name in ("LineItems", "JournalLines"):
        return {name: _plain(value) if lines else []}
    if name in ("Invoice", "CreditNote"):
        return {"Invoice": _named(value)}
    if name == "Allocations":
        return {name: [shown({key: each[key] for key in _OF_AN_ALLOCATION}) for each in value]}
    twin = name in ("Date", "DueDate") and "PaymentID" not in row and "ManualJournalID" not in row
    return {name: _plain(value)} | ({f"{name}String": f"{value}T00:00:00"} if twin else {})


def element_error(given: Json, messages: Iterable[str]) -> Json:
    """Return an element as it comes back with what is wrong with it."""
    return {
        **{name: value for name, value in given.items() if not isinstance(value, date)},
        "StatusAttributeString": "ERROR",
        "ValidationErrors": [{"Message": message} for message in messages],
    }


def validation_exception(elements: Sequence[Json]) -> Response:
    """Return the refusal of a whole request, with its bad elements."""
    told = {
        "ErrorNumber": 10,
        "Type": "ValidationException",
        "Message": "A validation exception occurred",
        "Elements": list(elements),
    }
    return answer(told, 400)


def unreadable(number: int, kind: str, message: str) -> Response:
    """Return the refusal of a request that Xero cannot read."""
    return answer({"ErrorNumber": number, "Type": kind, "Message": message}, 400)


def problem(status: int, title: str, detail: str, headers: Json | None = None) -> Response:
    """Return what Xero's gateway says before the request reaches the organisation."""
    told = answer({"Type": None, "Title": title, "Status": status, "Detail": detail}, status)
    for name, value in (headers or {}).items():
        told.headers[name] = str(value)
    return told


def not_found() -> Response:
    """Return the answer for a resource that is not there."""
    return Response("The resource you're looking for cannot be found", 404, content_type="text/html; charset=utf-8")


def _named(row: Json) -> Json:
    """Return the little that a payment says of its bill, or of its credit note."""
    made = {name: row[name] for name in _OF_AN_INVOICE if name in row}
    if "CreditNoteID" in made:
        made = {"InvoiceID": made.pop("CreditNoteID"), "InvoiceNumber": made.pop("CreditNoteNumber"), **made}
    return {**_plain(made), "LineItems": [], "HasErrors": False, "IsDiscounted": False}


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {name: _plain(inner) for name, inner in value.items() if not name.startswith("_")}
        case list():
            return [_plain(each) for each in value]
        case datetime():
            return xero_moment(value)
        case date():
            return xero_day(value)
        case _:
            return value
