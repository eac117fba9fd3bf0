"""The lists of the fake accounting system. Each request is an effect: "books list <what>" (one page), "books company",
"books find supplier", "books create supplier"."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from pleo_export.accounting.errors import InvalidConfiguration, Rejected, Unavailable
from pleo_export.accounting.lists import (
    DimensionValue,
    LedgerAccount,
    LedgerCompany,
    LedgerList,
    LedgerSupplier,
    LedgerTaxCode,
    NewSupplier,
)
from pleo_export.accounting.supplier_matching import SupplierCandidate, matching_supplier, require_name
from pleo_export.failures.ledger_lists import DIMENSION_NOT_THERE, LIST_INCOMPLETE, LIST_NOT_OFFERED
from tests.system.general_ledger import GeneralLedger
from tests.system.held_lists import NAME_LENGTH

T = TypeVar("T")
TITLE = "the fake ledger"


class Books(Protocol):
    """The connection: how a request that reads, and one that writes, reach the ledger."""

    ledger: GeneralLedger

    def _ask(self, effect: str, request: Callable[[], T]) -> T: ...
    def _write(self, effect: str, request: Callable[[], T]) -> T: ...


@dataclass
class FakeLists:
    """The port's LedgerLists. `page` is how many entries come with one request."""

    books: Books
    lists: frozenset[LedgerList] = frozenset(LedgerList)
    page: int = 100

    def company(self) -> LedgerCompany:
        return self.books._ask("books company", lambda: self.books.ledger.lists.company)

    def dimension_values(self, dimension: str) -> Iterator[DimensionValue]:
        self._require(LedgerList.TAGS)
        known: Mapping[str, object] = self.books._ask("books dimensions", lambda: dict(self.books.ledger.lists.values))
        if dimension not in known:
            raise InvalidConfiguration(DIMENSION_NOT_THERE.told(ledger=TITLE, dimension=dimension))
        return self._all("tags", lambda: list(self.books.ledger.lists.values[dimension].values()))

    def chart(self) -> Iterator[LedgerAccount]:
        self._require(LedgerList.ACCOUNTS)
        return self._all("accounts", lambda: list(self.books.ledger.lists.accounts.values()))

    def tax_codes(self) -> Iterator[LedgerTaxCode]:
        self._require(LedgerList.TAX_CODES)
        return self._all("tax codes", lambda: list(self.books.ledger.lists.tax_codes.values()))

    def suppliers(self) -> Iterator[LedgerSupplier]:
        self._require(LedgerList.VENDORS)
        return self._all("suppliers", lambda: [each.supplier for each in self.books.ledger.lists.suppliers])

    def ensure_supplier(self, wanted: NewSupplier) -> LedgerSupplier:
        self._require(LedgerList.VENDORS)
        require_name(wanted, TITLE, NAME_LENGTH)
        candidates = self.books._ask("books find supplier", self._candidates)
        found = matching_supplier(wanted, candidates, TITLE)
        return found or self.books._write("books create supplier", lambda: self._enter(wanted))

    def _require(self, wanted: LedgerList) -> None:
        if wanted not in self.lists:
            raise Rejected(LIST_NOT_OFFERED.told(ledger=TITLE, what=wanted.value.replace("_", " ")))

    def _all(self, what: str, read: Callable[[], Sequence[T]]) -> Iterator[T]:
        """Page by page, each with the number of all entries."""
        seen: set[T] = set()
        total = 1
        while len(seen) < total:
            rows, total = self.books._ask(f"books list {what}", partial(self._page, read, len(seen)))
            if seen & set(rows) or (not rows and len(seen) < total):
                raise Unavailable(LIST_INCOMPLETE.told(ledger=TITLE, what=what))
            yield from rows
            seen |= set(rows)

    def _page(self, read: Callable[[], Sequence[T]], offset: int) -> tuple[Sequence[T], int]:
        rows, held = read(), self.books.ledger.lists
        begin = {None: offset, "missing": len(rows), "repeated": 0}[held.misled if offset else None]
        shown = rows[: len(rows) - held.withheld]
        return shown[begin : begin + self.page], len(rows)

    def _candidates(self) -> list[SupplierCandidate]:
        held = self.books.ledger.lists.suppliers
        return [SupplierCandidate(each.supplier, each.keys, each.numbers) for each in held]

    def _enter(self, wanted: NewSupplier) -> LedgerSupplier:
        """From then on, recording finds it."""
        made = self.books.ledger.lists.enter(wanted)
        self.books.ledger.register(made)
        return made
