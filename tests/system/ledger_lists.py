"""A ledger's lists in memory, as its people maintain them. Each request is an effect: "books list <what>" (one page),
"books find supplier", "books create supplier"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pleo_export.accounting.errors import AccountingError, InvalidConfiguration, OutcomeUnknown, Unavailable
from pleo_export.accounting.lists import (
    DimensionValue,
    LedgerAccount,
    LedgerCompany,
    LedgerList,
    LedgerSupplier,
    LedgerTaxCode,
    NewSupplier,
)
from pleo_export.accounting.port import CodeAndName
from pleo_export.accounting.supplier_matching import SupplierCandidate, matching_supplier
from pleo_export.failures.entry import FailureText
from tests.system.effects import Effects

T = TypeVar("T")
PAGE = 5  # so that a list has several


@dataclass
class ListedLedger:
    """What people maintain in it. `keys` are those of ours, by the supplier's id."""

    effects: Effects
    values: dict[str, list[DimensionValue]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)  # of dimensions
    accounts: list[LedgerAccount] = field(default_factory=list)
    taxes: list[LedgerTaxCode] = field(default_factory=list)
    known: list[LedgerSupplier] = field(default_factory=list)
    keys: dict[str, set[str]] = field(default_factory=dict)
    fails: dict[LedgerList, AccountingError] = field(default_factory=dict)  # at its second page, or at its end
    page: int = PAGE
    lists: frozenset[LedgerList] = frozenset(LedgerList)

    # The port's LedgerLists

    def company(self) -> LedgerCompany:
        return LedgerCompany("Northgate Ltd")

    def dimension_values(self, dimension: str) -> Iterator[DimensionValue]:
        self.effects.before("books list dimensions")
        if dimension not in self.values:
            raise InvalidConfiguration(FailureText("dimension_not_there", f"There is no {dimension}."))
        return self._pages(LedgerList.TAGS, self.values[dimension])

    def chart(self) -> Iterator[LedgerAccount]:
        return self._pages(LedgerList.ACCOUNTS, self.accounts)

    def tax_codes(self) -> Iterator[LedgerTaxCode]:
        return self._pages(LedgerList.TAX_CODES, self.taxes)

    def suppliers(self) -> Iterator[LedgerSupplier]:
        return self._pages(LedgerList.VENDORS, self.known)

    def ensure_supplier(self, wanted: NewSupplier) -> LedgerSupplier:
        self.effects.before("books find supplier")
        found = self._find(wanted)
        if found:
            return found
        self.effects.before("books create supplier")
        try:
            made = self.enter(wanted)
            self.effects.after("books create supplier")
        except Unavailable:
            raise OutcomeUnknown(FailureText("ledger_in_doubt", "No answer.")) from None
        return made

    # The port's AccountingSetup, as far as a sync needs it

    def dimensions(self) -> Sequence[CodeAndName]:
        return [CodeAndName(code, self.names.get(code, code.title())) for code in self.values]

    def currency(self) -> str:
        return "GBP"

    # What people do

    def enter(self, wanted: NewSupplier) -> LedgerSupplier:
        number = f"S{len(self.known) + 1}"
        made = LedgerSupplier(
            number,
            f"V-{number}",
            wanted.name,
            True,
            wanted.country,
            wanted.registration_number,
            wanted.tax_registration_number,
            wanted.currency,
        )
        self.known.append(made)
        self.keys.setdefault(number, set()).add(wanted.key)
        return made

    def change_value(self, dimension: str, code: str, **changes: object) -> None:
        values = self.values[dimension]
        self.values[dimension] = [
            replace(each, **changes) if each.code == code else each  # type: ignore[arg-type]
            for each in values
        ]

    def _find(self, wanted: NewSupplier) -> LedgerSupplier | None:
        candidates = []
        for each in self.known:
            numbers = (each.registration_number, each.tax_registration_number)
            keys = frozenset(self.keys.get(each.id, ()))
            candidates.append(SupplierCandidate(each, keys, frozenset(filter(None, numbers))))
        return matching_supplier(wanted, candidates, "the ledger")

    def _pages(self, what: LedgerList, rows: Sequence[T]) -> Iterator[T]:
        rows = list(rows)
        for begin in range(0, max(len(rows), 1), self.page):
            self.effects.before(f"books list {what}")
            yield from rows[begin : begin + self.page]
            if what in self.fails:
                raise self.fails[what]
