"""The bench of the connector `tryton`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path

from local.tryton.books import Books
from local.tryton.ledger import Ledger, Move
from pleo_export.accounting.connect import connect
from pleo_export.accounting.port import AccountingSystem, State
from pleo_export.settings import TrytonSettings
from tests.conformance.bench import Held

ROOT = Path(__file__).parents[2] / ".local/tryton"


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
        return [_held(move) for move in self._ledger.moves(reference)]

    def close_period(self, on: date) -> None:
        self._ledger.close_period(f"{on:%Y-%m}")

    def void(self, reference: str) -> None:
        self._ledger.cancel(reference)

    def duplicate(self, reference: str) -> None:
        self._ledger.copy(reference)

    def creates(self, request: str) -> bool:
        return "/account.move/create" in request

    def finalises(self, request: str) -> bool:
        return "/post?" in request or "model.account.move.post" in request


def _held(move: Move) -> Held:
    return Held(
        state=State(move.state),
        number=move.number,
        date=move.date,
        lines=tuple((line.account, _minor(line.debit - line.credit)) for line in move.lines),
        foreign=tuple((line.account, _minor(line.second_amount)) for line in move.lines if line.second_amount),
    )


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
