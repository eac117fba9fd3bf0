"""Calling Pleo for a company: the clients, and the call budget that all of them share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from pleo_export.function_time import TIME_RESERVE, TimeLeft, no_time
from pleo_export.pleo.call_priority import CallPriority
from pleo_export.store.records import Records

if TYPE_CHECKING:
    import requests

    from pleo_export.call_budget import CallBudget
    from pleo_export.pleo.client import PleoClient
    from pleo_export.pleo.credentials import Credential
    from pleo_export.pleo.lists_client import PleoLists
    from pleo_export.services.company_share import CompanyShare
    from pleo_export.services.tokens import Tokens
    from pleo_export.store.connections import Connection
    from pleo_export.store.pleo_call_budget import PleoCallBudget

LONGEST_PAUSE_OF_LOOKS = timedelta(seconds=5)
DEFERRED_LOOKS = 50  # of a poll: with them exports and polls still send fewer than the 600 that Pleo takes in a minute


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
        return self._client(self._credential(connection), self.company_budget(connection.company_id, priority))

    def pleo_with(self, credential: Credential) -> PleoClient:
        """Return a client with that credential."""
        return self._client(credential, self.pleo_budget(CallPriority.EXPORT))

    def _client(self, credential: Credential, budget: CallBudget) -> PleoClient:
        from pleo_export.pleo.client import PleoClient  # noqa: PLC0415 - only where Pleo is called

        return PleoClient(
            self.pleo_api_url,
            credential,
            session=self.http,
            sleep=self.sleep,
            time_left=self.time_left,
            budget=budget,
        )

    def reserve_looks(self, wanted: int, deferred: int = 0) -> int:
        """Take Pleo's calls for so many looks of the poll, which dispatch then makes, and return for how many: exports
        come first, but a tenth is looked at in any case, since the poll also finds runs that broke off, and those whose
        wake-ups were deferred, up to DEFERRED_LOOKS."""
        least = max(-(-wanted // 10), min(deferred, DEFERRED_LOOKS))
        return self.pleo_budget(CallPriority.POLL).reserve(wanted, least)

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

    def company_budget(self, company_id: str, priority: CallPriority) -> CallBudget:
        """Return the budget of calls for one company: those of the poll are reserved, of others it has its share."""
        budget = self.pleo_budget(priority)
        if priority is CallPriority.POLL:
            from pleo_export.services.reserved_calls import ReservedCalls  # noqa: PLC0415 - only where the poll has asked

            return ReservedCalls(budget)
        from pleo_export.services.company_share import (  # noqa: PLC0415 - only where Pleo is called
            MOST_KEPT,
            SHARE_OF_LOOKS,
            CompanyShare,
        )

        spare = self.pleo_budget(CallPriority.SPARE)
        if priority is not CallPriority.LOOK:
            return CompanyShare(budget, spare, self.clock, self.sleep, self.time_left)
        if len(self._looks_of_companies) >= MOST_KEPT:
            self._looks_of_companies.clear()
        if company_id not in self._looks_of_companies:
            share = CompanyShare(budget, spare, self.clock, self.sleep, no_time, SHARE_OF_LOOKS)
            self._looks_of_companies[company_id] = share
        return self._looks_of_companies[company_id]

    def pleo_budget(self, priority: CallPriority) -> PleoCallBudget:
        """Return what is left of the calls that Pleo takes; one for all calls of this environment, so that the next
        invocation goes on with the block that this one holds."""
        from pleo_export.store.pleo_call_budget import PLEO, PleoCallBudget  # noqa: PLC0415 - only where Pleo is called

        if priority not in self._pleo_budgets:
            self._pleo_budgets[priority] = PleoCallBudget(
                self.call_budgets, PLEO, "Pleo", priority.rate, self.clock, self.sleep, self._time_for(priority)
            )
        return self._pleo_budgets[priority]

    def _time_for(self, priority: CallPriority) -> TimeLeft:
        """Return the time that a call of this priority has for waiting, and for itself."""
        if priority is CallPriority.SPARE:
            return no_time
        if priority is CallPriority.LOOK:  # dispatch's few environments are not to wait: its looks can be deferred
            from pleo_export.store.call_budgets import CALL_SECONDS  # noqa: PLC0415 - only where Pleo is called

            return lambda: min(
                self.time_left(), LONGEST_PAUSE_OF_LOOKS + timedelta(seconds=CALL_SECONDS) + TIME_RESERVE
            )
        return self.time_left

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
    def _looks_of_companies(self) -> dict[str, CompanyShare]:
        return {}

    @cached_property
    def _pleo_budgets(self) -> dict[CallPriority, PleoCallBudget]:
        return {}
