"""What the connector sends to Xero, and what the simulator answers, against Xero's own OpenAPI document made strict.

The document is not part of the project. It is looked for in the folder PLEO_SPECS, by default beside the checkout. Made
strict: a property that it does not know is an error, and so is one in a request that only Xero sets.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import pytest
import yaml
from jsonschema import Draft202012Validator

from ledger_simulators.xero.app import create_app
from ledger_simulators.xero.sample import TENANT, sample_ledger
from pleo_export.accounting.http import AccountingTransport
from pleo_export.accounting.port import DocumentRef, DocumentState
from pleo_export.accounting.xero.connector import XeroConnector
from pleo_export.accounting.xero.reading import XeroReader
from pleo_export.accounting.xero.rest import XeroRest, headers
from pleo_export.accounting.xero.settings import XeroSettings
from pleo_export.accounting.xero.setup import XeroSetup
from pleo_export.bookkeeping.documents import (
    Bill,
    Dimension,
    Document,
    DocumentKind,
    JournalEntry,
    JournalLine,
    Party,
    PartyRole,
    Payment,
    PaymentPurpose,
    SettlementTarget,
    TaxPart,
    TaxRole,
)
from pleo_export.bookkeeping.parties import KeyKind, PartyKey, PartyQuery
from pleo_export.http.session import IsolatedSession
from pleo_simulator.clock import Clock
from tests.system.fake_network import Answer, Request
from tests.system.wsgi_adapter import WsgiAdapter, session_through

SPECS = Path(os.environ.get("PLEO_SPECS") or Path(__file__).parents[3] / "shared" / "specs")
DOCUMENT = SPECS / "xero_accounting.yaml"
ROOT = "/api.xro/2.0"
OPEN, LOCKED = date(2026, 2, 10), date(2025, 12, 10)
# In the document's examples, but in none of its schemas.
ENVELOPE = frozenset({"Id", "Status", "ProviderName", "DateTimeUTC"})
ONLY_IN_EXAMPLES = frozenset({"DateString", "DueDateString", "DateUTCString"})

if not DOCUMENT.exists():
    pytest.skip("Xero's OpenAPI document is not here (PLEO_SPECS names its folder)", allow_module_level=True)


@cache
def specification() -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(DOCUMENT.read_text(), yaml.CSafeLoader)
    return found


@cache
def strict(*, request: bool) -> dict[str, Any]:
    """The schemas, with no room for a property that they do not name; in requests none that is read only."""
    schemas = deepcopy(specification()["components"]["schemas"])
    for schema in schemas.values():
        if "properties" in schema:
            if request:
                schema["properties"] = {
                    name: each for name, each in schema["properties"].items() if not each.get("readOnly")
                }
            schema["additionalProperties"] = False
        schema.pop("example", None)
    return {"components": {"schemas": schemas}}


def problems(value: Any, schema: dict[str, Any], *, request: bool) -> Iterator[str]:
    for error in Draft202012Validator({**strict(request=request), **schema}).iter_errors(value):
        yield f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"


def without_examples_only(value: Any) -> Any:
    match value:
        case dict():
            return {name: without_examples_only(each) for name, each in value.items() if name not in ONLY_IN_EXAMPLES}
        case list():
            return [without_examples_only(each) for each in value]
        case _:
            return value


@dataclass(frozen=True)
class Receipt:
    name: str = "receipt.pdf"
    content_type: str = "application/pdf"
    size: int = 8
    sha256: str = hashlib.sha256(b"%PDF-1.4").hexdigest()

    def open(self) -> BinaryIO:
        return io.BytesIO(b"%PDF-1.4")


@dataclass(frozen=True)
class Exchange:
    request: Request
    answer: Answer

    @property
    def called(self) -> tuple[str, dict[str, Any]]:
        """The path's template, and the operation."""
        path = urlsplit(self.request.path).path.removeprefix(ROOT)
        for template, operations in specification()["paths"].items():
            pattern = re.sub(r"\{\w+\}", "[^/]+", template)
            if re.fullmatch(pattern, path) and self.request.method.lower() in operations:
                return template, operations[self.request.method.lower()]
        raise AssertionError(f"Xero has no {self.request.method} {path}")


@cache
def exchanges() -> list[Exchange]:
    """Everything that the connector asks for in its life, answered by the simulator."""
    ledger = sample_ledger(Clock(datetime(2026, 9, 1, tzinfo=UTC)))
    ledger.limits.per_minute = 10_000
    app = create_app(ledger, ledger.books.clock)
    app.testing = True
    seen: list[Exchange] = []

    def crossing(request: Request, forward: Callable[[], Answer]) -> Answer:
        answer = forward()
        seen.append(Exchange(request, answer))
        return answer

    session = session_through(WsgiAdapter(app, crossing), IsolatedSession())
    sent = headers(ledger.identity.grant()["access_token"], TENANT)
    rest = XeroRest(AccountingTransport("Xero", "https://xero.test", sent, session=session))
    settings = XeroSettings.model_validate({"name": "xero", "tenant": TENANT})
    _live(XeroConnector(settings, rest), XeroSetup(settings, rest), XeroReader(rest, XeroConnector.capabilities))
    return seen


def _live(system: XeroConnector, setup: XeroSetup, reader: XeroReader) -> None:
    system.check()
    setup.dimensions()
    setup.accounts()
    query = PartyQuery(
        PartyRole.SUPPLIER,
        "vendor Ryman",
        (PartyKey(KeyKind.CODE, "V-1001"), PartyKey(KeyKind.TAX_NUMBER, "GB242742186")),
        required=True,
    )
    party = system.find_parties([query])[query]
    assert isinstance(party, Party)
    documents = _documents(party)
    outcomes = system.record_many(documents, DocumentState.POSTED)
    refs = [each for each in outcomes.values() if isinstance(each, DocumentRef)]
    assert len(refs) == len(documents) - 1, outcomes  # one is refused by Xero
    drafts = system.record_many([_bill(party, "INV-9")], DocumentState.DRAFT)
    system.post_many([each for each in drafts.values() if isinstance(each, DocumentRef)])
    discarded = system.record_many([_bill(party, "INV-10")], DocumentState.DRAFT)
    setup.discard(next(each for each in discarded.values() if isinstance(each, DocumentRef)))
    for ref in refs:
        if ref.kind in system.capabilities.files:
            system.attach(ref, [Receipt()])
    reader.read([each.reference for each in refs])
    reader.ours(OPEN, OPEN)
    reader.account_names({"6100"})
    system.differences(
        [(ref, document) for ref in refs for document in documents if ref.reference == document.reference]
    )
    for ref in reversed(refs):
        system.reverse(ref, OPEN)
    system.find_many([each.reference for each in refs])


PAPER = (
    JournalLine("6100", 5305, "Paper", TaxPart("GB20", TaxRole.BASE), (Dimension("cost_centre", "LON"),)),
    JournalLine("2200", 1061, "Paper", TaxPart("GB20", TaxRole.TAX)),
)


def _entry(*lines: JournalLine, currency: str = "GBP", memo: str = "Ryman | Ann | BK-1") -> JournalEntry:
    return JournalEntry(f"pleo:{uuid4()}", OPEN, OPEN, currency, lines, memo)


def _bill(party: Party, number: str, kind: Any = DocumentKind.BILL) -> Bill:
    sign = 1 if kind is DocumentKind.BILL else -1
    lines = [JournalLine(each.account, sign * each.amount, each.text, each.tax, each.dimensions) for each in PAPER]
    owed = JournalLine("2100", sign * -6366, "Paper")
    reference = f"pleo:{uuid4()}"
    return Bill(
        kind, reference, party, number, f"BK-{number}", OPEN, OPEN, None, "GBP", (*lines, owed), f"Ryman | BK-{number}"
    )


def _payment(bill: Bill) -> Payment:
    amount = -bill.payable.amount
    purpose = PaymentPurpose.PAYMENT if amount > 0 else PaymentPurpose.REFUND
    lines = JournalLine("2100", amount), JournalLine("1900", -amount)
    settles = SettlementTarget(bill.reference, bill.invoice_number, ())
    return Payment(purpose, f"{bill.reference}:pay", bill.party, settles, OPEN, OPEN, "GBP", lines, "Ryman | pay")


def _documents(party: Party) -> list[Document]:
    bill, credit = _bill(party, "INV-1"), _bill(party, "CN-1", DocumentKind.CREDIT_NOTE)
    refused = _entry(JournalLine("6100", 100), JournalLine("1900", -100), memo="Paper Trail (blocked) | BK-2")
    return [
        _entry(*PAPER, JournalLine("1900", -6366, "Paper")),
        _entry(JournalLine("4900", -500), JournalLine("1900", 500)),
        _entry(JournalLine("6200", 2400), JournalLine("1901", -2400), currency="EUR"),
        _entry(JournalLine("6210", 900, "Mileage"), JournalLine("2250", -900, "Mileage")),
        refused,
        bill,
        credit,
        _payment(bill),
        _payment(credit),
    ]


def test_everything_is_asked_for_that_the_connector_can() -> None:
    called = {f"{each.request.method} {each.called[0]}" for each in exchanges()}

    assert {
        *("GET /Organisation", "GET /Accounts", "GET /TaxRates", "GET /TrackingCategories", "GET /Contacts"),
        *("PUT /BankTransactions", "PUT /ManualJournals", "PUT /Invoices", "PUT /CreditNotes", "PUT /Payments"),
        *("GET /BankTransactions", "GET /ManualJournals", "GET /Invoices", "GET /CreditNotes", "GET /Payments"),
        *("POST /Invoices", "POST /Invoices/{InvoiceID}", "POST /Payments/{PaymentID}"),
        *("POST /BankTransactions/{BankTransactionID}", "PUT /BankTransactions/{BankTransactionID}/History"),
        "PUT /Invoices/{InvoiceID}/Attachments/{FileName}",
    } <= called


def test_requests_have_only_parameters_that_xero_has() -> None:
    parameters = specification()["components"]["parameters"]
    for each in exchanges():
        template, operation = each.called
        given = [*specification()["paths"][template].get("parameters", []), *operation.get("parameters", [])]
        known = {(parameters[one["$ref"].rpartition("/")[2]] if "$ref" in one else one)["name"] for one in given}
        query = dict(parse_qsl(urlsplit(each.request.path).query))

        assert set(query) <= known, (template, query)
        assert "Idempotency-Key" in known or each.request.method == "GET"
        assert "xero-tenant-id" in each.request.headers


def test_request_bodies_have_only_what_xero_takes() -> None:
    found = []
    for each in exchanges():
        template, operation = each.called
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body and each.request.body:
            value = json.loads(each.request.body)
            found += [f"{template} {problem}" for problem in problems(value, body["schema"], request=True)]

    assert found == []


def test_answers_have_only_what_xero_answers() -> None:
    found = []
    for each in exchanges():
        template, operation = each.called
        assert str(each.answer.status) in operation["responses"], (template, each.answer)
        schema = operation["responses"][str(each.answer.status)]
        if "$ref" in schema:
            schema = specification()["components"]["responses"][schema["$ref"].rpartition("/")[2]]
        value = json.loads(each.answer.body)
        value = without_examples_only({name: one for name, one in value.items() if name not in ENVELOPE})
        body = schema["content"]["application/json"]["schema"]
        found += [f"{template} {problem}" for problem in problems(value, body, request=False)]

    assert sorted(set(found)) == []


@pytest.mark.parametrize("name", sorted(ENVELOPE | ONLY_IN_EXAMPLES))
def test_what_is_let_through_is_in_the_documents_own_examples(name: str) -> None:
    assert re.search(rf'^[ -]+"?{name}"?: ', DOCUMENT.read_text(), re.MULTILINE)


def test_a_property_that_xero_does_not_know_is_seen() -> None:
    """The check itself: it would say so."""
    schema = {"$ref": "#/components/schemas/Invoices"}

    assert list(problems({"Invoices": [{"Refrence": "x"}]}, schema, request=False))
    assert list(problems({"Invoices": [{"AmountDue": 1}]}, schema, request=True))
    assert not list(problems({"Invoices": [{"AmountDue": 1}]}, schema, request=False))
