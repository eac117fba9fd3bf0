"""What the connector sends to e-conomic, and what the simulator answers, against the OpenAPI documents of its services
made strict.

The documents are not part of the project. They are looked for in the folder `economic` of PLEO_SPECS, by default beside
the checkout, under the names of the services. Made strict: a property that they do not know is an error, and so is one
in a request that only e-conomic sets. The old API has no such documents.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator

from ledger_simulators.economic.app import create_app
from ledger_simulators.economic.ledger import APP_SECRET, GRANT
from ledger_simulators.economic.sample import AGREEMENT, JOURNAL, sample_ledger
from pleo_export.accounting.economic.connector import EconomicConnector, tokens_in
from pleo_export.accounting.economic.reading import EconomicReader
from pleo_export.accounting.economic.rest import EconomicRest
from pleo_export.accounting.economic.settings import EconomicSettings
from pleo_export.accounting.economic.setup import EconomicSetup
from pleo_export.accounting.http import AccountingTransport
from pleo_export.accounting.port import DocumentRef, DocumentState
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

SPECS = Path(os.environ.get("PLEO_SPECS") or Path(__file__).parents[3] / "shared" / "specs") / "economic"
DOCUMENTS = {
    "journalsapi": "Journals",
    "bookedEntriesapi": "BookedEntries",
    "accountsapi": "Accounts",
    "accountingyearsapi": "AccountingYears",
    "dimensionsapi": "Dimensions",
    "documentsapi": "Documents",
    "projectsapi": "Projects",
}
# All that the request has: which entries are to be matched.
READ_ONLY_BY_MISTAKE = frozenset({"entryIds"})
OPEN = date(2026, 2, 10)
URL = "https://economic.test"

if not all((SPECS / f"{name}.json").exists() for name in DOCUMENTS.values()):
    pytest.skip("e-conomic's OpenAPI documents are not here (PLEO_SPECS names their folder)", allow_module_level=True)


@cache
def specification(service: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SPECS / f"{DOCUMENTS[service]}.json").read_text())
    return found


@cache
def strict(service: str, *, request: bool) -> dict[str, Any]:
    """The schemas, with no room for a property that they do not name; in requests none that is read only."""
    schemas = deepcopy(specification(service)["components"]["schemas"])
    for schema in schemas.values():
        if "properties" in schema:
            if request:
                schema["properties"] = {
                    name: each
                    for name, each in schema["properties"].items()
                    if not each.get("readOnly") or name in READ_ONLY_BY_MISTAKE
                }
            for each in schema["properties"].values():
                if each.pop("nullable", False) and "type" in each:
                    each["type"] = [each["type"], "null"]
            schema["additionalProperties"] = False
            if not request:  # their guide: a boolean that is false is left out
                given = schema["properties"]
                schema["required"] = [
                    name for name in schema.get("required", []) if given.get(name, {}).get("type") != "boolean"
                ]
    return {"components": {"schemas": schemas}}


def problems(service: str, value: Any, schema: dict[str, Any], *, request: bool) -> Iterator[str]:
    for error in Draft202012Validator({**strict(service, request=request), **schema}).iter_errors(value):
        yield f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"


@dataclass(frozen=True)
class Exchange:
    request: Request
    answer: Answer

    @property
    def service(self) -> str:
        return urlsplit(self.request.path).path.split("/")[1]

    @property
    def called(self) -> tuple[str, dict[str, Any]]:
        """The path's template, and the operation."""
        path = "/" + urlsplit(self.request.path).path.split("/", 3)[3]
        paths = specification(self.service)["paths"]
        for template, operations in sorted(paths.items(), key=lambda each: "{" in each[0]):
            pattern = re.sub(r"\{\w+\}", "[^/]+", template)
            if re.fullmatch(pattern, path) and self.request.method.lower() in operations:
                return template, operations[self.request.method.lower()]
        raise AssertionError(f"{self.service} has no {self.request.method} {path}")


@cache
def exchanges() -> list[Exchange]:
    """Everything that the connector asks the services for in its life, answered by the simulator."""
    clock = Clock(datetime(2026, 9, 1, tzinfo=UTC))
    app = create_app(sample_ledger(clock), clock)
    app.testing = True
    seen: list[Exchange] = []

    def crossing(request: Request, forward: Callable[[], Answer]) -> Answer:
        answer = forward()
        if request.path.split("/")[1] in DOCUMENTS:
            seen.append(Exchange(request, answer))
        return answer

    session = session_through(WsgiAdapter(app, crossing), IsolatedSession())
    tokens = tokens_in({"app_secret_token": APP_SECRET, "agreement_grant_token": GRANT})
    transport = AccountingTransport("e-conomic", URL, tokens, session=session)
    rest = EconomicRest(transport, transport)
    where = {"name": "e-conomic", "agreement": AGREEMENT, "journal": JOURNAL, "api_url": URL}
    settings = EconomicSettings.model_validate(where)
    reader = EconomicReader(settings, rest, EconomicConnector.capabilities)
    _live(EconomicConnector(settings, rest), EconomicSetup(settings, rest), reader)
    return seen


def _live(system: EconomicConnector, setup: EconomicSetup, reader: EconomicReader) -> None:
    system.check()
    setup.dimensions()
    setup.accounts()
    query = PartyQuery(PartyRole.SUPPLIER, "vendor", (PartyKey(KeyKind.CODE, "1001"),), required=True)
    party = system.find_parties([query])[query]
    assert isinstance(party, Party)
    documents = _documents(party)
    outcomes = system.record_many(documents, DocumentState.POSTED)
    refs = [each for each in outcomes.values() if isinstance(each, DocumentRef)]
    assert len(refs) == len(documents), outcomes
    (draft,) = system.record_many([_entry(99)], DocumentState.DRAFT).values()
    assert isinstance(draft, DocumentRef)
    setup.discard(draft)
    reader.read([each.reference for each in refs])
    reader.ours(OPEN, OPEN)
    system.differences(
        [(ref, document) for ref in refs for document in documents if ref.reference == document.reference]
    )
    system.reverse(refs[0], OPEN)
    system.find_many([each.reference for each in refs])


def _lines(account: str, sign: int = 1) -> tuple[JournalLine, ...]:
    return (
        JournalLine("6200", sign * 4000, "Train", TaxPart("GB20", TaxRole.BASE), (Dimension("cost_centre", "LON"),)),
        JournalLine("2200", sign * 800, "Train", TaxPart("GB20", TaxRole.TAX)),
        JournalLine(account, sign * -4800, "Train"),
    )


def _reference(number: int) -> str:
    return f"pleo:{UUID(int=number)}"


def _entry(number: int, currency: str = "GBP", account: str = "1900") -> JournalEntry:
    return JournalEntry(_reference(number), OPEN, OPEN, currency, _lines(account), "Trainline | Ann")


def _documents(party: Party) -> list[Document]:
    bill = Bill(
        DocumentKind.BILL,
        _reference(3),
        party,
        "INV-1",
        "BK-1",
        OPEN,
        OPEN,
        OPEN,
        "GBP",
        _lines("2100"),
        "Ryman | BK-1",
    )
    paid = JournalLine("2100", 4800), JournalLine("1900", -4800)
    settles = SettlementTarget(bill.reference, bill.invoice_number, ())
    payment = Payment(
        PaymentPurpose.PAYMENT, f"{bill.reference}:pay", party, settles, OPEN, OPEN, "GBP", paid, "Ryman | pay"
    )
    return [_entry(1), _entry(2, "EUR", "1901"), bill, payment]


def test_everything_is_asked_for_that_the_connector_can() -> None:
    called = {f"{each.request.method} {each.service} {each.called[0]}" for each in exchanges()}

    assert {
        *("GET accountsapi /Accounts", "GET dimensionsapi /dimensions", "GET dimensionsapi /values"),
        *("POST journalsapi /draft-entries/bulk", "POST journalsapi /journals/{journalNumber}/bookdraftentries"),
        *("POST dimensionsapi /dimension-data/draft-entries/bulk", "POST bookedEntriesapi /booked-entries/match"),
        *("GET journalsapi /draft-entries", "GET bookedEntriesapi /booked-entries"),
    } <= called


def test_requests_have_only_parameters_that_e_conomic_has() -> None:
    for each in exchanges():
        template, operation = each.called
        found = specification(each.service)
        given = [*found["paths"][template].get("parameters", []), *operation.get("parameters", [])]
        shared = found["components"].get("parameters", {})
        known = {(shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one)["name"] for one in given}
        query = dict(parse_qsl(urlsplit(each.request.path).query))

        assert set(map(str.lower, query)) <= set(map(str.lower, known)), (template, query)
        assert {"X-AppSecretToken", "X-AgreementGrantToken"} <= set(each.request.headers)


def test_request_bodies_have_only_what_e_conomic_takes() -> None:
    found = []
    for each in exchanges():
        template, operation = each.called
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body and each.request.body:
            value = json.loads(each.request.body)
            found += [
                f"{template} {problem}" for problem in problems(each.service, value, body["schema"], request=True)
            ]

    assert sorted(set(found)) == []


def test_answers_have_only_what_e_conomic_answers() -> None:
    found = []
    for each in exchanges():
        template, operation = each.called
        assert str(each.answer.status) in operation["responses"], (template, each.answer)
        body = operation["responses"][str(each.answer.status)].get("content", {}).get("application/json")
        if body:
            value = json.loads(each.answer.body)
            found += [
                f"{template} {problem}" for problem in problems(each.service, value, body["schema"], request=False)
            ]

    assert sorted(set(found)) == []


def test_a_property_that_e_conomic_does_not_know_is_seen() -> None:
    """The check itself: it would say so."""
    schema = {"$ref": "#/components/schemas/DraftEntries"}

    assert list(problems("journalsapi", {"entries": [{"departmentNumber": 1}]}, schema, request=True))
