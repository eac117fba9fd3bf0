"""What a day came to, as figures, a table and a chart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from tests.performance.months_end.day import Day
from tests.performance.months_end.demand import clicks

SEED = 14


@dataclass(frozen=True, slots=True)
class Scenario:
    """So many companies in one stack, in an account with that quota of concurrent executions."""

    companies: int
    quota: int


CELL = 12_500
SCENARIOS = tuple(Scenario(size, quota) for size in (100, 10_000, CELL, 100_000) for quota in (10, 1_000))


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds are from the click. `first` and `end` are of jobs that came so far: p50, p99, worst."""

    companies: int
    quota: int
    jobs: int
    first: tuple[int, int, int]
    end: tuple[int, int, int]
    expired: int
    cut_short: int
    pleo: tuple[int, int]  # requests a minute: p50, most
    ledger: int  # requests a minute to all ledgers, most
    concurrency: int
    throttled: int
    late_webhooks: int
    deferred: int
    executions: int
    budget_writes: int  # of the item of Pleo's budget, in the busiest second
    budget_reads: int
    behind: int  # looks that the polls had left, at most
    dead_letters: int
    transitions: int


def simulate(scenario: Scenario, seed: int = SEED) -> Figures:
    """Let a day pass."""
    day = Day(scenario.companies, clicks(scenario.companies, seed), scenario.quota, seed).run()
    jobs = list(day.jobs.values())
    first = [job.first_entry - job.click.at for job in jobs if job.first_entry is not None]
    end = [job.ended - job.click.at for job in jobs if job.status == "completed" and job.ended is not None]
    minutes: Counter[int] = Counter()
    for second, calls in day.pleo_calls.items():
        minutes[second // 60] += calls
    return Figures(
        companies=scenario.companies,
        quota=scenario.quota,
        jobs=len(jobs),
        first=_spread(first),
        end=_spread(end),
        expired=sum(job.status == "expired" for job in jobs),
        cut_short=sum(job.status == "completed" and job.booked < job.click.items for job in jobs),
        pleo=(_at(0.5, list(minutes.values())), max(minutes.values())),
        ledger=max(day.ledger_calls.values(), default=0),
        concurrency=max(day.functions.most.values()),
        throttled=day.functions.throttles,
        late_webhooks=day.late_webhooks,
        deferred=day.outcomes["later"],
        executions=day.most_executions,
        budget_writes=max(day.table.budget_writes.values()),
        budget_reads=max(day.table.budget_reads.values()),
        behind=max(left for _, left in day.polls),
        dead_letters=day.queue.dead_letters,
        transitions=day.transitions,
    )


def _spread(seconds: Sequence[float]) -> tuple[int, int, int]:
    return _at(0.5, seconds), _at(0.99, seconds), _at(1, seconds)


def _at(share: float, values: Sequence[float]) -> int:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))]) if ordered else 0


def table(figures: Sequence[Figures]) -> str:
    """Return the figures as a table of Markdown."""
    heads = ["Companies", "Quota", "Exports", "First entry", "End", "Expired", "Cut short", "Pleo a minute"]
    heads += ["Ledgers a minute", "Lambda", "Throttled", "Deferred", "Budget a second", "Looks behind"]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for each in figures:
        cells = (
            f"{each.companies:,}",
            f"{each.quota:,}",
            f"{each.jobs:,}",
            _seconds(each.first),
            _seconds(each.end),
            f"{each.expired:,}",
            f"{each.cut_short:,}",
            f"{each.pleo[0]:,} / {each.pleo[1]:,}",
            f"{each.ledger:,}",
            f"{each.concurrency:,}",
            f"{each.throttled:,}",
            f"{each.deferred:,}",
            f"{each.budget_writes:,} / {each.budget_reads:,}",
            f"{each.behind:,}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _seconds(spread: tuple[int, int, int]) -> str:
    return " / ".join(f"{each:,}" for each in spread)


def chart(figures: Sequence[Figures]) -> str:
    """Return a chart (SVG): the share of exports that are booked, and the seconds to the first entry (p99)."""
    row, left, width = 34, 190, 420
    height = 70 + row * len(figures)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="860" height="{height}" font-family="sans-serif"'
        ' font-size="13">',
        '<rect width="100%" height="100%" fill="white"/>',
        '<text x="12" y="22" font-weight="bold">Month\'s end: exports that are ended, and the first entry (p99)</text>',
        '<text x="12" y="44" fill="#555">companies, Lambda quota</text>',
        f'<text x="{left}" y="44" fill="#555">share of the day\'s exports that are ended</text>',
        f'<text x="{left + width + 70}" y="44" fill="#555">first entry, p99</text>',
    ]
    for number, each in enumerate(figures):
        y = 58 + row * number
        ended = (each.jobs - each.expired) / each.jobs
        colour = "#2e7d32" if each.expired * 1_000 <= each.jobs else "#c62828"
        parts += [
            f'<text x="12" y="{y + 16}">{each.companies:,}, {each.quota:,}</text>',
            f'<rect x="{left}" y="{y}" width="{width}" height="22" fill="#eee"/>',
            f'<rect x="{left}" y="{y}" width="{ended * width:.0f}" height="22" fill="{colour}"/>',
            f'<text x="{left + width + 8}" y="{y + 16}">{ended:.1%}</text>',
            f'<text x="{left + width + 70}" y="{y + 16}">{each.first[1]:,} s</text>',
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def as_json(figures: Sequence[Figures]) -> list[dict[str, object]]:
    """Return the figures as JSON."""
    return [asdict(each) for each in figures]
