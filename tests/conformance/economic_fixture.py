"""The connector fixture of `e-conomic`: the connector before the simulator, in this process.

e-conomic numbers its suppliers. So the codes of the suite (`V-2001`, `E002`) are told to the connector as numbers; that
a code is a number there is the only thing that is translated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, cast
from urllib.parse import urlsplit

from ledger_simulators.economic.app import create_app
from ledger_simulators.economic.chart import (
    HEADING,
    PROFIT_AND_LOSS,
    SUPPLIER_INVOICE,
    Account,
    Dimension,
    DimensionValue,
    Supplier,
)
from ledger_simulators.economic.entries import Booked, Draft
from ledger_simulators.economic.ledger import APP_SECRET, GRANT, EconomicLedger
from ledger_simulators.economic.sample import AGREEMENT, EMPLOYEES, JOURNAL, sample_ledger
from pleo_export.accounting.economic.connector import EconomicConnector, tokens_in
from pleo_export.accounting.economic.lists import EconomicLists
from pleo_export.accounting.economic.reading import EconomicReader
from pleo_export.accounting.economic.rest import EconomicRest
from pleo_export.accounting.economic.settings import EconomicSettings
from pleo_export.accounting.economic.setup import EconomicSetup
from pleo_export.accounting.http import AccountingTransport
from pleo_export.accounting.lists import LedgerLists
from pleo_export.accounting.port import AccountingSetup, AccountingSystem, DocumentState, LedgerReader
from pleo_export.bookkeeping.parties import PartyMatch, PartyQuery
from pleo_export.http.session import IsolatedSession
from pleo_simulator.clock import Clock
from tests.conformance.connector_fixture import REFUSAL, Act, Held, HeldBill, Pages, Plan, Traits, Trouble
from tests.conformance.troubled import MisledPages, TroubledNetwork
from tests.system.fake_network import Answer, Request
from tests.system.wsgi_adapter import WsgiAdapter, session_through, straight

URL = "https://economic.test"
SECRET = {"app_secret_token": APP_SECRET, "agreement_grant_token": GRANT}
_PROBLEM = [("Content-Type", "application/problem+json")]
_NUMBERS = {"V": "", "E": "9"}  # what stands before the digits of a supplier, and of an employee


class NumberedParties:
    """A connector that is asked by the suite's codes."""

    def __init__(self, system: EconomicConnector) -> None:
        self._system = system

    def __getattr__(self, name: str) -> Any:
        return getattr(self._system, name)

    def find_parties(self, wanted: Collection[PartyQuery]) -> Mapping[PartyQuery, PartyMatch]:
        asked = {question: _numbered(question) for question in wanted}
        answers = self._system.find_parties(list(asked.values()))
        return {question: answers[asked[question]] for question in wanted}


@dataclass(frozen=True)
class EconomicWay:
    system: AccountingSystem
    setup: AccountingSetup
    reader: LedgerReader
    lists: LedgerLists
    crossing: TroubledNetwork

    def deliver(self) -> None:
        self.crossing.deliver()


@dataclass(frozen=True)
class EconomicMasterData:
    """What people do under All settings. A value's key is its code."""

    ledger: EconomicLedger

    def add_dimension(self, code: str) -> None:
        self.ledger.dimensions[3] = Dimension(3, code)

    def add_values(self, dimension: str, names: Sequence[str]) -> list[str]:
        values = self._dimension(dimension).values
        keys = [max(values, default=0) + number for number in range(1, len(names) + 1)]
        values |= {key: DimensionValue(key, name) for key, name in zip(keys, names, strict=True)}
        return [str(key) for key in keys]

    def rename_value(self, dimension: str, code: str, name: str) -> None:
        self._dimension(dimension).values[int(code)].name = name

    def close_value(self, dimension: str, code: str) -> None:
        self._dimension(dimension).values[int(code)].active = False

    def add_account(self, code: str, name: str, *, heading: bool = False) -> None:
        self.ledger.accounts[int(code)] = Account(int(code), name, HEADING if heading else PROFIT_AND_LOSS)

    def close_account(self, code: str) -> None:
        self.ledger.accounts[int(code)].barred = True

    def end_tax(self, code: str) -> None:
        self.ledger.vat_accounts[code].barred = True

    def add_suppliers(self, names: Sequence[str], *, active: bool = True, tax_number: str | None = None) -> list[str]:
        added = []
        for name in names:
            number = max(each for each in self.ledger.suppliers if each < 900_000_000) + 1
            self.ledger.suppliers[number] = Supplier(number, name, 1, "GBP", tax_number, barred=not active)
            added.append(str(number))
        return added

    def rename_supplier(self, id_: str, name: str) -> None:
        self.ledger.suppliers[int(id_)].name = name

    def suppliers_called(self, name: str) -> list[str]:
        return [str(each.number) for each in self.ledger.suppliers.values() if each.name == name]

    def _dimension(self, name: str) -> Any:
        return next(each for each in self.ledger.dimensions.values() if each.name == name)


class EconomicFixture:
    url = URL
    # No page of e-conomic's can be linked to. An account that no bill takes: one without direct entries. What is owed
    # to a supplier is on its group's account. A match cannot be undone.
    traits = Traits(
        linked=frozenset(),
        accounts_of_all=True,
        books_differences=False,
        reopens=False,
        one_date=True,
        missing_journal=r"journal \S+ .*accounting_system",
        deletes_drafts=True,
        time_zone=None,
        not_on_bills="2102",
        supplier_name=255,
        key_with_name=True,
    )

    def __init__(self, number: int = 0) -> None:
        clock = Clock()
        self.ledger: EconomicLedger = sample_ledger(clock)
        self.ledger.agreement = self._agreement = AGREEMENT + number
        self.ledger.reads_files = False  # those of the suite are no real PDFs
        self._app = create_app(self.ledger, clock)
        self._app.testing = True

    def connector(
        self, *, url: str | None = None, journal: int = JOURNAL, secret: Mapping[str, str] = SECRET, way: Any = straight
    ) -> AccountingSystem:
        system = NumberedParties(EconomicConnector(self._settings(journal), self._rest(url, secret, way)))
        return cast("AccountingSystem", system)

    def setup(self, *, url: str | None = None, way: Any = straight) -> AccountingSetup:
        return EconomicSetup(self._settings(), self._rest(url, SECRET, way))

    def reader(self, *, url: str | None = None, way: Any = straight) -> LedgerReader:
        return EconomicReader(self._settings(), self._rest(url, SECRET, way), EconomicConnector.capabilities)

    def lists(self, *, url: str | None = None, way: Any = straight) -> LedgerLists:
        lists = EconomicLists(self._settings(), self._rest(url, SECRET, way))
        lists.page = 2
        return lists

    @property
    def master_data(self) -> EconomicMasterData:
        return EconomicMasterData(self.ledger)

    @contextmanager
    def misled(self, pages: Pages) -> Iterator[LedgerLists]:
        yield self.lists(way=MisledPages(pages, _is_later_page, _emptied).cross)

    def _rest(self, url: str | None, secret: Mapping[str, str], way: Any) -> EconomicRest:
        there = url is None or urlsplit(url).netloc == urlsplit(URL).netloc
        session = session_through(WsgiAdapter(self._app, way), IsolatedSession()) if there else IsolatedSession()
        transport = AccountingTransport(
            "e-conomic", url or URL, tokens_in(secret), session=session, sleep=lambda seconds: None
        )
        return EconomicRest(transport, transport)

    def _settings(self, journal: int = JOURNAL) -> EconomicSettings:
        where = {"name": "e-conomic", "agreement": self._agreement, "journal": journal, "employee_group": EMPLOYEES}
        return EconomicSettings.model_validate({**where, "api_url": URL})

    def with_wrong_key(self) -> AccountingSystem:
        return self.connector(secret={**SECRET, "agreement_grant_token": "another"})

    def without_rights(self) -> AccountingSystem:
        self.ledger.roles = {"Sales"}
        return self.connector()

    def with_missing_journal(self) -> AccountingSystem:
        return self.connector(journal=99)

    def held(self, reference: str) -> list[Held]:
        vouchers = self.ledger.vouchers(reference)
        booked = [each for each in vouchers if not isinstance(each[0], Draft)]
        undone = self._undone(reference, booked)
        return [self._shown(each, void=each in undone) for each in vouchers if each not in undone[1:]]

    def _undone(self, reference: str, booked: list[Any]) -> list[Any]:
        """A voucher that a person or we have turned back, and a person's that undoes it."""
        for one in booked:
            for other in booked:
                if one is not other and _sums(one, 1) == _sums(other, -1):
                    return [one, other]
        return booked[:1] if booked and self.ledger.texted(f"{reference}:rev")[1] else []

    def files(self, reference: str) -> list[tuple[str, bytes]]:
        numbers = {each[0].voucher for each in self.ledger.vouchers(reference)}
        return [part for each in self.ledger.documents.values() if each.voucher in numbers for part in each.parts]

    def close_period(self, on: date) -> None:
        self.ledger.set_closed(on, closed=True)

    def reopen_period(self, on: date) -> None:
        self.ledger.set_closed(on, closed=False)

    def void(self, reference: str) -> None:
        self.ledger.turn_back(reference)

    def duplicate(self, reference: str) -> None:
        self.ledger.copy(reference)

    @contextmanager
    def troubled(self, plan: Plan) -> Iterator[EconomicWay]:
        crossing = TroubledNetwork(plan, self._act, _saying)
        way = crossing.cross
        faces = self.connector(way=way), self.setup(way=way), self.reader(way=way), self.lists(way=way)
        yield EconomicWay(*faces, crossing)

    def derived(self, reference: str) -> list[Held]:
        return []  # what a currency has gained or lost is booked by e-conomic itself

    def counters(self, reference: str) -> list[Held]:
        return [self._shown(each, void=False) for each in self.ledger.vouchers(f"{reference}:rev")]

    def post_by_hand(self, reference: str) -> None:
        self.ledger.book_by_hand(self.ledger.texted(reference)[0])

    def change_amount(self, reference: str) -> None:
        drafts = self.ledger.texted(reference)[0]
        for chosen in (max, min):
            each = chosen(drafts, key=lambda draft: draft.amount)
            each.amount += Decimal(1) if each.amount > 0 else Decimal(-1)
            each.version += 1

    def recategorise(self, reference: str, old: str, new: str) -> None:
        for each in self.ledger.texted(reference)[0]:
            if each.account == int(old):
                each.account, each.version = int(new), each.version + 1

    def clear_document_date(self, reference: str) -> None:
        """An entry always has one date there."""

    def redate(self, reference: str, to: date) -> None:
        for each in self.ledger.texted(reference)[0]:
            each.date, each.version = to, each.version + 1

    def delete(self, reference: str) -> None:
        self.ledger.delete(self.ledger.texted(reference)[0])

    def _act(self, request: Request) -> Act:
        path = request.path.partition("?")[0]
        if request.method == "GET":
            return Act.READ
        if request.method == "DELETE":
            return Act.DELETE
        if path.endswith("/bookdraftentries"):
            entries = json.loads(request.body)["entryNumbers"]
            vouchers = {self.ledger.drafts[each].voucher for each in entries if each in self.ledger.drafts}
            return Act.POST_ALL if len(vouchers) > 1 else Act.POST
        if path.endswith("/booked-entries/match"):
            return Act.DERIVE
        return Act.CREATE if path.endswith("/draft-entries/bulk") and "journalsapi" in path else Act.OTHER

    def _shown(self, voucher: Any, *, void: bool) -> Held:
        lines: list[Booked] = self.ledger.lines_of(voucher)
        draft = isinstance(voucher[0], Draft)
        state = DocumentState.VOID if void else DocumentState.DRAFT if draft else DocumentState.POSTED
        foreign = lines[0].currency != self.ledger.base_currency
        return Held(
            state=state,
            number=None if draft else str(voucher[0].voucher),
            date=voucher[0].date,
            lines=tuple((str(line.account), _minor(line.base)) for line in lines),
            foreign=tuple((str(line.account), _minor(line.amount)) for line in lines) if foreign else (),
            open=0 if draft else sum(_minor(line.remainder) for line in lines),
            bill=self._bill(voucher, lines, draft=draft),
        )

    def _bill(self, voucher: Any, lines: list[Booked], *, draft: bool) -> HeldBill | None:
        owed = next((line for line in lines if line.type == SUPPLIER_INVOICE and line.supplier), None)
        if owed is None or owed.supplier is None:
            return None
        names = {
            (number, key): value.name
            for number, each in self.ledger.dimensions.items()
            for key, value in each.values.items()
        }
        values = tuple(names[pair] for each in voucher for pair in each.dimensions.items())
        supplier = self.ledger.suppliers[owed.supplier].name
        # e-conomic has one date for a bill.
        return HeldBill(supplier, owed.invoice or "", owed.date, None if draft else owed.due, values[:1])


def _is_later_page(request: Request) -> bool:
    return "skippages" in request.path and "skippages=0&" not in request.path


def _emptied(body: dict[str, Any]) -> dict[str, Any]:
    pagination = {name: value for name, value in body["pagination"].items() if name != "nextPage"}
    return {**body, "collection": [], "pagination": pagination}


def _numbered(question: PartyQuery) -> PartyQuery:
    keys = tuple(key._replace(value=_number(key.value)) for key in question.keys)
    return replace(question, keys=keys)


def _number(code: str) -> str:
    found = re.fullmatch(r"([VE])-?(\d+)", code)
    return f"{_NUMBERS[found[1]]}{found[2]}" if found else code


def _sums(voucher: Any, sign: int) -> list[tuple[int, Decimal]]:
    return sorted((each.account, sign * each.amount) for each in voucher)


def _minor(amount: Decimal) -> int:
    return int(amount * 100)


def _saying(trouble: Trouble, _: Request) -> Answer:
    """As e-conomic says it."""
    status, words = {
        Trouble.REFUSED: (400, REFUSAL),
        Trouble.FAILED: (500, "An unexpected error occurred"),
        Trouble.BUSY: (503, "The service is unavailable for now"),
    }[trouble]
    body = {"title": "Error", "status": status, "detail": words, "traceId": "0af7651916cd43dd", "errorCode": "Error"}
    if trouble is Trouble.REFUSED:
        body["errors"] = [{"message": words, "errorCode": "JournalVoucherDataIntegrityError"}]
    return Answer(status, _PROBLEM, json.dumps(body).encode())


class EconomicFixtures:
    """Books are cheap here, so none are shared: an agreement for each test."""

    def __init__(self) -> None:
        self._number = 0

    @property
    def shared(self) -> EconomicFixture:
        self._number += 1
        return EconomicFixture(self._number)

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[EconomicFixtures]:
        yield cls()

    @contextmanager
    def own(self) -> Iterator[EconomicFixture]:
        yield self.shared
