"""Calling Pleo for a company: the clients, and the call budget that all of them share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from pleo_export.pleo.call_priority import CallPriority
from pleo_export.store.records import Records

if TYPE_CHECKING:
    import requests

    from pleo_export.call_budget import CallBudget
    from pleo_export.pleo.client import PleoClient
    from pleo_export.pleo.credentials import Credential
    from pleo_export.pleo.lists_client import PleoLists
    from pleo_export.services.tokens import Tokens
    from pleo_export.store.connections import Connection
    from pleo_export.store.pleo_call_budget import PleoCallBudget


class PleoAccess(Records):
    """The part of the services that calls Pleo."""

    clock: Callable[[], datetime]

    @property
    def tokens(self) -> Tokens:
        """The credentials of companies."""
        raise NotImplementedError

    @property
    def http(self) -> requests.Session:
        """The session for Pleo."""
        raise NotImplementedError

    @property
    def pleo_api_url(self) -> str:
        """The address of Pleo's API."""
        raise NotImplementedError

    def sleep(self, seconds: float) -> None:
        """Wait."""
        raise NotImplementedError

    def time_left(self) -> timedelta:
        """Return the time until Lambda ends this invocation."""
        raise NotImplementedError

    def pleo(self, connection: Connection, priority: CallPriority = CallPriority.EXPORT) -> PleoClient:
        """Return a client with the company's credential. Raises Disconnected, TryAgain (its tokens cannot be refreshed
        now)."""
        return self.pleo_with(self._credential(connection), priority)

    def pleo_with(self, credential: Credential, priority: CallPriority = CallPriority.EXPORT) -> PleoClient:
        """Return a client with that credential."""
        from pleo_export.pleo.client import PleoClient  # noqa: PLC0415 - only where Pleo is called

        return PleoClient(
            self.pleo_api_url,
            credential,
            session=self.http,
            sleep=self.sleep,
            time_left=self.time_left,
            budget=self._budget_of(priority),
        )

    def reserve_looks(self, wanted: int) -> int:
        """Take Pleo's calls for so many looks of the poll, which dispatch then makes, and return for how many: exports
        come first, but a tenth is looked at in any case, since the poll also finds runs that broke off."""
        return self.pleo_budget(CallPriority.POLL).reserve(wanted, least=-(-wanted // 10))

    def pleo_lists(self, connection: Connection) -> PleoLists:
        """Return what reads and changes the company's lists at Pleo, in the background of its exports. Raises as `pleo`
        does."""
        from pleo_export.pleo.lists_client import PleoLists  # noqa: PLC0415 - only where lists are synced
        from pleo_export.pleo.transport import PleoTransport  # noqa: PLC0415

        transport = PleoTransport(
            self.pleo_api_url,
            self._credential(connection),
            self.http,
            sleep=self.sleep,
            time_left=self.time_left,
            budget=self.background_budget(connection.company_id),
        )
        return PleoLists(transport)

    def _budget_of(self, priority: CallPriority) -> CallBudget:
        from pleo_export.services.reserved_calls import ReservedCalls  # noqa: PLC0415 - only where Pleo is called

        budget = self.pleo_budget(priority)
        return ReservedCalls(budget) if priority is CallPriority.POLL else budget

    def pleo_budget(self, priority: CallPriority) -> PleoCallBudget:
        """Return what is left of the calls that Pleo takes; one for all calls of this environment, so that the next
        invocation goes on with the block that this one holds."""
        from pleo_export.store.pleo_call_budget import PLEO, PleoCallBudget  # noqa: PLC0415 - only where Pleo is called

        if priority not in self._pleo_budgets:
            self._pleo_budgets[priority] = PleoCallBudget(
                self.call_budgets, PLEO, "Pleo", priority.rate, self.clock, self.sleep, self.time_left
            )
        return self._pleo_budgets[priority]

    def background_budget(self, company_id: str) -> CallBudget:
        """Return the budget of calls that give way to exports: of all companies by their priority, of this one by
        their pace."""
        from pleo_export.services.background_calls import BackgroundCalls  # noqa: PLC0415 - only where lists are synced

        def exporting() -> bool:
            lease = self.leases.get(company_id)
            return lease is not None and lease.until is None

        return BackgroundCalls(self.pleo_budget(CallPriority.SYNC), exporting, self.clock, self.sleep)

    def _credential(self, connection: Connection) -> Credential:
        from pleo_export.pleo.credentials import credential_from_secret  # noqa: PLC0415 - only where Pleo is called

        def token_after_refusal(refused: str) -> str | None:
            return self.tokens.token_after_refusal(connection, "pleo", refused)

        return credential_from_secret(self.tokens.secret_of(connection, "pleo"), token_after_refusal)

    @cached_property
    def _pleo_budgets(self) -> dict[CallPriority, PleoCallBudget]:
        return {}
