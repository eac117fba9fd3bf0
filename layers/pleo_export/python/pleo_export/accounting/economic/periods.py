"""The accounting years and periods of e-conomic: on which days something can be booked (R-5e)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pleo_export.accounting.economic.rest import YEARS, EconomicRest
from pleo_export.accounting.economic.title import TITLE
from pleo_export.accounting.errors import PeriodClosed
from pleo_export.accounting.kept_lists import KeptLists, kept_property
from pleo_export.accounting.port import PeriodState
from pleo_export.failures.ledger import PERIOD_CLOSED, PERIOD_MISSING

_YEARS_PAGE = 100


@dataclass(frozen=True, slots=True)
class EconomicPeriod:
    """A period of the year `year` (`2026` or `2025/2026`). `state` is `open`, `closed` or `barred`."""

    year: str
    first: date
    last: date
    state: str


class EconomicPeriods:
    """Reads the periods once, and again after a refusal: two calls. Every method raises AccountingError."""

    def __init__(self, rest: EconomicRest, lists: KeptLists | None = None) -> None:
        self._economic = rest
        self.lists = lists or KeptLists()

    def require_open(self, on: date) -> None:
        """Raise PeriodClosed, naming the period, if nothing can be booked on that day."""
        period = self._period(on)
        if period is None:
            raise PeriodClosed(PERIOD_MISSING.told(ledger=TITLE, on=on), on=on)
        if period.state != "open":
            name = f"{period.first:%Y-%m}" if period.first.month == period.last.month else period.year
            raise PeriodClosed(PERIOD_CLOSED.told(ledger=TITLE, period=name, state=period.state, on=on), on=on)

    def period_state(self, on: date) -> PeriodState:
        """Return whether the period of that day is open; NONE where there is no period."""
        period = self._period(on)
        if period is None:
            return PeriodState.NONE
        return PeriodState.OPEN if period.state == "open" else PeriodState.CLOSED

    def next_open_date(self, after: date) -> date | None:
        """Return the first later day in an open period; None where there is none."""
        if after == date.max:
            return None
        following = after + timedelta(days=1)
        days = [max(each.first, following) for each in self._periods if each.state == "open" and each.last >= following]
        return min(days, default=None)

    def year_of(self, on: date) -> str | None:
        """Return the name of the accounting year of that day; None where there is none."""
        period = self._period(on)
        return period.year if period else None

    def forget_unless_open(self, days: Iterable[date]) -> None:
        """Read the periods again if one of the days is in none that is open: a person may have opened it by now."""
        if any(self.period_state(day) is not PeriodState.OPEN for day in days):
            self.forget()

    def forget(self) -> None:
        """Read the periods again when they are needed next."""
        self.lists.forget("EconomicPeriods._periods")

    def _period(self, on: date) -> EconomicPeriod | None:
        return next((each for each in self._periods if each.first <= on <= each.last), None)

    @kept_property
    def _periods(self) -> Sequence[EconomicPeriod]:
        closed, skipped = set[str](), 0
        while True:
            years = self._economic.get(f"{YEARS}/AccountingYears/paged?pageSize={_YEARS_PAGE}&skipPages={skipped}")
            closed |= {row["year"] for row in years if row.get("isClosed")}
            if len(years) < _YEARS_PAGE:
                break
            skipped += 1
        return [
            EconomicPeriod(
                row["year"],
                day_of(row["dateFrom"]),
                day_of(row["dateTo"]),
                "closed"
                if row.get("isClosed") or row["year"] in closed
                else "barred"
                if row.get("isBarred")
                else "open",
            )
            for row in self._economic.items(f"{YEARS}/accountingYears/periods")
        ]


def day_of(text: str) -> date:
    """Return the day of a moment as e-conomic writes it: its clock time says nothing."""
    return date.fromisoformat(text[:10])
