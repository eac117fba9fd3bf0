"""The days that can be booked on: the company's posting range, and its accounting periods.

A user may have a narrower range of his own, which the API does not show: the answer to a post decides.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from pleo_export.accounting.business_central.entry import day
from pleo_export.accounting.business_central.rest import BusinessCentralRest, Row, listing
from pleo_export.accounting.business_central.title import TITLE
from pleo_export.accounting.errors import PeriodClosed
from pleo_export.accounting.port import PeriodState
from pleo_export.failures.business_central import POSTING_RANGE
from pleo_export.failures.ledger import PERIOD_CLOSED, PERIOD_MISSING

_NOT_SET = date(1, 1, 1)
QUESTIONS = (
    listing("generalLedgerSetup", select="id,allowPostingFrom,allowPostingTo"),
    listing("accountingPeriods", select="id,startingDate,newFiscalYear,closed"),
)


@dataclass(frozen=True, slots=True)
class _Period:
    """From `first` to the day before the next one. `created` False: only where the calendar ends."""

    first: date
    last: date
    closed: bool


class BusinessCentralPeriods:
    """Reads the calendar: when it is first asked, and anew for each recording that no search preceded."""

    def __init__(self, rest: BusinessCentralRest) -> None:
        self._rest = rest
        self._since = self._until = _NOT_SET
        self._periods: list[_Period] | None = None
        self._fresh = False

    def read(self, setup: Collection[Row], periods: Collection[Row]) -> None:
        """Take what was read with another question: the rows of the two questions."""
        for row in setup:
            self._since, self._until = day(row["allowPostingFrom"]), day(row["allowPostingTo"])
        self._periods = _calendar(sorted(periods, key=lambda row: str(row["startingDate"])))
        self._fresh = True

    def refresh(self, *, for_recording: bool = True) -> None:
        """Make sure that what is known is not from before the last recording. Raises AccountingError."""
        if not self._fresh:
            self._ask()
        self._fresh = not for_recording

    def period_state(self, on: date) -> PeriodState:
        """Return whether a day can be booked on. Raises AccountingError."""
        self._ask()
        return self._state(on)

    def require_open(self, on: date) -> None:
        """Raise PeriodClosed for a day that cannot be booked on."""
        match self._state(on):
            case PeriodState.OPEN:
                return
            case PeriodState.NONE:
                told = PERIOD_MISSING.told(ledger=TITLE, on=on.isoformat())
            case _ if not self._in_range(on):
                until = "any later day" if self._until == _NOT_SET else self._until.isoformat()
                told = POSTING_RANGE.told(ledger=TITLE, since=self._since.isoformat(), until=until, on=on.isoformat())
            case _:
                told = PERIOD_CLOSED.told(period=f"{on:%Y-%m}", state="closed", ledger=TITLE, on=on.isoformat())
        raise PeriodClosed(told, on=on)

    def next_open_date(self, after: date) -> date | None:
        """Return the first later day that can be booked on; None if there is none. Raises AccountingError."""
        self._ask()
        for period in self._known:
            if period.closed or period.last <= after:
                continue
            first = max(period.first, after + timedelta(days=1), self._since)
            if first <= period.last and self._in_range(first):
                return first
        return None

    @property
    def _known(self) -> list[_Period]:
        if self._periods is None:
            self._ask()
        return self._periods or []

    def _ask(self) -> None:
        setup, periods = self._rest.list_many(QUESTIONS)
        self.read(setup, periods)

    def _state(self, on: date) -> PeriodState:
        period = next((each for each in self._known if each.first <= on <= each.last), None)
        if period is None:
            return PeriodState.NONE
        return PeriodState.CLOSED if period.closed or not self._in_range(on) else PeriodState.OPEN

    def _in_range(self, on: date) -> bool:
        return self._since <= on and (self._until == _NOT_SET or on <= self._until)


def _calendar(rows: list[Row]) -> list[_Period]:
    """Return the periods. The last row is where the calendar ends if it begins a year; else its period has no end."""
    periods = [
        _Period(day(row["startingDate"]), day(following["startingDate"]) - timedelta(days=1), bool(row["closed"]))
        for row, following in pairwise(rows)
    ]
    if rows and not rows[-1]["newFiscalYear"]:
        periods.append(_Period(day(rows[-1]["startingDate"]), date.max, bool(rows[-1]["closed"])))
    return periods
