"""What all three programs run against: the Pleo simulator and the ledgers, each behind a door that counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from local.ledgers.books import Books
from tests.performance.counting.door import Door

PLEO_SECONDS = 0.1
XERO_SECONDS = 0.45
TRYTON_SECONDS = 0.0  # it is a real server, with its own
LATENCIES = {"Pleo": PLEO_SECONDS, "Xero": XERO_SECONDS, "Tryton": TRYTON_SECONDS}


@dataclass(frozen=True)
class Ledger:
    """A ledger behind its door. `settings` are those of a company that is connected to it."""

    name: str
    books: Books
    door: Door

    @property
    def settings(self) -> dict[str, Any]:
        """The company's settings, with the door as the ledger's address."""
        settings = dict(self.books.connection())
        system = dict(settings["accounting_system"])
        system["api_url" if "api_url" in system else "url"] = self.door.url
        return {**settings, "accounting_system": system}

    @property
    def secret(self) -> Mapping[str, str]:
        """What a connector needs."""
        return self.books.secret


@contextmanager
def behind_doors(books: Mapping[str, Books], urls: Mapping[str, str]) -> Iterator[dict[str, Ledger]]:
    """Open a door in front of each ledger."""
    with ExitStack() as doors:
        yield {name: Ledger(name, each, doors.enter_context(Door(urls[name]))) for name, each in books.items()}
