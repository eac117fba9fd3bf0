"""The bench of the connector `tryton`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from local.tryton.books import Books
from local.tryton.ledger import Bill, Ledger, Move
from pleo_export.accounting.connect import connect
from pleo_export.accounting.port import AccountingSystem, State
from pleo_export.settings import TrytonSettings
from tests.conformance.bench import Held, HeldBill

ROOT = Path(__file__).parents[2] / ".local/tryton"
PAYABLES = ("2100", "2101", "2102", "2250")


class TrytonBench:
    def __init__(self, ledger: Ledger, *, login: bool) -> None:
        self._ledger = ledger
        self._secret = ledger.secret if login else {"token": ledger.token}
        self.url = ledger.url

    def connector(
        self, *, url: str | None = None, journal: str = "EXP", secret: Mapping[str, str] | None = None
    ) -> AccountingSystem:
        settings = TrytonSettings.model_validate(
            {
                "name": "tryton",
                "url": url or self.url,
                "database": self._ledger.database,
                "company": self._ledger.company,
                "journal": journal,
            }
        )
        return connect(settings, secret or self._secret)

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

    def post(self, reference: str) -> None:
        self._ledger.post(reference)

    def void(self, reference: str) -> None:
        self._ledger.cancel(reference)

    def duplicate(self, reference: str) -> None:
        self._ledger.copy(reference)

    def creates(self, request: str) -> bool:
        return "/account.move/create" in request or "/account.invoice/create" in request

    def finalises(self, request: str) -> bool:
        return "/post?" in request or '.post"' in request


def _held(move: Move) -> Held:
    return Held(
        state=State(move.state),
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
        state={"paid": State.POSTED, "cancelled": State.VOID}.get(bill.state) or State(bill.state),
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


class TrytonBenches:
    """One server for the session; benches that share the books, and benches with books of their own.

    `login`: the secret has user and password besides the key.
    """

    def __init__(self, books: Books, *, login: bool) -> None:
        self._books = books
        self._login = login
        self.shared = TrytonBench(books, login=login)

    @classmethod
    @contextmanager
    def open(cls, *, login: bool = False) -> Iterator[TrytonBenches]:
        with Books(ROOT) as books:
            yield cls(books, login=login)

    @contextmanager
    def own(self) -> Iterator[TrytonBench]:
        with self._books.fresh() as ledger:
            yield TrytonBench(ledger, login=self._login)
