"""An agreement at e-conomic: its state, and what people do in it. The rules of its API are in the modules beside this.

Test access is by these methods and fields, not over HTTP. Threads may share it: `lock` is held while a request is
carried out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from threading import RLock

from ledger_simulators.economic.booking import book, vat_entries
from ledger_simulators.economic.chart import (
    Account,
    CostType,
    Dimension,
    Journal,
    Period,
    Project,
    Supplier,
    SupplierGroup,
    VatAccount,
    Year,
)
from ledger_simulators.economic.entries import AttachedDocument, Booked, Draft
from pleo_simulator.clock import Clock

APP_SECRET, GRANT = "sim-app-secret", "sim-agreement-grant"


@dataclass
class EconomicLedger:
    """`rates`: units of the base currency for 100 of another. `roles` are those of the grant; without Bookkeeping it
    reads and writes nothing of the journals."""

    clock: Clock
    agreement: int
    company: str
    base_currency: str
    accounts: dict[int, Account]
    vat_accounts: dict[str, VatAccount]
    years: list[Year]
    journals: dict[int, Journal]
    groups: dict[int, SupplierGroup] = field(default_factory=dict)
    suppliers: dict[int, Supplier] = field(default_factory=dict)
    dimensions: dict[int, Dimension] = field(default_factory=dict)
    projects: dict[int, Project] = field(default_factory=dict)
    cost_types: dict[int, CostType] = field(default_factory=dict)
    payment_terms: dict[int, str] = field(default_factory=lambda: {1: "Net 30", 2: "Net 8"})
    vat_zones: dict[int, str] = field(default_factory=lambda: {1: "Domestic", 2: "EU", 3: "Abroad"})
    registration_number: str = "07142369"
    vat_number: str = "GB318204556"
    rates: dict[str, Decimal] = field(default_factory=dict)
    exchange_account: int = 7080
    roles: set[str] = field(default_factory=lambda: {"Bookkeeping", "Sales"})
    project_module: bool = True
    grants: set[str] = field(default_factory=lambda: {GRANT})
    app_secrets: set[str] = field(default_factory=lambda: {APP_SECRET})
    most_calls: int | None = None  # of a minute; None: no limit
    longest_target: int = 8_192  # characters of a path with its query
    reads_files: bool = True  # refuses what is no PDF, JPEG or PNG inside
    drafts: dict[int, Draft] = field(default_factory=dict)
    booked: dict[int, Booked] = field(default_factory=dict)
    documents: dict[int, AttachedDocument] = field(default_factory=dict)
    matches: list[tuple[int, int]] = field(default_factory=list)
    last_draft: int = 0
    last_booked: int = 0
    last_document: int = 0
    lock: RLock = field(default_factory=RLock, repr=False)

    def year_of(self, on: date) -> Year | None:
        """Return the accounting year of the day; None where there is none."""
        return next((year for year in self.years if year.first <= on <= year.last), None)

    def period_of(self, on: date) -> Period | None:
        """Return the period of the day; None where there is none."""
        year = self.year_of(on)
        return next((each for each in year.periods if each.first <= on <= each.last), None) if year else None

    def texted(self, reference: str) -> tuple[list[Draft], list[Booked]]:
        """Return the entries whose text begins with the reference as a word of its own."""
        with self.lock:
            return (
                [each for each in self.drafts.values() if _names(each.text, reference)],
                [each for each in self.booked.values() if _names(each.text, reference)],
            )

    def vouchers(self, reference: str) -> list[list[Draft] | list[Booked]]:
        """Return the whole vouchers that have an entry with the reference, drafts first."""
        with self.lock:
            drafts, booked = self.texted(reference)
            return [
                *(self._drafts_of(key) for key in _keys(drafts)),
                *(self._booked_of(key) for key in _keys(booked)),
            ]

    def lines_of(self, voucher: Sequence[Draft | Booked]) -> list[Booked]:
        """Return the lines of a voucher as they are or would be in the general ledger."""
        lines: list[Booked] = []
        for each in voucher:
            lines += vat_entries(self, each) if isinstance(each, Draft) else [each]
        return lines

    def set_closed(self, on: date, *, closed: bool) -> None:
        """Close or open the period of the day, as an accountant does. Raises KeyError where there is none."""
        period = self.period_of(on)
        if period is None:
            raise KeyError(on)
        period.closed = closed

    def book_by_hand(self, drafts: Iterable[Draft]) -> None:
        """Book drafts, as a person does."""
        with self.lock:
            book(self, list(drafts))

    def delete(self, drafts: Iterable[Draft]) -> None:
        """Delete drafts, as a person does."""
        with self.lock:
            for each in drafts:
                self.drafts.pop(each.entry, None)

    def copy(self, reference: str) -> None:
        """Make a second voucher with the same entries and texts, as a person does who copies one."""
        self._again(reference, sign=1)

    def turn_back(self, reference: str) -> None:
        """Book a voucher that undoes the booked one of the reference, with the same texts; delete a draft."""
        with self.lock:
            self.delete(self.texted(reference)[0])
            self._again(reference, sign=-1)

    def add_draft(self, draft: Draft) -> Draft:
        """Put an entry into its journal, under a number of its own."""
        with self.lock:
            self.last_draft += 1
            draft.entry = self.last_draft
            self.drafts[draft.entry] = draft
            return draft

    def _again(self, reference: str, sign: int) -> None:
        with self.lock:
            drafts, booked = self.texted(reference)
            number = self.free_voucher()
            for draft in drafts:
                self.add_draft(replace(draft, voucher=number, amount=sign * draft.amount))
            for key in _keys(booked)[:1]:
                for each in self._booked_of(key):
                    self.last_booked += 1
                    self.booked[self.last_booked] = replace(
                        each,
                        entry=self.last_booked,
                        voucher=number,
                        amount=sign * each.amount,
                        base=sign * each.base,
                        remainder=sign * each.remainder,
                        base_remainder=sign * each.base_remainder,
                    )

    def free_voucher(self) -> int:
        """Return a voucher number above all that are used."""
        used = [*(each.voucher for each in self.drafts.values()), *(each.voucher for each in self.booked.values())]
        return max(used, default=0) + 1

    def _drafts_of(self, key: tuple[int, date]) -> list[Draft]:
        return [each for each in self.drafts.values() if (each.voucher, each.date) == key]

    def _booked_of(self, key: tuple[int, date]) -> list[Booked]:
        return [each for each in self.booked.values() if (each.voucher, each.date) == key]


def _names(text: str, reference: str) -> bool:
    return text.partition(" ")[0].partition("#")[0] == reference


def _keys(entries: Iterable[Draft] | Iterable[Booked]) -> list[tuple[int, date]]:
    def keys() -> Iterator[tuple[int, date]]:
        for each in entries:
            yield each.voucher, each.date

    return list(dict.fromkeys(keys()))
