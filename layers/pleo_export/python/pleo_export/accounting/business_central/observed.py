"""The way to Business Central, seen by the budget of calls: what is refused for too many calls holds for all."""

from __future__ import annotations

from collections.abc import Mapping

from pleo_export.accounting.business_central.error_table import RATE_LIMIT_WAIT
from pleo_export.accounting.call_budget import CallBudget
from pleo_export.accounting.http import AccountingResponse, AccountingTransport, Upload
from pleo_export.http.retry_after import seconds_to_wait

TOO_MANY = 429


class ObservedTransport:
    """Sends calls as the transport does, and tells the budget of a 429."""

    def __init__(self, transport: AccountingTransport, budget: CallBudget) -> None:
        self._transport = transport
        self._budget = budget

    def read(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> AccountingResponse:
        """Send a call that changes nothing. Raises Unavailable."""
        return self._seen(self._transport.read(method, path, body, headers))

    def write(
        self, method: str, path: str, body: bytes | Upload | None = None, headers: Mapping[str, str] | None = None
    ) -> AccountingResponse:
        """Send a call once. Raises Unavailable, OutcomeUnknown."""
        return self._seen(self._transport.write(method, path, body, headers))

    def _seen(self, answer: AccountingResponse) -> AccountingResponse:
        if answer.status == TOO_MANY:
            wait = seconds_to_wait(answer.headers)
            self._budget.observe(0, RATE_LIMIT_WAIT if wait is None else wait)
        return answer
