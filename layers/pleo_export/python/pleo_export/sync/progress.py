"""How far one run of a sync has come: what it did, how long it may go on, and what has to be looked at again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pleo_export.function_time import TimeLeft
from pleo_export.pleo.errors import (
    PleoAlreadyExists,
    PleoError,
    PleoNotFound,
    PleoOutcomeUnknown,
    PleoProtocolError,
    PleoRateLimited,
    PleoRefused,
)
from pleo_export.sync.findings import ListFindings
from pleo_export.sync.plan import SyncAction

LONGEST_RUN = timedelta(minutes=12)
MOST_WRITES = 4_000
LONGEST_PLEO_WAIT = 120  # seconds that a run waits where Pleo asks for it; then it is sent again
SILENT_WRITES = 3  # in a row: then Pleo does not answer at all
_UNKNOWN = (PleoOutcomeUnknown, PleoProtocolError)  # whether a write was carried out
LAST_CALL = timedelta(seconds=60)  # that the function must have left to begin one


class OutOfTime(Exception):
    """Raised where the run has to end: the next one reads both lists again, and does what is left."""


@dataclass
class SyncClock:
    """What a run may use. `clock` gives UTC, `sleep` takes seconds, `time_left` is the function's."""

    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    time_left: TimeLeft
    writes_left: int = MOST_WRITES

    def __post_init__(self) -> None:
        self._ends = self.clock() + LONGEST_RUN

    def check(self, seconds: float = 0) -> None:
        """Raise OutOfTime where a call, after a wait of so many seconds, would be too late."""
        wait = timedelta(seconds=seconds)
        if self.writes_left <= 0 or self.clock() + wait >= self._ends or self.time_left() < wait + LAST_CALL:
            raise OutOfTime

    def begin_write(self) -> None:
        """Count a write that is begun now. Raises OutOfTime."""
        self.check()
        self.writes_left -= 1

    def wait(self, limited: PleoRateLimited) -> None:
        """Wait as long as Pleo asks for. Raises OutOfTime, or the error itself for a wait that is too long."""
        if limited.retry_after > LONGEST_PLEO_WAIT:
            raise limited
        self.check(limited.retry_after)
        self.sleep(limited.retry_after)


@dataclass
class ListProgress:
    """What was done of one plan. After `compare_again` the list is not what it was when it was read: it is read and
    compared once more, unless this was the `last` time."""

    clock: SyncClock
    applied: Counter[SyncAction]
    findings: ListFindings
    last: bool = False
    compare_again: bool = False
    _left: dict[tuple[SyncAction, str], PleoError] = field(default_factory=dict)
    _silent: int = 0

    @property
    def may_archive(self) -> bool:
        """Whether what takes the place of what is archived is there, as far as can be known."""
        unknown = any(isinstance(error, _UNKNOWN) for error in self._left.values())
        return not unknown and (self.last or not self.compare_again)

    def attempt(
        self,
        action: SyncAction,
        key: str,
        call: Callable[[], object],
        *,
        count: int = 1,
        refused: Callable[[PleoRefused], None] | None = None,
    ) -> bool:
        """Carry out one step, or `count` at once, and return whether Pleo has done it. What Pleo refuses is a finding,
        or what `refused` makes of it, and never stops other steps. Raises OutOfTime; PleoError for what is not about
        this step."""
        try:
            self.send(call)
        except (PleoAlreadyExists, PleoNotFound, *_UNKNOWN) as changed:
            self.note_changed(action, key, changed)
            return False
        except PleoRefused as refusal:
            if refused is None:
                self.findings.refused(action, key, refusal)
            else:
                refused(refusal)
            return False
        self.applied[action] += count
        return True

    def send(self, call: Callable[[], object]) -> None:
        """Send one write, once more after each wait that Pleo asks for: with a 429 nothing was done. Raises OutOfTime,
        PleoError."""
        while True:
            self.clock.begin_write()
            try:
                call()
            except PleoRateLimited as limited:
                self.clock.wait(limited)
            except PleoOutcomeUnknown:
                self._silent += 1
                raise
            else:
                self._silent = 0
                return

    def note_changed(self, action: SyncAction, key: str, error: PleoError) -> None:
        """Note that Pleo's list has changed since it was read, or may have. Raises the error where Pleo is silent."""
        self.compare_again = True
        self._left[action, key] = error
        if self._silent >= SILENT_WRITES:
            raise error

    def give_up(self) -> None:
        """Note what Pleo refuses although the list was read again. Raises PleoOutcomeUnknown or PleoProtocolError for
        what it did not answer properly."""
        for (action, key), error in self._left.items():
            if isinstance(error, _UNKNOWN):
                raise error
            self.findings.refused(action, key, error)
