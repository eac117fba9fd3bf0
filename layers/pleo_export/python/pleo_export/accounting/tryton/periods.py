"""The fiscal periods of Tryton: on which days something can be booked (R-5e)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from pleo_export.accounting.errors import PeriodClosed
from pleo_export.accounting.kept_lists import KeptLists, kept_property
from pleo_export.accounting.port import PeriodState
from pleo_export.accounting.tryton.rest import Record, TrytonRest
from pleo_export.accounting.tryton.title import TITLE
from pleo_export.failures.ledger import PERIOD_CLOSED, PERIOD_MISSING


class TrytonPeriods:
    """Reads the periods of the company once, and again after a refusal. Every method raises AccountingError."""

    def __init__(self, rest: TrytonRest, lists: KeptLists | None = None) -> None:
        self._tryton = rest
        self.lists = lists or KeptLists()

    def open_period(self, on: date) -> int:
        """Return the id of the period of that day. Raises PeriodClosed, naming the period, if it is not open."""
        period = self._period(on)
        if period is None:
            raise PeriodClosed(PERIOD_MISSING.told(ledger=TITLE, on=on), on=on)
        if period["state"] != "open":
            raise PeriodClosed(
                PERIOD_CLOSED.told(ledger=TITLE, period=period["name"], state=period["state"], on=on),
                on=on,
            )
        return int(period["id"])

    def period_state(self, on: date) -> PeriodState:
        """Return whether the period of that day is open; NONE where there is no period."""
        period = self._period(on)
        if period is None:
            return PeriodState.NONE
        return PeriodState.OPEN if period["state"] == "open" else PeriodState.CLOSED

    def next_open_date(self, after: date) -> date | None:
        """Return the first later day in an open period; None where there is none."""
        if after == date.max:
            return None
        following = after + timedelta(days=1)
        days = [
            max(period["start_date"], following)
            for period in self._periods
            if period["state"] == "open" and period["end_date"] >= following
        ]
        return min(days, default=None)

    def forget_unless_open(self, days: Iterable[date]) -> None:
        """Read the periods again if one of the days is in none that is open: a person may have opened it by now."""
        if any(self.period_state(day) is not PeriodState.OPEN for day in days):
            self.forget()

    def forget(self) -> None:
        """Read the periods again when they are needed next."""
        self.lists.forget("TrytonPeriods._periods")

    def _period(self, on: date) -> Record | None:
        return next((each for each in self._periods if each["start_date"] <= on <= each["end_date"]), None)

    @kept_property
    def _periods(self) -> Sequence[Record]:
        domain = [["company", "=", self._tryton.company], ["type", "=", "standard"]]
        return self._tryton.search_read("account.period", domain, ["name", "state", "start_date", "end_date"])
