"""The API v2.0 of one company: what a request does, and what it is answered. No HTTP in here: see `app.py`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote
from uuid import UUID

from ledger_simulators.business_central.general_ledger import GeneralLedger
from ledger_simulators.business_central.ledger import BusinessCentralLedger
from ledger_simulators.business_central.purchases import LINE_TABLES, TABLES, Purchases
from ledger_simulators.business_central.queries import Query, parse_query, shown
from ledger_simulators.business_central.refusals import (
    Refusal,
    changed_meanwhile,
    dialog,
    invalid_relation,
    no_permission,
    not_found,
    record_not_found,
    same_key,
    too_long,
    unknown_property,
)
from ledger_simulators.business_central.resources import NO_DATE, RESOURCES, Part, Resource
from ledger_simulators.business_central.store import Row, etag

_SEGMENT = re.compile(r"(?P<name>\$?[A-Za-z][\w.]*)(?:\((?P<key>[^)]*)\))?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_JOURNALS = ("journals", "vendorPaymentJournals")
_JOURNAL_LINES = ("journalLines", "vendorPayments")
_PARENT_TYPES = {
    "Journal": ("journalLines", "generalLedgerEntries", "vendorPayments"),
    "Purchase_x0020_Invoice": ("purchaseInvoices",),
    "Purchase_x0020_Credit_x0020_Memo": ("purchaseCreditMemos",),
}
_NUMBERS = ("vendorInvoiceNumber", "vendorCreditMemoNumber")
_CODES = frozenset(
    {"accountNumber", "documentNumber", "externalDocumentNumber", "taxCode", "vendorNumber", "currencyCode", "number"}
    | {"balancingAccountNumber", "lineObjectNumber", *_NUMBERS}
)
LARGEST_FILE = 350 * 2**20


@dataclass(frozen=True, slots=True)
class Asked:
    """A request below the company."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer; `body` None for one without."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a path leads: a set, one row of it, and what follows."""

    entity_set: str
    key: str | None
    link: tuple[str, str] | None = None
    action: str | None = None


class Api:
    """Answers requests. Each is one transaction."""

    def __init__(self, ledger: BusinessCentralLedger) -> None:
        self.ledger = ledger
        self._store = ledger.store
        self.general_ledger = GeneralLedger(ledger)
        self.purchases = Purchases(ledger, self.general_ledger)

    def answer(self, asked: Asked) -> Answered:
        """Answer one request, an error of the ledger included."""
        try:
            with self._store.transaction():
                return self._answer(asked)
        except Refusal as refusal:
            return self.refused(refusal)

    def refused(self, refusal: Refusal) -> Answered:
        correlation = UUID(int=self._store.next_number("correlation", 1) * 7919 << 64)
        return Answered(refusal.status, refusal.body(correlation), refusal.headers)

    def _answer(self, asked: Asked) -> Answered:
        path, _, query = asked.path.partition("?")
        place = self._place(unquote(path))
        if place.action is not None:
            return self._act(place, asked)
        resource = RESOURCES[place.entity_set]
        if asked.method not in resource.methods:
            raise Refusal(405, "BadRequest_MethodNotAllowed", f"'{asked.method}' requests are not allowed here.")
        if asked.method != "GET" and not self.ledger.write_rights:
            raise no_permission(resource.entity)
        match asked.method:
            case "GET":
                return self._read(place, resource, parse_query(dict(parse_qsl(query)), resource))
            case "POST":
                row = self._create(place, resource, _json(asked))
                return Answered(201, shown(self._store, place.entity_set, row, Query()), {"ETag": etag(row)})
            case "PATCH":
                return self._change(place, resource, asked)
            case _:
                row = self._row(place)
                self._match(asked, row)
                self._delete(place.entity_set, row)
                return Answered(204)

    def _place(self, path: str) -> _Place:
        parts = [_SEGMENT.fullmatch(segment) for segment in path.strip("/").split("/")]
        if not all(parts):
            raise not_found(path)
        names = [(part["name"], part["key"]) for part in parts if part]
        entity_set, key = names[0]
        if entity_set not in RESOURCES:
            raise not_found(entity_set)
        link: tuple[str, str] | None = None
        for name, next_key in names[1:]:
            part = RESOURCES[entity_set].parts.get(name)
            if part is None or key is None:
                return _Place(entity_set, key, link, name)
            if self._store.get(entity_set, key) is None:
                raise record_not_found(RESOURCES[entity_set].entity, key)
            link = (part.link, key)
            entity_set, key = part.entity_set, next_key
        return _Place(entity_set, key, link)

    def _read(self, place: _Place, resource: Resource, query: Query) -> Answered:
        if place.key is not None:
            row = self._row(place)
            return Answered(200, shown(self._store, place.entity_set, row, query), {"ETag": etag(row)})
        if place.entity_set in (*_JOURNAL_LINES, *LINE_TABLES) and place.link is None:
            self._require_parent(place.entity_set, query)
        rows = self._store.rows(place.entity_set)
        if place.link is not None:
            rows = [row for row in rows if row[place.link[0]] == place.link[1]]
        if place.entity_set == "journals" and not query.mentions("templateDisplayName"):
            rows = [row for row in rows if row["_template"] == "GENERAL"]
        found = query.select(rows)
        page, rest = found[: self.ledger.page_size], found[self.ledger.page_size :]
        body: dict[str, Any] = {"value": [shown(self._store, place.entity_set, row, query) for row in page]}
        if query.counted:
            body["@odata.count"] = query.total(rows)
        if rest:
            body["@odata.nextLink"] = query.skipped + len(page)
        return Answered(200, body)

    def _require_parent(self, entity_set: str, query: Query) -> None:
        link = "journalId" if entity_set in _JOURNAL_LINES else "documentId"
        if not query.mentions(link):
            text = "You must specify an Id or a Document Id to get the lines."
            if entity_set in _JOURNAL_LINES:
                text = "You must specify a journal batch ID or a journal ID to get a journal line."
            raise dialog(text)

    def _row(self, place: _Place) -> Row:
        row = self._store.get(place.entity_set, (place.key or "").strip("'"))
        if row is None or (place.link is not None and row[place.link[0]] != place.link[1]):
            raise record_not_found(RESOURCES[place.entity_set].entity, place.key or "")
        return row

    def _create(self, place: _Place, resource: Resource, body: dict[str, Any]) -> Row:
        if place.key is not None:
            raise not_found(place.entity_set)
        nested = {name: body.pop(name) for name in list(body) if name in resource.parts}
        row = dict(resource.properties) | self._values(resource, body)
        row.pop("id")
        row["_as_sent"] = next((body[name] for name in _NUMBERS if name in body), "")
        if place.link is not None:
            row[place.link[0]] = place.link[1]
        inserted = self._insert(place.entity_set, row)
        for name, rows in nested.items():
            part: Part = resource.parts[name]
            for each in rows:
                below = _Place(part.entity_set, None, (part.link, inserted["id"]))
                self._create(below, RESOURCES[part.entity_set], dict(each))
        return inserted

    def _insert(self, entity_set: str, row: Row) -> Row:
        inserters: dict[str, Callable[[str, Row], Row]] = {
            **dict.fromkeys(_JOURNALS, self.general_ledger.insert_batch),
            **dict.fromkeys(_JOURNAL_LINES, self.general_ledger.insert_line),
            **dict.fromkeys(TABLES, self.purchases.insert),
            **dict.fromkeys(LINE_TABLES, self.purchases.insert_line),
            "dimensionSetLines": lambda _, row: self._insert_dimension(row),
            "attachments": lambda _, row: self._insert_file(row),
            "vendors": lambda _, row: self._insert_vendor(row),
        }
        return inserters[entity_set](entity_set, row)

    def _insert_vendor(self, row: Row) -> Row:
        """Insert a vendor with the next number where none is sent, and the posting groups of the vendor template."""
        if not row["number"]:
            row["number"] = f"V{self._store.next_number('vendor', 10_000)}"
        elif not self.ledger.manual_vendor_numbers:
            raise dialog(
                "You may not enter numbers manually. If you want to enter numbers manually, please activate Manual "
                "Nos. in No. Series VEND."
            )
        if self._store.find("vendors", number=row["number"]) is not None:
            raise same_key("Vendor", f"No.='{row['number']}'")
        if row["currencyCode"] and self._store.find("currencies", code=row["currencyCode"]) is None:
            raise invalid_relation("Currency Code", "Vendor", row["currencyCode"], "Currency")
        if "\0" in row["displayName"]:
            raise Refusal(400, "BadRequest", "hexadecimal value 0x00, is an invalid character.")
        self.ledger.payables.setdefault(row["number"], self.ledger.template_payables)
        return self._store.insert("vendors", row)

    def _insert_dimension(self, row: Row) -> Row:
        dimension = self._store.find("dimensions", code=row["code"])
        if dimension is None:
            raise dialog('The "code" does not match to a Dimension.')
        value = self._store.find("dimensionValues", code=row["valueCode"], dimensionId=dimension["id"])
        if value is None:
            raise dialog('The "valueCode" does not match to a Dimension Value.')
        if self._store.find("dimensionSetLines", parentId=row["parentId"], code=row["code"]) is not None:
            raise dialog("The dimension set line already exists. You cannot insert it again.")
        row |= {"displayName": dimension["displayName"], "valueId": value["id"]}
        row["valueDisplayName"] = value["displayName"]
        return self._store.insert("dimensionSetLines", row)

    def _insert_file(self, row: Row) -> Row:
        tables = _PARENT_TYPES.get(row["parentType"].replace(" ", "_x0020_"))
        if tables is None or not any(self._store.get(table, row["parentId"]) for table in tables):
            raise dialog("The document linked with the attachment cannot be found.")
        row["parentType"] = row["parentType"].replace(" ", "_x0020_")
        row["_content"] = b""
        return self._store.insert("attachments", row)

    def _change(self, place: _Place, resource: Resource, asked: Asked) -> Answered:
        row = self._row(place)
        self._match(asked, row)
        changes = self._values(resource, _json(asked))
        if place.entity_set in LINE_TABLES:
            self.purchases.update_line(place.entity_set, row, changes)
        else:
            if row.get("status", "Draft") != "Draft" and place.entity_set in TABLES:
                raise dialog("The action can be applied to a draft invoice only.")
            if "amount" in changes:
                changes["amount"] = Decimal(changes["amount"])
            self._store.update(place.entity_set, row, **changes)
        return Answered(200, shown(self._store, place.entity_set, row, Query()), {"ETag": etag(row)})

    def _delete(self, entity_set: str, row: Row) -> None:
        if entity_set in _JOURNALS:
            self.general_ledger.delete_batch(entity_set, row)
        elif entity_set in _JOURNAL_LINES:
            self.general_ledger.delete_line(row)
        elif entity_set in TABLES:
            self.purchases.delete(entity_set, row)
        elif entity_set in LINE_TABLES:
            self.purchases.delete_line(entity_set, row)
        else:
            self._store.delete(entity_set, row)

    def _match(self, asked: Asked, row: Row) -> None:
        given = {name.lower(): value for name, value in asked.headers.items()}.get("if-match")
        if given is None:
            raise Refusal(428, "BadRequest", "The request must have the header If-Match.")
        if given not in ("*", etag(row)):
            raise changed_meanwhile()

    def _act(self, place: _Place, asked: Asked) -> Answered:
        if place.action == "attachmentContent":
            return self._content(place, asked)
        if asked.method != "POST" or place.key is None:
            raise not_found(str(place.action))
        if not self.ledger.write_rights:
            raise no_permission(RESOURCES[place.entity_set].entity)
        match place.entity_set, place.action:
            case "journals", "Microsoft.NAV.post":
                self.general_ledger.post(place.key)
            case ("purchaseInvoices" | "purchaseCreditMemos") as table, "Microsoft.NAV.post":
                self.purchases.post(table, self._row(place))
            case "purchaseCreditMemos", "Microsoft.NAV.cancel":
                self.purchases.cancel(self._row(place))
            case _:
                raise not_found(str(place.action))
        return Answered(204)

    def _content(self, place: _Place, asked: Asked) -> Answered:
        row = self._row(place)
        if asked.method == "GET":
            return Answered(200, content=row.get("_content", b""))
        if asked.method != "PATCH":
            raise Refusal(405, "BadRequest_MethodNotAllowed", f"'{asked.method}' requests are not allowed here.")
        self._match(asked, row)
        if len(asked.content) > LARGEST_FILE:
            raise Refusal(413, "RequestEntityTooLarge", "The request is larger than the 350 MB that are taken.")
        self._store.update("attachments", row, _content=asked.content, byteSize=len(asked.content))
        return Answered(204)

    def _values(self, resource: Resource, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the properties of a request, checked as its page checks them."""
        values = {name: value for name, value in body.items() if not name.startswith("@odata")}
        for name, value in list(values.items()):
            if name not in resource.properties:
                raise unknown_property(name, resource.entity)
            if name not in resource.writable:
                text = f"The property '{name}' is read-only and cannot be set."
                raise Refusal(400, "Internal_InvalidField", text)
            kind = resource.properties[name]
            if isinstance(kind, str) and not isinstance(value, str):
                raise Refusal(400, "BadRequest", f"Cannot convert the literal '{value}' of '{name}' to Edm.String.")
            if kind == NO_DATE and not _DATE.fullmatch(value):
                raise Refusal(400, "BadRequest", f"Cannot convert the literal '{value}' to the type Edm.Date.")
            if isinstance(kind, Decimal) and not isinstance(value, int | Decimal):
                raise Refusal(400, "BadRequest", f"Cannot convert the literal of '{name}' to Edm.Decimal.")
            if name in _CODES:  # fields of type Code are kept in capitals
                values[name] = value.upper()
            if name in resource.lengths and len(value) > resource.lengths[name]:
                raise too_long(name, resource.lengths[name], value)
        return values


def _json(asked: Asked) -> dict[str, Any]:
    try:
        body = json.loads(asked.content, parse_float=Decimal)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refusal(400, "BadRequest", "The request body is no JSON object.")
    return body
