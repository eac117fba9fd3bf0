"""The connector fixture of `xero`: its simulator, in process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from ledger_simulators.xero.app import create_app
from ledger_simulators.xero.books import XeroBooks, XeroKind
from ledger_simulators.xero.contacts import create_contact
from ledger_simulators.xero.identity import SCOPES
from ledger_simulators.xero.ledger import XeroLedger
from ledger_simulators.xero.limits import XeroKeys
from ledger_simulators.xero.sample import sample_ledger
from pleo_export.accounting.http import AccountingTransport
from pleo_export.accounting.lists import LedgerLists
from pleo_export.accounting.port import AccountingSetup, AccountingSystem, DocumentState, LedgerReader
from pleo_export.accounting.xero.attachments import hash_in
from pleo_export.accounting.xero.connector import XeroConnector
from pleo_export.accounting.xero.kinds import STATES
from pleo_export.accounting.xero.lists import XeroLists
from pleo_export.accounting.xero.reading import XeroReader
from pleo_export.accounting.xero.rest import XeroRest, headers, scopes_of
from pleo_export.accounting.xero.settings import XeroSettings
from pleo_export.accounting.xero.setup import XeroSetup
from pleo_export.http.session import IsolatedSession
from pleo_simulator.clock import Clock
from tests.conformance.connector_fixture import ALL_KINDS, REFUSAL, Act, Held, HeldBill, Pages, Plan, Traits, Trouble
from tests.conformance.troubled import MisledPages, TroubledNetwork
from tests.system.fake_network import Answer, Crossing, Request
from tests.system.wsgi_adapter import Unsent, WsgiAdapter, session_through, straight

NOW = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)
URL = "https://xero.test"
_JSON = [("Content-Type", "application/json; charset=utf-8")]
_NOBODY = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class XeroWay:
    system: AccountingSystem
    setup: AccountingSetup
    reader: LedgerReader
    lists: LedgerLists
    crossing: TroubledNetwork

    def deliver(self) -> None:
        self.crossing.deliver()


@dataclass(frozen=True)
class XeroMasterData:
    """What people do under Settings and Contacts."""

    ledger: XeroLedger

    @property
    def books(self) -> XeroBooks:
        return self.ledger.books

    def add_dimension(self, code: str) -> None:
        self.books.tracking.append(
            {"TrackingCategoryID": self.books.ids.uuid("tracking"), "Name": code, "Status": "ACTIVE", "Options": []}
        )

    def add_values(self, dimension: str, names: Sequence[str]) -> list[str]:
        options = self._category(dimension)["Options"]
        for name in names:
            options.append({"TrackingOptionID": self.books.ids.uuid("option"), "Name": name, "Status": "ACTIVE"})
        return list(names)

    def rename_value(self, dimension: str, code: str, name: str) -> None:
        self._option(dimension, code)["Name"] = name

    def close_value(self, dimension: str, code: str) -> None:
        self._option(dimension, code)["Status"] = "ARCHIVED"

    def add_account(self, code: str, name: str, *, heading: bool = False) -> None:
        assert not heading
        like = self.books.account({"Code": "6100"}) or {}
        self.books.accounts.append({**like, "AccountID": self.books.ids.uuid("account"), "Code": code, "Name": name})

    def close_account(self, code: str) -> None:
        (self.books.account({"Code": code}) or {})["Status"] = "ARCHIVED"

    def end_tax(self, code: str) -> None:
        (self.books.tax_rate(code) or {})["Status"] = "DELETED"

    def add_suppliers(self, names: Sequence[str], *, active: bool = True, tax_number: str | None = None) -> list[str]:
        made = [create_contact(self.books, {"Name": name, "TaxNumber": tax_number}) for name in names]
        for each in made:
            each |= {"IsSupplier": True, "ContactStatus": "ACTIVE" if active else "ARCHIVED"}
        return [each["ContactID"] for each in made]

    def rename_supplier(self, id_: str, name: str) -> None:
        (self.books.contact(id_) or {})["Name"] = name
        self.ledger.keys = XeroKeys(self.ledger.limits)  # which Xero remembers for minutes

    def suppliers_called(self, name: str) -> list[str]:
        return [each["ContactID"] for each in self.books.contacts if each["Name"] == name]

    def _category(self, name: str) -> dict[str, Any]:
        return next(each for each in self.books.tracking if each["Name"] == name)

    def _option(self, dimension: str, name: str) -> dict[str, Any]:
        options: list[dict[str, Any]] = self._category(dimension)["Options"]
        return next(each for each in options if each["Name"] == name)


class XeroFixture:
    traits = Traits(
        one_step=ALL_KINDS,
        supplier_account="2100",  # Xero has one account for what is owed
        employee_account="2100",
        accounts_of_all=True,
        books_differences=False,
        not_on_bills="1900",
        in_order=False,  # our references are what people find an entry by
        one_date=True,
        settles_parts=True,
        rolls_back=False,
        missing_journal="not connected",
        supplier_name=255,
        has_headings=False,
        values_are_names=True,
    )

    def __init__(self, seed: int) -> None:
        self.url = URL
        clock = Clock(NOW)
        self._tenant = str(UUID(int=seed + 1))
        self._ledger: XeroLedger = sample_ledger(clock, seed, self._tenant)
        limits = self._ledger.limits
        limits.per_minute = limits.per_day = 10**9
        limits.file_bytes = 10 * 2**20
        self._app = create_app(self._ledger, clock)
        self._app.testing = True
        self._token = self._ledger.identity.grant()["access_token"]

    def connector(self, *, url: str | None = None) -> AccountingSystem:
        return self._connector(self._rest(_crossing(url)))

    def setup(self, *, url: str | None = None) -> AccountingSetup:
        return XeroSetup(self._settings(), self._rest(_crossing(url)))

    def reader(self, *, url: str | None = None) -> LedgerReader:
        return XeroReader(self._rest(_crossing(url)), XeroConnector.capabilities)

    def lists(self, *, url: str | None = None) -> LedgerLists:
        return _lists(self._rest(_crossing(url)))

    @property
    def master_data(self) -> XeroMasterData:
        return XeroMasterData(self._ledger)

    @contextmanager
    def misled(self, pages: Pages) -> Iterator[LedgerLists]:
        yield _lists(self._rest(MisledPages(pages, _is_later_page, _emptied).cross))

    def with_wrong_key(self) -> AccountingSystem:
        return self._connector(self._rest(straight, token="nobody's"))

    def without_rights(self) -> AccountingSystem:
        self._token = self._ledger.identity.grant({each for each in SCOPES if each.endswith(".read")})["access_token"]
        return self.connector()

    def with_missing_journal(self) -> AccountingSystem:
        return self._connector(self._rest(straight, tenant=_NOBODY))

    def held(self, reference: str) -> list[Held]:
        return [self._shown(rows) for rows in self._documents(reference)]

    def files(self, reference: str) -> list[tuple[str, bytes]]:
        return [
            (_own_name(file.name), file.content)
            for kind, row in self._ledger.with_key(reference)
            for file in self._ledger.files(row[kind.id])
        ]

    def close_period(self, on: date) -> None:
        self._ledger.lock(on)

    def reopen_period(self, on: date) -> None:
        self._ledger.lock(None)

    def void(self, reference: str) -> None:
        for kind, row in self._ledger.with_key(reference):
            self.post_by_hand(reference)  # a draft could only be deleted
            deleted = kind.endpoint in ("BankTransactions", "Payments")
            self._ledger.set_status(kind, row, "DELETED" if deleted else "VOIDED")

    def duplicate(self, reference: str) -> None:
        for kind, row in self._ledger.with_key(reference):
            self._ledger.copy(kind, row)

    @contextmanager
    def troubled(self, plan: Plan) -> Iterator[XeroWay]:
        network = TroubledNetwork(plan, _act, _saying)
        rest = self._rest(network.cross)
        yield XeroWay(
            self._connector(rest),
            XeroSetup(self._settings(), rest),
            XeroReader(rest, XeroConnector.capabilities),
            _lists(rest),
            network,
        )

    def derived(self, reference: str) -> list[Held]:
        """Xero books exchange differences as a part of the payment."""
        return []

    def counters(self, reference: str) -> list[Held]:
        """What is undone becomes void itself."""
        return []

    def post_by_hand(self, reference: str) -> None:
        for kind, row in self._ledger.with_key(reference):
            if row["Status"] == "DRAFT":
                self._ledger.set_status(kind, row, "AUTHORISED")

    def change_amount(self, reference: str) -> None:
        for _, row in self._ledger.with_key(reference):
            self._ledger.add_to_first_line(row, Decimal(1))

    def recategorise(self, reference: str, old: str, new: str) -> None:
        for _, row in self._ledger.with_key(reference):
            self._ledger.recategorise(row, old, new)

    def clear_document_date(self, reference: str) -> None:
        """A bill always has one here."""

    def redate(self, reference: str, to: date) -> None:
        for _, row in self._ledger.with_key(reference):
            row["Date"] = to

    def delete(self, reference: str) -> None:
        for kind, row in self._ledger.with_key(reference):
            self._ledger.remove(kind, row)

    # Connections

    def _rest(self, crossing: Crossing, *, token: str | None = None, tenant: str | None = None) -> XeroRest:
        session = session_through(WsgiAdapter(self._app, crossing), IsolatedSession())
        sent = headers(token or self._token, tenant or self._tenant)
        transport = AccountingTransport("Xero", URL, sent, session=session, sleep=lambda _: None)
        return XeroRest(transport)

    def _connector(self, rest: XeroRest) -> XeroConnector:
        return XeroConnector(self._settings(), rest, scopes_of(self._token))

    def _settings(self) -> XeroSettings:
        return XeroSettings.model_validate({"name": "xero", "tenant": self._tenant, "api_url": URL})

    # What the books hold

    def _documents(self, reference: str) -> list[list[tuple[XeroKind, dict[str, Any]]]]:
        """Payments of several bills under one reference are one document."""
        found = self._ledger.with_key(reference)
        rows = [each for each in found if not _is_deleted_draft(*each)]
        payments = [each for each in rows if each[0].endpoint == "Payments"]
        others = [[each] for each in rows if each[0].endpoint != "Payments"]
        return [*others, payments] if payments else others

    def _shown(self, rows: list[tuple[XeroKind, dict[str, Any]]]) -> Held:
        _, row = rows[0]
        state = STATES[row["Status"]]
        made = [each for kind, row in rows for each in self._ledger.postings(kind, row)]
        owed = row.get("Invoice") or row.get("CreditNote") or row
        foreign = owed.get("CurrencyCode", "GBP") != "GBP"
        return Held(
            state=state,
            number=_number(row),
            date=row["Date"],
            lines=tuple((each.account, _minor(each.amount)) for each in made),
            foreign=tuple((each.account, _minor(each.foreign)) for each in made) if foreign else (),
            open=_open(row) if state is DocumentState.POSTED else 0,
            bill=_bill(row) if "DueDate" in row else None,
        )


def _lists(rest: XeroRest) -> XeroLists:
    lists = XeroLists(rest, "Employees")
    lists.page = 2
    return lists


def _is_later_page(request: Request) -> bool:
    return "page=" in request.path and "page=1&" not in request.path


def _emptied(body: dict[str, Any]) -> dict[str, Any]:
    return {name: [] if isinstance(value, list) else value for name, value in body.items()}


def _is_deleted_draft(kind: XeroKind, row: dict[str, Any]) -> bool:
    return row["Status"] == "DELETED" and kind.endpoint in ("Invoices", "CreditNotes", "ManualJournals")


def _bill(row: dict[str, Any]) -> HeldBill:
    number = str(row.get("InvoiceNumber") or row.get("CreditNoteNumber"))
    return HeldBill(
        party=row["Contact"]["Name"],
        number=number.rpartition(" | ")[0],
        document_date=row["Date"],
        due=None if row["Status"] == "DRAFT" else row["DueDate"],
        dimensions=tuple(each["Option"] for line in row["LineItems"] for each in line["Tracking"]),
    )


def _open(row: dict[str, Any]) -> int:
    if "InvoiceID" in row:
        return -_minor(row["AmountDue"])
    return _minor(row["RemainingCredit"]) if "CreditNoteID" in row else 0


def _number(row: dict[str, Any]) -> str:
    return str(row.get("InvoiceNumber") or row.get("CreditNoteNumber") or row.get("Reference") or row.get("Narration"))


def _own_name(name: str) -> str:
    mark = hash_in(name)
    return name.replace(f" [{mark}]", "") if mark else name


def _minor(amount: Decimal) -> int:
    return int(amount * 100)


def _crossing(url: str | None) -> Crossing:
    """Return the way to the simulator; to another address there is none."""
    return straight if url in (None, URL) else _nowhere


def _nowhere(_: Request, __: Callable[[], Answer]) -> Answer:
    raise Unsent


def _act(request: Request) -> Act:
    path = request.path.partition("?")[0].removeprefix("/api.xro/2.0/")
    if request.method == "GET":
        return Act.READ
    if path == "Contacts":
        return Act.OTHER
    if "/" in path and not path.endswith(("/History",)) and "/Attachments/" not in path:
        return Act.DELETE  # what is undone in Xero changes its state
    if request.method == "POST":
        return Act.POST if b"},{" not in request.body else Act.POST_ALL
    return Act.OTHER if "/" in path else Act.CREATE


def _saying(trouble: Trouble, request: Request) -> Answer:
    """As Xero says it: what is wrong with each element, or that it is unavailable."""
    if trouble is Trouble.REFUSED:
        path = request.path.partition("?")[0].removeprefix("/api.xro/2.0/")
        name = path.partition("/")[0]
        sent = json.loads(request.body)[name]
        rows = [{**each, "StatusAttributeString": "ERROR", "ValidationErrors": [{"Message": REFUSAL}]} for each in sent]
        if "summarizeErrors=false" in request.path:
            return Answer(200, _JSON, json.dumps({"Status": "OK", name: rows}).encode())
        told = {"ErrorNumber": 10, "Type": "ValidationException", "Message": "wrong", "Elements": rows}
        return Answer(400, _JSON, json.dumps(told).encode())
    if trouble is Trouble.FAILED:
        return Answer(500, _JSON, json.dumps({"Title": "Internal Server Error", "Status": 500}).encode())
    offline = {"Type": None, "Title": "Service Unavailable", "Status": 503, "Detail": "The organisation is offline"}
    return Answer(503, _JSON, json.dumps(offline).encode())


class XeroFixtures:
    def __init__(self) -> None:
        self.shared = XeroFixture(0)
        self._number = 0

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[XeroFixtures]:
        yield cls()

    @contextmanager
    def own(self) -> Iterator[XeroFixture]:
        self._number += 1
        yield XeroFixture(self._number)
