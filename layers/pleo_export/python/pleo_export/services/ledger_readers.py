"""Opening the ledger of a company to compare it, which no function does: commands do. And the call budget, which
whoever opens a ledger shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pleo_export.accounting.lists import LedgerLists
    from pleo_export.accounting.port import AccountingSetup, LedgerReader
    from pleo_export.call_budget import PlannedCallBudget
    from pleo_export.number_sequence import NumberSequence
    from pleo_export.store.call_budgets import CallBudgets, LedgerCallBudget
    from pleo_export.store.connections import Connection


class LedgerReaders:
    """The part of the services that reads ledgers, and shares their budgets."""

    clock: Callable[[], datetime]

    @property
    def table(self) -> Any:
        """The DynamoDB table."""
        raise NotImplementedError

    @property
    def call_budgets(self) -> CallBudgets:
        """The budgets of all ledgers."""
        raise NotImplementedError

    def sleep(self, seconds: float) -> None:
        """Wait."""
        raise NotImplementedError

    def time_left(self) -> timedelta:
        """Return the time until Lambda ends this invocation."""
        raise NotImplementedError

    def accounting_secret(self, connection: Connection) -> Mapping[str, str]:
        """Return the secret for the accounting system."""
        raise NotImplementedError

    def ledger_reader(self, connection: Connection) -> LedgerReader:
        """Return what reads the company's ledger to compare it. Raises AuthenticationFailed, TryAgain (its tokens
        cannot be refreshed now)."""
        from pleo_export.accounting.registry import open_reader  # noqa: PLC0415 - no function reads a ledger

        settings, secret = connection.settings.accounting_system, self.accounting_secret(connection)
        return open_reader(settings, secret, self.call_budget(connection))

    def ledger_lists(self, connection: Connection) -> LedgerLists:
        """Return what lists the company's ledger. Raises AuthenticationFailed, TryAgain (its tokens cannot be refreshed
        now)."""
        from pleo_export.accounting.registry import CONNECTORS  # noqa: PLC0415 - only where a ledger is called

        settings, secret = connection.settings.accounting_system, self.accounting_secret(connection)
        return CONNECTORS[settings.name].open_lists(settings, secret, self.time_left, self.call_budget(connection))

    def ledger_setup(self, connection: Connection) -> AccountingSetup:
        """Return what the company's ledger offers to choose from. Raises as `ledger_lists` does."""
        from pleo_export.accounting.registry import set_up  # noqa: PLC0415 - only where a ledger is called

        settings, secret = connection.settings.accounting_system, self.accounting_secret(connection)
        return set_up(settings, secret, self.call_budget(connection))

    def call_budget(self, connection: Connection) -> PlannedCallBudget:
        """Return what is left of the calls that the company's ledger takes; one for all calls of this environment, so
        that the next invocation goes on with the block that this one holds."""
        from pleo_export.accounting.registry import CONNECTORS  # noqa: PLC0415 - only where a ledger is called
        from pleo_export.call_budget import UNLIMITED  # noqa: PLC0415

        connector = CONNECTORS[connection.settings.accounting_system.name]
        if connector.rate is None:
            return UNLIMITED
        from pleo_export.store.call_budgets import LedgerCallBudget  # noqa: PLC0415 - only where a ledger has a rate

        ledger_id = _ledger_id(connection)
        if ledger_id not in self._budgets:
            self._budgets[ledger_id] = LedgerCallBudget(
                self.call_budgets, ledger_id, connector.title, connector.rate, self.clock, self.sleep, self.time_left
            )
        return self._budgets[ledger_id]

    @cached_property
    def _budgets(self) -> dict[str, LedgerCallBudget]:
        return {}

    def numbers(self, connection: Connection) -> NumberSequence | None:
        """Return the numbers of the documents in the company's ledger; None where the ledger numbers them."""
        from pleo_export.accounting.registry import CONNECTORS  # noqa: PLC0415 - only where a ledger is called

        if not CONNECTORS[connection.settings.accounting_system.name].numbers_documents:
            return None
        from pleo_export.store.number_sequences import StoredSequence  # noqa: PLC0415

        return StoredSequence(self.table, _ledger_id(connection), self.clock, self.sleep)


def _ledger_id(connection: Connection) -> str:
    return connection.ledger_id or f"{connection.settings.accounting_system.name}#{connection.company_id}"
