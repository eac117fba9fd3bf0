"""Opening the ledger of a company to compare it, which no function does: commands do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pleo_export.accounting.registry import open_reader

if TYPE_CHECKING:
    from pleo_export.accounting.port import LedgerReader
    from pleo_export.store.connections import Connection


class LedgerReaders:
    """The part of the services that reads ledgers."""

    def accounting_secret(self, connection: Connection) -> Mapping[str, str]:
        """Return the secret for the accounting system."""
        raise NotImplementedError

    def ledger_reader(self, connection: Connection) -> LedgerReader:
        """Return what reads the company's ledger to compare it. Raises AuthenticationFailed, TryAgain (its tokens
        cannot be refreshed now)."""
        return open_reader(connection.settings.accounting_system, self.accounting_secret(connection))
