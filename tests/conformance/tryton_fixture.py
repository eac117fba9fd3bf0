"""The connector fixture of `tryton`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from local.tryton.ledger import Bill, Ledger, Move
from local.tryton.master_data import MasterData
from local.tryton.server import TrytonServer
from pleo_export.accounting.lists import LedgerLists
from pleo_export.accounting.port import AccountingSetup, AccountingSystem, DocumentState, LedgerReader
from pleo_export.accounting.registry import connect, open_lists, open_reader, set_up
from pleo_export.accounting.tryton.settings import TrytonSettings
from tests.conformance.connector_fixture import REFUSAL, Act, Held, HeldBill, Pages, Plan, Traits, Trouble
from tests.conformance.troubled import MisledPages, TroubledNetwork
from tests.system.fake_network import Answer, Request, network

ROOT = Path(__file__).parents[2] / ".local/tryton"
PAYABLES = ("2100", "2101", "2102", "2250")


_READS = ("search_read", "search_count", "get_access", "common.db.login")
_HTML = [("Content-Type", "text/html; charset=utf-8")]


@dataclass(frozen=True)
class TrytonWay:
    system: AccountingSystem
    setup: AccountingSetup
    reader: LedgerReader
    lists: LedgerLists
    crossing: TroubledNetwork

    def deliver(self) -> None:
        self.crossing.deliver()


@dataclass(frozen=True)
class TrytonMasterData:
    data: MasterData

    def add_dimension(self, code: str) -> None:
        self.data.add_dimension(code, code)

    def add_values(self, dimension: str, names: Sequence[str]) -> list[str]:
        values = {f"L{number:02}": name for number, name in enumerate(names)}
        self.data.add_values(dimension, values)
        return list(values)

    def rename_value(self, dimension: str, code: str, name: str) -> None:
        self.data.rename_value(dimension, code, name)

    def close_value(self, dimension: str, code: str) -> None:
        self.data.close_value(dimension, code)

    def add_account(self, code: str, name: str, *, heading: bool = False) -> None:
        self.data.add_account(code, name, heading=heading)

    def close_account(self, code: str) -> None:
        self.data.close_account(code)

    def end_tax(self, code: str) -> None:
        self.data.end_tax(code, date(2020, 12, 31))

    def add_suppliers(self, names: Sequence[str], *, active: bool = True, tax_number: str | None = None) -> list[str]:
        return self.data.add_suppliers(names, active=active, tax_number=tax_number)

    def rename_supplier(self, id_: str, name: str) -> None:
        self.data.rename_supplier(id_, name)

    def suppliers_called(self, name: str) -> list[str]:
        return self.data.suppliers_called(name)


class TrytonFixture:
    traits = Traits()

    def __init__(self, ledger: Ledger, *, login: bool) -> None:
        self._ledger = ledger
        self._secret = ledger.secret if login else {"token": ledger.token}
        self.url = ledger.url

    def connector(
        self, *, url: str | None = None, journal: str = "EXP", secret: Mapping[str, str] | None = None
    ) -> AccountingSystem:
        return connect(self._settings(url, journal), secret or self._secret)

    def setup(self, *, url: str | None = None) -> AccountingSetup:
        return set_up(self._settings(url), self._secret)

    def reader(self, *, url: str | None = None) -> LedgerReader:
        return open_reader(self._settings(url), self._secret)

    def lists(self, *, url: str | None = None) -> LedgerLists:
        lists = open_lists(self._settings(url), self._secret)
        lists.page = 2  # type: ignore[attr-defined]
        return lists

    @property
    def master_data(self) -> TrytonMasterData:
        return TrytonMasterData(self._ledger.master_data)

    @contextmanager
    def misled(self, pages: Pages) -> Iterator[LedgerLists]:
        with network(self.url, MisledPages(pages, _is_later_page, lambda _: []).cross) as url:
            yield self.lists(url=url)

    def redate(self, reference: str, to: date) -> None:
        self._ledger.redate(reference, to)

    def delete(self, reference: str) -> None:
        self._ledger.delete(reference)

    def _settings(self, url: str | None = None, journal: str = "EXP") -> TrytonSettings:
        database, company = self._ledger.database, self._ledger.company
        where = {"url": url or self.url, "database": database, "company": company, "journal": journal}
        return TrytonSettings.model_validate({"name": "tryton", **where})

    def with_wrong_key(self) -> AccountingSystem:
        return self.connector(secret={**self._secret, "token": "0" * 128})

    def without_rights(self) -> AccountingSystem:
        self._ledger.withdraw_rights()
        return self.connector()

    def with_missing_journal(self) -> AccountingSystem:
        return self.connector(journal="NONE")

    def held(self, reference: str) -> list[Held]:
        bills = [_held_bill(bill) for bill in self._ledger.bills(reference)]
        return bills + [_held(move) for move in self._ledger.moves(reference)]

    def files(self, reference: str) -> list[tuple[str, bytes]]:
        return self._ledger.files(reference)

    def close_period(self, on: date) -> None:
        self._ledger.close_period(f"{on:%Y-%m}")

    def reopen_period(self, on: date) -> None:
        self._ledger.reopen_period(f"{on:%Y-%m}")

    def void(self, reference: str) -> None:
        self._ledger.cancel(reference)

    def duplicate(self, reference: str) -> None:
        self._ledger.copy(reference)

    @contextmanager
    def troubled(self, plan: Plan) -> Iterator[TrytonWay]:
        crossing = TroubledNetwork(plan, _act, _saying)
        with network(self.url, crossing.cross) as url:
            faces = self.connector(url=url), self.setup(url=url), self.reader(url=url), self.lists(url=url)
            yield TrytonWay(*faces, crossing)

    def derived(self, reference: str) -> list[Held]:
        return [_held(move) for move in self._ledger.moves() if move.reference.startswith(f"{reference}:fx")]

    def counters(self, reference: str) -> list[Held]:
        return [_held(move) for move in self._ledger.cancellations(reference)]

    def post_by_hand(self, reference: str) -> None:
        self._ledger.post(reference)

    def change_amount(self, reference: str) -> None:
        self._ledger.change_amount(reference)

    def recategorise(self, reference: str, old: str, new: str) -> None:
        self._ledger.recategorise(reference, old, new)

    def clear_document_date(self, reference: str) -> None:
        self._ledger.clear_invoice_date(reference)


def _act(request: Request) -> Act:
    path = request.path.partition("?")[0]
    asked = f"{path} {request.body.decode(errors='replace')}" if path.endswith("/rpc/") else path
    if any(read in asked for read in _READS):
        return Act.READ
    if request.method == "DELETE":
        return Act.DELETE
    if path.endswith("/rpc/"):
        return Act.POST_ALL
    if path.endswith("/post"):
        return Act.POST
    if "/account.move.reconciliation" in path or b":fx" in request.body:
        return Act.DERIVE
    return Act.CREATE if "/account." in path else Act.OTHER


def _is_later_page(request: Request) -> bool:
    asked = json.loads(request.body)
    return "limit" in asked and asked["domain"][-1] != ["id", ">", 0]


def _saying(trouble: Trouble, request: Request) -> Answer:
    """As trytond 8.0 says it: its own words as JSON, its other faults as pages of its web framework."""
    if trouble is Trouble.REFUSED and request.path.endswith("/rpc/"):
        body = json.dumps({"id": 0, "error": ["UserError", [REFUSAL, "", None]]})
        return Answer(200, [("Content-Type", "application/json")], body.encode())
    if trouble is Trouble.REFUSED:
        body = json.dumps({"status": 400, "message": REFUSAL, "description": ""})
        return Answer(400, [("Content-Type", "application/json")], body.encode())
    if trouble is Trouble.FAILED:
        return _page(400, "Bad Request", "Unable to get RPC method")
    return _page(503, "Service Unavailable", "connection failed: the database system is shutting down")


def _page(status: int, name: str, description: str) -> Answer:
    page = f"<!doctype html>\n<html lang=en>\n<title>{status} {name}</title>\n<h1>{name}</h1>\n<p>{description}</p>\n"
    return Answer(status, _HTML, page.encode())


def _held(move: Move) -> Held:
    return Held(
        state=DocumentState(move.state),
        number=move.number,
        date=move.date,
        lines=tuple((line.account, _minor(line.debit - line.credit)) for line in move.lines),
        foreign=tuple((line.account, _minor(line.second_amount)) for line in move.lines if line.second_amount),
        open=_open(move) if move.state == "posted" else 0,
    )


def _held_bill(bill: Bill) -> Held:
    """From the entry that it made, once it is posted."""
    drafted = (*bill.lines, *bill.taxes, (bill.account, -bill.total))
    held = Held(
        state={"paid": DocumentState.POSTED, "cancelled": DocumentState.VOID}.get(bill.state)
        or DocumentState(bill.state),
        number=bill.number,
        date=bill.posting_date,
        lines=tuple((account, _minor(amount)) for account, amount in drafted),
        bill=HeldBill(
            party=bill.party,
            number=bill.supplier_number or "",
            document_date=bill.document_date,
            due=max(bill.due_dates, default=None),
            dimensions=bill.dimensions,
        ),
    )
    if bill.move is None:
        return held
    made = _held(bill.move)
    return replace(held, lines=made.lines, foreign=made.foreign, open=made.open)


def _open(move: Move) -> int:
    lines = [line for line in move.lines if line.account in PAYABLES and not line.reconciled]
    return sum(_minor(line.second_amount or line.debit - line.credit) for line in lines)


def _minor(amount: Decimal) -> int:
    return int(amount * 100)


class TrytonFixtures:
    """One server for the session; fixtures that share the books, and fixtures with books of their own.

    `login`: the secret has user and password besides the key.
    """

    def __init__(self, books: TrytonServer, *, login: bool) -> None:
        self._books = books
        self._login = login
        self.shared = TrytonFixture(books, login=login)

    @classmethod
    @contextmanager
    def open(cls, *, login: bool = False) -> Iterator[TrytonFixtures]:
        with TrytonServer(ROOT) as books:
            yield cls(books, login=login)

    @contextmanager
    def own(self) -> Iterator[TrytonFixture]:
        with self._books.fresh() as ledger:
            yield TrytonFixture(ledger, login=self._login)
