"""The one call budget of Pleo: its limit is of the client, so all companies and functions share it.

Who may use how much of it (`pleo/call_priority.py`) is a matter of rates over the same count: exports may use all of
the limit; what only looks for work, or keeps lists in step, finds it used up earlier and leaves the rest to exports.

Most functions send one to three calls: a block begins small, and grows to what its function sends in its time.
"""

from __future__ import annotations

from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from pleo_export.observability import logger
from pleo_export.pleo.errors import PleoRateLimited
from pleo_export.store.call_budgets import RETRY_SECONDS, TRIES, StoredCallBudget, told
from pleo_export.store.call_usage import block_seconds, block_size

PLEO = "pleo"  # the budget's id
FIRST_BLOCK = 2  # calls
SHARE = 0.8  # of a block's time in which its calls are to be sent: what is not sent is lost


@dataclass
class PleoCallBudget(StoredCallBudget):
    """Pleo's CallBudget as a caller of one priority sees it: by its `rate`."""

    _size: int = 0
    _taken_at: float = 0.0

    def _block(self) -> int:
        now = self._now()
        seconds = max(now - self._taken_at, block_seconds(self.rate) * SHARE / 2)  # at most doubled
        fitting = int((self._size - self._left) * block_seconds(self.rate) * SHARE / seconds)
        self._size = min(max(fitting, FIRST_BLOCK), block_size(self.rate))
        self._taken_at = now
        return self._size

    def reserve(self, wanted: int, least: int) -> int:
        """Take calls, with one write, that others send over the time of a window, and that are reserved again in each.
        Returns how many: those of the wanted ones that are free, but `least` in any case. Waits for none."""
        try:
            for _ in range(TRIES):
                stored, now = self.budgets.get(self.budget_id), self._now()
                usage = told(stored.usage, self._answers.values(), self.rate, now)
                size = max(min(wanted, usage.free(self.rate, now)), least)
                if self.budgets.put(self.budget_id, usage.reserved(size, self.rate, now), stored, now):
                    return size
                self.sleep(RETRY_SECONDS * self.jitter())
        except (ClientError, BotoCoreError) as error:
            logger.warning("call budget not available", extra={"error": type(error).__name__})
            return wanted
        return least

    def _refusal(self, seconds: int, *, of_day: bool) -> PleoRateLimited:
        return PleoRateLimited("not sent: the requests to Pleo are used up", retry_after=seconds)
