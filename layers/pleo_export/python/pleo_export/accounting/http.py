"""HTTP to an accounting system: time limits always, retries of reads only, nothing secret in an error.

A write that was sent and not answered raises OutcomeUnknown. Every answer, whatever its status, goes back to the
connector, which has a table of what each status means. A call is begun only if the function's time limit cannot cut it
off: a write would be left with an unknown outcome.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import requests

from pleo_export.accounting.errors import OutcomeUnknown, Unavailable
from pleo_export.call_budget import UNLIMITED, CallBudget
from pleo_export.call_counter import CALLS
from pleo_export.failures.connection import LEDGER_IN_DOUBT, LEDGER_UNREACHABLE, NO_TIME_TO_ASK
from pleo_export.function_time import TimeLeft, enough_time, unlimited
from pleo_export.http.backoff import pause_after
from pleo_export.http.delivery import not_sent
from pleo_export.http.retry_after import seconds_to_wait
from pleo_export.http.session import IsolatedSession

CONNECT_SECONDS, READ_SECONDS = 3, 30
TRIES = 3
PASSING = frozenset({423, 502, 503, 504})  # worth another try, for a read
RATE_LIMIT_WAIT = 60  # seconds, for a 429 that names none
TOO_MANY_REQUESTS = 429


class Upload(Protocol):
    """A body that is read while it is sent; its length in bytes is known before."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[bytes]: ...
    def read(self, size: int = -1, /) -> bytes:
        """Read up to `size` bytes; all that is left if negative."""


@dataclass(frozen=True, slots=True)
class AccountingResponse:
    """An answer of any status, read to its end."""

    status: int
    content: bytes
    headers: Mapping[str, str]


def rate_limit_wait(headers: Mapping[str, str]) -> int:
    """Return the seconds for which the answer to one call too many asks to wait."""
    wait = seconds_to_wait(headers)
    return RATE_LIMIT_WAIT if wait is None else wait


class AccountingTransport:
    """Sends calls to one accounting system. `system` is its name in messages; `headers` hold the credential and go
    with every call, each of which is taken from the `budget` first. The budget is told of every 429, and of what
    an answer says is left. `session` is one to use instead of its own, for a test whose calls stay in the process."""

    def __init__(
        self,
        system: str,
        base_url: str,
        headers: Mapping[str, str],
        *,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        time_left: TimeLeft = unlimited,
        budget: CallBudget = UNLIMITED,
        session: requests.Session | None = None,
    ) -> None:
        self._system = system
        self._base_url = base_url.rstrip("/")
        self._session = session or IsolatedSession()
        self._session.headers.update(headers)
        self._sleep = sleep
        self._jitter = jitter
        self._time_left = time_left
        self._budget = budget

    def read(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> AccountingResponse:
        """Send a call that changes nothing, whatever its method; up to three times. `headers` as for `write`. Raises
        Unavailable, RateLimited (the budget is used up)."""
        for attempt in range(1, TRIES):
            try:
                answer = self._send(method, path, body, headers)
            except requests.RequestException:
                pass
            else:
                if answer.status not in PASSING:
                    return answer
            self._sleep(pause_after(attempt, self._jitter))
        try:
            return self._send(method, path, body, headers)
        except requests.RequestException as failure:
            raise self._unavailable(failure) from None

    def write(
        self,
        method: str,
        path: str,
        body: bytes | Upload | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AccountingResponse:
        """Send a call once, with `headers` besides those of every call. Raises Unavailable or RateLimited (surely
        nothing was sent), OutcomeUnknown."""
        try:
            return self._send(method, path, body, headers)
        except requests.RequestException as failure:
            if not_sent(failure):
                raise self._unavailable(failure) from None
            told = LEDGER_IN_DOUBT.told(ledger=self._system)
            raise OutcomeUnknown(told, code=type(failure).__name__) from None

    def calls_left(self, headers: Mapping[str, str]) -> tuple[int, int] | None:
        """Return what an answer's headers say: how many calls are left, and for how many seconds. None where the system
        does not tell it."""
        return None

    def pause(self, seconds: float) -> None:
        """Wait, as between the tries of a read."""
        self._sleep(seconds)

    def _send(
        self, method: str, path: str, body: bytes | Upload | None, headers: Mapping[str, str] | None
    ) -> AccountingResponse:
        """Send the call. Raises Unavailable when the function has no time left for an answer, RateLimited when the
        budget has no call left."""
        if not enough_time(self._time_left, CONNECT_SECONDS + READ_SECONDS):
            raise Unavailable(NO_TIME_TO_ASK.told(ledger=self._system), code="no time")
        self._budget.take()
        with CALLS.request(self._system.lower()) as call:
            response = self._session.request(
                method,
                self._base_url + path,
                data=body,
                headers=headers,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,  # a redirected POST would become a GET
            )
            call.status = response.status_code
        if response.status_code == TOO_MANY_REQUESTS:
            self._budget.observe(None, rate_limit_wait(response.headers))
        elif left := self.calls_left(response.headers):
            self._budget.observe(*left)
        return AccountingResponse(response.status_code, response.content, response.headers)

    def _unavailable(self, failure: requests.RequestException) -> Unavailable:
        return Unavailable(LEDGER_UNREACHABLE.told(ledger=self._system), code=type(failure).__name__)
