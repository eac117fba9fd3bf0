"""All runs of one benchmark, the ratios between them, and the budgets of issue 14 that they keep or miss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.performance.measurement import Measurement, RunId
from tests.performance.prices import PriceTable

BUDGET_ITEMS = 1_000
FLAT = 1.2


@dataclass(frozen=True)
class Budget:
    """A target and what was found. `at_least`: more is better. `found` is None where it was not measured."""

    what: str
    found: float | None
    target: float
    at_least: bool = False
    unit: str = ""

    @property
    def kept(self) -> bool | None:
        """Whether it is kept; None where it was not measured."""
        if self.found is None:
            return None
        return self.found >= self.target if self.at_least else self.found <= self.target


@dataclass(frozen=True)
class Results:
    """`conditions` say under what was measured: latencies, processors, versions."""

    runs: Sequence[Measurement]
    prices: PriceTable
    conditions: Mapping[str, Any] = field(default_factory=dict)

    def find(self, program: str, ledger: str, items: int, *, receipts: bool = False) -> Measurement | None:
        """Return a run that was measured to its end."""
        wanted = RunId(program, ledger, items, receipts)
        return next((each for each in self.runs if each.run == wanted and not each.refused), None)

    @property
    def ledgers(self) -> list[str]:
        """The ledgers of the runs, in their order."""
        return list(dict.fromkeys(each.run.ledger for each in self.runs))

    def naive_of(self, run: RunId) -> Measurement | None:
        """Return the largest finished run of the naive reference with that ledger and as many receipts: its costs grow
        with the items, so what it shows for one item holds for those that it cannot take at once."""
        fitting = [
            each
            for each in self.runs
            if (each.run.program, each.run.ledger, each.run.receipts) == ("naive", run.ledger, run.receipts)
            and not each.refused
        ]
        return max(fitting, key=lambda each: each.run.items, default=None)

    def budgets(self, ledger: str) -> Iterator[Budget]:
        """Return the budgets of a job of 1,000 items without receipts, and those of growth."""
        sizes = sorted({each.run.items for each in self.runs if _is_product(each, ledger)})
        size = BUDGET_ITEMS if BUDGET_ITEMS in sizes else max(sizes)
        product, floor = self.find("product", ledger, size), self.find("floor", ledger, size)
        assert product is not None
        share = size / BUDGET_ITEMS
        yield Budget(f"state transitions at {size:,}", product.transitions, max(20, 100 * share))
        calls = ratio(calls_of(product), calls_of(floor)) if floor else None
        yield Budget(f"calls to Pleo and ledger at {size:,}, to the floor's", calls, 1.1, unit="x")
        yield Budget(f"DynamoDB writes an item at {size:,}", product.items_written / size, 3)
        wall = ratio(product.seconds, floor.seconds) if floor else None
        yield Budget(f"wall time at {size:,}, to the floor's", wall, 1.15, unit="x")
        naive = self.naive_of(product.run)
        cheaper = ratio(self.prices.per_thousand(naive), self.prices.per_thousand(product)) if naive else None
        yield Budget(f"dollars an item at {size:,}, naive to product", cheaper, 20, at_least=True, unit="x")
        yield from self._growth(ledger, sizes)

    def _growth(self, ledger: str, sizes: Sequence[int]) -> Iterator[Budget]:
        if len(sizes) < 2:
            return
        small, large = (self.find("product", ledger, size) for size in (sizes[0], sizes[-1]))
        assert small is not None
        assert large is not None
        span = f"from {small.run.items:,} to {large.run.items:,}"
        yield Budget(f"dollars an item, {span}", ratio(*map(self.prices.per_thousand, (large, small))), FLAT, unit="x")
        yield Budget(f"peak memory, {span}", ratio(large.peak_mb, small.peak_mb), FLAT, unit="x")

    def as_json(self) -> dict[str, Any]:
        """Return all of it for a file of JSON."""
        return {
            "conditions": dict(self.conditions),
            "prices": {"region": self.prices.region, "dated": self.prices.dated},
            "runs": [
                {**each.as_json(), "dollars": self.prices.costs(each) if not each.refused else None}
                for each in self.runs
            ],
            "budgets": {
                ledger: [
                    {"what": each.what, "found": each.found, "target": each.target, "kept": each.kept}
                    for each in self.budgets(ledger)
                ]
                for ledger in self.ledgers
                if any(_is_product(each, ledger) for each in self.runs)
            },
        }


def calls_of(run: Measurement) -> int:
    """Return the calls to Pleo's API and to the ledger. Files of receipts come from elsewhere, and are as many for all
    programs. Of the floor's those that were refused for a limit do not count: it need not have sent them."""
    needless = run.retried if run.run.program == "floor" else 0
    return run.pleo - run.files + run.ledger - needless


def ratio(one: float, other: float) -> float | None:
    """Return how many times the other the one is; None for nothing."""
    return one / other if other else None


def _is_product(run: Measurement, ledger: str) -> bool:
    return (run.run.program, run.run.ledger, run.run.receipts) == ("product", ledger, False) and not run.refused
