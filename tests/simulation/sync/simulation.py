"""A company's lists under faults: a ledger and a Pleo drawn from a seed, synced until nothing is left to do.

The end state has to be that of the same company without faults, and these hold at every moment:

1. No tag of a group is archived while one that takes its place is missing.
2. No code is twice in a group, and no vendor of Pleo is two suppliers in the ledger.
3. What never came from the ledger, and what a collision leaves undecided, is as it was; nothing is deleted.
4. Of a list that is empty or has shrunk nothing is archived.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from pleo_export.accounting.lists import (
    DimensionValue,
    LedgerAccount,
    LedgerSupplier,
    LedgerTaxCode,
    TaxCodeType,
)
from pleo_export.settings import SyncSettings
from pleo_export.sync.guards import FEW_ARCHIVES
from pleo_export.sync.result import SyncResult
from tests.simulation.sync.faults import SyncFaults
from tests.simulation.sync.people import People
from tests.system.effects import Killed
from tests.system.synced_company import COMPANY, SyncedCompany

Json = dict[str, Any]
DIMENSIONS = ("DEPT", "PROJ")
FOREIGN = {"owner": "someone"}
RUNS, LAST_RUNS = 25, 8  # with faults, and then without


class SyncBroken(AssertionError):
    """A promise of the sync does not hold."""


class SyncSimulation:
    """One company, drawn from `seed`. Without `faults` it is what the others are compared with. With `people`, somebody
    changes both sides while a sync is under way; then the end is compared with what the ledger offers by then."""

    def __init__(self, seed: int, *, faults: bool = True, people: bool = False, focus: str = "") -> None:
        draw = Random(seed)
        rate, left, minutes = draw.choice([0.02, 0.1, 0.3]), draw.randint(5, 60), draw.choice([2, 15])
        self.seed, self.faults, self.people = seed, faults, people
        self.effects = SyncFaults(seed, self._pass_time, rate, left if faults else 0)
        self.effects.focus = focus
        settings = SyncSettings(dimensions=DIMENSIONS, accounts=True, tax_codes=True, vendors=True)
        self.company = SyncedCompany(settings, self.effects, function_time=timedelta(minutes=minutes))
        self.company.pleo.limit.per_minute = 10_000_000  # the budget is not part of this
        self.effects.queue = self.company.pleo.faults
        self._draw_company(draw)
        self.effects.meanwhile = People(self.company, Random(seed)).act if people else lambda: None
        self._before = {} if people else self._untouchable()
        self._active_before = {group: set(self.company.active_tags(group)) for group in self.company.groups()}

    def run(self) -> SyncSimulation:
        """Sync under faults, then without, until there is nothing to do. Raises SyncBroken."""
        for _ in range(RUNS if self.faults else 0):
            self._run_once()
            self._check()
        self.effects.left = 0
        self.effects.meanwhile = lambda: None
        self.company.pleo.faults.clear()
        for _ in range(LAST_RUNS):
            result = self._run_once()
            self._check()
            if result and result.finished and not result.applied:
                break
        else:
            raise SyncBroken("the sync does not come to an end")
        if self.people:
            self._check_offered()
        elif self.faults:
            self._check_end(SyncSimulation(self.seed, faults=False).run().end_state())
        return self

    def end_state(self) -> Json:
        """Return what people can choose in the end, and what is archived, without ids and times."""
        company = self.company
        return {
            "groups": {
                code: (each["name"], each["archived"], each["metadata"]) for code, each in company.groups().items()
            },
            "tags": {
                code: sorted((tag["code"], tag["name"], tag["archived"]) for tag in company.tags(code))
                for code in company.groups()
            },
            "accounts": _rows(company.rows("accounts"), "externalId", "code", "name", "archived", "taxCodeExternalId"),
            "tax_codes": _rows(company.rows("tax_codes"), "code", "name", "rate", "type", "archived"),
            "vendors": _rows(company.rows("vendors"), "name", "state", "taxRegistrationNumber"),
            "suppliers": sorted((each.name, each.active) for each in company.ledger.known),
        }

    def _run_once(self) -> SyncResult | None:
        try:
            result = self.company.sync()
        except Killed:
            return None
        if result.wait:
            self.company.sleep(result.wait)
        return result

    def _pass_time(self, seconds: float) -> None:
        self.company.sleep(seconds)

    # What is drawn

    def _draw_company(self, draw: Random) -> None:
        company, ledger = self.company, self.company.ledger
        for dimension in DIMENSIONS:
            if draw.random() < 0.9:
                ledger.values[dimension] = _values(draw)
        for dimension in (*DIMENSIONS, "OTHER"):
            if draw.random() < 0.6:
                metadata = draw.choice([{}, FOREIGN, {"managed_by": "pleo-export"} | FOREIGN])
                code = draw.choice([dimension, dimension.lower()])
                group = company.put_group(code, metadata=metadata, archived=draw.random() < 0.3)
                for tag, name, archived in _tags(draw):
                    company.put_tag(group, tag, name, archived=archived)
        ledger.taxes = [
            LedgerTaxCode(f"T{n}", f"Tax {n}", Decimal(n) / 20, draw.choice(list(TaxCodeType)), draw.random() < 0.8)
            for n in range(draw.randint(0, 4))
        ]
        for n in range(draw.randint(0, 5)):
            body = {"name": f"Tax {n % 3}", "rate": 0.1, "type": "inclusive", "archived": draw.random() < 0.3}
            company.pleo.tax_codes.create(COMPANY, body | ({"code": f"t{n % 3}"} if draw.random() < 0.7 else {}))
        ledger.accounts = [
            LedgerAccount(f"A{n}", f"{6000 + n}", f"Account {n}", draw.random() < 0.8, draw.random() < 0.9, tax)
            for n in range(draw.randint(0, 12))
            for tax in [draw.choice([None, "T1", "T9"])]
        ]
        for n in draw.sample(range(16), draw.randint(0, 6)):
            body = {"externalId": f"A{n}", "name": "By hand", "archived": draw.random() < 0.5, "metadata": FOREIGN}
            company.pleo.accounts.create(COMPANY, body)
        ledger.known = [
            LedgerSupplier(f"K{n}", f"V{n}", f"Supplier {n}", draw.random() < 0.8, tax_registration_number=f"GB{n}")
            for n in range(draw.randint(0, 6))
        ]
        for n in range(draw.randint(0, 4)):
            more = draw.choice([{}, {"taxRegistrationNumber": f"GB{n}"}, {"taxRegistrationNumber": f"NEW{n}"}])
            company.pleo.vendors.make(COMPANY, f"Draft {n}", "EUR", **more)

    # What is checked

    def _untouchable(self) -> Json:
        """Return what no sync may change: elements without a key, foreign groups and metadata, undecided codes."""
        company = self.company
        undecided = {(d.upper(), code) for d in DIMENSIONS for code in self._undecided(d)}
        groups = {each["id"]: each for each in company.groups().values()}
        return {
            "metadata": {id_: dict(each["metadata"]) for id_, each in groups.items()},
            "foreign": {
                id_: each["archived"]
                for id_, each in groups.items()
                if each["code"].upper() not in DIMENSIONS and "managed_by" not in each["metadata"]
            },
            "tags": {
                tag["id"]: (tag["code"], tag["name"], tag["archived"])
                for code in company.groups()
                for tag in company.tags(code)
                if code.upper() not in DIMENSIONS or (code.upper(), tag["code"].casefold()) in undecided
            },
            "tax_codes": {
                row["id"]: (row["name"], row["archived"]) for row in company.rows("tax_codes") if not row["code"]
            },
            "accounts": {
                row["externalId"]: dict(row["metadata"]) for row in company.rows("accounts") if row["metadata"]
            },
        }

    def _undecided(self, dimension: str) -> set[str]:
        open_ = Counter(each.code.casefold() for each in self.company.ledger.values.get(dimension, ()) if each.active)
        return {code for code, times in open_.items() if times > 1}

    def _check(self) -> None:
        company = self.company
        now = self._untouchable()
        for what, held in self._before.items():
            for key, value in held.items():
                if now[what].get(key) != value:
                    raise SyncBroken(f"{what} of others has changed: {value} is {now[what].get(key)}")
        for code in company.groups():
            twice = _twice(tag["code"].casefold() for tag in company.tags(code))
            if twice:
                raise SyncBroken(f"tags that are there twice: {twice}")
        if twice := _twice(key for keys in company.ledger.keys.values() for key in keys):
            raise SyncBroken(f"vendors that are two suppliers: {twice}")
        for dimension in () if self.people else DIMENSIONS:
            self._check_guard(dimension)
            self._check_replaced(dimension)

    def _check_guard(self, dimension: str) -> None:
        values = self.company.ledger.values.get(dimension, ())
        open_, listed = self._offered(dimension), {each.code.casefold() for each in values if each.code}
        for code, before in self._active_before.items():
            if code.upper() != dimension or code not in self.company.groups():
                continue
            gone = {each for each in before if each.casefold() not in open_ | self._undecided(dimension)}
            shrunk = not listed or (len(gone) > 10 and 5 * len(gone) > len(gone) + len(open_))
            kept = {each.casefold() for each in self.company.active_tags(code)}
            if shrunk and not {each.casefold() for each in gone} <= kept:
                raise SyncBroken(f"{dimension} has shrunk, and tags were archived")

    def _nameless(self, dimension: str) -> bool:
        """Whether the list is empty for the guard."""
        return not any(each.code for each in self.company.ledger.values[dimension])

    def _offered(self, dimension: str) -> set[str]:
        values = self.company.ledger.values.get(dimension, ())
        return {each.code.casefold() for each in values if each.active and each.code} - self._undecided(dimension)

    def _check_replaced(self, dimension: str) -> None:
        """A code that was there may go only when all that the ledger offers is there."""
        company = self.company
        for code, before in self._active_before.items():
            held = next((each for each in company.groups() if each.upper() == code.upper() == dimension), None)
            if held is None or dimension not in company.ledger.values:
                continue
            shown = {each.casefold() for each in company.active_tags(held)}
            archived = {each.casefold() for each in before} - shown
            missing = self._offered(dimension) - shown
            if archived and missing:
                raise SyncBroken(f"{archived} were archived before {missing} were there")

    def _check_end(self, without_faults: Json) -> None:
        reached = self.end_state()
        for what, expected in without_faults.items():
            if reached[what] != expected:
                raise SyncBroken(f"{what} with faults: {reached[what]}, without: {expected}")
        self._check_offered()

    def _check_offered(self) -> None:
        """What the ledger offers is at Pleo, and nothing beside it but what the guard holds back."""
        company = self.company
        for dimension in set(DIMENSIONS) & company.ledger.values.keys():
            shown = {code.casefold() for code in company.active_tags(dimension)}
            if missing := self._offered(dimension) - shown:
                raise SyncBroken(f"tags that are missing in {dimension}: {missing}")
            more = shown - self._offered(dimension) - self._undecided(dimension)
            if (
                more
                and company.ledger.values[dimension]
                and len(more) <= FEW_ARCHIVES
                and not self._nameless(dimension)
            ):
                raise SyncBroken(f"tags that nothing stands behind in {dimension}: {more}")
        offered = {each.code for each in company.ledger.accounts if each.active and each.postable}
        if missing := offered - {row["code"] for row in company.rows("accounts") if not row["archived"]}:
            raise SyncBroken(f"accounts that are missing: {missing}")
        closed = {each.tax_registration_number for each in company.ledger.known if not each.active}
        for row in company.rows("vendors"):
            if row["state"] == "DRAFT" and row["taxRegistrationNumber"] not in closed:
                raise SyncBroken(f"{row['name']} has no supplier")


def _values(draw: Random) -> list[DimensionValue]:
    count = draw.choice([0, 1, 6, 14])
    codes = [draw.choice([f"C{draw.randint(0, 15)}", f"c{draw.randint(0, 15)}", ""]) for _ in range(count)]
    return [DimensionValue(code, f"Name {draw.randint(0, 3)}", draw.random() < 0.75) for code in codes]


def _tags(draw: Random) -> list[tuple[str, str, bool]]:
    numbers = draw.sample(range(30), draw.choice([0, 3, 8, 20]))
    return [(f"c{n}", f"Name {draw.randint(0, 3)}", draw.random() < 0.3) for n in numbers]


def _rows(rows: Iterable[Json], *fields: str) -> list[str]:
    return sorted(repr([row[field] for field in fields]) for row in rows)


def _twice(keys: Iterable[str]) -> list[str]:
    return [key for key, times in Counter(keys).items() if times > 1]
