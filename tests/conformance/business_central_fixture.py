"""The connector fixture of `business-central`: its simulator, in process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from ledger_simulators.business_central.app import create_app
from ledger_simulators.business_central.general_ledger import GeneralLedger, Posting
from ledger_simulators.business_central.ledger import BusinessCentralLedger
from ledger_simulators.business_central.purchases import TABLES, Purchases
from ledger_simulators.business_central.sample import sample_ledger
from pleo_export.accounting.business_central.connector import BusinessCentralConnector
from pleo_export.accounting.business_central.lists import BusinessCentralLists
from pleo_export.accounting.business_central.postings import draft_groups, posted_document
from pleo_export.accounting.business_central.rest import BusinessCentralRest
from pleo_export.accounting.business_central.settings import BusinessCentralSettings
from pleo_export.accounting.http import AccountingTransport
from pleo_export.accounting.lists import LedgerLists
from pleo_export.accounting.port import AccountingSetup, AccountingSystem, DocumentState, LedgerReader
from pleo_export.accounting.short_key import short_key
from pleo_export.bookkeeping.parties import KeyKind
from pleo_export.http.session import IsolatedSession
from pleo_simulator.clock import Clock
from tests.conformance.connector_fixture import REFUSAL, Act, Held, HeldBill, Pages, Plan, Traits, Trouble
from tests.conformance.troubled import MisledPages, TroubledNetwork
from tests.system.fake_network import Answer, Crossing, Request
from tests.system.wsgi_adapter import Unsent, WsgiAdapter, session_through, straight

Row = dict[str, Any]
KEYS = {"purchaseInvoices": "shipToContact", "purchaseCreditMemos": "buyFromAddressLine2"}
LINES = {"purchaseInvoices": "purchaseInvoiceLines", "purchaseCreditMemos": "purchaseCreditMemoLines"}
TOKEN = "a token of the test"
_SEEDS = count(1)


def nowhere(_: Request, __: object) -> Answer:
    raise Unsent


@dataclass(frozen=True)
class BusinessCentralWay:
    system: AccountingSystem
    setup: AccountingSetup
    reader: LedgerReader
    lists: LedgerLists
    crossing: TroubledNetwork

    def deliver(self) -> None:
        self.crossing.deliver()


@dataclass(frozen=True)
class BusinessCentralMasterData:
    """What people do on the cards and lists of Business Central. What is not used any more, they remove."""

    ledger: BusinessCentralLedger

    def add_dimension(self, code: str) -> None:
        self.ledger.add_dimension(code, code, {})

    def add_values(self, dimension: str, names: Sequence[str]) -> list[str]:
        store = self.ledger.store
        codes = [f"L{number:02}" for number in range(len(names))]
        for code, name in zip(codes, names, strict=True):
            id_ = store.one("dimensions", code=dimension)["id"]
            self.ledger.add("dimensionValues", code=code, displayName=name, dimensionId=id_)
        return codes

    def rename_value(self, dimension: str, code: str, name: str) -> None:
        self.ledger.store.update("dimensionValues", self._value(dimension, code), displayName=name)

    def close_value(self, dimension: str, code: str) -> None:
        self.ledger.store.delete("dimensionValues", self._value(dimension, code))

    def add_account(self, code: str, name: str, *, heading: bool = False) -> None:
        self.ledger.add_account(code, name, "Expense", accountType="Heading" if heading else "Posting")

    def close_account(self, code: str) -> None:
        self.ledger.store.update("accounts", self.ledger.store.one("accounts", number=code), blocked=True)

    def end_tax(self, code: str) -> None:
        self.ledger.store.delete("taxGroups", self.ledger.store.one("taxGroups", code=code))

    def add_suppliers(self, names: Sequence[str], *, active: bool = True, tax_number: str | None = None) -> list[str]:
        added = []
        for name in names:
            number = f"V{self.ledger.store.next_number('vendor', 10_000)}"
            state = "_x0020_" if active else "All"
            values = {"taxRegistrationNumber": tax_number or "", "blocked": state}
            added.append(self.ledger.add_vendor(number, name, "2100", **values)["id"])
        return added

    def rename_supplier(self, id_: str, name: str) -> None:
        self.ledger.store.update("vendors", self.ledger.store.one("vendors", id=id_), displayName=name)

    def suppliers_called(self, name: str) -> list[str]:
        return [row["id"] for row in self.ledger.store.select("vendors", displayName=name)]

    def _value(self, dimension: str, code: str) -> Row:
        id_ = self.ledger.store.one("dimensions", code=dimension)["id"]
        return self.ledger.store.one("dimensionValues", code=code, dimensionId=id_)


class BusinessCentralFixture:
    url = "https://bc.test"
    traits = Traits(
        party_keys=frozenset({KeyKind.EXTERNAL_ID, KeyKind.CODE, KeyKind.TAX_NUMBER}),
        supplier_account=None,
        books_differences=False,
        not_on_bills="9999",
        settles_parts=True,
        number_once=True,
        pairs_reversals=False,
        time_zone=None,
        supplier_name=100,
        removes_values=True,
    )

    def __init__(self) -> None:
        self._clock = clock = Clock(datetime(2026, 2, 10, 9, tzinfo=UTC))
        self.ledger = sample_ledger(clock, seed=next(_SEEDS))
        self.ledger.tokens[TOKEN] = float("inf")
        self._app = create_app(self.ledger, clock)
        self._app.testing = True
        self._general_ledger = GeneralLedger(self.ledger)
        self._purchases = Purchases(self.ledger, self._general_ledger)

    def connector(self, *, url: str | None = None) -> BusinessCentralConnector:
        return self._through(self._crossing(url))

    def setup(self, *, url: str | None = None) -> AccountingSetup:
        return self.connector(url=url).setup()

    def reader(self, *, url: str | None = None) -> LedgerReader:
        return self.connector(url=url).reader()

    def lists(self, *, url: str | None = None) -> LedgerLists:
        return self._lists(self._crossing(url))

    def _lists(self, crossing: Crossing) -> LedgerLists:
        def in_pages(request: Request, forward: Callable[[], Answer]) -> Answer:
            return crossing(request, lambda: self._paged(forward))

        settings = self._settings()
        return BusinessCentralLists(settings, self._rest(settings, in_pages))

    def _paged(self, forward: Callable[[], Answer]) -> Answer:
        """The server decides how long its pages are."""
        self.ledger.page_size, usual = 2, self.ledger.page_size
        try:
            return forward()
        finally:
            self.ledger.page_size = usual

    @property
    def master_data(self) -> BusinessCentralMasterData:
        return BusinessCentralMasterData(self.ledger)

    @contextmanager
    def misled(self, pages: Pages) -> Iterator[LedgerLists]:
        yield self._lists(MisledPages(pages, _is_later_page, _emptied).cross)

    def with_wrong_key(self) -> AccountingSystem:
        return self._through(straight, token="another")

    def without_rights(self) -> AccountingSystem:
        self.ledger.write_rights = False
        return self.connector()

    def with_missing_journal(self) -> AccountingSystem:
        return self._through(straight, journal="NONE")

    def _crossing(self, url: str | None) -> Crossing:
        return straight if url is None or url.rstrip("/") == self.url else nowhere

    def _through(self, crossing: Crossing, token: str = TOKEN, journal: str = "") -> BusinessCentralConnector:
        settings = self._settings(journal)
        return BusinessCentralConnector(settings, self._rest(settings, crossing, token))

    def _settings(self, journal: str = "") -> BusinessCentralSettings:
        company = self.ledger.company["id"]
        where = {"name": "business-central", "tenant": "tenant", "company": company, "company_name": "Harbour Print"}
        rates = {"GB20": "20", "GB0": "0", "ES21": "21"}
        return BusinessCentralSettings.model_validate({**where, "journal": journal, "tax_rates": rates})

    def _rest(self, settings: BusinessCentralSettings, crossing: Crossing, token: str = TOKEN) -> BusinessCentralRest:
        self._clock.advance(timedelta(seconds=10))  # the calls of all tests would be too many for five minutes
        session = session_through(WsgiAdapter(self._app, crossing), IsolatedSession())
        headers = {"Authorization": f"Bearer {token}"}
        transport = AccountingTransport(
            "Business Central", self.url, headers, session=session, sleep=lambda _: None, jitter=lambda: 0.0
        )
        return BusinessCentralRest(transport, settings)

    @contextmanager
    def troubled(self, plan: Plan) -> Iterator[BusinessCentralWay]:
        crossing = TroubledNetwork(plan, self._act, _saying)
        system = self._through(crossing.cross)
        lists = self._lists(crossing.cross)
        yield BusinessCentralWay(system, system.setup(), system.reader(), lists, crossing)

    def _act(self, request: Request) -> Act:
        path = request.path.partition("?")[0]
        if request.method == "GET":
            return Act.READ
        if path.endswith("/$batch"):
            return _act_of_batch(json.loads(request.body)["requests"])
        if "/Microsoft.NAV." in path:
            return self._act_of_post(path)
        if path.endswith(("journals", "vendorPaymentJournals", "vendors")) or "attachment" in path:
            return Act.OTHER
        return Act.DELETE if request.method == "DELETE" else Act.CREATE

    def _act_of_post(self, path: str) -> Act:
        if "/journals(" not in path:
            return Act.POST
        journal = path.rpartition("/journals(")[2].partition(")")[0]
        lines = self._general_ledger.lines(self._general_ledger.batch(journal))
        return Act.POST_ALL if len({line["documentNumber"] for line in lines}) > 1 else Act.POST

    # What it holds

    def held(self, reference: str) -> list[Held]:
        return [
            *(self._held_bill(table, row) for table, row in self._bills(reference)),
            *self._held_entries(reference),
            *self._held_drafts(reference),
        ]

    def counters(self, reference: str) -> list[Held]:
        return [each for each in self.held(f"{reference}:rev") if each.state is not DocumentState.VOID]

    def derived(self, reference: str) -> list[Held]:
        return []

    def files(self, reference: str) -> list[tuple[str, bytes]]:
        parents = {row["id"] for _, row in self._bills(reference)}
        parents |= {row["id"] for row in [*self._entries(reference), *self._drafts(reference)]}
        files = self.ledger.store.rows("attachments")
        return [(row["fileName"], row["_content"]) for row in files if row["parentId"] in parents]

    def _bills(self, reference: str) -> list[tuple[str, Row]]:
        store = self.ledger.store
        return [(table, row) for table in TABLES for row in store.select(table, **{KEYS[table]: reference})]

    def _entries(self, reference: str) -> list[Row]:
        return self.ledger.store.select("generalLedgerEntries", documentNumber=short_key(reference))

    def _drafts(self, reference: str) -> list[Row]:
        store, key = self.ledger.store, short_key(reference)
        return [row for table in ("journalLines", "vendorPayments") for row in store.select(table, documentNumber=key)]

    def _held_bill(self, table: str, row: Row) -> Held:
        draft, sign = row["status"] == "Draft", TABLES[table].sign
        lines = _lines(self._purchases.preview(table, row))
        number = str(row["_as_sent"])  # it is kept in capitals
        due = None if draft else date.fromisoformat(row["dueDate"])
        own = row["currencyCode"] == "GBP"
        rate = self._purchases.rate(row)
        foreign = () if own else tuple((account, _foreign(amount, rate)) for account, amount in lines)
        reversed_ = row["status"] == "Canceled" or bool(self.counters_of(row))
        state = DocumentState.VOID if reversed_ else DocumentState.DRAFT if draft else DocumentState.POSTED
        return Held(
            state,
            None if draft else row["number"],
            date.fromisoformat(row["postingDate"]),
            lines,
            foreign,
            0 if draft else -sign * int(row["_remaining"] * 100),
            HeldBill(
                row["vendorName"], number, date.fromisoformat(row[TABLES[table].date]), due, self._values(table, row)
            ),
        )

    def counters_of(self, row: Row) -> list[Row]:
        key = f"{row.get('shipToContact', '')}:rev"
        memos = self.ledger.store.select("purchaseCreditMemos", buyFromAddressLine2=key)
        return [memo for memo in memos if memo["status"] in ("Open", "Paid")]

    def _values(self, table: str, row: Row) -> tuple[str, ...]:
        store = self.ledger.store
        lines = store.select(LINES[table], documentId=row["id"])
        return tuple(
            each["valueCode"] for line in lines for each in store.select("dimensionSetLines", parentId=line["id"])
        )

    def _held_entries(self, reference: str) -> list[Held]:
        entries = self._entries(reference)
        if not entries:
            return []
        document = posted_document(entries, reference)
        counter = self._entries(f"{reference}:rev")
        gone = bool(counter) and bool(posted_document(counter, f"{reference}:rev").live)
        groups = [(group, gone) for group in document.live] + [(group, True) for group in document.void]
        payments = self.ledger.store.select("openPayments", documentNumber=short_key(reference))
        return [
            Held(
                DocumentState.VOID if void else DocumentState.POSTED,
                group.number,
                group.date,
                tuple(
                    (each["accountNumber"], _minor(each["debitAmount"] - each["creditAmount"]))
                    for each in group.entries
                ),
                open=int(sum(each["open"] for each in payments) * 100),
            )
            for group, void in groups
        ]

    def _held_drafts(self, reference: str) -> list[Held]:
        held = []
        for lines in draft_groups(self._drafts(reference), reference):
            batch = self._general_ledger.batch(lines[0]["journalId"])
            postings = [posting for line in lines for posting in self._general_ledger.preview(batch, line)]
            on = date.fromisoformat(lines[0]["postingDate"])
            held.append(Held(DocumentState.DRAFT, None, on, _lines(postings)))
        return held

    # What people do

    def close_period(self, on: date) -> None:
        self.ledger.close_period(on)

    def reopen_period(self, on: date) -> None:
        self.ledger.close_period(on, closed=False)

    def void(self, reference: str) -> None:
        """Reverse Transaction for an entry, Cancel for an invoice; a draft is deleted."""
        self.delete(reference)
        if self._entries(reference):
            self._general_ledger.reverse(short_key(reference))
        for table, row in self._bills(reference):
            self.ledger.store.update(table, row, status="Canceled", _remaining=Decimal(0))

    def delete(self, reference: str) -> None:
        for line in self._drafts(reference):
            self._general_ledger.delete_line(line)
        for table, row in self._bills(reference):
            if row["status"] == "Draft":
                self._purchases.delete(table, row)

    def duplicate(self, reference: str) -> None:
        """A person copies the posted document: Copy General Journal, or Copy Document."""
        store = self.ledger.store
        for entry in self._entries(reference):
            number = store.next_number("entry")
            self.ledger.add("generalLedgerEntries", **{**_shown(entry), "entryNumber": number})
        for table, row in self._bills(reference):
            copy = store.insert(table, {k: v for k, v in row.items() if k != "id"} | {"number": f"{row['number']}-1"})
            for line in store.select(LINES[table], documentId=row["id"]):
                store.insert(LINES[table], {k: v for k, v in line.items() if k != "id"} | {"documentId": copy["id"]})

    def post_by_hand(self, reference: str) -> None:
        drafts = self._drafts(reference)
        if drafts:
            self._alone(drafts)
        for table, row in self._bills(reference):
            if row["status"] == "Draft":
                self._purchases.post(table, row)

    def _alone(self, lines: list[Row]) -> None:
        """Post these lines of a journal by moving them to another first, as a person would."""
        store = self.ledger.store
        batch = self._general_ledger.batch(lines[0]["journalId"])
        code = f"BYHAND{store.next_number('by hand')}"
        row = {
            "code": code,
            "displayName": code,
            "templateDisplayName": "",
            "balancingAccountId": batch["balancingAccountId"],
        }
        row["balancingAccountNumber"] = batch["balancingAccountNumber"]
        own = self._general_ledger.insert_batch("journals", row)
        for line in lines:
            store.update("journalLines", line, journalId=own["id"])
        self._general_ledger.post(own["id"])

    def change_amount(self, reference: str) -> None:
        store = self.ledger.store
        lines = self._drafts(reference)
        for line, sign in zip((lines[0], lines[-1]) if lines else (), (1, -1), strict=False):
            store.update("journalLines", line, amount=line["amount"] + sign)
        for table, row in self._bills(reference):
            line = next(
                each for each in store.select(LINES[table], documentId=row["id"]) if each["lineType"] == "Account"
            )
            self._purchases.update_line(LINES[table], line, {"unitCost": line["unitCost"] + 1})

    def recategorise(self, reference: str, old: str, new: str) -> None:
        store = self.ledger.store
        account = store.one("accounts", number=new)
        for line in self._drafts(reference):
            if line["accountNumber"] == old:
                store.update("journalLines", line, accountNumber=new, accountId=account["id"])
        for table, row in self._bills(reference):
            for line in store.select(LINES[table], documentId=row["id"]):
                if line["lineObjectNumber"] == old:
                    store.update(LINES[table], line, lineObjectNumber=new, accountId=account["id"])

    def clear_document_date(self, reference: str) -> None:
        """A date cannot be empty here."""

    def redate(self, reference: str, to: date) -> None:
        store = self.ledger.store
        for line in self._drafts(reference):
            store.update("journalLines", line, postingDate=to.isoformat())
        for table, row in self._bills(reference):
            store.update(table, row, postingDate=to.isoformat())


class BusinessCentralFixtures:
    """The fixtures of the session."""

    def __init__(self) -> None:
        self.shared = BusinessCentralFixture()

    @contextmanager
    def own(self) -> Iterator[BusinessCentralFixture]:
        yield BusinessCentralFixture()

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[BusinessCentralFixtures]:
        yield cls()


def _is_later_page(request: Request) -> bool:
    return "skiptoken" in request.path


def _emptied(body: Row) -> Row:
    return {"value": []}


def _act_of_batch(requests: list[Row]) -> Act:
    methods = {each["method"] for each in requests}
    if methods == {"GET"}:
        return Act.READ
    return Act.DELETE if methods == {"DELETE"} else Act.CREATE


def _saying(trouble: Trouble, request: Request) -> Answer:
    """As Business Central says it: a code and a text; in a batch, in the part that it is about."""
    if trouble is Trouble.REFUSED:
        error = _error("Application_DialogException", REFUSAL)
        if request.path.endswith("$batch"):
            return _json(200, {"responses": [{"id": "0", "status": 400, "headers": {}, "body": error}]})
        return _json(400, error)
    if trouble is Trouble.FAILED:
        text = "Another user has already changed the record."
        return _json(409, _error("Request_EntityChanged", text))
    return _json(503, _error("Internal_TenantUnavailable", "The tenant is being upgraded."))


def _error(code: str, text: str) -> Row:
    correlation = "1b6e1b1f-0000-4000-8000-000000000001"
    return {"error": {"code": code, "message": f"{text}  CorrelationId:  {correlation}."}}


def _json(status: int, body: Row) -> Answer:
    return Answer(status, [("Content-Type", "application/json")], json.dumps(body).encode())


def _lines(postings: Iterator[Posting] | list[Posting]) -> tuple[tuple[str, int], ...]:
    return tuple((each.account, _minor(each.amount)) for each in postings if each.amount)


def _minor(amount: Decimal) -> int:
    return int((amount * 100).to_integral_value())


def _foreign(amount: int, rate: Decimal) -> int:
    return int((amount / rate).to_integral_value())


def _shown(row: Row) -> Row:
    return {key: value for key, value in row.items() if not key.startswith("_") and key != "id"}
